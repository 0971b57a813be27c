"""Two cubes side by side."""

from __future__ import annotations

import numpy as np
import pytest

from dermis.core import Cube, Quantity
from dermis.errors import InputError
from dermis.spectra.compare import compare_cubes

NM = np.arange(400.0, 701, 10)
RNG = np.random.default_rng(4)
VALUES = RNG.uniform(0.2, 0.3, (14, 12, 1)) * np.linspace(1, 2, 31)


def cube_of(values, nm=NM):
    return Cube(values=np.asarray(values, np.float32), wavelengths_nm=nm, quantity=Quantity.REFLECTANCE)


def test_brightness_alone_is_no_angle():
    found = compare_cubes(cube_of(VALUES), cube_of(1.2 * VALUES))
    assert found.scores.sam_rad == pytest.approx(0, abs=1e-6)
    assert found.scores.mrae == pytest.approx(0.2, rel=1e-4)
    np.testing.assert_allclose(found.bands.bias, 0.2 * VALUES.mean(axis=(0, 1)), rtol=1e-4)


def test_what_is_not_finite_is_left_out_and_counted():
    said = VALUES.copy()
    said[:2, :, 5] = np.nan
    mask = np.ones((14, 12), bool)
    mask[0] = False
    found = compare_cubes(cube_of(VALUES), cube_of(said), mask)
    assert found.excluded == 12
    assert np.count_nonzero(found.mask) == 144
    assert np.isnan(found.angles_rad[:2]).all()
    assert found.scores.rmse == 0
    with pytest.raises(InputError, match="No pixel of the mask"):
        compare_cubes(cube_of(VALUES), cube_of(said), ~mask)


def test_other_bands_are_read_in_those_of_the_truth():
    fine = np.arange(380.0, 651, 5)
    straight = np.broadcast_to(fine / 1000, (3, 3, fine.size))
    found = compare_cubes(cube_of(np.broadcast_to(NM / 1000, (3, 3, 31))), cube_of(straight, fine))
    assert found.target.wavelengths_nm[-1] == 650
    assert found.scores.rmse == pytest.approx(0, abs=1e-6)
    assert "26 bands" in found.notes[0]


def test_cubes_that_have_nothing_in_common():
    with pytest.raises(InputError, match="no band in common"):
        compare_cubes(cube_of(VALUES), cube_of(VALUES, NM + 400))
    with pytest.raises(InputError, match="12 x 14 and 12 x 13"):
        compare_cubes(cube_of(VALUES), cube_of(VALUES[1:]))
