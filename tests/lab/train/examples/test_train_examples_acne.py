"""What teaches the network of lesions is what it is shown when lesions are looked for."""

import numpy as np
import pytest

pytest.importorskip("torch")

from PIL import Image

from dermis.core import Encoding, Photo
from dermis.face.find import find_face
from dermis.formats.images.photo import read_photo
from dermis.lab.train.examples import acne
from dermis.lab.train.lesion_views import plain_view
from dermis.tasks.acne.detect import STRIDE, crop_face_square

SIZE = 256


@pytest.fixture(scope="module")
def pixels(selfie):
    """A portrait with room about the head, as in a photo of a clinic."""
    picture = Image.fromarray(np.rint(read_photo(selfie).pixels * 255).astype(np.uint8))
    picture.thumbnail((640, 640))
    whole = Image.new("RGB", (640, 640), (90, 110, 120))
    whole.paste(picture, (20, 640 - picture.height))
    return np.asarray(whole)


def test_a_photo_teaches_by_the_square_and_the_skin_that_are_looked_at(pixels):
    photo = Photo(pixels=(pixels / 255).astype(np.float32), encoding=Encoding.SRGB)
    shown = crop_face_square(photo, find_face(photo), SIZE)
    taught = plain_view(acne._example("a", "b", pixels), SIZE)
    off = np.abs(taught.picture.astype(float) - shown.picture)
    assert np.median(off) <= 2
    assert off.mean() < 4  # by other ways of resampling
    same = (taught.skin > 0.5) == (shown.skin > 0.5)
    assert same.mean() > 0.97
    assert shown.skin.shape == (SIZE // STRIDE, SIZE // STRIDE)


def test_where_no_face_is_found_the_parser_alone_has_to_do(pixels, monkeypatch):
    monkeypatch.setattr(acne, "find_face", lambda photo: None)
    alone = acne._example("a", "b", pixels)
    left, top, right, bottom = alone.face
    assert 0 <= left < right <= 640
    assert 0 <= top < bottom <= 640
    assert alone.skin.shape == (160, 160)
    assert 0.03 < (alone.skin > 127).mean() < 0.6
