"""The page over a batch: every question with its distribution and drift, and nothing that could run or be fetched."""

import json
from dataclasses import replace

import numpy as np
import pytest

from dermis.report.batch_page import BARS, STEPS, BatchColumns, write_batch_page
from dermis.tasks import TASKS
from fakes.report_reader import Reader


@pytest.fixture
def held():
    """Melanin that rises from month to month, redness that does not."""
    draw = np.random.default_rng(0)
    days = draw.permutation(300).astype(np.float64)
    return BatchColumns(
        photos=320,
        usable=300,
        problems={"glare": 40, "no_face": 20},
        facts={"Findings": "600"},
        order=days * 86400,
        columns={
            "subject": [f"s{number}" for number in range(300)],
            "site": ["</data><script>alert(1)</script>" if number % 2 else "Bonn" for number in range(300)],
            "quality_sharpness": draw.uniform(0, 1, 300),
        },
        findings={"melanin": 40 + days / 10, "redness": np.where(days < 3, np.nan, draw.normal(10, 1, 300))},
        half_widths={"melanin": np.full(300, np.nan), "redness": np.full(300, 1.5)},
    )


def page(held, tmp_path):
    return Reader(write_batch_page(tmp_path / "t.html", held, TASKS).read_text(encoding="utf-8"))


def said_of(reader):
    return json.loads(next(one["value"] for one in reader.all("data") if one["id"] == "said"))


def test_each_question_is_drawn(held, tmp_path):
    reader = page(held, tmp_path)
    assert reader.faults == []
    labels = [one["aria-label"] for one in reader.all("svg") if one.get("aria-hidden") != "true"]
    for name, count in (("melanin", 300), ("redness", 297)):
        assert [label for label in labels if label.startswith(f"{TASKS[name].title} of {count} faces")]
    assert 2 <= len([one for one in reader.all("rect") if one.get("class") == "bar"]) <= 2 * BARS


def test_a_drift_is_seen_where_there_is_one(held, tmp_path):
    lines = [
        [float(point.split(",")[1]) for point in one["points"].split()] for one in page(held, tmp_path).all("polyline")
    ]
    melanin, redness = lines
    assert len(melanin) == len(redness) == STEPS
    assert melanin == sorted(melanin, reverse=True)  # up is less in SVG
    assert redness != sorted(redness, reverse=True)


def test_without_times_no_drift_is_drawn(held, tmp_path):
    reader = page(replace(held, order=np.full(300, np.nan)), tmp_path)
    assert reader.all("polyline") == []
    assert "days since the first" not in said_of(reader)["columns"]


def test_columns_are_offered_that_say_something(held, tmp_path):
    said = said_of(page(held, tmp_path))
    assert set(said["columns"]) == {
        "days since the first", "site", "quality_sharpness", TASKS["melanin"].title, TASKS["redness"].title,
    }  # fmt: skip
    assert set(said["findings"]) == {TASKS["melanin"].title, TASKS["redness"].title}
    assert len(said["columns"]["site"]) == 300
    assert said["findings"][TASKS["redness"].title].count(None) == 3


def test_words_of_a_sheet_stay_words(held, tmp_path):
    write_batch_page(tmp_path / "t.html", held, TASKS)
    assert "<script>alert" not in (tmp_path / "t.html").read_text(encoding="utf-8")


def test_a_batch_without_a_face_has_a_page(held, tmp_path):
    none = np.zeros(0)
    empty = replace(held, usable=0, order=none, columns={}, findings={}, half_widths={})
    reader = page(empty, tmp_path)
    assert reader.faults == []
    assert reader.all("polyline") == []
