"""How `dermis change` is judged: real photos of one person from one side, one photo twice, and lesions drawn on it.

No set here says when its photos were taken. Two photos that share nearly all the fine structure of the skin are of one
visit, and nothing must come out; of others it is told what comes out, not whether that is right.
Of a photo and itself in another light, turned, smaller and compressed again nothing must come out; of a photo and
itself with lesions drawn on it, photographed again likewise, those must come out as new, and nothing else.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core import Analysis, Change, Photo, Sample
from dermis.core.change import TOLD_FROM
from dermis.errors import InputError, NoSkin
from dermis.formats.images.photo import read_photo
from dermis.lab.datasets.check import Duplicate, find_duplicates, perceptual_hash
from dermis.lab.evaluate.acne.elsewhere import mean_in_words
from dermis.lab.synth.camera.again import photographed_again
from dermis.lab.synth.drawn_papules import with_papules
from dermis.lab.synth.lesions.kinds import Mark
from dermis.lab.train.acne.change import looked_at
from dermis.pipeline.longitudinal import change_between
from dermis.tasks.acne.count import smallest_count_change

__all__ = ["DrawnChange", "Repeat", "change_table", "drawn_changes", "repeats", "same_visit"]

_LARGE_MM = 1.5
_PEOPLE, _PHOTOS_EACH = 25, 4
_REACH = 1.5
ONE_VISIT = 0.7
"""Two photos of which so much is found again are of one visit; of two visits, by hair, clothes and lesions, at most
0.68 was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """Two photos of one person from one side. change: what is told, None where the photos cannot be compared."""

    group: str
    change: Change | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnChange:
    """A photo and itself with lesions drawn on it and photographed again.

    drawn: (n, 3), radius in mm, whether it is among the new ones, whether it is told as new. change: what is told.
    again: what is told of the photo and itself photographed again, with nothing drawn; None where they do not compare.
    """

    group: str
    drawn: NDArray[np.float64]
    change: Change
    again: Change | None = None


def repeats(samples: Sequence[Sample]) -> Iterator[Repeat]:
    """Yield pairs of photos of one person that show the same side and are no copies, of the first people of a set.

    samples: of `acne04`; looked at are the clean crops (trait "hires"), at most four a person.
    """
    for group, files in list(_clean_crops(samples).items())[:_PEOPLE]:
        held = [read_photo(path) for path in files[:_PHOTOS_EACH]]
        copies = {(pair.first, pair.second) for pair in _alike(held)}
        seen = [looked_at(photo) for photo in held]
        for first, second in combinations(range(len(held)), 2):
            if (first, second) not in copies and _same_side(seen[first], seen[second]):
                yield Repeat(group=group, change=_compared(seen[first], seen[second]))


def same_visit(samples: Sequence[Sample]) -> Iterator[Repeat]:
    """Yield pairs of photos of one person that were taken at one visit: alike as pictures, and nearly all found again.

    samples: of `acne04`, as in `repeats`. Many differ by a polariser: one shows the skin's gloss, the other none.
    """
    for group, files in _clean_crops(samples).items():
        held = [read_photo(path) for path in files]
        for pair in _alike(held):
            seen = [looked_at(held[place]) for place in (pair.first, pair.second) if not pair.identical]
            change = _compared(*seen) if seen else None
            if change is not None and change.textured >= ONE_VISIT:
                yield Repeat(group=group, change=change)


def _clean_crops(samples: Sequence[Sample]) -> dict[str, list[Path]]:
    """Return the clean crops of each person of whom there are several."""
    photos: dict[str, list[Path]] = defaultdict(list)
    for sample in samples:
        if "hires" in sample.traits:
            photos[sample.key.subject].append(Path(str(sample.traits["hires"])))
    return {group: files for group, files in photos.items() if len(files) > 1}


def _alike(photos: Sequence[Photo]) -> tuple[Duplicate, ...]:
    """Return the pairs that are one picture, or nearly."""
    return find_duplicates([perceptual_hash(photo) for photo in photos], thorough=True)


def drawn_changes(photos: Sequence[tuple[Path, str]]) -> Iterator[DrawnChange]:
    """Yield what is told of papules drawn on photos: files, each with whose it is."""
    for path, group in photos:
        photo = read_photo(path)
        before = looked_at(photo)
        if before.face is None:
            continue
        try:
            painted, marks = with_papules(photo, before.face, zlib.crc32(path.stem.encode()))
        except NoSkin:
            continue
        after = photographed_again(painted, zlib.crc32(path.stem.encode()))
        change = _compared(before, looked_at(after)) if marks else None
        if change is not None:
            again = _compared(before, looked_at(photographed_again(photo, zlib.crc32(path.name.encode()))))
            drawn = np.array([_told(mark, change) for mark in marks])
            yield DrawnChange(group=group, drawn=drawn, change=change, again=again)


def _same_side(first: Analysis, second: Analysis) -> bool:
    return first.face is not None and second.face is not None and first.face.view is second.face.view


def _compared(first: Analysis, second: Analysis) -> Change | None:
    try:
        return change_between(first, second)
    except InputError:
        return None


def _told(mark: Mark, change: Change) -> tuple[float, float, float]:
    """Return radius, whether a mark is among the new lesions, and whether it is told as new."""
    x, y = mark.box.x_px + mark.box.width_px / 2, mark.box.y_px + mark.box.height_px / 2
    surest = 0.0
    for fate in change.new:
        box = fate.elsewhere  # where it was before: as the marks were drawn
        if box is None:
            continue
        off = max(
            abs(x - box.x_px - box.width_px / 2) / max(box.width_px, mark.box.width_px, 1.0),
            abs(y - box.y_px - box.height_px / 2) / max(box.height_px, mark.box.height_px, 1.0),
        )
        if off <= _REACH / 2:
            surest = max(surest, fate.probability)
    return mark.radius_mm, float(surest > 0), float(surest >= TOLD_FROM)


