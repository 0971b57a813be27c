"""A look at a dataset before anything is learnt from it: what it holds, what is in it twice, what contradicts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dermis.core import Photo, Sample
from dermis.datasets.duplicates import Duplicate, Imprint, find_duplicates, imprint
from dermis.errors import InputError

__all__ = ["Checked", "Twin", "check"]

_MOST_VALUES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
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
class Checked:
    """What a dataset holds. values: by task and grader, how often each value, or "n values from a to b".

    unreadable: keys with the reason.
    """

    photos: int
    subjects: int
    items: int
    values: Mapping[str, str]
    unreadable: Mapping[str, str]
    twins: tuple[Twin, ...]


def check(
    samples: Sequence[Sample], *, thorough: bool = False, seen: Callable[[int], None] = lambda count: None
) -> Checked:
    """Read every photo once and look for copies.

    thorough: also find turned and sheared copies. seen: called after each photo with how many were read.
    """
    held: list[tuple[int, Imprint]] = []
    unreadable: dict[str, str] = {}
    for place, sample in enumerate(samples):
        try:
            photo = sample.read()
            if isinstance(photo, Photo):
                held.append((place, imprint(photo)))
        except InputError as error:
            unreadable[str(sample.key)] = error.message
        seen(place + 1)
    pairs = find_duplicates([one for _, one in held], thorough=thorough)
    return Checked(
        photos=len(samples),
        subjects=len({(sample.key.dataset, sample.key.subject) for sample in samples}),
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


def _twin(one: Sample, other: Sample, pair: Duplicate) -> Twin:
    mine = {(label.task, label.grader): label.value for label in one.labels}
    theirs = {(label.task, label.grader): label.value for label in other.labels}
    return Twin(
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
