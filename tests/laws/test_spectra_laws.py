"""What holds for every colour a pixel may have."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dermis.core import Encoding, Origin, Photo
from dermis.optics.camera import find_camera
from dermis.optics.illuminant import find_illuminant
from dermis.spectra.reconstruct import Reconstruction, reconstruct_skin

CAMERA, LIGHT = find_camera("Nikon D5100"), find_illuminant("D65")
PIXELS = arrays(np.float32, (3, 2, 3), elements=st.floats(0, 1, width=32))


def reconstructed(pixels: np.ndarray, encoding: Encoding) -> Reconstruction:
    photo = Photo(pixels=pixels, encoding=encoding, origin=Origin(bits=16))
    linear = encoding is Encoding.CAMERA_LINEAR
    mask = np.ones(pixels.shape[:2], dtype=np.bool_)
    return reconstruct_skin(photo, mask, camera=CAMERA if linear else None, light=LIGHT if linear else None)


@settings(max_examples=12, deadline=None)
@given(pixels=PIXELS, encoding=st.sampled_from([Encoding.CAMERA_LINEAR, Encoding.SRGB]))
def test_spectra_are_finite_and_never_negative(pixels: np.ndarray, encoding: Encoding) -> None:
    found = reconstructed(pixels, encoding)
    assert np.isfinite(found.values).all()
    assert found.values.min() >= 0
    assert (found.low <= found.values).all()
    assert (found.values < found.high).all()
    assert 0 <= found.known_share <= 1


@settings(max_examples=8, deadline=None)
@given(pixels=PIXELS)
def test_a_pixel_s_spectrum_is_its_own(pixels: np.ndarray) -> None:
    whole = reconstructed(pixels, Encoding.CAMERA_LINEAR)
    alone = reconstructed(pixels[1:2, 1:2], Encoding.CAMERA_LINEAR)
    np.testing.assert_allclose(alone.values[0, 0], whole.values[1, 1], rtol=1e-4, atol=1e-6)
