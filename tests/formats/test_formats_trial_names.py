"""File names of a trial: what they say, and how they are given to another subject."""

import pytest

from dermis.formats.trial_names import EXAMPLE, TrialName, renamed, side_of, trial_name


@pytest.mark.parametrize(
    ("stem", "said"),
    [
        (EXAMPLE.removesuffix(".jpg"), ("P0012", "L", 4, 0)),
        ("p0012_face_f_s01_vcr_s2_v00d00w17", ("p0012", "F", 17, 1)),
        ("S1-003_FACE_Front_W4", ("S1-003", "F", 4, 0)),
        ("P01-FACE-RIGHT-Week 12", ("P01", "R", 12, 0)),
        ("P01 Face LT wk_8", ("P01", "L", 8, 0)),
        ("0007_FACE_R_S02_Baseline", ("0007", "R", 0, 2)),
    ],
)
def test_subject_side_week_and_shot_are_read(stem, said):
    name = trial_name(stem)
    assert (name.subject, name.side, name.week, name.shot) == said


@pytest.mark.parametrize(
    "stem",
    [
        "IMG_0001",
        "P0012_FACE_X_W04",
        "anna_FACE_L_W04",
        "P0012_FACE_L",
        "P0012_FACE_LW04",
        "P0012_FACE_L_View04",
        "P0012_FACE_L_S00_VCR_S2_V00D00W04 (1)",
        "",
    ],
)
def test_other_schemes_say_nothing(stem):
    assert trial_name(stem) is None


def test_another_subject_gets_the_codes_and_no_words():
    assert renamed(trial_name("P0012_FACE_L_S00_VCR_S2_V00D00W04"), "P9") == "P9_FACE_L_S00_VCR_S2_V00D00W04"
    assert renamed(trial_name("P0012_FACE_Front_Smith_AB_Week 4"), "P9") == "P9_FACE_F_W04"
    again = trial_name(renamed(trial_name("P0012_FACE_R_S01_Baseline"), "P9"))
    assert again == TrialName(subject="P9", side="R", week=0, shot=1, codes=("S01", "W00"))


def test_sides_are_words_of_their_own():
    words = ("MH_Left", "GradeRight", "Right cheek", "lt", "Front view", "f", "Centre 3", "filter", "Rough", "")
    assert [side_of(word) for word in words] == ["L", "R", "R", "L", "F", "F", "", "", "", ""]
