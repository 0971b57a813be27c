"""What is wrong with a dataset: duplicates, leaks, missing labels."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Photo, Sample
from dermis.core.arrays import BoolMap, FloatMap, hold
from dermis.errors import InputError
from dermis.lab.datasets.dataset import Mismatch

__all__ = [
    "COPY",
    "DatasetCheck",
    "Duplicate",
    "DuplicatePair",
    "PerceptualHash",
    "check_dataset",
    "find_duplicates",
    "perceptual_hash",
    "perceptual_hash_of",
    "perceptual_hashes",
]

SIDE_PX = 64
COPY = 0.75
"""From this correlation of fine structure on, two pictures are of one shot, or of one person on one stand."""
_FINE_PX = 2.0
_MAYBE = 0.3
_NEIGHBOURS = 8
_SLOPE, _LEAST_SLOPE = 0.03, 0.002
"""A place is flat whose slope is less, a pixel of 64: as a share of the picture's contrast, and at least."""
_BLOCK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class PerceptualHash:
    """What is kept of a photo to know it again: `sha256` of its file, `grey` (64, 64) float32, encoded, in [0, 1]."""

    sha256: str
    grey: FloatMap

    def __post_init__(self) -> None:
        hold(self, "grey", dtype=np.float32, shape=(SIDE_PX, SIDE_PX))


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """Two places in a list of photos that show the same; `likeness` in [0, 1], of identical files 1."""

    first: int
    second: int
    identical: bool
    likeness: float


def perceptual_hash(photo: Photo) -> PerceptualHash:
    """Return the imprint of a photo; of one that was never a file, of its pixels."""
    return perceptual_hash_of(photo.pixels, photo.origin.sha256 or hashlib.sha256(photo.pixels.tobytes()).hexdigest())


def perceptual_hash_of(pixels: NDArray[Any], sha256: str) -> PerceptualHash:
    """Return the imprint of pixels (h, w, 3), uint8 or floating point in [0, 1], from a file of that hash."""
    from PIL import Image  # late: 30 ms

    mean = pixels.mean(axis=2, dtype=np.float32) / np.float32(255 if pixels.dtype == np.uint8 else 1)
    small = Image.fromarray(np.ascontiguousarray(mean)).resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX)
    return PerceptualHash(sha256=sha256, grey=np.asarray(small, dtype=np.float32).copy())


def perceptual_hashes(samples: Iterable[Sample]) -> Iterator[PerceptualHash]:
    """Yield the imprint of each sample, read one at a time. Raises InputError for a cube or an unreadable photo."""
    for sample in samples:
        photo = sample.read()
        if not isinstance(photo, Photo):
            raise InputError(f"{sample.key} is a cube; only photos are compared.", advice="Render it first.")
        yield perceptual_hash(photo)


def find_duplicates(held: Sequence[PerceptualHash], *, thorough: bool = False) -> tuple[Duplicate, ...]:
    """Return all pairs that show the same, identical files first, then the most alike.

    thorough: also lay likely pairs on each other, which finds turned and sheared copies, at a few ms a pair and
    up to eight pairs a photo.
    """
    found = dict.fromkeys(_identical(held), 1.0)
    identical = set(found)
    grey = np.stack([one.grey for one in held]) if held else np.empty((0, SIDE_PX, SIDE_PX), np.float32)
    some = np.flatnonzero([_textured(one) for one in grey])
    for (first, second), likeness in _alike(grey[some], thorough=thorough).items():
        found.setdefault((int(some[first]), int(some[second])), likeness)
    order = sorted(found, key=lambda pair: (pair not in identical, -found[pair], pair))
    return tuple(
        Duplicate(first=first, second=second, identical=(first, second) in identical, likeness=found[first, second])
        for first, second in order
    )


def _identical(held: Sequence[PerceptualHash]) -> Iterator[tuple[int, int]]:
    places = defaultdict(list)
    for place, one in enumerate(held):
        places[one.sha256].append(place)
    for same in places.values():
        yield from combinations(same, 2)


