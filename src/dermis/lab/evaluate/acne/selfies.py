"""Selfies whose published boxes are uneven, marked again by two annotators: how well they agree, and how counts rank.

`data/selfie_lesions.csv` (annotator, file, x0, y0, x1, y1, kind) holds what each of the two marked, in pixels of the
photo, without knowing of the other. A photo that one of them left empty has no row of his. The rule of joining was
set before any count was ranked: published boxes stay, and what both marked and no published box covers is added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.formats.tables import read_table
from dermis.lab.evaluate.acne.elsewhere import (
    Counted,
    halve_faces,
    halves_table,
    interval_in_words,
    labels_table,
)
from dermis.metrics.detection import box_iou
from dermis.metrics.ordinal import spearman

__all__ = [
    "MARKS",
    "MarkedSelfie",
    "again_marked",
    "completed",
    "fronts_table",
    "label_sets",
    "marked_selfies",
    "matches",
    "selfies_table",
]

_Boxes = NDArray[np.float64]

MARKS = Path(__file__).parent / "data" / "selfie_lesions.csv"
ANNOTATORS = ("1", "2")
OVERLAP = 0.3
"""From this overlap on two boxes are of one lesion,"""
_APART = 0.5
"""and where their middles are so near, over the mean side of both: hands draw boxes of one spot twice as large."""
_CORNERS = ("x0", "y0", "x1", "y1")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedSelfie:
    """A selfie. published, first, second: boxes (n, 4), left, top, width, height, as published and by annotator.

    comedones: how many of his boxes each annotator calls comedones. counts: ours, by the boxes' protocol and of all.
    """

    file: str
    group: str
    published: _Boxes
    first: _Boxes
    second: _Boxes
    comedones: tuple[int, int]
    counts: tuple[float, float]


def again_marked() -> frozenset[str]:
    """Return the files that were marked again."""
    return frozenset(row["file"] for row in read_table(MARKS, needs=("file",)))


def marked_selfies(folder: Path, counted: Mapping[str, Counted]) -> Iterator[MarkedSelfie]:
    """Yield the selfies of a folder that were marked again; counted: what we count on each, by file."""
    published = _boxes_of(read_table(folder / "boxes.csv", needs=("file", *_CORNERS)))
    rows = read_table(MARKS, needs=("annotator", "file", *_CORNERS, "kind"))
    marked = {who: _boxes_of([row for row in rows if row["annotator"] == who]) for who in ANNOTATORS}
    comedones = {
        who: [row["file"] for row in rows if row["annotator"] == who and row["kind"] == "comedo"] for who in ANNOTATORS
    }
    none = np.zeros((0, 4))
    for file in sorted({row["file"] for row in rows}):
        ours = counted[file]
        first, second = (marked[who].get(file, none) for who in ANNOTATORS)
        yield MarkedSelfie(
            file=file,
            group=ours.group,
            published=published.get(file, none),
            first=first,
            second=second,
            comedones=(comedones["1"].count(file), comedones["2"].count(file)),
            counts=(ours.count, ours.count_all),
        )


def _boxes_of(rows: Sequence[Mapping[str, str]]) -> dict[str, _Boxes]:
    held = defaultdict(list)
    for row in rows:
        left, top, right, bottom = (float(row[name]) for name in _CORNERS)
        held[row["file"]].append((left, top, right - left, bottom - top))
    return {file: np.array(boxes, np.float64) for file, boxes in held.items()}


def matches(one: _Boxes, other: _Boxes, *, near: bool = True) -> list[tuple[int, int]]:
    """Return which boxes (n, 4) and (m, 4) are of one lesion, each in one pair at most: as many pairs as there can be.

    near: middles that are near are enough, too.
    """
    from scipy.optimize import linear_sum_assignment  # late: 0.1 s

    if not len(one) or not len(other):
        return []
    alike = box_iou(one, other)
    allowed = alike >= OVERLAP
    if near:
        middles = [boxes[:, :2] + boxes[:, 2:] / 2 for boxes in (one, other)]
        sides = [np.sqrt(boxes[:, 2] * boxes[:, 3]) for boxes in (one, other)]
        apart = np.linalg.norm(middles[0][:, None] - middles[1][None], axis=2)
        allowed |= apart <= _APART * (sides[0][:, None] + sides[1][None]) / 2
    rows, columns = linear_sum_assignment(-(allowed * (1 + alike)))
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if allowed[row, column]]


def completed(photo: MarkedSelfie) -> _Boxes:
    """Return the completed boxes (n, 4): the published ones, and what both annotators marked beside them."""
    return _completed(photo.published, photo.first, photo.second)


def _completed(published: _Boxes, first: _Boxes, second: _Boxes) -> _Boxes:
    both = first[[row for row, _ in matches(first, second)]]
    covered = {row for row, _ in matches(both, published)}
    beside = [row for row in range(len(both)) if row not in covered]
    return np.concatenate([published, both[beside]])


def label_sets(folder: Path) -> dict[str, dict[str, _Boxes]]:
    """Return the boxes (n, 4) of the selfies that were marked again, by file, by whose they are."""
    published = _boxes_of(read_table(folder / "boxes.csv", needs=("file", *_CORNERS)))
    rows = read_table(MARKS, needs=("annotator", "file", *_CORNERS))
    first, second = (_boxes_of([row for row in rows if row["annotator"] == who]) for who in ANNOTATORS)
    none = np.zeros((0, 4))
    held: dict[str, dict[str, _Boxes]] = {"published": {}, "completed": {}, "annotator 1": {}, "annotator 2": {}}
    for file in sorted({*first, *second}):
        marked = tuple(one.get(file, none) for one in (published, first, second))
        for name, boxes in zip(held, (marked[0], _completed(*marked), *marked[1:]), strict=True):
            held[name][file] = boxes
    return held


def fronts_table(folder: Path) -> str:
    """Return the tables of halves of fronts: all by published boxes, and those marked again by each set of labels."""
    rows = list(halve_faces(folder, label_sets(folder)))
    published, again = ([row for row in rows if bool(row.labels) is marked] for marked in (False, True))
    return f"{halves_table(published)}\n\n{labels_table(again)}"


def selfies_table(photos: Sequence[MarkedSelfie]) -> str:
    """Return how the annotators agree, and how our counts rank by published, completed and each annotator's boxes."""
    groups = np.array([photo.group for photo in photos])
    sets = {
        "published": [len(photo.published) for photo in photos],
        "completed": [len(completed(photo)) for photo in photos],
        "annotator 1": [len(photo.first) for photo in photos],
        "annotator 2": [len(photo.second) for photo in photos],
    }
    ours = np.array([photo.counts for photo in photos])
    lines = ["| labels | lesions | boxes' protocol | small and faint ones too |", "|---|---|---|---|"]
    for name, numbers in sets.items():
        truth = np.array(numbers, np.float64)
        ranks = [interval_in_words(spearman, truth, ours[:, column], groups) for column in (0, 1)]
        lines.append(f"| {name} | {sum(numbers)} | {' | '.join(ranks)} |")
    lines += ["", "| two sets of labels | F1 at an overlap of 0.3 | F1, near middles too | counts, Spearman |",
              "|---|---|---|---|"]  # fmt: skip
    for name, pairs in (
        ("annotator 1, annotator 2", [(photo.first, photo.second) for photo in photos]),
        ("annotator 1, published", [(photo.first, photo.published) for photo in photos]),
        ("annotator 2, published", [(photo.second, photo.published) for photo in photos]),
    ):
        counts = np.array([[len(one), len(other)] for one, other in pairs], np.float64)
        ranks_alike = interval_in_words(spearman, counts[:, 0], counts[:, 1], groups)
        lines.append(f"| {name} | {_f1(pairs, near=False):.2f} | {_f1(pairs, near=True):.2f} | {ranks_alike} |")
    comedones = np.array([photo.comedones for photo in photos])
    said = f"{len(photos)} selfies. Called comedones: {comedones[:, 0].sum()} and {comedones[:, 1].sum()}."
    return "\n".join([*lines, "", said])


def _f1(pairs: Sequence[tuple[_Boxes, _Boxes]], *, near: bool) -> float:
    both = sum(len(matches(one, other, near=near)) for one, other in pairs)
    return 2 * both / max(sum(len(one) + len(other) for one, other in pairs), 1)
