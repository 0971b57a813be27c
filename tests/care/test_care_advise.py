"""What people are told: red flags first, conflicts in the open, nothing guessed."""

from __future__ import annotations

import pytest

from dermis.care import Person, advise, person_from, questions
from dermis.care.note import grouped, note
from dermis.core import AdviceKind, Urgency
from dermis.errors import UsageError

NOT_PREGNANT = Person(pregnant=False)


def finding(task, value, interval=None, **more):
    return {"task": task, "region": "face", "value": value, "interval": interval, "level": 0.9, **more}


def analysis(*findings):
    return {"schema": "dermis.analysis/2", "findings": list(findings)}


MODERATE = analysis(finding("acne_grade", 1.0, [0.7, 1.2]))


def by_rule(lines):
    return {line.rule: line for line in lines}


@pytest.mark.parametrize(
    ("signs", "urgency"),
    [
        (("sudden_onset", "fever"), "today"),
        (("fever",), "today"),
        (("eye_pain",), "today"),
        (("sudden_onset",), "days"),
        (("pain",), "days"),
        (("eye_symptoms",), "days"),
        (("scarring",), "weeks"),
        (("nodules",), "weeks"),
        (("changing_mole",), "weeks"),
    ],
)
def test_a_red_flag_sends_to_a_doctor_before_any_treatment(signs, urgency):
    lines = advise(MODERATE, Person(pregnant=False, signs=signs))
    assert lines[0].kind is AdviceKind.SEE_DOCTOR
    assert lines[0].urgency == urgency
    used = [line.rule for line in lines if line.kind is AdviceKind.USE]
    assert used == ["cleanser", "moisturiser", "sun-broad"]
    assert "adapalene 0.1 %" in by_rule(lines)["held-back"].ingredients


def test_under_twelve_years_a_doctor_comes_first():
    lines = advise(MODERATE, Person(age_years=11))
    assert lines[0].rule == "flag-child"
    assert not any(line.rule.startswith("acne-") and line.kind is AdviceKind.USE for line in lines)


def test_three_nodules_on_the_photo_send_to_a_doctor_and_two_ask_for_a_look():
    lesions = finding("acne_lesions", 20, [15, 25])
    few = advise(analysis(*MODERATE["findings"], {**lesions, "items": [{"class": "nodule"}] * 2}), NOT_PREGNANT)
    many = advise(analysis(*MODERATE["findings"], {**lesions, "items": [{"class": "nodule"}] * 3}), NOT_PREGNANT)
    assert "acne-few-nodules" in by_rule(few)
    assert "acne-evening-adapalene" in by_rule(few)
    assert many[0].rule == "flag-nodules-seen"
    assert "acne-evening-adapalene" not in by_rule(many)


def test_pregnancy_takes_the_retinoid_out_and_says_what_came_instead():
    lines = by_rule(advise(MODERATE, Person(pregnant=True)))
    assert "acne-evening-adapalene" not in lines
    assert "acne-evening-azelaic" in lines
    assert "instead: azelaic acid 15 %" in lines["retinoid-pregnancy"].advice


def test_silence_about_pregnancy_is_not_taken_for_a_no_and_is_asked():
    lines = by_rule(advise(MODERATE))
    assert "retinoid-pregnancy-open" in lines
    asked = {question.field: question for question in questions(MODERATE)}
    assert "add adapalene 0.1 %" in asked["pregnant"].changes["no"]
    for person in (Person(sex="male"), Person(age_years=60), NOT_PREGNANT):
        assert "acne-evening-adapalene" in by_rule(advise(MODERATE, person))
        assert "pregnant" not in {question.field for question in questions(MODERATE, person)}


def test_only_questions_that_change_something_are_asked():
    told = Person(age_years=30, sex="male", sensitive=True, signs=())
    assert questions(MODERATE, told) == ()


def test_what_is_used_already_goes_on_and_what_clashes_is_told():
    lines = by_rule(advise(MODERATE, Person(pregnant=False, using=("adapalene", "tretinoin 0.05 %"))))
    assert "two-retinoids" in lines
    assert "acne-evening-adapalene" not in lines
    plain = by_rule(advise(MODERATE, Person(pregnant=False, using=("adapalene",))))
    assert plain["acne-evening-adapalene"].advice.startswith("You use it already")


def test_an_allergy_leaves_out_what_it_names_and_every_salicylate_for_aspirin():
    feared = ("benzoyl peroxide", "adapalene", "azelaic acid", "aspirin")
    lines = by_rule(advise(MODERATE, Person(pregnant=False, allergic=feared)))
    assert "acne-evening-none" in lines
    assert lines["acne-evening-none"].kind is AdviceKind.SEE_DOCTOR
    assert "salicylic acid 2 %" in lines["allergy"].advice


def test_a_name_that_is_not_known_is_said_to_be_unchecked():
    lines = by_rule(advise(MODERATE, Person(using=("snail mucin",))))
    assert lines["not-known"].ingredients == ("snail mucin",)


def test_an_interval_over_two_grades_says_what_changes():
    line = by_rule(advise(analysis(finding("acne_grade", 1.3, [0.8, 2.1])), NOT_PREGNANT))["uncertain-acne"]
    assert "if it is severe, see a doctor within a few weeks" in line.advice
    assert "mild" not in line.advice
    assert "0.8 to 2.1" in line.reason


