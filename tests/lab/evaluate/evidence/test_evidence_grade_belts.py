"""Intervals of grades: they hold the truth of other people, stay on the scale, and ship for each condition."""

import json
from dataclasses import replace

import numpy as np
import pytest

from dermis.lab.evaluate.evidence import grade_belts
from dermis.lab.evaluate.evidence.grade_belts import (
    BOUNDS,
    CONDITIONS,
    TONES,
    GradeReading,
    belt_of,
    coverage_lines,
    painted_readings,
    write_grade_intervals,
)
from dermis.tasks.intervals import FOLDER, interval, interval_belts
from fakes.plain_face import SIZE, face_with


def readings(task="pigmentation_grade", *, people=30, photos=12, seed=0):
    """Answers that fall short of the truth and spread more in the middle; every sixth face is clear."""
    rng = np.random.default_rng(seed)
    low, high = BOUNDS[task]
    for person in range(people):
        off = rng.normal(0, 0.2)
        for place in range(photos):
            truth = low if place % 6 == 5 else rng.uniform(low, high)
            said = np.clip(0.8 * truth + off + rng.normal(0, 0.3 + 0.1 * truth), low, high)
            yield GradeReading(task=task, condition="unknown", person=f"p{seed}-{person}", tone=list(TONES)[place % 3],
                               truth=float(truth), said=float(said))  # fmt: skip


@pytest.mark.parametrize("task", ["pigmentation_grade", "redness_grade"])
def test_other_people_are_covered_and_ends_stay_on_the_scale(task):
    belt = belt_of(list(readings(task)), task)
    others = list(readings(task, seed=1))
    ends = np.array([belt.interval(one.said) for one in others])
    truth = np.array([one.truth for one in others])
    low, high = BOUNDS[task]
    assert 0.85 < np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1])) < 0.97
    assert low <= ends.min() < ends.max() <= high


def test_coverage_is_told_by_task_condition_and_tone():
    lines = coverage_lines(list(readings()))
    (row,) = [line for line in lines if "| unknown |" in line]
    covered = [float(cell) for cell in row.strip("| ").split("|")[3:]]
    assert all(0.8 < one <= 1.0 for one in [covered[0], *covered[2:]])


def test_a_painted_face_has_a_reading_of_each_grade():
    face, skin = face_with(np.zeros((SIZE, SIZE, 3)))
    rng = np.random.default_rng(2)
    found = list(painted_readings(rng, face, skin, person="p", tone="darkened by 12", condition="controlled"))
    assert {one.task for one in found} == set(BOUNDS)
    for one in found:
        low, high = BOUNDS[one.task]
        assert low <= one.truth <= high
        assert low <= one.said <= high
    assert sum(one.task == "pigmentation_grade" for one in found) == 3  # the face and both cheeks


def test_where_nothing_is_painted_every_true_grade_is_nothing():
    face, skin = face_with(np.zeros((SIZE, SIZE, 3)))
    rng = np.random.default_rng(2)
    found = list(painted_readings(rng, face, skin, person="p", tone="as they are", condition="unknown", painted=False))
    assert {one.task for one in found} == set(BOUNDS)
    assert {one.truth for one in found if one.task != "redness"} == {0.0}


def test_intervals_of_grades_are_written_for_every_condition(tmp_path, monkeypatch):
    every = list(readings())
    told = [replace(one, task=task, condition=name) for one in every for task in BOUNDS for name in CONDITIONS]
    monkeypatch.setattr(grade_belts, "judged_photos", lambda *folders: [(tmp_path / "a.jpg", "a")])
    monkeypatch.setattr(grade_belts, "readings_of_photo", lambda *photo: told)
    monkeypatch.setattr(grade_belts, "folder_of", lambda *asked, made: tmp_path)
    said = []
    written = write_grade_intervals(tmp_path, tmp_path, tmp_path, step=said.append)
    assert {path.stem for path in written} == set(BOUNDS)
    assert all(set(json.loads(path.read_text())["belts"]) == set(CONDITIONS) for path in written)
    assert said == ["painting a.jpg"]


@pytest.mark.parametrize("task", list(BOUNDS))
@pytest.mark.parametrize("condition", list(CONDITIONS))
def test_an_interval_ships_for_each_grade_and_condition(task, condition):
    low, high = BOUNDS[task]
    for said in np.linspace(low, high, 7):
        first, last = interval(task, condition, float(said))
        assert low <= first <= said <= last <= high
    assert interval_belts(task)[condition].level == 0.9
    assert (FOLDER / f"{task}.json").is_file()
