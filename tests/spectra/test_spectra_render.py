"""What cameras see of cubes, against the light that was put in."""

from __future__ import annotations

import numpy as np
import pytest

from dermis.core import Cube, Quantity
from dermis.errors import InputError
from dermis.optics.camera import find_camera, response
from dermis.optics.illuminant import find_illuminant
from dermis.spectra.render import camera_rgb, eye_rgb, min_max, msi

NM = np.arange(400.0, 1001, 10)
RNG = np.random.default_rng(3)


def cube_of(values, nm=NM):
    return Cube(values=np.asarray(values, np.float32), wavelengths_nm=nm, quantity=Quantity.REFLECTANCE)


@pytest.mark.parametrize("camera", ["CIE 1931", "typical", "Nikon D5100"])
@pytest.mark.parametrize("light", ["D65", "A", "LED-B3"])
def test_greys_are_grey_under_every_light(camera, light):
    grey = cube_of(np.full((2, 3, 61), 0.4))
    rgb = camera_rgb(grey, find_camera(camera), find_illuminant(light))
    np.testing.assert_allclose(rgb, 0.4, rtol=1e-5)
    raw = camera_rgb(grey, find_camera(camera), find_illuminant(light), balanced=False)
    assert raw.max() == pytest.approx(0.4, rel=1e-5)
    assert raw.min() < 0.399 or camera == "CIE 1931"


def test_raw_is_the_cameras_response():
    values = RNG.random((4, 2, 61))
    camera, light = find_camera("typical"), find_illuminant("halogen 3000")
    raw = camera_rgb(cube_of(values), camera, light, balanced=False)
    np.testing.assert_allclose(raw, values @ response(camera, light, NM), rtol=1e-4)


def test_the_challenges_stretch_loses_exposure():
    rgb = RNG.random((4, 5, 3)).astype(np.float32)
    stretched = min_max(rgb)
    assert (stretched.min(), stretched.max()) == (0, 1)
    np.testing.assert_allclose(min_max(0.3 * rgb), stretched, atol=1e-6)
    assert np.isfinite(min_max(np.ones((1, 1, 3), np.float32))).all()
    np.testing.assert_allclose(stretched, (rgb - rgb.min()) / (rgb.max() - rgb.min()), atol=1e-6)


def test_msi_adds_960_nm():
    cube = cube_of(RNG.random((3, 2, 61)))
    four = msi(cube, np.zeros((3, 2, 3), np.float32))
    np.testing.assert_array_equal(four[..., 3], cube.values[:, :, 56])
    with pytest.raises(InputError, match="ends at 700 nm"):
        msi(cube_of(RNG.random((3, 2, 31)), NM[:31]), np.zeros((3, 2, 3), np.float32))


def test_the_eye_sees_srgb():
    light = find_illuminant("D65")
    np.testing.assert_allclose(eye_rgb(cube_of(np.full((2, 3, 61), 0.4)), light), 0.4, atol=1e-3)
    warm = eye_rgb(cube_of(np.full((1, 1, 61), 0.4)), find_illuminant("A"))[0, 0]
    assert warm[0] > warm[1] > warm[2]


def test_a_cube_that_misses_the_visible():
    with pytest.raises(InputError, match="450-650 nm"):
        eye_rgb(cube_of(np.ones((1, 1, 31)), NM[30:]), find_illuminant("D65"))
    with pytest.raises(InputError, match="450-650 nm"):
        camera_rgb(cube_of(np.ones((1, 1, 31)), NM[30:]), find_camera("typical"), find_illuminant("D65"))
