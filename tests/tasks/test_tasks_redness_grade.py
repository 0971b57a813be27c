"""redness_grade rises with painted redness on every tone and leaves lesions out; vessels are long, thin and red."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.core import CropFrame, CropsBlock, Face, Region, SegmentationClass, Skin, View
from dermis.lab.synth.lesions.photo_redness import FLUSH_DENSITY, paint_redness
from dermis.report.maps import mask_name
from dermis.tasks import TASKS
from dermis.tasks.pigmentation.contrast import BLOOD_AXIS, MELANIN_AXIS
from dermis.tasks.redness.grade import GRADE_AT, WORDS, flush_of_skin, grade_of_flush
from dermis.tasks.redness.redness_map import redness_map
from dermis.tasks.redness.vessel_lines import find_vessels
from fakes.lesions import face_lesions

SIZE = 200
FRAME = CropFrame(x_px=10, y_px=20, width=SIZE, height=SIZE, factor=2)
TONES = {"light": 0.0, "medium": 18.0, "dark": 55.0}


def skin_of(tone, *, seed=2):
    """Return skin of a tone, shaded and with grain, forehead above and cheeks below."""
    rng = np.random.default_rng(seed)
    density = TONES[tone] * np.array(MELANIN_AXIS) + 3 * rng.standard_normal((SIZE, SIZE, 1))
    density = density + 12 * np.linspace(0, 1, SIZE)[None, :, None] + rng.standard_normal((SIZE, SIZE, 3))
    linear = np.array((0.6, 0.4, 0.3)) * 10 ** (-density / 100)
    regions = np.full((SIZE, SIZE), Region.FOREHEAD.code, np.uint8)
    regions[100:, :100], regions[100:, 100:] = Region.RIGHT_CHEEK.code, Region.LEFT_CHEEK.code
    everywhere = np.ones((SIZE, SIZE), bool)
    return Skin(
        linear=linear.astype(np.float32), visible=everywhere, measured=everywhere, regions=regions, excluded={},
        view=View.FRONT, light_known=False,
    )  # fmt: skip


def face_of(skin):
    return Face(
        frame=FRAME, box=None, landmarks=None, pose=None, view=View.CLOSE_UP, regions=skin.regions, skin=skin.visible,
        segmentation=np.full((SIZE, SIZE), SegmentationClass.FACE_SKIN, np.uint8), face_width_px=2.0 * SIZE,
    )  # fmt: skip


def graded(skin, covered=None):
    lesions = face_lesions(heat=np.zeros((SIZE, SIZE), np.float32), covered=covered)
    found = TASKS["redness_grade"].measure(skin=skin, redness_map=redness_map(skin, FRAME), lesions=lesions)
    return {one.region: one for one in found}


@pytest.fixture(scope="module", params=list(TONES))
def bare(request):
    return skin_of(request.param)


def test_the_grade_alone_brings_the_mask_of_redness(bare):
    red = redness_map(bare, FRAME).red
    assert np.array_equal(graded(bare)[Region.FACE].mask, red)
    assert mask_name(TASKS["redness_grade"]) == mask_name(TASKS["redness"]) == "redness_mask.png"


def test_the_grade_rises_with_each_grade_painted(bare):
    face = face_of(bare)
    painted = [paint_redness(bare.linear, face, grade, seed=5) for grade in range(len(FLUSH_DENSITY))]
    grades = [grade_of_flush(flush_of_skin(replace(bare, linear=linear))) for linear in painted]
    assert (np.diff(grades) >= 0).all()
    assert grades[0] < 0.5
    assert grades[2] > 1.0
    assert grades[4] > 3.0


def test_the_scale_has_the_words_of_the_assessment():
    scale = TASKS["redness_grade"].scale
    assert (scale.lowest, scale.highest, scale.names) == (0, 4, WORDS)
    assert [grade_of_flush(flush) for flush, _ in GRADE_AT] == [0, 1, 2, 3, 4]
    assert grade_of_flush(0.0) == 0
    assert grade_of_flush(99.0) == 4


def test_red_areas_are_outlined_in_the_photo():
    skin = skin_of("light")
    red = skin.linear.copy()
    red[120:160, 20:80] *= 10 ** (-40 * np.array(BLOOD_AXIS, np.float32) / 100)
    found = graded(replace(skin, linear=red))
    (area,) = found[Region.FACE].items
    assert area.region is Region.RIGHT_CHEEK
    assert area.box.x_px == pytest.approx(10 + 2 * 20, abs=6)
    assert area.box.y_px == pytest.approx(20 + 2 * 120, abs=6)
    assert found[Region.FACE].label == WORDS[found[Region.FACE].detail["banded"]]
    assert found[Region.RIGHT_CHEEK].value > found[Region.FOREHEAD].value + 2
    assert found[Region.FACE].detail["area_share"] == pytest.approx(0.06, abs=0.02)


def test_redness_under_lesions_is_left_out():
    skin = skin_of("light")
    red, covered = skin.linear.copy(), np.zeros((SIZE, SIZE), bool)
    red[130:160, 30:150] *= 10 ** (-40 * np.array(BLOOD_AXIS, np.float32) / 100)
    covered[120:170, 20:160] = True
    with_lesions, without = graded(replace(skin, linear=red), covered), graded(replace(skin, linear=red))
    assert without[Region.LEFT_CHEEK].value > 3
    assert with_lesions[Region.LEFT_CHEEK].value < 0.5
    assert with_lesions[Region.FACE].detail["lesion_share"] == pytest.approx(np.mean(covered), abs=1e-3)
    assert not with_lesions[Region.FACE].items


def test_brown_and_shade_are_no_redness(bare):
    for axis in (MELANIN_AXIS, (1.0, 1.0, 1.0)):
        dark = bare.linear.copy()
        dark[120:160, 20:120] *= 10 ** (-25 * np.array(axis, np.float32) / 100)
        assert graded(replace(bare, linear=dark))[Region.FACE].value < 1.0


def drawn(skin, axis, *, long_px=40, density=25.0):
    linear = skin.linear.copy()
    linear[140:142, 120 : 120 + long_px] *= 10 ** (-density * np.array(axis, np.float32) / 100)
    return replace(skin, linear=linear)


def test_a_vessel_is_found_with_its_length(bare):
    skin = drawn(bare, BLOOD_AXIS)
    (vessel,) = find_vessels(face_of(skin), skin).items
    assert vessel.region is Region.LEFT_CHEEK
    assert vessel.size_face_widths * SIZE == pytest.approx(40, abs=8)
    found = {
        one.region: one for one in TASKS["vessels"].measure(skin=skin, fine_vessels=find_vessels(face_of(skin), skin))
    }
    assert found[Region.LEFT_CHEEK].value > found[Region.FACE].value > 0
    assert found[Region.FOREHEAD].value == 0
    assert found[Region.FACE].detail["length_mm"] == pytest.approx(140 * 40 / SIZE, abs=6)
    assert found[Region.FACE].mask.sum() >= 40


@pytest.mark.parametrize("axis", [(1.0, 1.0, 1.0), MELANIN_AXIS], ids=["hair or furrow", "brown line"])
def test_other_lines_are_no_vessels(bare, axis):
    skin = drawn(bare, axis, density=30.0)
    assert find_vessels(face_of(skin), skin).items == ()


def test_bare_skin_and_dots_have_no_vessels(bare):
    skin = drawn(bare, BLOOD_AXIS, long_px=3)
    assert find_vessels(face_of(skin), skin).items == ()


def test_the_red_areas_and_vessels_that_weigh_most_come_first_and_are_named():
    skin = drawn(skin_of("light"), BLOOD_AXIS)
    vessel = replace(find_vessels(face_of(skin), skin).items[0], redness=20.0, size_face_widths=0.1)
    (areas,) = [block for block in TASKS["redness_grade"].section if isinstance(block, CropsBlock)]
    assert areas.rank(vessel) == pytest.approx(0.2)
    assert areas.rank(replace(vessel, redness=None)) == areas.rank(replace(vessel, size_face_widths=None)) == 0
    (lines,) = [block for block in TASKS["vessels"].section if isinstance(block, CropsBlock)]
    assert (lines.rank(vessel), lines.rank(replace(vessel, size_face_widths=None))) == (0.1, 0)
    assert areas.name(vessel) == lines.name(vessel) == "Vessel"
