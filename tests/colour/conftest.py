from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def colour_science() -> ModuleType:
    import colour

    return colour


@pytest.fixture
def colours():
    """Linear sRGB colours, in and a little out of gamut, with black, white and a grey."""
    import numpy as np

    drawn = np.random.default_rng(7).uniform(-0.05, 1.2, (500, 3))
    return np.vstack([drawn, np.zeros(3), np.ones(3), np.full(3, 0.18)])
