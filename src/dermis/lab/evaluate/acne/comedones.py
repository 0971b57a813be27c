"""How comedones are counted apart from inflamed lesions: on photos that taught nothing, beside boxes and outlines.

Of boxes of any lesion (a folder of counts, see `elsewhere`) those that are not red stand for comedones; of
outlines (a folder of outlines) black and white heads are named as such. Not all comedones are outlined, so photos are
compared that show acne. On faces without acne all that is told is false. On photos of acne comedones of true size are
drawn by the physical model: then it is known how many there are more than before.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core import INFLAMED, Analysis, Photo, Region
from dermis.errors import NoSkin
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import read_table
from dermis.lab.evaluate.acne.elsewhere import KINDS, interval_in_words, mean_in_words
from dermis.lab.evaluate.acne.lookalikes import people_of
from dermis.lab.train.sources import PORTRAITS_NAME
from dermis.metrics.ordinal import spearman
from dermis.pipeline.analyse import analyse
from dermis.tasks import choose
from dermis.tasks.acne.comedones import comedo_interval
from dermis.tasks.acne.decode import kind_by_looks, lesion_features
from dermis.tasks.acne.visibility import non_inflammatory

__all__ = [
    "CountedKinds",
    "DrawnComedones",
    "boxed_kinds",
    "clear_kinds",
    "comedones_page",
    "comedones_table",
    "counted_kinds",
    "drawn_kinds",
    "drawn_table",
    "outlined_counts",
]

_EVERY_CLEAR, _EVERY_DRAWN = 3, 6
_CORNERS = ("x0", "y0", "x1", "y1")
_UNNAMED = "acne"
"""Outlines of acne whose kind is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedKinds:
    """A photo of a set: its comedones and inflamed lesions as others marked them, and both as we count them."""

    data: str
    group: str
    comedones: int
    inflamed: int
    told_comedones: float
    told_inflamed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnComedones:
    """A photo of acne with comedones drawn on it: how many, and what is told of it without and with them."""

    data: str
    group: str
    drawn: int
    before: float
    after: float


def comedones_page(boxed: Path, outlined: Path, clear: Path, portraits: Path) -> str:
    """Return the tables of marked, of false and of drawn comedones, from the folders of four sets."""
    photos = [
        *boxed_kinds(boxed.name, boxed),
        *outlined_counts(outlined.name, outlined),
        *clear_kinds(clear.name, people_of(clear, _EVERY_CLEAR)),
        *clear_kinds(PORTRAITS_NAME, people_of(portraits)),
    ]
    drawn = list(drawn_kinds(boxed.name, people_of(boxed, _EVERY_DRAWN)))
    return f"{comedones_table(photos)}\n\n{drawn_table(drawn)}"


def boxed_kinds(data: str, folder: Path) -> Iterator[CountedKinds]:
    """Yield the photos of a folder of counts, their boxes parted by redness (`kind_by_looks`)."""
    boxes = defaultdict(list)
    for row in read_table(folder / "boxes.csv", needs=("file", *_CORNERS)):
        boxes[row["file"]].append([float(row[name]) for name in _CORNERS])
    for row in read_table(folder / "labels.csv", needs=("file", "group", "subset")):
        seen = _analysed(folder / row["file"])
        if seen.face is not None and seen.skin is not None:
            looks = lesion_features(np.array(boxes[row["file"]]).reshape(-1, 4), seen.face, seen.skin)
            kinds = [kind_by_looks(one) for one in looks]
            red, unseen = kinds.count(INFLAMED), kinds.count("lesion")
            yield counted_kinds(f"{data}, {row['subset']}", row["group"], len(kinds) - red - unseen, red, seen)


def outlined_counts(data: str, folder: Path) -> Iterator[CountedKinds]:
    """Yield the photos of a folder of outlines: those with acne of a known kind, and those with none at all."""
    outlined: dict[str, list[str]] = defaultdict(list)
    for row in read_table(folder / "polygons.csv", needs=("file", "label")):
        outlined[row["file"]].append(row["label"])
    for row in read_table(folder / "labels.csv", needs=("file", "group")):
        labels = outlined[row["file"]]
        named = [KINDS[label] for label in labels if label in KINDS]
        red = named.count(INFLAMED)
        name = data if named else f"{data}, other findings"
        if named or _UNNAMED not in labels:
            yield from _faced(name, row["group"], len(named) - red, red, _analysed(folder / row["file"]))


def clear_kinds(data: str, photos: Iterable[tuple[Path, str]]) -> Iterator[CountedKinds]:
    """Yield what is counted on faces without acne; photos: files, each with whose it is."""
    for path, group in photos:
        yield from _faced(data, group, 0, 0, _analysed(path))


