"""Glare, shadow, clipping and borders are found where they were painted."""

import numpy as np
import pytest

from dermis.colour.srgb import encode
from dermis.core import SegmentationClass
from dermis.pipeline.exclusion import REASONS, exclude

SKIN = np.float32([0.40, 0.24, 0.17])


def painted(shape=(120, 160), tone=1.0):
    linear = np.broadcast_to(SKIN * np.float32(tone), (*shape, 3)).copy()
    visible = np.zeros(shape, bool)
    visible[10:-10, 10:-10] = True
    return linear, visible


def reasons(linear, visible, parts=None, confidence=None):
    parts = np.full(visible.shape, SegmentationClass.FACE_SKIN, np.uint8) if parts is None else parts
    return exclude(np.asarray(encode(linear), np.float32), linear.astype(np.float32), visible, parts, confidence)


@pytest.mark.parametrize("tone", [1.0, 0.35, 0.1])
def test_even_skin_of_any_tone_loses_only_its_border(tone):
    linear, visible = painted(tone=tone)
    found = reasons(linear, visible)
    assert set(found) == set(REASONS) - {"unlit"}
    assert not (found["specular"] | found["shadow"] | found["clipped"]).any()
    assert 0 < found["border"].sum() < 0.1 * visible.sum()


def test_a_small_face_loses_one_pixel_at_its_border():
    linear, visible = painted(shape=(40, 40))
    ring = visible.copy()
    ring[11:-11, 11:-11] = False
    np.testing.assert_array_equal(reasons(linear, visible)["border"], ring)


@pytest.mark.parametrize("tone", [1.0, 0.35, 0.1])
def test_glare_is_brighter_and_paler(tone):
    linear, visible = painted(tone=tone)
    linear[40:50, 40:50] = linear[40:50, 40:50] + 0.35 * linear.max()
    found = reasons(linear, visible)["specular"]
    assert found[40:50, 40:50].all()
    assert found.sum() == 100


def test_a_brighter_but_not_paler_place_is_no_glare():
    linear, visible = painted()
    linear[40:50, 40:50] *= 1.4
    assert not reasons(linear, visible)["specular"].any()


def test_deep_shadow_is_left_out_and_light_shade_is_not():
    linear, visible = painted()
    linear[40:50, 40:50] *= 0.2
    linear[70:80, 40:50] *= 0.6
    found = reasons(linear, visible)["shadow"]
    assert found[40:50, 40:50].all()
    assert not found[70:80, 40:50].any()


def test_clipped_pixels_are_left_out():
    linear, visible = painted()
    linear[40:50, 40:50, 0] = 1.0
    linear[60:62, 60:62] = 0.0
    found = reasons(linear, visible)["clipped"]
    assert found[40:50, 40:50].all()
    assert found[60:62, 60:62].all()
    assert found.sum() == 104


def test_the_neck_is_not_the_face_and_does_not_set_what_is_usual():
    linear, visible = painted()
    parts = np.full(visible.shape, SegmentationClass.FACE_SKIN, np.uint8)
    parts[60:] = SegmentationClass.OTHER_SKIN
    linear[60:] *= 0.3
    found = reasons(linear, visible, parts)
    assert (found["beside_face"] == (visible & (parts == SegmentationClass.OTHER_SKIN))).all()
    assert not found["specular"][:60].any()
    assert found["shadow"][62:100, 20:140].all()


def test_doubt_widens_the_border_but_never_takes_the_middle():
    linear, visible = painted((300, 300))
    sure = reasons(linear, visible, confidence=np.ones(visible.shape, np.float32))["border"]
    unsure = reasons(linear, visible, confidence=np.full(visible.shape, 0.6, np.float32))["border"]
    assert (sure == reasons(linear, visible)["border"]).all()
    assert unsure.sum() > 2 * sure.sum()
    assert not unsure[100:200, 100:200].any()


def test_facial_hair_has_its_own_mask_beside_the_skin():
    linear, visible = painted()
    parts = np.full(visible.shape, SegmentationClass.FACE_SKIN, np.uint8)
    parts[60:] = SegmentationClass.FACIAL_HAIR
    visible[60:] = False
    found = reasons(linear, visible, parts)
    assert (found["facial_hair"] == (parts == SegmentationClass.FACIAL_HAIR)).all()
    assert not any((mask & ~visible).any() for name, mask in found.items() if name != "facial_hair")


def test_the_report_writes_every_reason():
    from dermis.report.maps import REASONS as WRITTEN

    assert list(WRITTEN) == list(REASONS)


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1)])
def test_awkward_sizes(shape):
    linear = np.broadcast_to(SKIN, (*shape, 3)).copy()
    for visible in (np.zeros(shape, bool), np.ones(shape, bool)):
        found = reasons(linear, visible)
        assert all(mask.shape == shape and not (mask & ~visible).any() for mask in found.values())
