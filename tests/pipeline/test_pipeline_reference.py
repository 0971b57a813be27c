"""A patch of known colour: what is accepted, what is refused, what it does."""

import numpy as np
import pytest

from dermis.colour.srgb import decode, encode, hex_to_srgb
from dermis.core import Encoding, Photo
from dermis.errors import InputError, UsageError
from dermis.pipeline.reference import correct_light, patch_box, read_patch


def photo_with_card(cast=(1.0, 1.0, 1.0), colour_hex="#767676", noise=0.004):
    rng = np.random.default_rng(3)
    linear = np.full((100, 120, 3), 0.3)
    linear[20:60, 30:80] = decode(hex_to_srgb(colour_hex))
    linear = np.clip(linear * cast + rng.normal(0, noise, linear.shape), 0, 1)
    return Photo(pixels=np.asarray(encode(linear), np.float32), encoding=Encoding.SRGB)


@pytest.mark.parametrize("text", ["30,20,50,40=#767676", " 30, 20 ,50,40 = 767676 "])
def test_a_patch_is_read(text):
    patch = read_patch(text)
    assert (patch.box.x_px, patch.box.y_px, patch.box.width_px, patch.box.height_px) == (30, 20, 50, 40)
    assert patch.colour_hex == "#767676"


@pytest.mark.parametrize(
    "text", ["", "30,20,50=#767676", "30,20,50,40=grey", "30,20,50,40", "-1,2,9,9=#767676", "1,1,2,2=#767676"]
)
def test_nonsense_is_refused_with_the_way_to_say_it(text):
    with pytest.raises(UsageError, match=r"\d+,\d+|at least"):
        read_patch(text)


def test_a_patch_outside_the_photo_is_refused():
    with pytest.raises(InputError, match="outside"):
        patch_box(photo_with_card(), read_patch("100,20,50,40=#767676"))


@pytest.mark.parametrize("cast", [(1.0, 1.0, 1.0), (1.4, 1.0, 0.6), (0.7, 0.8, 1.1)])
def test_a_cast_is_undone(cast):
    reference = correct_light(photo_with_card(cast), read_patch("30,20,50,40=#767676"))
    assert np.allclose(reference.matrix, np.diag(1 / np.array(cast)), rtol=0.02, atol=1e-9)
    assert reference.delta_e_after < 3 < reference.delta_e_before + 3
    assert reference.delta_e_after <= reference.delta_e_before + 0.5


def test_an_overexposed_patch_is_refused():
    with pytest.raises(InputError, match="overexposed"):
        correct_light(photo_with_card((9.0, 9.0, 9.0)), read_patch("30,20,50,40=#767676"))


@pytest.mark.parametrize(("size", "taken"), [("4,4", True), ("3,4", False), ("4,3", False)])
def test_a_patch_has_four_pixels_a_side_at_least(size, taken):
    if taken:
        assert read_patch(f"1,1,{size}=#767676").box.height_px == 4
        return
    with pytest.raises(UsageError, match="at least 4"):
        read_patch(f"1,1,{size}=#767676")
