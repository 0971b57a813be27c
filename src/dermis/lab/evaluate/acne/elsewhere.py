"""How acne is judged on photos of other people than ACNE04's: counts beside boxes, kinds beside outlines.

A folder of counts holds `labels.csv` (file, group, subset, n_boxes); one of outlines holds `labels.csv` (file, group)
and `polygons.csv` (file, label, points_xy_norm: "x y;x y" as shares of the picture). Neither taught anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import decode
from dermis.core import CLOSED_COMEDO, HAYASHI_LIMITS, INFLAMED, OPEN_COMEDO, Region
from dermis.core.arrays import BoolMap
from dermis.face.regions import right_of_midline
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import read_table
from dermis.metrics.agreement import cohen_kappa
from dermis.metrics.bootstrap import bootstrap
from dermis.metrics.ordinal import balanced_accuracy, spearman, to_grades
from dermis.pipeline.analyse import analyse
from dermis.tasks import choose
from dermis.tasks.acne import hayashi
from dermis.tasks.acne.decode import kind_by_looks, looks_of
from dermis.tasks.acne.visibility import one_side

__all__ = [
    "Counted",
    "Halved",
    "Outlined",
    "count_lesions",
    "counts_table",
    "halve_faces",
    "halves_table",
    "interval_in_words",
    "kinds_table",
    "labels_table",
    "mean_in_words",
    "outlined_kinds",
    "points_of",
]

KINDS: Mapping[str, str] = {
    "black_heads": OPEN_COMEDO, "white_heads": CLOSED_COMEDO, "papules": INFLAMED, "pustules": INFLAMED,
    "nodules": INFLAMED, "cyst": INFLAMED,
}  # fmt: skip
"""What an outline is called there, and by us."""
_SIDES, _GLARE, _DARK = 0.7, 0.995, 0.02
_DRAWS = 400
_GRADES = range(4)
_FIGURES = ("quadratic kappa", "accuracy", "RMSE", "mean error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A photo with its number of boxes and both of our counts, NaN where no face was found."""

    file: str
    subset: str
    group: str
    boxes: float
    count: float
    count_all: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlined:
    """An outlined lesion: what it is called there, and by its looks."""

    group: str
    called: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Halved:
    """A face from the front. boxes, counts: published boxes, and our count, on the right and left half.

    grade: ours, of the worse half; whole: as if all in view were one half, which the network was taught on side views.
    labels: whose boxes these are, "" for the published ones.
    """

    subset: str
    group: str
    boxes: tuple[float, float]
    counts: tuple[float, float]
    grade: float
    whole: float
    labels: str = ""


def count_lesions(folder: Path, only: Collection[str] | None = None) -> Iterator[Counted]:
    """Yield what is counted on each photo of a folder of counts; only: the files to look at, all where None."""
    for row in read_table(folder / "labels.csv", needs=("file", "group", "subset", "n_boxes")):
        if only is not None and row["file"] not in only:
            continue
        seen = analyse(read_photo(folder / row["file"]), tasks=choose("acne_lesions")).lesions
        both = (np.nan, np.nan) if seen is None else (seen.counts[Region.FACE], seen.counts_all[Region.FACE])
        yield Counted(
            file=row["file"],
            subset=row["subset"],
            group=row["group"],
            boxes=float(row["n_boxes"]),
            count=both[0],
            count_all=both[1],
        )


def halve_faces(
    folder: Path, others: Mapping[str, Mapping[str, NDArray[np.float64]]] | None = None
) -> Iterator[Halved]:
    """Yield the halves of each face that a folder of counts shows from the front; boxes.csv: file, x0, y0, x1, y1.

    others: more sets of labels by name, each with the boxes (n, 4), left, top, width, height, of some of the files.
    """
    middles = defaultdict(list)
    for row in read_table(folder / "boxes.csv", needs=("file", "x0", "y0", "x1", "y1")):
        left, top, right, bottom = (float(row[name]) for name in ("x0", "y0", "x1", "y1"))
        middles[row["file"]].append(((left + right) / 2, (top + bottom) / 2))
    for row in read_table(folder / "labels.csv", needs=("file", "group", "subset")):
        seen = analyse(read_photo(folder / row["file"]), tasks=choose("acne_grade"))
        if seen.face is None or seen.lesions is None or seen.lesions.halves is None or one_side(seen.lesions):
            continue
        marked = {"": np.array(middles[row["file"]], np.float64).reshape(-1, 2)}
        for name, boxes in (others or {}).items():
            if row["file"] in boxes:
                marked[name] = boxes[row["file"]][:, :2] + boxes[row["file"]][:, 2:] / 2
        for name, points in marked.items():
            right_side = right_of_midline(seen.face, points)
            if right_side is not None:
                on_right = float(np.count_nonzero(right_side))
                yield Halved(
                    subset=row["subset"],
                    group=row["group"],
                    boxes=(on_right, len(right_side) - on_right),
                    counts=seen.lesions.halves,
                    grade=float(hayashi.measure(seen.lesions)[0].value),
                    whole=float(seen.lesions.found.grade or 0.0),
                    labels=name,
                )


