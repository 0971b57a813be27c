"""What many tests share: example photos of people who do not exist, and the models, fetched once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from dermis.errors import ModelMissing

# A busy machine is not a failing law: examples count, seconds do not. The same code meets the same examples on every
# machine; `make laws` looks for new ones.
settings.register_profile("dermis", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, derandomize=False, print_blob=True)
settings.load_profile(os.environ.get("DERMIS_LAWS", "dermis"))


@pytest.fixture(scope="session")
def models() -> None:
    """The models of others; skips where they are neither here nor to be had."""
    from dermis.models.registry import MODELS, fetch

    try:
        for model in MODELS:
            fetch(model.name)
    except ModelMissing as error:
        pytest.skip(f"models of others cannot be fetched: {error}")


@pytest.fixture(scope="session")
def examples(models: None, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The photos of `dermis demo`."""
    from dermis.pipeline.batch import example_photos

    try:
        return example_photos(tmp_path_factory.mktemp("examples"))
    except ModelMissing as error:
        pytest.skip(f"example photos cannot be fetched: {error}")


@pytest.fixture(scope="session")
def selfie(examples: list[Path]) -> Path:
    """One phone selfie."""
    return next(path for path in examples if "selfie" in path.name)