def drawn_kinds(data: str, photos: Iterable[tuple[Path, str]]) -> Iterator[DrawnComedones]:
    """Yield what is told of photos of acne with and without comedones drawn; photos: files, each with whose it is."""
    from dermis.lab.train.examples.comedones import drawn_comedones  # late: the renderer

    for path, group in photos:
        photo = read_photo(path)
        before = _counted(photo)
        if before.face is None or before.lesions is None or before.lesions.comedones is None:
            continue
        rng = np.random.default_rng(zlib.crc32(path.name.encode()))
        try:
            painted, circles = drawn_comedones(rng, photo, before.face)
        except NoSkin:
            continue
        after = _counted(painted)
        if len(circles) and after.lesions is not None:
            told = (non_inflammatory(seen.lesions, Region.FACE) for seen in (before, after) if seen.lesions is not None)
            yield DrawnComedones(
                data=data, group=group, drawn=len(circles), **dict(zip(("before", "after"), told, strict=True))
            )


def drawn_table(drawn: Sequence[DrawnComedones]) -> str:
    """Return how many of the drawn comedones are told, and how that goes with their number, as Markdown."""
    lines = ["| comedones drawn on photos of acne | photos, people | drawn a photo | told more, a photo "
             "| told more, by the number drawn |", "|---|---|---|---|---|"]  # fmt: skip
    for data in dict.fromkeys(one.data for one in drawn):
        here = [one for one in drawn if one.data == data]
        groups = [one.group for one in here]
        number = np.array([one.drawn for one in here], np.float64)
        more = np.array([one.after - one.before for one in here])
        rank = interval_in_words(spearman, number, more, np.array(groups))
        cells = f"{len(here)}, {len(set(groups))}", f"{number.mean():.0f}", mean_in_words(more, groups), rank
        lines.append(f"| {data} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _analysed(path: Path) -> Analysis:
    return _counted(read_photo(path))


def _counted(photo: Photo) -> Analysis:
    return analyse(photo, tasks=choose("acne_lesions"))


def _faced(data: str, group: str, comedones: int, inflamed: int, seen: Analysis) -> Iterator[CountedKinds]:
    if seen.lesions is not None:
        yield counted_kinds(data, group, comedones, inflamed, seen)


def counted_kinds(data: str, group: str, comedones: int, inflamed: int, seen: Analysis) -> CountedKinds:
    """Return what others marked on a photo beside what was counted on it; ValueError where nothing was."""
    if seen.lesions is None:
        raise ValueError(f"Nothing was counted on {seen.name}.")
    return CountedKinds(
        data=data,
        group=group,
        comedones=comedones,
        inflamed=inflamed,
        told_comedones=non_inflammatory(seen.lesions, Region.FACE),
        told_inflamed=max(seen.lesions.counts[Region.FACE], 0.0),
    )


def comedones_table(photos: Sequence[CountedKinds]) -> str:
    """Return how both counts rank photos with marked acne, and what is told where there is none."""
    lines = ["| photos | n | comedones told, by marked comedones | by inflamed | inflamed told, by marked inflamed "
             "| by comedones | the interval holds the number |", "|---|---|---|---|---|---|---|"]  # fmt: skip
    sore = [photo for photo in photos if photo.comedones + photo.inflamed]
    for data in dict.fromkeys(photo.data for photo in sore):
        here = [photo for photo in sore if photo.data == data]
        groups = np.array([photo.group for photo in here])
        marked = [np.array([getattr(photo, end) for photo in here], np.float64) for end in ("comedones", "inflamed")]
        told = [np.array([getattr(photo, f"told_{end}") for photo in here]) for end in ("comedones", "inflamed")]
        ranks = [
            interval_in_words(spearman, marked[truth], told[ours], groups)
            for truth, ours in ((0, 0), (1, 0), (1, 1), (0, 1))
        ]
        held = mean_in_words(_held(marked[0], told[0]), groups.tolist())
        lines.append(f"| {data} | {len(here)} | {' | '.join(ranks)} | {held} |")
    lines += ["", "| photos without marked acne | n | comedones told a photo | any |", "|---|---|---|---|"]
    clear = [photo for photo in photos if not photo.comedones + photo.inflamed]
    for data in dict.fromkeys(photo.data for photo in clear):
        here = [photo for photo in clear if photo.data == data]
        numbers = np.array([photo.told_comedones for photo in here])
        mean = mean_in_words(numbers, [photo.group for photo in here])
        lines.append(f"| {data} | {len(here)} | {mean} | {np.mean(numbers >= 1):.0%} |")
    return "\n".join(lines)


def _held(marked: NDArray[np.float64], told: NDArray[np.float64]) -> NDArray[np.float64]:
    ends = np.array([comedo_interval(one) for one in told.tolist()])
    return np.asarray((ends[:, 0] <= marked) & (marked <= ends[:, 1]), np.float64)