def _alike(grey: FloatMap, *, thorough: bool) -> dict[tuple[int, int], float]:
    """Return the pairs that are alike, with how much."""
    if len(grey) < 2:
        return {}
    fine = _vectors([_structure(one, _FINE_PX) for one in grey])
    found = {(row, column): likeness for row, column, likeness, _ in _pairs(fine, COPY)}
    if thorough:
        coarse = _vectors([_structure(one) for one in _halved(_halved(grey))])
        for row, column, _, mirrored in _pairs(coarse, _MAYBE, most=_NEIGHBOURS):
            other = grey[column, :, ::-1] if mirrored else grey[column]
            likeness = _laid_on(grey[row], other) if (row, column) not in found else 0.0
            if likeness >= COPY:
                found[row, column] = likeness
    return found


def _pairs(pictures: FloatMap, least: float, *, most: int | None = None) -> Iterator[tuple[int, int, float, bool]]:
    """Yield each pair of pictures with at least that correlation: both places, how much, whether mirrored.

    most: only so many for each first place, the most alike.
    """
    straight, mirrored = (one.reshape(len(pictures), -1) for one in (pictures, pictures[:, :, ::-1]))
    for start in range(0, len(pictures), _BLOCK):
        ways = [straight[start : start + _BLOCK] @ other.T for other in (straight, mirrored)]
        likeness = np.maximum(*ways)
        for row, shares in enumerate(likeness):
            place = start + row
            behind = np.flatnonzero(shares[place + 1 :] >= least) + place + 1  # each pair once
            for column in behind[np.argsort(-shares[behind], kind="stable")][:most]:
                yield (
                    place,
                    int(column),
                    float(min(shares[column], 1.0)),
                    bool(ways[1][row, column] > ways[0][row, column]),
                )


def _textured(grey: FloatMap) -> bool:
    """Return whether most of a picture, but for what is black or white, is not flat."""
    inside = (grey > 0.03) & (grey < 0.97)
    down, right = np.gradient(grey)
    steep = np.hypot(down, right) > max(_SLOPE * float(grey.std()), _LEAST_SLOPE)
    return 2 * int((steep & inside).sum()) >= max(int(inside.sum()), grey.size // 64)


def _vectors(structures: Sequence[FloatMap]) -> FloatMap:
    """Return pictures (n, h, w) with mean 0 and length 1 each."""
    pictures = np.array(structures, np.float32)
    pictures -= pictures.mean(axis=(1, 2), keepdims=True)
    pictures /= np.maximum(np.linalg.norm(pictures, axis=(1, 2), keepdims=True), 1e-9)
    return pictures


def _halved(grey: FloatMap) -> FloatMap:
    count, side, _ = grey.shape
    halved: FloatMap = grey.reshape(count, side // 2, 2, side // 2, 2).mean(axis=(2, 4))
    return halved


def _structure(grey: FloatMap, sigma_px: float = 4.0) -> FloatMap:
    """Return a picture without its slow changes of light."""
    from scipy.ndimage import gaussian_filter  # late: 0.1 s

    return np.asarray(grey - gaussian_filter(grey, sigma_px), np.float32)


def _laid_on(one: FloatMap, other: FloatMap) -> float:
    """Return the correlation of fine structure after `other` was laid on `one`; 0 where they hardly overlap."""
    placing = _placing(_halved(one[None])[0], _halved(other[None])[0])
    there, seen = _moved(_structure(other, _FINE_PX), placing)
    if seen.mean() < 0.5:
        return 0.0
    return float(np.clip((_standard(_structure(one, _FINE_PX)[seen]) * _standard(there[seen])).mean(), 0, 1))


def _placing(one: FloatMap, other: FloatMap, *, steps: int = 12) -> NDArray[np.float64]:
    """Return the affine map (3, 3) from `one` to `other`, row and column in [-1, 1], that lays them on each other.

    Least squares on the structure, step by step (Lucas and Kanade; Baker and Matthews, Int. J. Comput. Vis. 56, 2004).
    """
    template, moving = _structure(one), _structure(other)
    centre = (len(template) - 1) / 2
    along = [centre * slope for slope in np.gradient(template)]  # a step of 1 is `centre` pixels
    slopes = np.stack([slope * part for slope in along for part in _points(len(template))], axis=-1)
    placing = np.eye(3)
    for _ in range(steps):
        there, seen = _moved(moving, placing)
        if seen.mean() < 0.5:
            break
        known = slopes[seen]
        wanted = template[seen] - template[seen].mean()
        off = _standard(there[seen]) * wanted.std() - wanted
        change = np.eye(3)
        change[:2] += np.linalg.solve(known.T @ known + 1e-9 * np.eye(6), known.T @ off).reshape(2, 3)
        placing = placing @ np.linalg.inv(change)
    return placing


def _moved(values: FloatMap, placing: NDArray[np.float64]) -> tuple[FloatMap, BoolMap]:
    """Return `values` where `placing` takes each pixel, and which of these lie inside."""
    from scipy.ndimage import map_coordinates  # late: 0.1 s

    centre = (len(values) - 1) / 2
    where = (np.tensordot(placing[:2], _points(len(values)), axes=1) + 1) * centre
    there = map_coordinates(values, where, order=1, cval=np.nan)
    return there, np.isfinite(there)


def _points(side: int) -> NDArray[np.float64]:
    """Return row, column and 1 for each pixel, (3, side, side), row and column in [-1, 1]."""
    row, column = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    return np.stack([row, column, np.ones_like(row)])


def _standard(values: NDArray[Any]) -> NDArray[Any]:
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-9))


