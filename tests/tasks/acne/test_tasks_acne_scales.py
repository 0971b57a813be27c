"""What the acne tasks make of lesions at known places."""

import math
from dataclasses import replace

import numpy as np
import pytest

from dermis.core import Region, View
from dermis.tasks.acne import count, gags, hayashi, iga, presence
from dermis.tasks.acne.hayashi import grade_of_count
from dermis.tasks.acne.iga import iga_of
from dermis.tasks.acne.visibility import hidden_detail, in_view, is_large, lesion_name, severity
from fakes.lesions import face_lesions, found, item


def of(findings, region=Region.FACE):
    return next(finding for finding in findings if finding.region is region)


@pytest.mark.parametrize(("count", "grade"), [(0, 0), (5, 0), (6, 1), (20, 1), (21, 2), (50, 2), (51, 3), (400, 3)])
def test_the_grade_of_a_count_rounds_to_hayashi(count, grade):
    assert int(grade_of_count(count) + 0.5) == grade


def test_the_grade_rises_with_every_lesion():
    grades = [grade_of_count(count) for count in range(100)]
    assert np.all(np.diff(grades) > 0)


def test_one_side_in_view_is_graded_as_it_was_learnt():
    lesions = found(grade=1.8, grade_interval=(1.2, 2.3), grade_probabilities=np.float32([0, 0.2, 0.8, 0]))
    finding = of(hayashi.measure(face_lesions(counts={Region.FACE: 30.0}, lesions=lesions)))
    assert (finding.value, finding.interval, finding.label) == (1.8, (1.2, 2.3), "severe")
    assert finding.detail["counted"] == "all in view, one side"


def test_of_two_halves_the_worse_is_graded():
    finding = of(hayashi.measure(face_lesions(counts={Region.FACE: 30.0}, halves=(12.0, 18.0))))
    assert finding.value == pytest.approx(grade_of_count(18.0))
    assert (finding.detail["right_half"], finding.detail["left_half"]) == (12.0, 18.0)


def test_from_the_front_the_learnt_grade_falls_by_what_halving_takes():
    lesions = found(grade=2.0, grade_interval=(1.5, 2.5))
    finding = of(hayashi.measure(face_lesions(counts={Region.FACE: 30.0}, halves=(15.0, 15.0), lesions=lesions)))
    fall = grade_of_count(30.0) - grade_of_count(15.0)
    assert finding.value == pytest.approx(2.0 - fall)
    assert finding.interval == pytest.approx((1.5 - fall, 2.5 - fall))


def test_hidden_skin_widens_the_interval_upwards_only():
    lesions = found(grade=1.0, grade_interval=(0.5, 1.5))
    given = {"counts": {Region.FACE: 10.0}, "halves": (10.0, 0.0), "lesions": lesions}
    whole = of(hayashi.measure(face_lesions(**given)))
    hidden = of(hayashi.measure(face_lesions(**given, seen={Region.FACE: 0.4})))
    assert hidden.interval[0] == whole.interval[0]
    assert hidden.interval[1] > whole.interval[1]
    assert hidden.detail["lower_bound"] is True


def test_the_count_is_that_of_the_map_and_the_items_are_pointed_at():
    items = [item(Region.CHIN, score=0.9), item(Region.NOSE, score=0.8)]
    counts = {Region.FACE: 2.6, Region.CHIN: 1.4, Region.NOSE: 1.2}
    findings = count.measure(face_lesions(items, counts, lesions=found(2, count_interval=(1.0, 5.0))))
    face = of(findings)
    assert (face.value, face.interval, len(face.items)) == (2.6, (1.0, 5.0), 2)
    assert face.detail["count_all"] == 5.2
    assert [one.region for one in of(findings, Region.NOSE).items] == [Region.NOSE]
    assert face.evidence is not None


def test_the_interval_of_a_count_always_holds_the_count():
    lesions = found(count_interval=(4.0, 6.0))
    for number in (1.0, 5.0, 9.0):
        low, high = of(count.measure(face_lesions(counts={Region.FACE: number}, lesions=lesions))).interval
        assert low <= number <= high


