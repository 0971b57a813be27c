"""What the service measures as the command line does: flash pairs and what the user says of the light."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import dermis
from dermis.colour.srgb import decode, encode
from dermis.errors import InputError, UsageError
from dermis.service.measure import Asked, measure


@pytest.fixture(scope="module")
def frames(selfie):
    """The two frames of a pair as JPEG without EXIF; the flash does not reach the upper tenth of the picture."""
    pixels = dermis.read_photo(selfie).pixels
    step = max(1, pixels.shape[1] // 480)
    linear = 0.6 * np.asarray(decode(np.ascontiguousarray(pixels[::step, ::step])))
    dark, lit = linear * (0.3, 0.2, 0.12), linear.copy()
    lit[: len(lit) // 10] = 0
    return [jpeg(dark), jpeg(dark + lit)]


def jpeg(linear):
    held = BytesIO()
    levels = np.round(255 * np.asarray(encode(np.clip(linear, 0, 1)))).astype(np.uint8)
    Image.fromarray(levels).save(held, "JPEG", quality=95)
    return held.getvalue()


def test_a_flash_pair(frames):
    dark, lit = frames
    content = measure(Asked(photo=lit, ambient=dark, tasks="skin_tone", condition="flash_pair")).content
    assert content["condition"]["name"] == "flash_pair"
    assert content["condition"]["flash_pair"]["exposure_by"] == "background"
    assert content["findings"]


def test_a_pair_that_tells_nothing_is_refused(frames):
    with pytest.raises(InputError, match="same photo"):
        measure(Asked(photo=frames[1], ambient=frames[1], tasks="skin_tone"))


def test_what_is_said_of_the_light(frames):
    content = measure(Asked(photo=frames[1], tasks="skin_tone", condition="controlled")).content
    assert content["condition"]["name"] == "controlled"
    for condition in ("flash_pair", "referenced", "studio"):
        with pytest.raises(UsageError):
            measure(Asked(photo=frames[1], tasks="skin_tone", condition=condition))
