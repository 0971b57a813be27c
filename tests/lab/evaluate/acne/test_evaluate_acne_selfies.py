"""Selfies marked by two annotators: which boxes are one lesion, what completes the published ones, what is told."""

from types import SimpleNamespace

import numpy as np
import pytest

from dermis.formats.tables import read_table
from dermis.lab.evaluate.acne import selfies
from dermis.lab.evaluate.acne.elsewhere import Halved
from dermis.lab.evaluate.acne.selfies import (
    MARKS,
    MarkedSelfie,
    again_marked,
    completed,
    fronts_table,
    label_sets,
    marked_selfies,
    matches,
    selfies_table,
)

PUBLISHED = np.array([[10.0, 10, 10, 10]])
FIRST = np.array([[11.0, 11, 10, 10], [50, 50, 8, 8], [80, 20, 6, 6]])
SECOND = np.array([[9.0, 9, 10, 10], [52, 52, 4, 4], [20, 80, 6, 6]])


def selfie(name="a", *, counts=(1.0, 2.0), times=1):
    first, second, published = (np.tile(boxes, (times, 1)) for boxes in (FIRST, SECOND, PUBLISHED))
    for boxes in (first, second, published):
        boxes[:, 0] += 1000 * (np.arange(len(boxes)) // (len(boxes) // times))
    return MarkedSelfie(
        file=name, group=name, published=published, first=first, second=second, comedones=(1, 0), counts=counts
    )


def test_boxes_are_of_one_lesion_where_they_overlap_or_their_middles_are_near():
    assert matches(FIRST, SECOND) == [(0, 0), (1, 1)]
    assert matches(FIRST, SECOND, near=False) == [(0, 0)]
    assert matches(FIRST, np.zeros((0, 4))) == []


def test_what_both_marked_completes_the_published_boxes():
    assert completed(selfie()).tolist() == [[10, 10, 10, 10], [50, 50, 8, 8]]


def test_counts_rank_by_each_set_of_labels():
    photos = [selfie(f"g{times}", counts=(times, 10 - times), times=times) for times in range(1, 6)]
    lines = {line.split(" | ")[0].strip("| "): line for line in selfies_table(photos).splitlines()}
    assert "| 15 | 1.00 [1.00, 1.00] | -1.00" in lines["published"]
    assert "| 30 | 1.00" in lines["completed"]
    assert "| 0.33 | 0.67 | 1.00" in lines["annotator 1, annotator 2"]
    assert lines["5 selfies. Called comedones: 5 and 0."]


def test_marks_are_read_beside_the_published_boxes(monkeypatch, tmp_path):
    (tmp_path / "boxes.csv").write_text("file,label,x0,y0,x1,y1\na.jpg,acne,1,2,5,8\nb.jpg,acne,1,2,5,8\n")
    marks = tmp_path / "marks.csv"
    marks.write_text("annotator,file,x0,y0,x1,y1,kind\n1,a.jpg,0,0,4,4,comedo\n1,a.jpg,9,9,12,12,inflammatory\n")
    monkeypatch.setattr(selfies, "MARKS", marks)
    (photo,) = marked_selfies(tmp_path, {"a.jpg": SimpleNamespace(group="g", count=1.0, count_all=2.0)})
    assert photo.published.tolist() == [[1, 2, 4, 6]]
    assert (len(photo.first), len(photo.second), photo.comedones) == (2, 0, (1, 0))


@pytest.mark.skipif(not MARKS.is_file(), reason="no marks are kept here")
def test_kept_marks_are_boxes_of_two_annotators():
    rows = read_table(MARKS, needs=("annotator", "file", "x0", "y0", "x1", "y1", "kind"))
    assert {row["annotator"] for row in rows} == {"1", "2"}
    assert {row["kind"] for row in rows} == {"inflammatory", "comedo"}
    assert all(float(row["x0"]) < float(row["x1"]) and float(row["y0"]) < float(row["y1"]) for row in rows)


def test_sets_of_labels_are_of_the_files_that_were_marked_again(tmp_path):
    file = sorted(again_marked())[0]
    (tmp_path / "boxes.csv").write_text(f"file,x0,y0,x1,y1\n{file},1,2,4,6\nother.jpg,0,0,9,9\n")
    held = label_sets(tmp_path)
    assert all(set(boxes) == again_marked() for boxes in held.values())
    assert held["published"][file].tolist() == [[1, 2, 3, 4]]
    assert len(held["completed"][file]) >= 1


def test_fronts_are_told_by_published_boxes_and_again_by_each_set(monkeypatch, tmp_path):
    def halved(labels, place):
        return Halved(
            subset="s", group=f"g{place}", boxes=(6.0 * place, 1.0), counts=(2.0 * place, 0.5), grade=place / 2,
            whole=1.0, labels=labels,
        )  # fmt: skip

    monkeypatch.setattr(selfies, "label_sets", lambda folder: {})
    rows = [halved(name, place) for name in ("", "completed") for place in range(1, 4 + len(name) // 9)]
    monkeypatch.setattr(selfies, "halve_faces", lambda folder, others: rows)
    text = fronts_table(tmp_path)
    assert "| faces from the front, people | 3, 3 |" in text
    assert "| completed | 4, 4 |" in text