def test_a_region_out_of_view_gets_no_number():
    seen = {Region.FACE: 0.8, Region.CHIN: 0.9, Region.NOSE: 0.1, Region.FOREHEAD: None}
    for measure in (count.measure, presence.measure):
        assert {f.region for f in measure(face_lesions(seen=seen))} == {Region.FACE, Region.CHIN, Region.FOREHEAD}


def test_presence_follows_the_network_or_the_count():
    assert of(presence.measure(face_lesions(lesions=found(presence=0.12)))).value == 0.12
    value = of(presence.measure(face_lesions(counts={Region.FACE: 2.0}))).value
    assert value == pytest.approx(1 - math.exp(-4))  # of all lesions, twice as many
    assert of(presence.measure(face_lesions())).label == "no acne"


@pytest.mark.parametrize(
    ("count", "large", "involved", "grade"),
    [(0.2, 0, 0.0, 0), (1, 0, 0.02, 1), (5, 0, 0.1, 1), (6, 0, 0.1, 2), (3, 1, 0.1, 3), (60, 0, 0.6, 3),
     (3, 2, 0.1, 4), (90, 0, 0.85, 4)],
)  # fmt: skip
def test_the_rule_of_the_iga(count, large, involved, grade):
    assert iga_of(count, large, involved) == grade


def test_the_iga_says_that_it_is_derived():
    finding = of(iga.measure(face_lesions([item(size=0.2)], {Region.FACE: 1.0})))
    assert (finding.value, finding.label) == (3.0, "moderate")
    assert "rule" in finding.detail["derived"]


def test_gags_weighs_the_worst_lesion_of_each_region():
    items = [
        item(Region.FOREHEAD, "open_comedo"), item(Region.FOREHEAD, "pustule"), item(Region.LEFT_UNDER_EYE, "inflamed"),
        item(Region.NOSE, "closed_comedo"),
    ]  # fmt: skip
    findings = gags.measure(face_lesions(items, halves=(2.0, 2.0)))
    values = {finding.region: finding.value for finding in findings}
    assert values == {
        Region.FACE: 11.0, Region.FOREHEAD: 6.0, Region.LEFT_CHEEK: 4.0, Region.RIGHT_CHEEK: 0.0, Region.NOSE: 1.0,
        Region.CHIN: 0.0,
    }  # fmt: skip
    assert of(findings).detail["bounds"] == [2 * 2 + 2 * 2 + 1, 2 * 4 + 2 * 4 + 2]


@pytest.mark.parametrize("worst", [item(kind="nodule"), item(kind="inflamed", size=0.2)])
def test_gags_of_the_worst_face_is_32(worst):
    items = [replace(worst, region=region) for region in gags.FACTORS]
    assert of(gags.measure(face_lesions(items))).value == 32


def test_a_lesion_of_which_nothing_is_told_may_be_a_comedo_or_a_nodule():
    finding = of(gags.measure(face_lesions([item(Region.CHIN)])))
    assert (finding.value, finding.interval, finding.detail["bounds"]) == (2.0, None, [1, 4])


def test_all_lesions_are_parted_into_inflamed_ones_and_comedones():
    findings = count.measure(
        face_lesions(
            counts={Region.FACE: 10.0, Region.NOSE: 4.0},
            comedones=dict.fromkeys(Region, 0.0) | {Region.FACE: 5.0, Region.NOSE: 2.0},
            open_share=0.4,
            lesions=found(count_interval=(6.0, 16.0)),
        )
    )
    told = of(findings).detail
    assert (told["inflammatory"], told["non_inflammatory"]) == (10.0, 5.0)
    low, high = told["non_inflammatory_interval"]
    assert 0 <= low < 5.0 < high
    assert told["open_comedones"] == 2.0
    assert told["inflammatory_interval"][0] <= 10.0 <= told["inflammatory_interval"][1]
    assert of(findings, Region.NOSE).detail["non_inflammatory"] == 2.0
    assert "inflammatory" not in of(count.measure(face_lesions(counts={Region.FACE: 10.0}))).detail


