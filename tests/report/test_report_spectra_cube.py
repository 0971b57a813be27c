"""Pictures of cubes, read back."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from dermis.core import Cube, Quantity
from dermis.metrics.spectral import BandErrors
from dermis.report.spectra import band_errors_png, band_grid_png, map_png, preview, scale_of, spectra_png

NM = np.arange(400.0, 1001, 10)


def cube_of(values, nm=NM, quantity=Quantity.REFLECTANCE):
    return Cube(values=np.asarray(values, np.float32), wavelengths_nm=nm, quantity=quantity)


def pixels(png):
    with Image.open(BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGB"))


def test_a_grey_is_grey_and_a_red_is_red():
    grey = preview(cube_of(np.full((2, 3, 61), 0.2159)))
    assert np.abs(grey.astype(int) - 128).max() <= 1
    red = preview(cube_of(np.broadcast_to(np.where(NM > 600, 0.6, 0.05), (2, 3, 61))))
    assert red[0, 0, 0] > red[0, 0, 1] + 50


@pytest.mark.parametrize(
    ("nm", "quantity"), [(NM, Quantity.COUNTS), (NM[30:], Quantity.REFLECTANCE), (NM[:1], Quantity.RADIANCE)]
)
def test_what_has_no_colour_is_shown_by_bands(nm, quantity):
    values = np.random.default_rng(0).uniform(100, 3000, (6, 5, nm.size))
    values[0, 0] = np.nan
    shown = preview(cube_of(values, nm, quantity))
    assert shown.shape == (6, 5, 3)
    assert shown.max() == 255


@pytest.mark.parametrize("bands", [1, 5, 61, 90])
@pytest.mark.parametrize("size", [(1, 1), (330, 200)])
def test_band_grid(bands, size):
    values = np.full((*size, bands), 0.5)
    shown = pixels(band_grid_png(cube_of(values, np.linspace(400, 1000, bands) if bands > 1 else NM[:1])))
    assert shown.shape[1] <= 8 * 220
    assert shown.shape[0] > 14


def test_drawings_are_pictures():
    spectra = {"3,4": np.linspace(0, 1, 61), "5,6": np.linspace(1, 0, 61)}
    errors = BandErrors(rmse=np.ones(61), bias=np.zeros(61), mrae=np.ones(61))
    for png in (spectra_png(NM, spectra, "Reflectance"), spectra_png(NM[:1], {"a": np.ones(1)}, "x"),
                band_errors_png(NM, errors)):  # fmt: skip
        assert pixels(png).std() > 0


def test_a_map_has_its_colours_and_its_scale():
    values = np.linspace(0, 1, 200 * 150, dtype=np.float32).reshape(200, 150)
    values[0] = np.nan
    shown = pixels(map_png(values, 0, 1, "melanin"))
    inner = shown[14:214, :150]
    assert (inner[0] == 255).all()
    assert inner[2].mean() > inner[-1].mean() + 100
    assert scale_of([values])[1] == pytest.approx(0.98, abs=0.01)
    assert scale_of([np.full((1, 1), np.nan, np.float32)]) == (0.0, 1.0)
    assert pixels(map_png(np.full((1, 1), np.nan, np.float32), 0, 0, "empty")).size
