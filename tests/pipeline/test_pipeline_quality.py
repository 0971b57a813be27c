"""Each problem is said when it is there, and only then."""

import numpy as np
import pytest

from dermis.core import Box, CropFrame, Face, Finding, LightReference, Region, Severity, View
from dermis.pipeline.quality.problems import PROBLEMS
from dermis.pipeline.quality.tasks import HARMS, RUINS, given, judge_tasks, with_reservations
from dermis.pipeline.quality.verdict import assess, no_face, refused
from dermis.tasks import TASKS

GOOD = {
    "measured_px": 90000.0,
    "face_width_px": 600.0,
    "yaw_deg": 3.0,
    "pitch_deg": -4.0,
    "roll_deg": 1.0,
    "sharpness": 0.6,
    "skin_median": 0.6,
    "skin_bright": 0.8,
    "clipped_share": 0.0,
    "specular_share": 0.02,
    "shadow_share": 0.02,
    "cheek_ratio": 1.2,
    "skin_hue_deg": 55.0,
    "skin_chroma": 20.0,
    "covered_share": 0.02,
    "facial_hair_share": 0.01,
    "lip_redness": 8.0,
    "eye_white": 0.4,
    "eye_tint": 6.0,
    "background": 0.5,
    "background_ratio": 1.25,
    "texture": 0.1,
    "blockiness": 1.1,
    "shiny_regions": 1.0,
    "colour_variation": 0.05,
    "lip_contrast": 0.2,
    "lip_red": 0.14,
    "skin_red": 0.27,
    "flat_share": 0.1,
    "fine_colour": 0.003,
}
BAD = {
    "no_skin": {"measured_px": 20.0},
    "face_too_small": {"face_width_px": 99.0},
    "face_small": {"face_width_px": 199.0},
    "blurred": {"sharpness": 0.2},
    "too_dark": {"skin_median": 0.1},
    "too_blurred": {"sharpness": 0.05},
    "smoothed": {"texture": 0.02},
    "compressed": {"blockiness": 2.5},
    "backlight": {"background": 0.6, "eye_white": 0.05, "background_ratio": 12.0, "face_luminance": 0.05},
    "flash_glare": {"flash_fired": 1.0, "specular_share": 0.12},
    "wet_shine": {"shiny_regions": 5.0},
    "side_light": {"cheek_ratio": 4.0},
    "tinted_whites": {"eye_tint": 30.0},
    "rolled": {"roll_deg": -40.0},
    "too_bright": {"skin_median": 0.97},
    "clipped": {"clipped_share": 0.1},
    "glare": {"specular_share": 0.3},
    "shadow": {"shadow_share": 0.4},
    "uneven_light": {"cheek_ratio": 2.5},
    "colour_cast": {"skin_hue_deg": 140.0},
    "no_colour": {"skin_chroma": 0.3},
    "turned": {"yaw_deg": -55.0},
    "tilted": {"pitch_deg": 40.0},
    "occluded": {"covered_share": 0.5},
    "beard": {"facial_hair_share": 0.2},
    "makeup": {"lip_redness": 40.0},
    "not_living_skin": {"colour_variation": 0.01},
}


def face(view=View.FRONT, others=()):
    blank = np.zeros((4, 4), np.uint8)
    return Face(
        frame=CropFrame(x_px=0, y_px=0, width=4, height=4, factor=1),
        box=Box(x_px=0, y_px=0, width_px=4, height_px=4),
        landmarks=None,
        pose=None,
        view=view,
        segmentation=blank,
        regions=blank,
        skin=np.zeros((4, 4), bool),
        others=others,
    )


def codes(quality):
    return [problem.code for problem in quality.problems]


def test_a_good_photo_has_no_problem():
    quality = assess(GOOD, face())
    assert quality.usable
    assert codes(quality) == []


@pytest.mark.parametrize("code", list(BAD))
def test_a_problem_is_named(code):
    quality = assess({**GOOD, **BAD[code]}, face())
    assert codes(quality) == [code]
    assert quality.usable is (PROBLEMS[code][0] is not Severity.REJECT)


def test_words_have_no_gaps():
    problems = [*assess({**GOOD, **{k: v for bad in BAD.values() for k, v in bad.items()}}, face()).problems]
    for problem in [*problems, *no_face().problems, *refused("unreadable", "a.jpg is empty.", "").problems]:
        assert "{" not in problem.message + problem.advice
        assert problem.message
        assert problem.advice


def test_the_gravest_comes_first():
    quality = assess({**GOOD, **BAD["makeup"], **BAD["glare"], **BAD["no_skin"]}, face())
    assert codes(quality) == ["no_skin", "glare", "makeup"]
    assert not quality.usable


def test_close_ups_and_company_are_said():
    other = Box(x_px=0, y_px=0, width_px=1, height_px=1)
    assert codes(assess({**GOOD, "faces": 2.0}, face(others=(other,)))) == ["several_faces"]
    assert codes(assess(GOOD, face(View.CLOSE_UP))) == ["close_up"]


