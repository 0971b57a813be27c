"""Tiny data for recipes."""

import pytest

from fakes.samples import fake_sample


@pytest.fixture
def fake_samples():
    def make(recipe, count=16, **size):
        return [fake_sample(place, recipe, **size) for place in range(count)]

    return make