def outlined_kinds(folder: Path) -> Iterator[Outlined]:
    """Yield each outlined lesion of a known kind with what its looks say of it."""
    groups = {row["file"]: row["group"] for row in read_table(folder / "labels.csv", needs=("file", "group"))}
    outlines = defaultdict(list)
    for row in read_table(folder / "polygons.csv", needs=("file", "label", "points_xy_norm")):
        if row["label"] in KINDS:
            outlines[row["file"]].append((KINDS[row["label"]], points_of(row)))
    for file, drawn in outlines.items():
        photo = read_photo(folder / file)
        usable: BoolMap = np.all((photo.pixels > _DARK) & (photo.pixels < _GLARE), axis=2)
        linear = np.asarray(decode(photo.pixels), np.float32)
        for called, points in drawn:
            looks = looks_of(_roomy(points * (photo.width_px, photo.height_px)), linear, usable)
            yield Outlined(group=groups[file], called=called, found=kind_by_looks(looks))


def points_of(row: Mapping[str, str]) -> NDArray[np.float64]:
    """Return the outline of a row of polygons, (n, 2), as shares of the picture's width and height."""
    return np.array([[float(value) for value in point.split()] for point in row["points_xy_norm"].split(";")])


def _roomy(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the box of an outline with the room that annotators of boxes leave: left, top, right, bottom."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle, reach = (low + high) / 2, np.maximum(_SIDES * (high - low), (high - low) / 2 + 1)
    return np.concatenate([middle - reach, middle + reach])


def counts_table(rows: Sequence[Counted]) -> str:
    """Return how our counts rank photos, all and by subset, beside the published boxes."""
    lines = ["| photos | n | boxes' protocol | small and faint ones too | median error after a line of logarithms |",
             "|---|---|---|---|---|"]  # fmt: skip
    for name in ("", *sorted({row.subset for row in rows})):
        some = [row for row in rows if name in ("", row.subset) and np.isfinite(row.count)]
        boxes, counts, counts_all = np.array([(row.boxes, row.count, row.count_all) for row in some]).T
        groups = np.array([row.group for row in some])
        ranks = [interval_in_words(spearman, boxes, found, groups) for found in (counts, counts_all)]
        off = _median_error(boxes, counts_all, groups)
        lines.append(f"| {name or 'all'} | {len(some)} | {ranks[0]} | {ranks[1]} | {off:.0%} |")
    return "\n".join(lines)


def _median_error(boxes: NDArray[np.float64], found: NDArray[np.float64], groups: NDArray[np.str_]) -> float:
    """Return the median error as a share of the boxes; the line is fitted on four fifths of the groups each time."""
    fold = np.unique(groups, return_inverse=True)[1] % 5
    told = np.zeros_like(boxes)
    for one in range(5):
        line = np.polyfit(np.log1p(found[fold != one]), np.log1p(boxes[fold != one]), 1)
        told[fold == one] = np.expm1(np.polyval(line, np.log1p(found[fold == one])))
    return float(np.median(np.abs(told - boxes) / boxes))


def halves_table(rows: Sequence[Halved]) -> str:
    """Return how the halves of faces from the front are ranked and graded, beside the grade of their boxes."""
    groups = np.array([row.group for row in rows])
    boxes, counts = (np.array([getattr(row, name) for row in rows], np.float64) for name in ("boxes", "counts"))
    truth = np.searchsorted(HAYASHI_LIMITS, boxes.max(axis=1))
    halved = np.repeat(groups, 2)
    lines = ["| figure | value |", "|---|---|"]
    lines.append(f"| faces from the front, people | {len(rows)}, {len(set(groups.tolist()))} |")
    shares = ", ".join(map(str, np.bincount(truth, minlength=4)))
    lines.append(f"| grades 0 to 3 by the boxes of the worse half | {shares} |")
    lines.append(
        f"| count of a half, Spearman | {interval_in_words(spearman, boxes.ravel(), counts.ravel(), halved)} |"
    )
    lines.append(f"| the worse half is the same | {mean_in_words(_same_half(boxes, counts), groups.tolist())} |")
    for name, told in (
        ("grade of the worse half", np.array([row.grade for row in rows])),
        ("all in view taken as one half", np.array([row.whole for row in rows])),
        ("always the mean grade", np.full(len(rows), truth.mean())),
    ):
        off = told - truth
        cells = (
            f"{_kappa(truth, told):.2f}" if np.ptp(told) == 0 else interval_in_words(_kappa, truth, told, groups),
            mean_in_words(1.0 * (to_grades(told, _GRADES) == truth), groups.tolist()),
            f"{float(np.sqrt(np.mean(off**2))):.2f}",
            f"{float(off.mean()):+.2f}",
        )
        lines += [f"| {name}: {figure} | {cell} |" for figure, cell in zip(_FIGURES, cells, strict=True)]
    return "\n".join(lines)


def labels_table(rows: Sequence[Halved]) -> str:
    """Return how the same faces from the front are ranked and graded by several sets of labels, one a line."""
    lines = ["| labels | faces, people | count of a half, Spearman | the worse half is the same "
             "| grade of the worse half: kappa | RMSE | always the mean: RMSE |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for name in dict.fromkeys(row.labels for row in rows):
        here = [row for row in rows if row.labels == name]
        groups = np.array([row.group for row in here])
        boxes, counts = (np.array([getattr(row, end) for row in here], np.float64) for end in ("boxes", "counts"))
        truth, told = np.searchsorted(HAYASHI_LIMITS, boxes.max(axis=1)), np.array([row.grade for row in here])
        cells = (
            f"{len(here)}, {len(set(groups))}",
            interval_in_words(spearman, boxes.ravel(), counts.ravel(), np.repeat(groups, 2)),
            mean_in_words(_same_half(boxes, counts), groups.tolist()),
            interval_in_words(_kappa, truth, told, groups),
            f"{float(np.sqrt(np.mean((told - truth) ** 2))):.2f}",
            f"{float(truth.std()):.2f}",
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _same_half(boxes: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return whether both find more on the same half, 0 or 1; one half where the boxes are even."""
    even = boxes[:, 0] == boxes[:, 1]
    return np.where(even, 0.5, 1.0 * ((boxes[:, 0] > boxes[:, 1]) == (counts[:, 0] > counts[:, 1])))


def _kappa(truth: NDArray[Any], found: NDArray[Any]) -> float:
    return cohen_kappa(truth, to_grades(found, _GRADES), weights="quadratic")


def kinds_table(rows: Sequence[Outlined]) -> str:
    """Return what outlined lesions are called, and the balanced accuracy of three kinds and of inflamed or not."""
    names = (OPEN_COMEDO, CLOSED_COMEDO, INFLAMED)
    place = {name: number for number, name in enumerate(names)}
    called, found = (np.array([place.get(getattr(row, end), -1) for row in rows]) for end in ("called", "found"))
    groups = np.array([row.group for row in rows])
    lines = ["| outlined as | open comedo | closed comedo | inflamed | too little seen |", "|---|---|---|---|---|"]
    for number, name in enumerate(names):
        counts = [int(np.count_nonzero((called == number) & (found == other))) for other in (0, 1, 2, -1)]
        lines.append(f"| {name.replace('_', ' ')} | {' | '.join(map(str, counts))} |")
    three = interval_in_words(balanced_accuracy, called, found, groups)
    two = interval_in_words(balanced_accuracy, 1 * (called == place[INFLAMED]), 1 * (found == place[INFLAMED]), groups)
    said = f"Balanced accuracy, {len(rows)} lesions: three kinds {three}, inflamed or not {two}."
    return "\n".join([*lines, "", said])


def interval_in_words(
    figure: Callable[[NDArray[Any], NDArray[Any]], float],
    truth: NDArray[Any],
    found: NDArray[Any],
    groups: NDArray[np.str_],
) -> str:
    """Return a figure with its 95 % interval by resampling groups, in words."""
    held = bootstrap(lambda places: figure(truth[places], found[places]), groups, resamples=_DRAWS, method="percentile")
    return f"{held.value:.2f} [{held.low:.2f}, {held.high:.2f}]"


def mean_in_words(values: NDArray[np.float64], groups: Sequence[str]) -> str:
    """Return a mean with its 95 % interval by resampling people, in words."""
    held = bootstrap(lambda places: float(values[places].mean()), groups, resamples=_DRAWS, method="percentile")
    return f"{held.value:.2f} [{held.low:.2f}, {held.high:.2f}]"