@pytest.mark.parametrize(("spread", "clipped", "doubtful"), [(0.5, 0.0, False), (9.0, 0.0, True), (0.5, 0.3, True)])
def test_an_uneven_reference_is_doubtful(spread, clipped, doubtful):
    reference = LightReference(
        box=Box(x_px=0, y_px=0, width_px=9, height_px=9),
        colour_hex="#777777",
        matrix=np.eye(3),
        delta_e_before=8.0,
        delta_e_after=0.4,
        spread=spread,
        clipped_share=clipped,
    )
    assert ("reference_doubtful" in codes(assess(GOOD, face(), reference))) is doubtful


def test_every_problem_can_happen():
    reachable = set(BAD) | {
        "unreadable",
        "unreachable",
        "crashed",
        "unusable_option",
        "no_face",
        "close_up",
        "several_faces",
        "reference_doubtful",
        "no_device",
        "other_device",
        "no_level",
    }
    assert reachable == set(PROBLEMS)


def test_dark_skin_in_good_light_is_not_called_dark():
    """Measures of the darkest skin in front of a white wall: the whites of the eyes are bright, the signal is good."""
    dark = {"skin_median": 0.25, "skin_bright": 0.42, "face_luminance": 0.03, "eye_white": 0.2, "background": 0.8}
    assert codes(assess({**GOOD, **dark, "background_ratio": 4.0}, face())) == []


def test_bars_over_the_eyes_are_no_backlight():
    barred = {"eye_white": 0.0, "face_luminance": 0.35, "background": 0.9, "background_ratio": 900.0}
    assert "backlight" not in codes(assess({**GOOD, **barred}, face()))


TASKS_ASKED = [TASKS[name] for name in ("skin_tone", "redness", "acne_lesions")]


def test_a_cast_spoils_the_tone_and_not_acne():
    quality = judge_tasks(assess({**GOOD, **BAD["colour_cast"]}, face()), TASKS_ASKED)
    assert quality.reservations == {"skin_tone": ("colour_cast",)}
    assert quality.usable_for == ("redness", "acne_lesions")
    assert quality.withheld == {}


@pytest.mark.parametrize("code", ["glare", "wet_shine"])
def test_skin_that_shines_puts_dark_spots_under_a_reservation_and_withholds_nothing(code):
    asked = [TASKS[name] for name in ("pigmentation_grade", "pigmentation_area", "masi", "acne_lesions")]
    quality = judge_tasks(assess({**GOOD, **BAD[code]}, face()), asked)
    assert quality.reservations == dict.fromkeys(("pigmentation_grade", "pigmentation_area", "masi"), (code,))
    assert quality.withheld == {}


def test_what_cannot_be_seen_is_withheld():
    quality = judge_tasks(assess({**GOOD, **BAD["too_blurred"]}, face()), TASKS_ASKED)
    assert quality.withheld == {"acne_lesions": ("too_blurred",)}
    assert [task.name for task in given(quality, TASKS_ASKED)] == ["skin_tone", "redness"]


def test_a_rejected_photo_is_usable_for_nothing():
    quality = judge_tasks(assess({**GOOD, **BAD["no_skin"]}, face()), TASKS_ASKED)
    assert quality.usable_for == ()
    assert set(quality.withheld) == {task.name for task in TASKS_ASKED}


def test_a_reservation_stands_beside_the_number():
    quality = judge_tasks(assess({**GOOD, **BAD["colour_cast"]}, face()), TASKS_ASKED)
    plain = [
        Finding(task=name, region=Region.FACE, value=1.0, unit="", model="") for name in ("skin_tone", "acne_lesions")
    ]
    tone, acne = with_reservations(plain, quality)
    assert tone.detail["reservations"] == ["colour_cast"]
    assert "hue" in tone.notes[0].text
    assert acne == plain[1]


def test_every_warning_says_what_it_spoils():
    warned = {code for code, (severity, _, _) in PROBLEMS.items() if severity is Severity.WARN}
    assert warned == set(HARMS) | set(RUINS)


@pytest.mark.parametrize(("hue_deg", "told"), [(19.0, True), (21.0, False), (89.0, False), (91.0, True)])
def test_a_cast_is_a_hue_that_skin_has_in_no_daylight(hue_deg, told):
    codes = [one.code for one in assess({**GOOD, "skin_hue_deg": hue_deg}, face()).problems]
    assert ("colour_cast" in codes) == told


