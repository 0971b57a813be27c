"""Look-alikes of brown marks on a plain face: each has its colour, and lies on the skin."""

import numpy as np
import pytest

from dermis.lab.synth.lesions.photo_look_alikes import LOOK_ALIKES, look_alike, with_density
from dermis.tasks.pigmentation.contrast import BLOOD_AXIS, MELANIN_AXIS
from fakes.plain_face import SIZE, face_with

PLACED_BY_EYES = {"stray brow hairs", "tear troughs"}  # a plain face has none
GREY = {"stubble", "pores", "vellus hair", "strands of hair", "shadow"}


def red_share(density):
    where = density[..., 1] > 0.2 * density[..., 1].max()
    return float(np.median(density[where][:, 0] / density[where][:, 1]))


@pytest.mark.parametrize("name", [one for one in LOOK_ALIKES if one not in PLACED_BY_EYES])
def test_each_changes_the_skin_alone(name):
    face, skin = face_with(np.zeros((SIZE, SIZE, 3)))
    density = [look_alike(np.random.default_rng(seed), face, name) for seed in range(3)]
    assert all(not one[~face.skin].any() for one in density)
    assert any(np.abs(one).max() > 1 for one in density)
    painted = with_density(skin.linear, density[0])
    assert painted[face.skin] == pytest.approx((skin.linear * 10 ** (-density[0] / 100))[face.skin])


def test_each_has_the_colour_of_what_it_is():
    face, _ = face_with(np.zeros((SIZE, SIZE, 3)))
    drawn = {name: look_alike(np.random.default_rng(3), face, name) for name in (*GREY, "moles", "vessels")}
    assert red_share(drawn["moles"]) == pytest.approx(MELANIN_AXIS[0], abs=0.02)
    assert red_share(drawn["vessels"]) == pytest.approx(BLOOD_AXIS[0], abs=0.02)
    for name in GREY - {"vellus hair"}:
        assert red_share(drawn[name]) > 0.8


def test_without_landmarks_no_brow_is_known():
    face, _ = face_with(np.zeros((SIZE, SIZE, 3)))
    assert not look_alike(np.random.default_rng(1), face, "stray brow hairs").any()