def test_the_iga_counts_comedones_too():
    assert [iga_of(0.0, 0, 0.0, comedones) for comedones in (0, 5, 6, 20, 21)] == [0, 0, 1, 1, 2]
    few, many = (
        face_lesions(counts={Region.FACE: 2.0}, comedones=dict.fromkeys(Region, number)) for number in (4.0, 27.0)
    )
    assert [of(iga.measure(one)).value for one in (few, many)] == [1, 2]


def test_the_intervals_of_both_counts_bound_the_iga():
    lesions = found(count_interval=(1.0, 4.0))
    given = {"counts": {Region.FACE: 2.0}, "lesions": lesions}
    without = of(iga.measure(face_lesions(**given))).detail["bounds"]
    some = of(iga.measure(face_lesions(**given, comedones=dict.fromkeys(Region, 19.0)))).detail["bounds"]
    assert (without, some) == ([1, 1], [1, 2])


def test_gags_counts_a_region_with_comedones_alone():
    only_nose = dict.fromkeys(Region, 0.0) | {Region.FACE: 3.0, Region.NOSE: 3.0}
    found_there = gags.measure(face_lesions([item(Region.CHIN, kind="inflamed")], comedones=only_nose))
    assert (of(found_there, Region.NOSE).value, of(found_there, Region.CHIN).value) == (1.0, 2.0)
    assert of(found_there, Region.NOSE).detail["bounds"] == [0, 1]
    assert of(found_there, Region.FOREHEAD).value == 0.0
    assert of(found_there, Region.FOREHEAD).detail["bounds"] == [0, 2]  # the interval of none reaches one
    assert of(gags.measure(face_lesions([item(Region.CHIN)])), Region.FOREHEAD).detail["bounds"] == [0, 0]


def test_a_close_up_without_regions_has_no_gags():
    assert gags.measure(face_lesions([item(Region.FACE)], seen={Region.FACE: None}, view=View.CLOSE_UP)) == ()


def test_gags_of_a_side_counts_what_is_turned_away_as_bad_as_the_worst():
    seen = {Region.FACE: 0.6, Region.LEFT_CHEEK: 0.9, Region.CHIN: 0.8}
    finding = of(gags.measure(face_lesions([item(Region.CHIN)], seen=seen, view=View.LEFT)))
    assert finding.detail["bounds"] == [1, 4 + 4 * (2 + 2 + 1)]
    assert finding.detail["not_seen"] == ["forehead", "right_cheek", "nose", "chest and back"]


@pytest.mark.parametrize("before", [0.0, 3.0, 40.0])
def test_more_lesions_must_change_by_more_and_up_by_more_than_down(before):
    up, down = (count.smallest_count_change(before, after) for after in (before + 1, before - 1))
    assert 0 < down < up
    assert up < count.smallest_count_change(before + 5, before + 9)


@pytest.mark.parametrize(("share", "told"), [(0.15, True), (math.nextafter(0.15, 0), False)])
def test_a_region_gets_its_number_from_so_much_open_skin_on(share, told):
    assert in_view(face_lesions(seen={Region.CHIN: share}), Region.CHIN) is told


@pytest.mark.parametrize(("share", "bound"), [(0.7, None), (math.nextafter(0.7, 0), True)])
def test_a_number_is_a_lower_bound_below_so_much_open_skin(share, bound):
    detail = hidden_detail(face_lesions(seen={Region.CHIN: share}), Region.CHIN)
    assert (detail.get("lower_bound"), detail["seen_share"]) == (bound, 0.7)


def test_a_lesion_is_large_from_its_limit_on_and_the_larger_and_redder_is_the_more_marked():
    small, large = item(size=math.nextafter(0.11, 0)), item(size=0.11)
    assert (is_large(small), is_large(large), is_large(replace(large, size_face_widths=None))) == (False, True, False)
    assert severity(large) == pytest.approx(100 + 0.11 * (5 + 6.0))
    assert severity(replace(small, redness=-3.0)) == pytest.approx(5 * 0.11)
    assert severity(replace(small, size_face_widths=None)) == 0
    assert lesion_name(replace(large, kind="closed_comedo")) == "Closed comedo, perhaps a nodule"
    assert lesion_name(replace(large, kind="nodule")) == "Nodule"
    assert lesion_name(small) == "Lesion"


