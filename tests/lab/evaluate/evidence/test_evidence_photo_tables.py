"""Tables of what is said of photos, from readings made by hand; and one photo of each kind, read."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.lab.evaluate.evidence.photo_tables import (
    REDNESS,
    SUMMARY,
    ClearFace,
    clear_faces,
    presence_table,
    read_redness,
    redness_table,
    tone_of,
    verdict_table,
)
from dermis.lab.evaluate.evidence.readings import RESERVED, UNUSABLE, USABLE, Reading

SHOT = Reading(
    source="faces", person="a", shot="1", values={"skin_tone": 20.0}, intervals={"skin_tone": (0.0, 40.0)},
    usable=True, for_tone=USABLE,
)  # fmt: skip


def rows(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_rosacea_is_told_from_others_as_often_as_it_is_redder():
    red = np.array([True] * 6 + [False] * 6)
    measures = {name: np.arange(12.0) % 6 for name in REDNESS} | {SUMMARY: np.where(red, 2.0, 1.0)}
    first, *others = rows(redness_table(red, measures, [f"p{n}" for n in range(12)]))
    assert first == [SUMMARY, "6", "6", "1.000 [1.000, 1.000]", ""]
    assert all(row[3].startswith("0.500") and row[4].startswith("0.500") for row in others)


def test_presence_is_told_by_tone_and_what_contradicts_it_is_counted():
    clear = ClearFace(group="a", tone="light", presence=0.1, grade=0.2, count=0.1)
    faces = [
        clear,
        replace(clear, group="b", presence=0.8, count=3.0),
        replace(clear, group="c", tone="dark", grade=0.7),
    ]
    told = {row[0]: row for row in rows(presence_table(faces))}
    assert list(told) == ["all", "light", "dark"]
    assert told["all"][1:3] == ["3", "3"]
    assert told["all"][3].startswith("0.33 [")
    assert told["light"][3].startswith("0.50 [")
    assert [told[tone][6] for tone in told] == ["1", "0", "1"]
    assert told["dark"][4:6] == ["1.00", "0.00"]


def test_the_tone_of_a_shot_is_the_true_one_the_charted_one_or_the_estimate():
    shots = [
        SHOT,
        replace(SHOT, shot="2", truth={"skin_tone": -50.0}),
        replace(SHOT, shot="3", person="b"),
        replace(SHOT, shot="4", values={}),
        replace(SHOT, shot="1", changed_ev=1.0, values={"skin_tone": 60.0}),
    ]
    assert tone_of(shots, {"b": -45.0}) == {"1": "tan", "2": "dark", "3": "dark", "4": "not told"}


def test_the_verdict_stands_by_tone_and_changed_exposures_overlap_or_are_named():
    shots = [
        SHOT,
        replace(SHOT, shot="2", person="b", for_tone=RESERVED),
        replace(SHOT, shot="3", person="c", for_tone=UNUSABLE, values={}, intervals={}),
        replace(SHOT, changed_ev=1.0, intervals={"skin_tone": (30.0, 60.0)}),
        replace(SHOT, shot="2", person="b", changed_ev=1.0, intervals={"skin_tone": (50.0, 60.0)}),
        replace(SHOT, shot="2", person="b", changed_ev=-1.0, intervals={}, usable=True, problems=("too_dark",)),
    ]
    told = {row[1]: row for row in rows(verdict_table(shots, {"1": "tan", "2": "dark", "3": "dark"}))}
    assert told["all"][:9] == ["faces", "all", "3", "3", "0.33", "0.33", "0.33", "3", "0.33"]
    assert told["all"][9] == "0.33"
    assert told["all"][10].startswith("0.67 [")
    assert told["dark"][2:8] == ["2", "2", "0.00", "0.50", "0.50", "2"]


@pytest.fixture(scope="module")
def folder(models, tmp_path_factory, selfie):
    made = tmp_path_factory.mktemp("faces")
    (made / "one.jpg").write_bytes(selfie.read_bytes())
    (made / "labels.csv").write_text("file,group,label\none.jpg,a,rosacea\n")
    return made


def test_redness_is_read_from_a_folder(folder):
    red, measures, groups = read_redness(folder)
    assert red.tolist() == [True]
    assert groups == ["a"]
    assert all(np.isfinite(values).all() for values in measures.values())


def test_a_clear_face_is_read_with_grade_and_count(folder):
    (face,) = clear_faces([(folder / "one.jpg", "a")])
    assert 0 <= face.presence <= 1
    assert (face.presence >= 0.5) >= (face.count >= 0.5)
