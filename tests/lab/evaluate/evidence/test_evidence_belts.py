"""Intervals that are fitted: they cover at both ends of the scale, and repeats give the spread within a person."""

import json
from dataclasses import replace

import numpy as np
import pytest

from dermis.lab.belts import fit_belt, keep_belt
from dermis.lab.evaluate.evidence.belts import (
    fit_repeatability,
    fitted_repeatabilities,
    repeatability_table,
    write_intervals,
    write_repeatability,
)
from dermis.lab.evaluate.evidence.readings import Reading
from dermis.tasks.repeatability import read_repeatability, repeatabilities


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
    known = [replace(one, truth={"melanin": one.values["melanin"] + 1.0}) for one in readings(1.0)]
    assert [path.name for path in write_intervals(tmp_path, known)] == ["melanin.json"]
    assert set(json.loads((tmp_path / "melanin.json").read_text())["belts"]) == {"referenced", "unknown"}


def test_the_table_of_repeatability_keeps_rows_of_other_conditions_and_people(tmp_path):
    path = tmp_path / "table.csv"
    write_repeatability(path, fitted_repeatabilities([replace(one, condition="referenced") for one in readings(1.0)]))
    write_repeatability(
        path, fitted_repeatabilities([*readings(3.0), *(replace(one, source="t") for one in readings(2.0))])
    )
    told = read_repeatability(path)
    assert [(one.task, one.condition, one.of) for one in told] == [
        ("melanin", "unknown", "s"),
        ("melanin", "unknown", "t"),
        ("melanin", "referenced", "s"),
    ]
    assert [one.sd for one in told] == pytest.approx([3.0, 2.0, 1.0], rel=0.2)
    assert all(one.commit for one in told)


def test_the_table_that_ships_is_printed_with_its_smallest_detectable_changes():
    rows = [line.strip("| ").split(" | ") for line in repeatability_table().splitlines()[2:]]
    assert [row[:2] for row in rows] == [[one.task, one.condition] for one in repeatabilities()]
    assert all(float(row[3]) == pytest.approx(2.772 * float(row[2]), abs=0.02) for row in rows)
