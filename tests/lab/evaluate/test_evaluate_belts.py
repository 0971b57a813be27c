"""Intervals that are fitted: they cover at both ends of the scale, and repeats give the spread within a person."""

import json

import numpy as np
import pytest

from dermis.lab.belts import fit_belt, keep_belt
from dermis.lab.evaluate.belts import fit_repeatability, write_intervals
from dermis.lab.evaluate.readings import Reading


def answers(count, seed):
    """Answers that shrink towards the middle, as those of a mean do."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(-60, 65, count)
    scale = rng.uniform(5, 15, count)
    return truth, 15 + 0.6 * (truth - 15) + scale * rng.standard_normal(count), scale


def test_other_answers_are_covered_at_every_true_value_alike():
    truth, said, scale = answers(4000, 0)
    belt = fit_belt(truth, said, scale, people=[str(n) for n in range(len(truth))])
    others, answered, sizes = answers(4000, 1)
    ends = np.array([belt.interval(value, size) for value, size in zip(answered, sizes, strict=True)])
    inside = (ends[:, 0] <= others) & (others <= ends[:, 1])
    for low, high in ((-60, -30), (-30, 10), (10, 40), (40, 65)):
        here = (others > low) & (others <= high)
        assert 0.85 <= inside[here].mean() <= 0.97


def test_people_count_alike_however_many_photos_they_have():
    truth, said, _ = answers(400, 2)
    crowd = np.concatenate([said, np.full(400, truth[0] + 80)])
    belt = fit_belt(
        np.concatenate([truth, np.full(400, truth[0])]), crowd, people=[*(str(n) for n in range(400)), *["one"] * 400]
    )
    assert max(belt.high) < 70


def readings(sd, seed=3):
    rng = np.random.default_rng(seed)
    return [
        Reading(source="s", person=f"p{n % 12}", shot=f"{n}", values={"melanin": 40 + n % 12 + sd * rng.normal()})
        for n in range(96)
    ]


def test_repeatability_is_the_spread_within_people_not_between():
    found = fit_repeatability(readings(2.0), "melanin")
    assert found.sd == pytest.approx(2.0, rel=0.2)
    assert (found.people, found.photos) == (12, 96)
    assert fit_repeatability(readings(2.0)[:14], "melanin") is None
    assert fit_repeatability(readings(2.0), "redness") is None


def test_what_was_fitted_is_written_beside_what_stood_there(tmp_path):
    truth, said, _ = answers(200, 4)
    keep_belt(tmp_path, "melanin", "referenced", fit_belt(truth, said, people=[str(n) for n in range(200)]))
    assert [path.name for path in write_intervals(tmp_path, [], readings(1.0))] == ["melanin.json"]
    told = json.loads((tmp_path / "melanin.json").read_text())
    assert set(told["belts"]) == {"referenced"}
    assert told["repeatability"]["unknown"]["people"] == 12