def change_table(pairs: Sequence[Repeat], visit: Sequence[Repeat], drawn: Sequence[DrawnChange]) -> str:
    """Return what is told of two photos of one visit, of two of one person, and of drawn lesions by their size."""
    lines = [*_of_pairs("two photos of one visit", visit), ""]
    lines += _of_pairs("two photos of one person from one side, seldom of one visit", pairs)
    if drawn:
        lines += ["", *_of_drawn(drawn)]
    return "\n".join(lines)


def _of_pairs(title: str, pairs: Sequence[Repeat]) -> list[str]:
    told = [pair for pair in pairs if pair.change is not None]
    lines = [f"| {title} | |", "|---|---|"]
    lines.append(f"| pairs, people; compared | {len(pairs)}, {len({pair.group for pair in pairs})}; {len(told)} |")
    if told:
        groups = [pair.group for pair in told]
        some = np.array([_falsely(pair.change) for pair in told], np.float64)
        inside = np.array([_holds(pair.change, 0.0) for pair in told], np.float64)
        lasting = np.array([len(pair.change.lasting) for pair in told if pair.change is not None], np.float64)
        counted = np.array([_count_changed(pair.change) for pair in told], np.float64)
        lines += [
            f"| told as gone or new, a pair | {mean_in_words(some, groups)} |",
            f"| pairs of which none is told | {mean_in_words(1.0 * (some == 0), groups)} |",
            f"| told as lasting, a pair | {mean_in_words(lasting, groups)} |",
            f"| the count told as changed | {mean_in_words(counted, groups)} |",
            f"| the difference's interval holds 0 | {mean_in_words(inside, groups)} |",
        ]
    return lines


def _of_drawn(drawn: Sequence[DrawnChange]) -> list[str]:
    rows = np.concatenate([one.drawn for one in drawn])
    groups = np.concatenate([[one.group] * len(one.drawn) for one in drawn])
    lines = ["| drawn papules | n | among the new | told as new |", "|---|---|---|---|"]
    large = rows[:, 0] >= _LARGE_MM
    for name, here in (
        ("all", np.ones_like(large)), (f"under {2 * _LARGE_MM:g} mm wide", ~large), ("wider", large),
    ):  # fmt: skip
        if here.any():
            cells = (mean_in_words(rows[here, column], groups[here].tolist()) for column in (1, 2))
            lines.append(f"| {name} | {np.count_nonzero(here)} | {' | '.join(cells)} |")
    owners = [one.group for one in drawn]
    beside = np.array([one.change.told_new - one.drawn[:, 2].sum() for one in drawn]).clip(0)
    gone = np.array([one.change.told_gone for one in drawn], np.float64)
    any_told = np.array([one.drawn[:, 2].any() for one in drawn], np.float64)
    counted = np.array([_count_changed(one.change) for one in drawn], np.float64)
    holds = np.array([_holds(one.change, float(len(one.drawn))) for one in drawn], np.float64)
    figures: list[tuple[str, str]] = [
        ("photos, people", f"{len(drawn)}, {len(set(owners))}"),
        ("told as new beside the drawn, a photo", mean_in_words(beside, owners)),
        ("told as gone, a photo", mean_in_words(gone, owners)),
        ("photos of which any drawn papule is told", mean_in_words(any_told, owners)),
        ("the count told as changed", mean_in_words(counted, owners)),
        ("the difference's interval holds the number drawn", mean_in_words(holds, owners)),
    ]
    again = [one for one in drawn if one.again is not None]
    if again:
        some = np.array([_falsely(one.again) for one in again], np.float64)
        people = [one.group for one in again]
        counts = np.array([_count_changed(one.again) for one in again], np.float64)
        figures += [
            ("photographed again, nothing drawn: photos that compare", f"{len(again)} of {len(drawn)}"),
            ("photographed again: told as gone or new, a photo", mean_in_words(some, people)),
            ("photographed again: photos of which none is told", mean_in_words(1.0 * (some == 0), people)),
            ("photographed again: the count told as changed", mean_in_words(counts, people)),
            ("photographed again: standard deviation of log(1 + count)", f"{_spread_of_count(again):.3f}"),
        ]
    return [*lines, "", "| of these photos | |", "|---|---|", *(f"| {name} | {value} |" for name, value in figures)]


def _falsely(change: Change | None) -> int:
    return 0 if change is None else change.told_gone + change.told_new


def _spread_of_count(drawn: Sequence[DrawnChange]) -> float:
    """Return the standard deviation of log(1 + count) of one skin from photo to photo, of photos photographed again."""
    counts = [(one.again.count_before, one.again.count_after) for one in drawn if one.again is not None]
    off = np.diff(np.log1p(np.maximum(np.array(counts), 0)), axis=1)
    return float(np.sqrt(np.mean(off**2) / 2))


def _count_changed(change: Change | None) -> bool:
    """Return whether the counts are told to differ by more than photographing again gives."""
    if change is None or not change.taken_alike:
        return False
    limit = smallest_count_change(change.count_before, change.count_after)
    return abs(change.count_after - change.count_before) > limit


def _holds(change: Change | None, number: float) -> bool:
    return (
        change is not None
        and change.difference is not None
        and (change.difference[0] <= number <= change.difference[1])
    )
