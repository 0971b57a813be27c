"""One skin photographed again by simulation."""

import numpy as np

from dermis.core import Encoding, Photo
from dermis.lab.synth.camera.again import photographed_again


def test_a_photo_taken_again_shows_the_same_skin_otherwise():
    photo = Photo(pixels=np.full((40, 30, 3), 0.5, np.float32), encoding=Encoding.SRGB)
    first, second = (photographed_again(photo, seed) for seed in (1, 2))
    assert first.pixels.shape[0] <= 40
    assert first.pixels.mean() != second.pixels.mean()
    middle = first.pixels[8:-8, 8:-8].mean()
    assert abs(middle - 0.5) < 0.1
