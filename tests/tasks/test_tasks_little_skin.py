"""Where hardly any skin is seen nothing is told."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.core import PigmentMarks, Region
from dermis.pipeline.light.beside_chart import _directions, beside_chart, charted_clues
from dermis.tasks import TASKS
from dermis.tasks.pigment_index import features, pigment_indices, skin_pigments
from dermis.tasks.pigmentation import melasma
from dermis.tasks.pigmentation.marks import find_marks
from dermis.tasks.pigmentation.skin_grid import skin_grid
from dermis.tasks.redness.redness_map import redness_map
from dermis.tasks.tone import face_colour
from fakes.plain_face import SIZE, face_with


def little(pixels):
    face, skin = face_with(np.zeros((SIZE, SIZE, 3)))
    few = np.zeros((SIZE, SIZE), bool)
    few[100:108].flat[:pixels] = True
    return face, replace(skin, visible=few, measured=few)


def test_a_face_without_skin_has_no_marks_and_no_colour():
    face, skin = little(0)
    marks = find_marks(face, skin)
    assert np.isnan(marks.weight).all()
    assert not marks.mask.any()
    assert marks.items == ()
    assert skin_grid(face, skin) is None
    assert face_colour(skin) is None
    assert charted_clues(skin, face) is None
    assert beside_chart(skin, face) is skin


@pytest.mark.parametrize(("pixels", "told"), [(63, 0), (64, 1)])
def test_a_region_has_sixty_four_pixels(pixels, told):
    face, skin = little(pixels)
    skin = replace(skin, regions=np.zeros_like(skin.regions))
    maps = skin_pigments(skin)
    assert len(TASKS["melanin"].measure(skin=skin, pigments=maps)) == told
    assert len(TASKS["redness"].measure(skin=skin, redness_map=redness_map(skin, face.frame))) == told
    assert len(TASKS["skin_tone"].measure(skin=skin)) == told


def test_a_map_that_tells_too_little_of_a_region_makes_no_statement():
    _, skin = little(80)
    skin = replace(skin, regions=np.zeros_like(skin.regions))
    maps = skin_pigments(skin)
    for lost, told in ((16, 1), (17, 0)):
        melanin = maps.melanin.copy()
        melanin[tuple(np.argwhere(skin.measured)[:lost].T)] = np.nan
        found = TASKS["melanin"].measure(skin=skin, pigments=replace(maps, melanin=melanin))
        assert len(found) == told
        assert all(one.detail["told_share"] == 0.8 for one in found)


def test_features_are_twenty_and_begin_with_one():
    linear = np.array([[0.4, 0.25, 0.18], [0.1, 0.06, 0.04]])
    found = features(linear)
    assert found.shape == (2, 20)
    assert found[:, 0].tolist() == [1, 1]
    assert found[:, 4] == pytest.approx(found[:, 1] ** 2)
    assert pigment_indices(linear)[0][1] > pigment_indices(linear)[0][0]


@pytest.mark.parametrize(("pixels", "told"), [(63, []), (64, ["chin"])])
def test_a_zone_of_melasma_has_sixty_four_pixels(pixels, told):
    _, skin = little(64)
    regions = np.zeros_like(skin.regions)
    regions[100:108].flat[:pixels] = Region.CHIN.code
    plane = np.where(skin.measured, np.float32(2.0), np.float32(np.nan))
    marks = PigmentMarks(chance=plane, contrast=plane, weight=plane, mask=skin.measured, on_right=None, items=(),
                         model="made@1")  # fmt: skip
    assert list(melasma._parts(replace(skin, regions=regions), marks, melasma.MASI_WEIGHTS)) == told


def test_a_surface_faces_away_from_where_it_rises():
    x, y = np.meshgrid(np.arange(6.0), np.arange(6.0))
    points = np.stack([x, y, 0.5 * x - 0.2 * y], axis=-1).reshape(-1, 3)
    wanted = np.array([-0.5, 0.2, 1.0]) / np.linalg.norm([-0.5, 0.2, 1.0])
    np.testing.assert_allclose(_directions(points), np.tile(wanted, (36, 1)), atol=1e-5)
