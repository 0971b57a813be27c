"""Which samples teach, which choose the epoch, which judge, as the section split of a recipe says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core import Sample
from dermis.errors import UsageError
from dermis.lab.datasets.check import SIDE_PX, Duplicate, PerceptualHash, find_duplicates
from dermis.lab.datasets.splits import (
    Parts,
    check_split,
    crossed,
    folds_of,
    groups_of,
    nested,
    parts_by_share,
    read_split,
    trait_of,
)
from dermis.lab.train.cache import Decoded
from dermis.lab.train.recipe import Split

__all__ = ["Parts", "duplicates_in", "parts_of", "parts_of_patches", "photo_of"]


def parts_of(samples: Sequence[Sample], split: Split, *, duplicates: Sequence[Duplicate] = ()) -> Parts:
    """Return the parts of `samples` that `split` asks for; duplicates are never parted.

    Raises UsageError where there is nothing to teach or to choose with, InputError where a part that a trait or a file
    names parts what belongs together.
    """
    try:
        parts = _parts(samples, split, duplicates)
    except UsageError as error:
        if not duplicates:
            raise
        advice = f"{error.advice} {len(duplicates)} pairs look alike and stay together; see split.duplicates."
        raise UsageError(error.message, advice=advice) from None
    check_split(samples, parts, by=split.by, duplicates=duplicates)
    for name in ("train", "validate"):
        if not len(getattr(parts, name)):
            raise UsageError(f"The split leaves nothing to {name} with.", advice="Check the section split.")
    return parts


def parts_of_patches(patches: Sequence[Sample], split: Split, *, duplicates: Sequence[Duplicate] = ()) -> Parts:
    """Return the parts of patches as their photos fall: a photo counts once, and its patches stay together.

    So a recipe of patches has the folds that a recipe of whole photos has. duplicates: pairs of patches.
    """
    names = [photo_of(str(patch.key)) for patch in patches]
    place = {name: which for which, name in enumerate(dict.fromkeys(names))}
    first = {place[name]: patch for name, patch in zip(reversed(names), reversed(patches), strict=True)}
    photos = [
        replace(first[one], key=replace(first[one].key, view=photo_of(first[one].key.view)))
        for one in range(len(place))
    ]
    pairs = [replace(pair, first=place[names[pair.first]], second=place[names[pair.second]]) for pair in duplicates]
    parts = parts_of(photos, split, duplicates=pairs)
    which = np.array([place[name] for name in names], np.int64)
    return Parts(**{name: np.flatnonzero(np.isin(which, places)) for name, places in parts.items()})


def photo_of(name: str) -> str:
    """Return the key, or the view, of the photo that a patch or an item of this name was cut from."""
    return name.rpartition(":")[0] or name


def duplicates_in(decoded: Decoded, split: Split) -> tuple[Duplicate, ...]:
    """Return the pairs of rows that show the same, as far as `split.duplicates` asks for them."""
    if split.duplicates == "ignore":
        return ()
    alike = split.duplicates == "alike" and decoded.grey is not None
    grey = decoded.grey if alike else np.zeros((len(decoded.sha256), SIDE_PX, SIDE_PX))  # flat ones are like none
    pairs = zip(decoded.sha256, np.asarray(grey, np.float32), strict=True)
    return find_duplicates([PerceptualHash(sha256=sha256, grey=one) for sha256, one in pairs])


def _parts(samples: Sequence[Sample], split: Split, duplicates: Sequence[Duplicate]) -> Parts:
    if split.file:
        return read_split(Path(split.file), samples)
    if split.crossed:
        return crossed(samples, split.by, validate=split.validate, test=split.test, seed=split.seed)
    groups = groups_of(samples, split.by, duplicates=duplicates)
    labels = _labels(samples, split.stratify)
    if split.part:
        return _named(samples, split, groups, labels)
    if not split.folds:
        return parts_by_share(groups, validate=split.validate, test=split.test, labels=labels, seed=split.seed)
    if not (0 <= split.fold < split.folds and 0 <= split.inner_fold < max(split.inner_folds, 1)):
        raise UsageError(f"split.fold = {split.fold} of {split.folds} folds.", advice="Folds count from 0.")
    if split.inner_folds:
        chosen = split.fold * split.inner_folds + split.inner_fold
        every = nested(groups, split.folds, split.inner_folds, labels=labels, seed=split.seed)
        return next(islice(every, chosen, None))[2]
    test = folds_of(groups, split.folds, labels=labels, seed=split.seed) == split.fold
    return _chosen_from(~test, test, groups, labels, split)


def _named(
    samples: Sequence[Sample], split: Split, groups: NDArray[np.int64], labels: NDArray[np.float64] | None
) -> Parts:
    """Return the parts that a trait names: "test", "validate" (or "valid"); all others teach."""
    named = np.array([str(trait_of(sample, split.part)[-1]) for sample in samples])  # type: ignore[index]
    test, validate = named == "test", np.isin(named, ("validate", "valid"))
    if validate.any():
        train = ~test & ~validate
        return Parts(train=np.flatnonzero(train), validate=np.flatnonzero(validate), test=np.flatnonzero(test))
    return _chosen_from(~test, test, groups, labels, split)


def _chosen_from(
    rest: NDArray[np.bool_],
    test: NDArray[np.bool_],
    groups: NDArray[np.int64],
    labels: NDArray[np.float64] | None,
    split: Split,
) -> Parts:
    """Return parts in which `split.validate` of all samples is drawn from `rest`, whole groups."""
    places = np.flatnonzero(rest)
    share = min(split.validate * len(rest) / max(len(places), 1), 0.9)
    known = None if labels is None else labels[places]
    inner = parts_by_share(groups[places], validate=share, test=0.0, labels=known, seed=split.seed + 1)
    return Parts(train=places[inner.train], validate=places[inner.validate], test=np.flatnonzero(test))


def _labels(samples: Sequence[Sample], task: str) -> NDArray[np.float64] | None:
    if not task:
        return None
    said = [[label.value for label in sample.labels if label.task == task] for sample in samples]
    return np.array([np.mean(values) if values else np.nan for values in said], np.float64)