@pytest.mark.parametrize(
    ("told", "grade"),
    [((0.5, 0, 0.0), 1), ((0.49, 0, 0.0), 0), ((5.5, 0, 0.0), 2), ((5.49, 0, 0.0), 1), ((0, 0, 0.0, 5.5), 1),
     ((0, 0, 0.0, 5.49), 0), ((0, 0, 0.0, 20.5), 2), ((0, 0, 0.0, 20.49), 1), ((9, 0, 0.5), 2), ((9, 0, 0.51), 3),
     ((9, 0, 0.8), 4), ((9, 0, 0.79), 3), ((9, 1, 0.0), 3), ((9, 2, 0.0), 4)],
)  # fmt: skip
def test_the_rule_of_the_iga_at_its_limits(told, grade):
    assert iga_of(*told) == grade


@pytest.mark.parametrize(("number", "score"), [(1.0, 1), (0.99, 0)])
def test_gags_counts_one_comedo_and_no_part_of_one(number, score):
    some = dict.fromkeys(Region, 0.0) | {Region.LEFT_UNDER_EYE: number}
    assert of(gags.measure(face_lesions(comedones=some)), Region.LEFT_CHEEK).value == 2 * score


@pytest.mark.parametrize(
    ("score", "band"),
    [(0, "none"), (1, "mild"), (18, "mild"), (19, "moderate"), (30, "moderate"), (31, "severe"), (38, "severe"),
     (39, "very severe")],
)  # fmt: skip
def test_the_bands_of_gags_are_as_published(score, band):
    assert gags._band(score) == band


def test_lesions_of_every_name_weigh_in_gags_what_they_may_be():
    bounds = {
        "comedone": [1, 2], "papule": [1, 3], "pustule": [2, 4], "nodule": [3, 4], "inflamed": [2, 4],
        "open_comedo": [1, 2], "lesion": [1, 4],
    }  # fmt: skip
    for kind, ends in bounds.items():
        assert of(gags.measure(face_lesions([item(Region.NOSE, kind=kind)])), Region.NOSE).detail["bounds"] == ends
    large = of(gags.measure(face_lesions([item(Region.NOSE, kind="inflamed", size=0.2)])), Region.NOSE)
    assert (large.value, large.detail["bounds"]) == (4.0, [2, 4])


@pytest.mark.parametrize(("grade", "name"), [(0.49, 0), (0.5, 1), (1.49, 1), (1.5, 2), (2.5, 3), (3.0, 3)])
def test_a_grade_rounds_upwards_from_its_half_and_a_severe_one_sends_to_a_doctor(grade, name):
    finding = hayashi.grade_finding(grade, None, {}, "m", 0.9)
    assert finding.label == hayashi.NAMES[name]
    assert any(note.urgent for note in finding.notes) is (grade >= 1.5)


def test_a_hidden_face_counts_four_times_at_most():
    lesions = found(count_interval=(6.0, 16.0), grade_interval=(0.5, 1.5), grade=1.0)
    given = {"counts": {Region.FACE: 10.0}, "halves": (10.0, 0.0), "lesions": lesions}
    for share, times in ((0.5, 2.0), (0.25, 4.0), (0.1, 4.0)):
        hidden = face_lesions(**given, seen={Region.FACE: share})
        assert of(count.measure(hidden)).interval == pytest.approx((6.0, 16.0 * times))
        more = grade_of_count(10.0 * times) - grade_of_count(10.0)
        assert of(hayashi.measure(hidden)).interval[1] == pytest.approx(1.5 + more)


def test_large_lesions_are_told_one_or_several():
    notes = [
        of(count.measure(face_lesions([item(size=0.2)] * number, {Region.FACE: 3.0}))).notes for number in (0, 1, 2)
    ]
    texts = [" ".join(note.text for note in one) for one in notes]
    assert "nodule" not in texts[0]
    assert "1 lesion is large" in texts[1]
    assert "2 lesions are large" in texts[2]
