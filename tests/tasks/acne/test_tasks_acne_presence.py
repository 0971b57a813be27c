"""Presence, count, grade and IGA never contradict each other, whatever the network found."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.core import Region, View
from dermis.lab.train.acne.presence import fit_link, presence_in_folds
from dermis.tasks.acne import count, gags, hayashi, iga, presence
from dermis.tasks.acne.presence import PresenceLink, evidence_of, shipped_link, with_presence
from fakes.lesions import face_lesions, found, item

LINK = PresenceLink(limit=5.0, slope=4.0)


def drawn(rng):
    """Return lesions as no photo would hold them, too."""
    halves = rng.gamma(0.7, 3.0, 2)
    total = float(halves.sum())
    counts = {Region.FACE: total, Region.CHIN: 0.6 * total, Region.NOSE: 0.4 * total}
    everything = {region: value * float(rng.uniform(0.5, 4.0)) for region, value in counts.items()}
    grade = float(np.clip(hayashi.grade_of_count(total) + rng.normal(0, 0.2), 0, 3))
    items = [item(score=0.9) for _ in range(rng.integers(0, 4))]
    lesions = found(len(items), grade=grade, grade_interval=(max(grade - 0.7, 0), min(grade + 0.7, 3)))
    return face_lesions(
        items,
        counts,
        lesions=lesions,
        right=rng.random(len(items)) < 0.5,
        halves=tuple(halves.tolist()),
        counts_all=dict.fromkeys(Region, 0.0) | everything,
        count_afar=float(rng.uniform(0.0, 10.0)),
        comedones=dict.fromkeys(Region, float(rng.uniform(0, 4))),
    )


def answers(lesions):
    return {
        task.name: next(one for one in task.measure(lesions) if one.region is Region.FACE)
        for task in (presence.TASK, count.TASK, hayashi.TASK, iga.TASK)
    }


@pytest.mark.parametrize("seed", range(40))
def test_acne_is_present_exactly_where_the_scales_say_so(seed):
    lesions = drawn(np.random.default_rng(seed))
    before = hayashi.measure(lesions)[0]
    told = answers(with_presence(lesions, LINK))
    there = told["acne_presence"].value >= 0.5
    assert (told["acne_lesions"].value >= 0.5) == there
    assert (told["acne_iga"].value >= 1) == there
    assert told["acne_grade"].value < 0.5 or there
    assert told["acne_grade"].value == pytest.approx(before.value, abs=1e-6)
    if not there:
        assert told["acne_lesions"].items == ()
        assert all(one.value == 0 for one in gags.measure(with_presence(lesions, LINK)))


def test_more_lesions_never_make_acne_less_likely():
    chances = [LINK.probability(lesions) for lesions in (0.0, 1.0, 4.9, 5.0, 5.1, 30.0)]
    assert chances == sorted(chances)
    assert chances[3] == pytest.approx(0.5)


def test_what_is_sure_is_left_as_it_was_found():
    lesions = face_lesions([item()], {Region.FACE: 30.0, Region.CHIN: 30.0}, lesions=found(1, grade=1.4))
    kept = with_presence(lesions, LINK)
    assert kept.counts == lesions.counts
    assert kept.items == lesions.items
    assert kept.found.grade == pytest.approx(1.4)


def test_no_region_is_likelier_than_the_face():
    for seed in range(20):
        shown = presence.measure(with_presence(drawn(np.random.default_rng(seed)), LINK))
        assert max(one.value for one in shown) == shown[0].value


def test_the_link_that_ships_is_one():
    assert shipped_link().limit > 1
    assert shipped_link().slope > 0


def test_a_link_is_fitted_to_both_kinds_of_people():
    rng = np.random.default_rng(1)
    evidence = np.concatenate([rng.gamma(1.5, 1.5, 200), 4 + rng.gamma(2.0, 6.0, 200)])
    acne = np.arange(400) >= 200
    groups = np.array([f"p{row // 4}" for row in range(400)])
    told = presence_in_folds(evidence, acne, groups) >= 0.5
    assert told[~acne].mean() < 0.12
    assert told[acne].mean() > 0.9
    assert fit_link(evidence, acne).slope > 0


def test_the_limit_keeps_other_findings_off_where_acne_leaves_room():
    clear, acne = np.linspace(0, 3, 101), np.linspace(5, 40, 101)
    both, sore = np.concatenate([clear, acne]), np.arange(202) >= 101
    assert fit_link(both, sore).limit == pytest.approx(np.quantile(acne, 0.04), abs=0.01)
    near = np.concatenate([clear, acne - 4.5])
    assert fit_link(near, sore).limit == pytest.approx(np.quantile(clear, 0.96), abs=0.01)


def test_what_only_a_near_look_shows_speaks_for_no_acne():
    seen = face_lesions(counts={Region.FACE: 0.2}, counts_all=dict.fromkeys(Region, 30.0))
    assert evidence_of(seen, 5.0) == pytest.approx(30.0)
    assert evidence_of(replace(seen, count_afar=1.0), 5.0) < 5


def test_the_chance_is_a_half_at_the_limit_and_rises_by_the_slope():
    assert LINK.probability(5.0) == pytest.approx(0.5)
    odds = [np.log(chance / (1 - chance)) for chance in map(LINK.probability, (0.0, 5.0, -3.0))]
    assert odds[1] - odds[0] == pytest.approx(4.0 * np.log1p(5.0))
    assert odds[2] == odds[0]


@pytest.mark.parametrize(
    ("count", "chance", "told"),
    [
        (8.0, 0.8, 8.0),
        (8.0, 0.9, 8.0),
        (8.0, 0.65, 4.25),
        (8.0, 0.5, 0.5),
        (8.0, 0.25, 0.25),
        (0.2, 0.25, 0.1),
        (0.2, 0.9, 0.5),
    ],
)
def test_a_count_counts_in_so_far_as_acne_is_likely(count, chance, told):
    assert presence._count_in_doubt(count, chance) == pytest.approx(told)


def test_evidence_is_the_larger_count_or_the_grade():
    plain = face_lesions(counts={Region.FACE: 4.0}, halves=(2.0, 2.0))
    assert evidence_of(replace(plain, count_afar=10.0), 5.0) == pytest.approx(10.0)
    assert evidence_of(replace(plain, count_afar=1.0), 1.0) == pytest.approx(4.0)
    assert evidence_of(plain, 1.0) == pytest.approx(8.0)  # twice as many of all
    graded = replace(plain, found=found(grade=2.0), halves=None)
    assert evidence_of(graded, 5.0) == pytest.approx(5.0 * 2.0 / 0.5)


def test_half_a_face_may_show_half_as_much():
    near = face_lesions(counts={Region.FACE: 2.5}, counts_all=dict.fromkeys(Region, 2.5), view=View.CLOSE_UP)
    assert with_presence(near, PresenceLink(limit=5.0, slope=4.0)).found.presence == pytest.approx(0.5)
