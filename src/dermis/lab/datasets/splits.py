"""Splits into train, validate and test that never part what belongs together, and the check of it.

Every part is an array of places in the list of samples, increasing; each place stands in one part at most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.core import Sample
from dermis.errors import InputError, UsageError
from dermis.formats.tables import read_table, write_csv
from dermis.lab.datasets.check import Duplicate

__all__ = [
    "PARTS",
    "Overlap",
    "Parts",
    "check_split",
    "crossed",
    "dealt",
    "folds_of",
    "groups_of",
    "nested",
    "overlap_words",
    "overlaps",
    "parts_by_share",
    "read_split",
    "trait_of",
    "write_split",
]

Places = NDArray[np.int64]
PARTS = ("train", "validate", "test")
_MOST_STRATA = 10
_TOLD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Places of samples in their list, increasing; each in one part at most."""

    train: Places
    validate: Places
    test: Places

    def __post_init__(self) -> None:
        together = np.concatenate([self.train, self.validate, self.test])
        if len(np.unique(together)) != len(together):
            raise ValueError("A sample stands in two parts.")

    def items(self) -> Iterator[tuple[str, Places]]:
        """Yield name and places of each part."""
        return ((name, getattr(self, name)) for name in PARTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Samples that belong together and lie in several parts; `keys` by part. why: in words, such as "one subject"."""

    why: str
    keys: Mapping[str, tuple[str, ...]]


def trait_of(sample: Sample, name: str) -> Hashable:
    """Return what a sample is by `name`: subject, visit (of its subject), view, dataset, or one of its traits.

    Raises UsageError for a trait it has not.
    """
    key = sample.key
    keyed = {
        "dataset": (key.dataset,),
        "subject": (key.dataset, key.subject),
        "visit": (key.dataset, key.subject, key.visit),
        "view": (key.view,),
    }
    if name in keyed:
        return name, *keyed[name]
    if name not in sample.traits:
        there = ", ".join((*keyed, *sample.traits))
        raise UsageError(f"{key} has no trait {name!r} to split by.", advice=f"It has: {there}.")
    return name, sample.traits[name]


def groups_of(samples: Sequence[Sample], by: Sequence[str], *, duplicates: Sequence[Duplicate] = ()) -> Places:
    """Return the group of each sample, (n,), numbered from 0.

    Samples that share any of `by`, or are duplicates, belong to one group, also by way of others.
    """
    parent = list(range(len(samples)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    first: dict[Hashable, int] = {}
    for place, sample in enumerate(samples):
        for name in by:
            parent[root(place)] = root(first.setdefault(trait_of(sample, name), place))
    for pair in duplicates:
        parent[root(pair.second)] = root(pair.first)
    roots = [root(place) for place in range(len(samples))]
    return np.unique(np.array(roots, np.int64), return_inverse=True)[1].astype(np.int64)


def dealt(groups: ArrayLike, shares: Sequence[float], *, labels: ArrayLike | None = None, seed: int = 0) -> Places:
    """Return which of the shares each sample falls to, (n,); groups (n,) stay whole.

    shares: how much of the samples each gets, about. labels: (n,), NaN where unknown, whose values come in equal shares
    to all as far as groups allow; many different ones are put into five bins. Raises UsageError for fewer groups than
    shares above 0.
    """
    groups = np.unique(np.asarray(groups), return_inverse=True)[1]
    wanted = np.asarray(shares, np.float64) / np.sum(shares)
    count = int(groups.max()) + 1 if len(groups) else 0
    if count < np.count_nonzero(wanted):
        raise UsageError(f"{count} groups cannot make {np.count_nonzero(wanted)} parts.", advice="Take fewer parts.")
    load = _loads(groups, np.zeros(len(groups)) if labels is None else labels)
    rng = np.random.default_rng(seed)
    order = sorted(rng.permutation(count), key=lambda group: -load[group].max())
    held = np.zeros((len(wanted), load.shape[1]))
    fell = np.zeros(count, np.int64)
    open_parts = np.flatnonzero(wanted)
    for group in order:
        # Where the squares of what each part holds, by what it ought to, grow least.
        cost = ((2 * held[open_parts] + load[group]) * load[group]).sum(axis=1) / wanted[open_parts]
        fell[group] = open_parts[cost.argmin()]
        held[fell[group]] += load[group]
    return _filled(fell, open_parts, load.max(axis=1))[groups]


def folds_of(groups: ArrayLike, folds: int, *, labels: ArrayLike | None = None, seed: int = 0) -> Places:
    """Return the fold of each sample, (n,) from 0; see `dealt`."""
    if folds < 2:
        raise UsageError(f"{folds} folds.", advice="Take two or more.")
    return dealt(groups, [1.0] * folds, labels=labels, seed=seed)


def parts_by_share(
    groups: ArrayLike, *, validate: float, test: float, labels: ArrayLike | None = None, seed: int = 0
) -> Parts:
    """Return parts with these shares of the samples, about; see `dealt`."""
    if validate < 0 or test < 0 or validate + test >= 1:
        raise UsageError(f"Shares of {validate} and {test} leave nothing to train.", advice="Take less than 1 in all.")
    fell = dealt(groups, [1 - validate - test, validate, test], labels=labels, seed=seed)
    return Parts(**{name: np.flatnonzero(fell == place) for place, name in enumerate(PARTS)})


def nested(
    groups: ArrayLike, outer: int, inner: int, *, labels: ArrayLike | None = None, seed: int = 0
) -> Iterator[tuple[int, int, Parts]]:
    """Yield outer fold, inner fold and parts: each outer fold judges in turn, each inner one of the rest chooses."""
    groups = np.asarray(groups)
    known = None if labels is None else np.asarray(labels)
    judges = folds_of(groups, outer, labels=known, seed=seed)
    for one in range(outer):
        rest = np.flatnonzero(judges != one)
        chooses = folds_of(groups[rest], inner, labels=None if known is None else known[rest], seed=seed + 1 + one)
        for other in range(inner):
            yield (
                one,
                other,
                Parts(
                    train=rest[chooses != other],
                    validate=rest[chooses == other],
                    test=np.flatnonzero(judges == one),
                ),
            )


def crossed(samples: Sequence[Sample], by: Sequence[str], *, validate: float, test: float, seed: int = 0) -> Parts:
    """Return parts in which nothing of what `by` names occurs twice, such as both tone and camera.

    Each of `by` has its values dealt to the parts with these shares; a sample stays only where all its values fell to
    one part, so most are left out. Raises UsageError where a part would be empty.
    """
    fell = []
    for place, name in enumerate(by):
        values = groups_of(samples, [name])
        alone = np.unique(values)
        fell.append(dealt(alone, [1 - validate - test, validate, test], seed=seed + place)[values])
    same = np.all(np.array(fell) == fell[0], axis=0) if fell else np.zeros(len(samples), bool)
    parts = Parts(**{name: np.flatnonzero(same & (fell[0] == place)) for place, name in enumerate(PARTS)})
    for (name, places), share in zip(parts.items(), (1.0, validate, test), strict=True):
        if share and not len(places):
            raise UsageError(f"Split by {', '.join(by)}, the part {name} is empty.", advice="Split by fewer of them.")
    return parts


def read_split(path: Path, samples: Sequence[Sample]) -> Parts:
    """Return the parts that a CSV file with the columns key and part gives to `samples`.

    Keys of other samples are passed over, samples without a line are in no part. Raises InputError for a part that is
    not train, validate or test, for a key with two parts, and where no sample is named.
    """
    said: dict[str, str] = {}
    for row in read_table(path, needs=("key", "part")):
        if row["part"] not in PARTS:
            raise InputError(f"{path.name}: {row['part']!r} is no part.", advice=f"Expected {', '.join(PARTS)}.")
        if said.setdefault(row["key"], row["part"]) != row["part"]:
            raise InputError(f"{path.name} puts {row['key']} into two parts.", advice="Leave one line of it.")
    given = np.array([said.get(str(sample.key), "") for sample in samples], dtype=object)
    if not any(given):
        raise InputError(f"{path.name} names none of the samples.", advice="Expected keys as `write_split` writes.")
    return Parts(**{name: np.flatnonzero(given == name) for name in PARTS})


def write_split(path: Path, samples: Sequence[Sample], parts: Parts) -> None:
    """Write parts as the CSV file that `read_split` reads."""
    rows = [(str(samples[place].key), name) for name, places in parts.items() for place in places]
    write_csv(path, ("key", "part"), rows)


def overlaps(
    samples: Sequence[Sample], parts: Parts, *, by: Sequence[str] = ("subject",), duplicates: Sequence[Duplicate] = ()
) -> tuple[Overlap, ...]:
    """Return what lies in several parts: samples that share one of `by`, and duplicates."""
    part = np.full(len(samples), "", dtype=object)
    for name, places in parts.items():
        part[places] = name
    found: list[tuple[str, list[int]]] = []
    for name in by:
        together: dict[Hashable, list[int]] = defaultdict(list)
        for place in np.flatnonzero(part != "").tolist():
            together[trait_of(samples[place], name)].append(place)
        found += [(f"one {name} ({_named(value)})", held) for value, held in together.items()]
    for pair in duplicates:
        why = "identical files" if pair.identical else f"the same picture (likeness {pair.likeness:.2f})"
        found.append((why, [place for place in (pair.first, pair.second) if part[place]]))
    return tuple(
        Overlap(
            why=why,
            keys={
                name: tuple(str(samples[place].key) for place in held if part[place] == name)
                for name in PARTS
                if name in set(part[held])
            },
        )
        for why, held in found
        if len(set(part[held])) > 1
    )


def check_split(
    samples: Sequence[Sample], parts: Parts, *, by: Sequence[str] = ("subject",), duplicates: Sequence[Duplicate] = ()
) -> None:
    """Refuse a split that parts what belongs together; InputError lists the keys."""
    found = overlaps(samples, parts, by=by, duplicates=duplicates)
    if not found:
        return
    lines = [overlap_words(one) for one in found[:_TOLD]]
    more = f"\nand {len(found) - _TOLD} more." if len(found) > _TOLD else ""
    raise InputError(
        f"The split parts what belongs together, {len(found)} times:\n" + "\n".join(lines) + more,
        advice="\nSplit by what they share, or join them with groups_of(..., duplicates=...).",
    )


def overlap_words(one: Overlap) -> str:
    """Return an overlap in words: why, and the first keys of each part."""
    sides = (
        f"{name} has {', '.join(keys[:3])}{f' and {len(keys) - 3} more' if len(keys) > 3 else ''}"
        for name, keys in one.keys.items()
    )
    return f"{one.why}: {'; '.join(sides)}"


def _named(value: Hashable) -> str:
    return "/".join(str(part) for part in value[1:]) if isinstance(value, tuple) else str(value)


def _loads(groups: Places, labels: ArrayLike) -> NDArray[np.float64]:
    """Return what each group brings: its share of all samples, and of each stratum, (groups, 1 + strata)."""
    strata = _strata(np.asarray(labels))
    counts = np.zeros((int(groups.max()) + 1 if len(groups) else 0, strata.max(initial=0) + 1))
    np.add.at(counts, (groups, strata), 1.0)
    shares = counts / np.maximum(counts.sum(axis=0), 1)
    return np.concatenate([counts.sum(axis=1, keepdims=True) / max(len(groups), 1), shares], axis=1)


def _strata(labels: NDArray[Any]) -> Places:
    """Return the stratum of each label, (n,): its value, or where there are many its fifth; unknown ones are one."""
    if labels.dtype.kind not in "fiub":
        return np.unique(labels.astype(str), return_inverse=True)[1]
    labels = labels.astype(np.float64)
    known = np.isfinite(labels)
    if len(np.unique(labels[known])) > _MOST_STRATA:
        bins = np.searchsorted(np.quantile(labels[known], (0.2, 0.4, 0.6, 0.8)), labels).astype(np.float64)
        labels = np.where(known, bins, np.nan)
    return np.unique(np.where(known, labels, np.inf), return_inverse=True)[1]


def _filled(fell: Places, parts: Places, size: NDArray[np.float64]) -> Places:
    """Return `fell` with no part empty: one without a group gets the smallest of the part that has most."""
    for part in parts:
        if not (fell == part).any():
            richest = np.bincount(fell).argmax()
            members = np.flatnonzero(fell == richest)
            fell[members[size[members].argmin()]] = part
    return fell