_MOST_VALUES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicatePair:
    """Two photos that show the same: their keys, and why this matters.

    parted: they are two subjects, so a split by subject may part them. contradicted: one grader said different things,
    as (task, grader, first, second).
    """

    first: str
    second: str
    identical: bool
    likeness: float
    parted: bool
    contradicted: tuple[tuple[str, str, float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetCheck:
    """What a dataset holds. values: by task and grader, how often each value, or "n values from a to b".

    labels: how many there are. graders: who gave them. unreadable: keys with the reason. notes: what the files were
    taken for and what was left out. mismatches: what does not fit, such as a grade without its photo.
    """

    photos: int
    subjects: int
    labels: int
    graders: tuple[str, ...]
    items: int
    values: Mapping[str, str]
    unreadable: Mapping[str, str]
    twins: tuple[DuplicatePair, ...]
    notes: tuple[str, ...] = ()
    mismatches: tuple[Mismatch, ...] = ()


def check_dataset(
    samples: Sequence[Sample], *, thorough: bool = False, seen: Callable[[int], None] = lambda count: None
) -> DatasetCheck:
    """Read every photo once and look for copies.

    thorough: also find turned and sheared copies. seen: called after each photo with how many were read.
    """
    held: list[tuple[int, PerceptualHash]] = []
    unreadable: dict[str, str] = {}
    for place, sample in enumerate(samples):
        try:
            photo = sample.read()
            if isinstance(photo, Photo):
                held.append((place, perceptual_hash(photo)))
        except InputError as error:
            unreadable[str(sample.key)] = error.message
        seen(place + 1)
    pairs = find_duplicates([one for _, one in held], thorough=thorough)
    return DatasetCheck(
        photos=len(samples),
        subjects=len({(sample.key.dataset, sample.key.subject) for sample in samples}),
        labels=sum(len(sample.labels) for sample in samples),
        graders=tuple(sorted({label.grader for sample in samples for label in sample.labels})),
        items=sum(len(sample.items) for sample in samples),
        values=_values(samples),
        unreadable=unreadable,
        twins=tuple(_twin(samples[held[pair.first][0]], samples[held[pair.second][0]], pair) for pair in pairs),
    )


def _values(samples: Sequence[Sample]) -> dict[str, str]:
    said: dict[str, list[float]] = defaultdict(list)
    for sample in samples:
        for label in sample.labels:
            said[f"{label.task} by {label.grader}"].append(label.value)
    return {name: _spread(values) for name, values in sorted(said.items())}


def _spread(values: Sequence[float]) -> str:
    counts = Counter(values)
    if len(counts) > _MOST_VALUES:
        return f"{len(values)} values from {min(values):g} to {max(values):g}"
    return ", ".join(f"{value:g}: {count}" for value, count in sorted(counts.items()))


def _twin(one: Sample, other: Sample, pair: Duplicate) -> DuplicatePair:
    mine = {(label.task, label.grader): label.value for label in one.labels}
    theirs = {(label.task, label.grader): label.value for label in other.labels}
    return DuplicatePair(
        first=str(one.key),
        second=str(other.key),
        identical=pair.identical,
        likeness=pair.likeness,
        parted=one.key.subject != other.key.subject,
        contradicted=tuple(
            (*name, mine[name], theirs[name])
            for name in sorted(mine.keys() & theirs.keys())
            if mine[name] != theirs[name]
        ),
    )
