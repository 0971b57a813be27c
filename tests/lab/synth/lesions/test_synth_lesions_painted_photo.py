"""Clear faces made into photos with marks of known density."""

import numpy as np
import pytest

from dermis.lab.synth.lesions.painted_photo import beside_lamp, photographed, with_look_alikes, with_marks
from fakes.plain_face import SIZE, face_with

PLAIN = np.zeros((SIZE, SIZE, 3))


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_marks_darken_by_the_density_that_is_told(seed):
    face, skin = face_with(PLAIN)
    painted, density = with_marks(np.random.default_rng(seed), face, skin.linear)
    fallen = -100 * np.log10(painted[..., 1] / skin.linear[..., 1])
    assert fallen == pytest.approx(density, abs=0.01)


def test_strength_scales_the_marks_borders_sharpen_them_and_clear_photos_have_none():
    face, skin = face_with(PLAIN)

    def painted(**how):
        return with_marks(np.random.default_rng(2), face, skin.linear, **how)[1]

    usual = painted(clear_share=0.0, strength=(1.0, 1.0))
    assert painted(clear_share=0.0, strength=(0.4, 0.4)) == pytest.approx(0.4 * usual, rel=1e-5)
    sharp = painted(clear_share=0.0, strength=(1.0, 1.0), borders=(0.3, 0.3))
    steep = [np.square(np.diff(one, axis=1)).mean() for one in (sharp, usual)]
    assert steep[0] > 1.4 * steep[1]
    assert not painted(clear_share=1.0).any()


def test_look_alikes_only_darken():
    face, skin = face_with(PLAIN)
    rng = np.random.default_rng(4)
    found = [with_look_alikes(rng, face, skin.linear) for _ in range(4)]
    assert all((one <= skin.linear * 1.001).all() for one in found)
    assert any((one < 0.9 * skin.linear).any() for one in found)


def test_a_camera_without_faults_changes_nothing_but_by_jpeg():
    face, skin = face_with(PLAIN)
    seen = photographed(np.random.default_rng(1), face, skin.linear, faults=0.0)
    assert np.median(seen / skin.linear, axis=(0, 1)) == pytest.approx(1, abs=0.03)
    rng = np.random.default_rng(1)
    worse = [np.median(photographed(rng, face, skin.linear, faults=1.0) / skin.linear) for _ in range(4)]
    assert np.abs(np.log2(worse)).max() > 0.1


def test_a_lamp_aside_darkens_one_side():
    face, _ = face_with(PLAIN)
    lamp = beside_lamp(face, 20.0)
    assert lamp[:, 0].max() == 0
    assert lamp[:, -1].min() == pytest.approx(20, rel=0.01)
