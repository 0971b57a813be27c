"""Photos by diagnosis and painted redness: who is told apart, and where the knots of the grade lie."""

import numpy as np
import pytest

from dermis.lab.evaluate.diagnoses import redness_grade
from dermis.lab.evaluate.diagnoses.redness_grade import Diagnosed, Painted, knots, redness_tables, teaches


def photo(diagnosis, place, grade, **changes):
    given = {
        "source": "made", "group": f"{diagnosis}{place}", "diagnosis": diagnosis, "grade": grade, "vessels": grade / 10,
        "erythema": 20.0, "ita": 40.0,
    }  # fmt: skip
    return Diagnosed(**(given | changes))


def faces(people=24):
    rng = np.random.default_rng(1)
    return [
        Painted(source="made", person=f"p{one}", ita=30.0, grade=grade, flush=flush + rng.normal(0, 1))
        for one in range(people)
        for grade, flush in enumerate((11.0, 14.0, 19.0, 27.0, 40.0))
    ]


def test_the_knots_rise_and_keep_clear_faces_below_mild():
    rows = faces()
    at = {grade: flush for flush, grade in knots(rows)}
    assert [at[grade] for grade in range(5)] == sorted(at.values())
    clear = [row.flush for row in rows if row.grade == 0]
    assert at[0] == pytest.approx(np.median(clear))
    assert np.mean([row.flush < at[2] for row in rows if row.grade == 2]) == pytest.approx(0.75, abs=0.05)


def test_the_half_that_judges_taught_nothing(monkeypatch):
    people = {row.person for row in faces()}
    assert 0 < sum(teaches(one) for one in people) < len(people)
    rows = faces()
    apart = [row for row in rows if teaches(row.person)]
    seen = [photo("rosacea", 0, 3.0), photo("melasma", 0, 0.0)]
    monkeypatch.setattr(redness_grade, "read_folders", lambda folders: (seen, rows))
    told = redness_tables({})
    assert ", ".join(f"{flush:.1f}" for flush, _ in knots(apart)) in told
    assert f"| all tones | {len(people) - sum(teaches(one) for one in people)} |" in told


def test_red_faces_are_told_from_brown_marks_and_photos_without_an_answer_are_counted(monkeypatch):
    seen = [photo("rosacea", place, 2 + place / 10) for place in range(8)]
    seen += [photo("melasma", place, place / 10) for place in range(8)]
    seen += [photo("melasma", 9, np.nan, vessels=np.nan)]
    monkeypatch.setattr(redness_grade, "read_folders", lambda folders: (seen, faces(6)))
    lines = {line.split(" | ")[0].strip("| "): line for line in redness_tables({}).splitlines() if line}
    assert "| 8 and 9 | 1.000 [1.000, 1.000] | 0.500" in lines["rosacea or telangiectasia from brown marks"]
    assert lines["melasma"].startswith("| melasma | 9 | 1 | 0.3 |")
    assert "too few" in lines["telangiectasia from rosacea"]
