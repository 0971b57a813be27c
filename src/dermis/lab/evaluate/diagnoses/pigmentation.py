"""How dark spots are judged on photos of people who taught nothing: pixels beside outlines, grades beside diagnoses.

A folder of outlines holds `labels.csv` (file, group) and `polygons.csv` (file, label, points_xy_norm: "x y;x y" as
shares of the picture); one of grades `labels.csv` (file, group, and label or person).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from dermis.core import CropFrame, Face, Photo, PigmentMarks, Region, Skin
from dermis.core.arrays import BoolMap
from dermis.face.crop import crop
from dermis.face.find import find_face
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import read_table
from dermis.lab.train.brown_marks import is_taught
from dermis.metrics.bootstrap import Interval, bootstrap
from dermis.metrics.detection import dice
from dermis.metrics.ordinal import auroc
from dermis.pipeline.analyse import measure_skin
from dermis.tasks import TASKS
from dermis.tasks.pigment_index import pigment_maps
from dermis.tasks.pigmentation.marks import find_marks

__all__ = [
    "GradedPhoto",
    "OutlinedPhoto",
    "grade_of_face",
    "graded",
    "graded_lines",
    "graded_photos",
    "judge_outlines",
    "judged_rows",
    "kept_aside",
    "measured",
    "outlined_lines",
    "outlined_photos",
]

KINDS: Mapping[str, str] = {
    "melasma": "melasma", "freckles": "freckles", "dark_spots": "dark spots", "PIH": "post-inflammatory",
}  # fmt: skip
"""What an outline is called there, and here; `hyperpigmentation` repeats them."""
RICH_OUTLINES, RICH_SHARE = 20, 0.05
"""A photo is rich in marks from so many outlines, or where they cover so much of the judged skin."""
A_PERSON = 4
"""Photos of one person that are graded, spread over all there are."""
_DRAWS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlinedPhoto:
    """One photo with outlines: the AUC of each kind by the chance of a mark and by melanin alone, and the Dice of all.

    Inside an outline against a ring one mark wide around it, both on judged skin. rich: many marks are outlined.
    """

    group: str
    by_chance: Mapping[str, float]
    by_melanin: Mapping[str, float]
    dice: float
    rich: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedPhoto:
    """One photo with its pigmentation grade, beside it how uneven melanin is: 5th to 95th percentile of its index."""

    source: str
    file: str
    group: str
    label: str
    grade: float
    melanin: float


def measured(photo: Photo) -> tuple[Face, Skin] | None:
    """Return the face of a photo, or its skin as a close-up, with what is measured; None where there is no skin."""
    face = find_face(photo) or find_face(photo, close_up=True)
    return None if face is None else (face, measure_skin(crop(photo, face.frame), photo, face))


def outlined_photos(folder: Path) -> Iterator[OutlinedPhoto]:
    """Yield each photo of a folder on which brown marks are outlined and skin is found."""
    groups = {row["file"]: row["group"] for row in read_table(folder / "labels.csv", needs=("file", "group"))}
    outlines = defaultdict(list)
    for row in read_table(folder / "polygons.csv", needs=("file", "label", "points_xy_norm")):
        if row["label"] in KINDS:
            said = [[float(value) for value in point.split()] for point in row["points_xy_norm"].split(";")]
            outlines[row["file"]].append((KINDS[row["label"]], np.array(said)))
    for file, drawn in outlines.items():
        photo = read_photo(folder / file)
        found = measured(photo)
        if found is not None:
            yield judge_outlines(*found, groups[file], [(kind, points * (photo.width_px, photo.height_px))
                                                        for kind, points in drawn])  # fmt: skip


def judge_outlines(
    face: Face, skin: Skin, group: str, drawn: Sequence[tuple[str, NDArray[np.float64]]]
) -> OutlinedPhoto:
    """Judge the marks that are found beside outlines, each a kind and its corners (n, 2) in photo pixels."""
    marks = find_marks(face, skin)
    judged = np.isfinite(marks.chance)
    melanin = np.nan_to_num(pigment_maps(skin.linear, judged).melanin)
    masks = [(kind, _filled(points, face.frame)) for kind, points in drawn]
    every = np.logical_or.reduce([mask for _, mask in masks])
    by_chance: dict[str, float] = {}
    by_melanin: dict[str, float] = {}
    for kind in KINDS.values():
        own = [mask for name, mask in masks if name == kind and mask.any()]
        inside, ring = _inside_and_ring(own, every, judged)
        if inside.any() and ring.any():
            truth = np.repeat([1.0, 0.0], [np.count_nonzero(inside), np.count_nonzero(ring)])
            for held, values in ((by_chance, marks.chance), (by_melanin, melanin)):
                held[kind] = auroc(truth, np.concatenate([values[inside], values[ring]]))
    share = float(np.mean(every[judged])) if judged.any() else 0.0
    return OutlinedPhoto(
        group=group,
        by_chance=by_chance,
        by_melanin=by_melanin,
        dice=dice(every & judged, marks.mask & judged),
        rich=len(drawn) >= RICH_OUTLINES or share >= RICH_SHARE,
    )


def _filled(points: NDArray[np.float64], frame: CropFrame) -> BoolMap:
    from skimage.draw import polygon2mask  # late: 0.2 s

    corners = (points[:, ::-1] - (frame.y_px, frame.x_px)) / frame.factor - 0.5
    return np.asarray(polygon2mask((frame.height, frame.width), corners), np.bool_)


def _inside_and_ring(masks: Sequence[BoolMap], every: BoolMap, judged: BoolMap) -> tuple[BoolMap, BoolMap]:
    """Return what lies inside outlines, and what lies about each as far as it is wide and in no outline."""
    from scipy.ndimage import distance_transform_edt  # late: 0.1 s

    inside, ring = np.zeros_like(judged), np.zeros_like(judged)
    for mask in masks:
        width = max(1, round(np.sqrt(4 * np.count_nonzero(mask) / np.pi)))
        rows, columns = np.nonzero(mask)
        near = (
            slice(max(0, rows.min() - width - 1), rows.max() + width + 2),
            slice(max(0, columns.min() - width - 1), columns.max() + width + 2),
        )
        ring[near] |= distance_transform_edt(~mask[near]) <= width
        inside |= mask
    return inside & judged, ring & ~every & judged


def graded_photos(folder: Path) -> Iterator[GradedPhoto]:
    """Yield the grades of the photos of a folder; where people are named, `A_PERSON` of each that taught nothing."""
    for row in judged_rows(folder):
        yield from graded(read_photo(folder / row["file"]), source=folder.name, row=row)


def judged_rows(folder: Path) -> list[Mapping[str, str]]:
    """Return the rows of labels.csv that are graded: `A_PERSON` of each person who taught nothing."""
    rows = _spread(read_table(folder / "labels.csv", needs=("file", "group")))
    return [row for row in rows if not (row.get("person") and is_taught(row["person"]))]


def graded(photo: Photo, *, source: str, row: Mapping[str, str]) -> Iterator[GradedPhoto]:
    """Yield the grade of a photo; nothing where no face is found or too little of it is judged."""
    found = measured(photo)
    if found is None:
        return
    face, skin = found
    grade = grade_of_face(skin, find_marks(face, skin))
    melanin = pigment_maps(skin.linear, skin.measured).melanin[skin.measured]
    if np.isfinite(grade) and melanin.size:
        low, high = np.nanpercentile(melanin, (5, 95))
        yield GradedPhoto(
            source=source, file=row["file"], group=row.get("person") or row["group"], label=row.get("label", ""),
            grade=grade, melanin=float(high - low),
        )  # fmt: skip


def kept_aside(group: str) -> bool:
    """Return whether a group belongs to the half that chooses no fit and no limit, dealt by the hash of its name."""
    return crc32(f"half{group}".encode()) % 2 == 1


def grade_of_face(skin: Skin, marks: PigmentMarks) -> float:
    """Return the pigmentation grade of a face, NaN where too little is judged."""
    found = TASKS["pigmentation_grade"].measure(skin=skin, marks=marks)
    return next((float(one.value) for one in found if one.region is Region.FACE and one.value is not None), np.nan)


def _spread(rows: Iterable[Mapping[str, str]]) -> Iterator[Mapping[str, str]]:
    people = defaultdict(list)
    for row in rows:
        people[row.get("person") or row["file"]].append(row)
    for owned in people.values():
        yield from owned[:: max(1, len(owned) // A_PERSON)][:A_PERSON]


def outlined_lines(rows: Sequence[OutlinedPhoto]) -> list[str]:
    """Return the lines of the table on outlines: AUC by kind, their mean, Dice."""
    groups = np.array([row.group for row in rows])
    kinds = tuple(KINDS.values())
    by_chance = np.array([[row.by_chance.get(kind, np.nan) for row in rows] for kind in kinds])
    by_melanin = np.array([[row.by_melanin.get(kind, np.nan) for row in rows] for kind in kinds])
    lines = []
    for kind, ours, beside in zip(kinds, by_chance, by_melanin, strict=True):
        own = np.isfinite(ours)
        cells = (_mean_with_interval(values[None, own], groups[own]) for values in (ours, beside))
        lines.append(f"| pixels in outlines, {kind}: AUC | {own.sum()} | {' | '.join(cells)} | |")
    cells = (_mean_with_interval(values, groups) for values in (by_chance, by_melanin))
    lines.append(f"| pixels in outlines, mean of the four: AUC | {len(rows)} | {' | '.join(cells)} | 0.80 |")
    rich = [row for row in rows if row.rich]
    said = _mean_with_interval(np.array([[row.dice for row in rich]]), np.array([row.group for row in rich]))
    lines.append(f"| photos rich in marks: Dice | {len(rich)} | {said} | | 0.40 |")
    return lines


def graded_lines(rows: Sequence[GradedPhoto]) -> list[str]:
    """Return the lines of the table on grades: what they tell apart, and what they are on clear skin and on melasma."""
    named = {
        "melasma": [one for one in rows if one.source == "melasma_faces" and one.label == "melasma"],
        "clear web faces": [one for one in rows if one.source == "melasma_faces" and one.label != "melasma"],
        "clear adults": [one for one in rows if one.source == "caltech_faces_light"],
        "clear portraits": [one for one in rows if one.source == "portraits"],
        "melasma, lentigo, post-inflammatory": [one for one in rows if one.label in _BROWN and one.source == _CLINIC],
        "rosacea, telangiectasia": [one for one in rows if one.label in _RED and one.source == _CLINIC],
    }
    lines = []
    for first, second, aim in (
        ("melasma", "clear web faces", "0.92"), ("melasma", "clear adults", "0.95"),
        ("melasma, lentigo, post-inflammatory", "rosacea, telangiectasia", "0.90"),
    ):  # fmt: skip
        both = [*named[first], *named[second]]
        ill = np.arange(len(both)) < len(named[first])
        groups = np.array([one.group for one in both])
        ours = _auc_with_interval(ill, np.array([one.grade for one in both]), groups)
        beside = _auc_with_interval(ill, np.array([one.melanin for one in both]), groups)
        count = f"{len(named[first])} and {len(named[second])}"
        lines.append(f"| {first} against {second}: AUC | {count} | {ours} | {beside} | {aim} |")
    for name, some in named.items():
        grades = [one.grade for one in some]
        low, middle, high = np.percentile(grades, (10, 50, 90)) if grades else (np.nan,) * 3
        lines.append(
            f"| grade of {name}: median, 10 to 90 % | {len(some)} | {middle:.1f}, {low:.1f} to {high:.1f} | | |"
        )
    pair = {end: one.grade for one in rows for end in ("pre-hq", "post-hq") if end in one.file}
    if len(pair) == 2:
        lines.append(f"| grade before and after hydroquinone | 1 person | {pair['pre-hq']:.1f} and "
                     f"{pair['post-hq']:.1f} | | falls |")  # fmt: skip
    return lines


_CLINIC = "dermnetnz_face"
_BROWN, _RED = ("melasma", "solar_lentigo", "pih"), ("rosacea", "telangiectasia")


def _mean_with_interval(values: NDArray[np.float64], groups: NDArray[np.str_]) -> str:
    """Return the mean over rows (kind) of the means over photos that have the kind, with its interval by group."""

    def mean(at: NDArray[np.int64]) -> float:
        kinds = [row[at][np.isfinite(row[at])] for row in values]
        return float(np.mean([np.mean(kind) for kind in kinds])) if all(kind.size for kind in kinds) else float("nan")

    return _said(bootstrap(mean, groups, resamples=_DRAWS, method="percentile")) if len(groups) else "none"


def _auc_with_interval(ill: NDArray[np.bool_], values: NDArray[np.float64], groups: NDArray[np.str_]) -> str:
    def figure(at: NDArray[np.int64]) -> float:
        return auroc(ill[at].astype(float), values[at]) if 0 < np.count_nonzero(ill[at]) < len(at) else float("nan")

    return _said(bootstrap(figure, groups, resamples=_DRAWS, method="percentile")) if len(groups) else "none"


def _said(held: Interval) -> str:
    return f"{held.value:.3f} [{held.low:.3f}, {held.high:.3f}]"