def test_an_interval_within_one_grade_says_nothing():
    assert "uncertain-acne" not in by_rule(advise(MODERATE, NOT_PREGNANT))


def test_an_interval_that_nobody_measured_leaves_both_neighbours_open():
    line = by_rule(advise(analysis(finding("acne_grade", 1.0, None)), NOT_PREGNANT))["uncertain-acne"]
    assert "if it is mild" in line.advice
    assert "if it is severe" in line.advice
    assert "has not been measured" in line.reason


def test_no_lesion_is_no_acne_unless_the_interval_allows_one():
    none = finding("acne_lesions", 0, [0, 0], items=[])
    some = finding("acne_lesions", 0, [0, 3], items=[])
    grade = finding("acne_grade", 0.0, [0.0, 0.3])
    assert "acne-when" not in by_rule(advise(analysis(grade, none), NOT_PREGNANT))
    assert "if it is mild" in by_rule(advise(analysis(grade, some), NOT_PREGNANT))["uncertain-acne"].advice


def test_only_comedones_get_no_benzoyl_peroxide():
    items = [{"class": "open_comedo"}] * 5 + [{"class": "closed_comedo"}] * 4 + [{"class": "inflamed"}]
    lesions = finding("acne_lesions", 10, [8, 12], items=items)
    lines = by_rule(advise(analysis(*MODERATE["findings"], lesions), NOT_PREGNANT))
    assert "acne-evening-adapalene" in lines
    assert "acne-morning-benzoyl" not in lines


def test_marks_on_dark_skin_are_warned_of_peeling_and_get_a_tint():
    lines = by_rule(advise(analysis(finding("pigmentation_grade", 5, [4, 6]), finding("skin_tone", -20, [-30, 0]))))
    assert {"pigment-no-peel", "sun-tinted-pigment", "pigment-hat"} <= set(lines)
    light = by_rule(advise(analysis(finding("pigmentation_grade", 5, [4, 6]), finding("skin_tone", 50, [40, 60]))))
    assert "pigment-no-peel" not in light


def test_tone_is_taken_as_dark_as_its_interval_allows():
    marks = finding("pigmentation_grade", 5, [4, 6])
    assert "pigment-no-peel" in by_rule(advise(analysis(marks, finding("skin_tone", 32, [20, 44]))))


def test_tone_without_an_interval_is_taken_a_step_darker():
    marks = finding("pigmentation_grade", 5, [4, 6])
    assert "pigment-no-peel" in by_rule(advise(analysis(marks, finding("skin_tone", 50, None))))


def test_very_red_skin_gets_a_doctor_and_no_treatment():
    lines = advise(analysis(finding("redness_grade", 3.8, [3.6, 4.0]), *MODERATE["findings"]), NOT_PREGNANT)
    assert "redness-severe-doctor" in by_rule(lines)
    assert "held-back" in by_rule(lines)


@pytest.mark.parametrize(
    "empty", [{}, {"findings": []}, {"findings": None}, analysis({"task": "acne_grade"}), analysis("x")]
)
def test_without_findings_there_is_basic_care_and_a_new_photo(empty):
    lines = by_rule(advise(empty))
    assert {"nothing-measured", "cleanser", "about"} <= set(lines)


def test_a_value_that_is_no_number_is_not_measured():
    assert "nothing-measured" in by_rule(advise(analysis(finding("acne_grade", None), finding("acne_iga", "3"))))


def test_iga_stands_in_for_the_grade_and_a_region_for_the_face():
    severe = {**finding("acne_iga", 4), "region": "chin"}
    assert "acne-severe-doctor" in by_rule(advise(analysis(severe), NOT_PREGNANT))


def test_the_most_urgent_comes_first_and_the_limits_last():
    lines = advise(MODERATE, Person(pregnant=True, using=("isotretinoin",), signs=("scarring",)))
    urgencies = [line.urgency for line in lines if line.kind is AdviceKind.SEE_DOCTOR]
    assert urgencies == sorted(urgencies, key=list(Urgency).index, reverse=True)
    assert lines[0].rule == "oral-retinoid-pregnancy"
    assert lines[-1].rule == "about"


def test_groups_hold_every_line_and_the_day_is_in_order():
    lines = advise(MODERATE, NOT_PREGNANT)
    groups = grouped(lines)
    assert {step.line.rule for group in groups for step in group.steps} == {line.rule for line in lines}
    morning = next(group for group in groups if group.title == "In the morning")
    assert [step.line.rule for step in morning.steps] == ["cleanser", "acne-morning-benzoyl", "moisturiser", "sun-acne"]


def test_the_note_says_each_reason_once():
    text = note(advise(MODERATE, NOT_PREGNANT))
    assert text.count("Soap is alkaline") == 1
    assert text.count("Wash the face") == 2


@pytest.mark.parametrize(
    "told",
    [
        {"age_years": -1},
        {"age_years": True},
        {"sex": "x"},
        {"signs": ["nothing"]},
        {"using": "adapalene"},
        {"pregnant": 1},
        {"name": "Anna"},
    ],
)
def test_facts_that_mean_nothing_are_refused(told):
    with pytest.raises(UsageError):
        person_from(told)


def test_a_person_is_read_from_json():
    told = {"age_years": 34, "sex": "female", "pregnant": False, "sensitive": None, "using": [" retinol "], "signs": []}
    assert person_from(told) == Person(age_years=34.0, sex="female", pregnant=False, using=("retinol",), signs=())