LIMITS = {
    # code: measure, limit, whether the problem lies below it, whether the limit itself is one
    "no_skin": ("measured_px", 1000.0, True, False),
    "face_small": ("face_width_px", 200.0, True, False),
    "face_too_small": ("face_width_px", 100.0, True, False),
    "too_blurred": ("sharpness", 0.12, True, False),
    "blurred": ("sharpness", 0.25, True, False),
    "smoothed": ("texture", 0.04, True, False),
    "compressed": ("blockiness", 1.9, False, False),
    "too_dark": ("skin_median", 0.18, True, False),
    "too_bright": ("skin_median", 0.93, False, False),
    "clipped": ("clipped_share", 0.02, False, False),
    "glare": ("specular_share", 0.15, False, False),
    "wet_shine": ("shiny_regions", 4.0, False, True),
    "shadow": ("shadow_share", 0.15, False, False),
    "uneven_light": ("cheek_ratio", 1.8, False, False),
    "side_light": ("cheek_ratio", 3.0, False, False),
    "no_colour": ("skin_chroma", 2.0, True, False),
    "tinted_whites": ("eye_tint", 22.0, False, False),
    "turned": ("yaw_deg", 40.0, False, False),
    "tilted": ("pitch_deg", 25.0, False, False),
    "rolled": ("roll_deg", 30.0, False, False),
    "occluded": ("covered_share", 0.20, False, False),
    "beard": ("facial_hair_share", 0.05, False, False),
    "makeup": ("lip_redness", 25.0, False, False),
}


@pytest.mark.parametrize("code", LIMITS)
def test_a_problem_begins_at_its_limit(code):
    measure, limit, below, itself = LIMITS[code]
    lower, upper = (code in codes(assess({**GOOD, measure: np.nextafter(limit, to)}, face())) for to in (-9e9, 9e9))
    assert (lower, upper) == (below, not below)
    assert (code in codes(assess({**GOOD, measure: limit}, face()))) is itself


@pytest.mark.parametrize("measure", ["yaw_deg", "pitch_deg", "roll_deg"])
def test_a_head_is_turned_either_way(measure):
    assert codes(assess({**GOOD, measure: -41.0}, face())) == codes(assess({**GOOD, measure: 41.0}, face()))


@pytest.mark.parametrize(("ratio", "code"), [(3.0, "uneven_light"), (3.01, "side_light")])
def test_light_from_one_side_is_told_once(ratio, code):
    assert codes(assess({**GOOD, "cheek_ratio": ratio}, face())) == [code]


@pytest.mark.parametrize(("sharpness", "code"), [(0.12, "blurred"), (0.119, "too_blurred")])
def test_blur_is_told_once(sharpness, code):
    assert codes(assess({**GOOD, "sharpness": sharpness}, face())) == [code]


@pytest.mark.parametrize(("hue_deg", "told"), [(20.0, False), (90.0, False)])
def test_the_ends_of_the_hues_of_skin_are_no_cast(hue_deg, told):
    assert ("colour_cast" in codes(assess({**GOOD, "skin_hue_deg": hue_deg}, face()))) is told


BEHIND = {"background": 0.281, "eye_white": 0.119, "face_luminance": 0.169, "background_ratio": 4.01}


@pytest.mark.parametrize(
    ("changes", "told"),
    [({}, True), ({"background": 0.28}, False), ({"eye_white": 0.12}, False), ({"face_luminance": 0.17}, False),
     ({"background_ratio": 4.0}, False), ({"background": 0.15, "brightness_ev": 6.0}, True),
     ({"background": 0.14, "brightness_ev": 6.0}, False), ({"background": 0.15, "brightness_ev": 5.9}, False)],
)  # fmt: skip
def test_the_light_is_behind_where_all_signs_say_so(changes, told):
    assert ("backlight" in codes(assess({**GOOD, **BEHIND, **changes}, face()))) is told


@pytest.mark.parametrize(
    ("changes", "told"), [({"flash_fired": 1.0, "specular_share": 0.081}, True), ({"specular_share": 0.081}, False),
                          ({"flash_fired": 1.0, "specular_share": 0.08}, False)],
)  # fmt: skip
def test_a_flash_glares_earlier(changes, told):
    assert ("flash_glare" in codes(assess({**GOOD, **changes}, face()))) is told


@pytest.mark.parametrize(
    ("measures", "living"),
    [({"colour_variation": 0.0399, "lip_contrast": 0.0199}, False),
     ({"colour_variation": 0.04, "lip_contrast": 0.0}, True),
     ({"colour_variation": 0.03, "lip_contrast": 0.02}, True), ({"colour_variation": 0.0139}, False),
     ({"colour_variation": 0.014}, True), ({"colour_variation": 0.0239, "skin_red": 0.149, "lip_red": 0.241}, False),
     ({"colour_variation": 0.024, "skin_red": 0.149, "lip_red": 0.241}, True),
     ({"colour_variation": 0.0239, "skin_red": 0.15, "lip_red": 0.241}, True),
     ({"colour_variation": 0.0239, "skin_red": 0.149, "lip_red": 0.24}, True), ({"flat_share": 0.7}, True),
     ({"flat_share": 0.701}, False), ({"fine_colour": 0.05}, True), ({"fine_colour": 0.0501}, False), ({}, True)],
)  # fmt: skip
def test_what_varies_less_than_living_skin_is_none(measures, living):
    bare = {
        name: value
        for name, value in GOOD.items()
        if name not in ("colour_variation", "lip_contrast", "lip_red", "skin_red")
    }
    assert ("not_living_skin" in codes(assess({**bare, **measures}, face()))) is not living


def test_what_is_not_measured_is_no_problem():
    assert codes(assess({"measured_px": 1000.0}, face())) == []
