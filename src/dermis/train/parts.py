"""Which samples teach, which choose the epoch, which judge: what belongs together is never parted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core import Sample
from dermis.errors import UsageError
from dermis.train.recipe import Split

__all__ = ["Parts", "parts_of"]

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Places of samples in their list, increasing; each at most once."""

    train: Places
    validate: Places
    test: Places


def parts_of(samples: Sequence[Sample], split: Split) -> Parts:
    """Return the parts of `samples` that `split` asks for.

    Samples that share one of the things in `split.by` are one group. With `split.part` the trait names the part;
    where it names nothing to validate with, groups of the rest are drawn for it.
    Raises UsageError where a part would be empty or a trait is missing.
    """
    groups = _groups(samples, split.by)
    rng = np.random.default_rng(split.seed)
    if split.part:
        named = np.array([_trait(sample, split.part) for sample in samples])
        test, validate = named == "test", named == "validate"
        if not validate.any():
            validate = _drawn(groups, ~test, split.validate, rng)
    else:
        test = _fold(groups, split, rng) if split.folds else _drawn(groups, np.ones(len(groups), bool), split.test, rng)
        validate = _drawn(groups, ~test, split.validate * len(groups) / max((~test).sum(), 1), rng)
    parts = Parts(train=_places(~test & ~validate), validate=_places(validate), test=_places(test))
    for name in ("train", "validate"):
        if not len(getattr(parts, name)):
            raise UsageError(f"The split leaves nothing to {name} with.", advice="Check the section split.")
    return parts


def _groups(samples: Sequence[Sample], by: Sequence[str]) -> Places:
    """Return each sample's group, numbered: samples that share any of `by` belong together, also by way of others."""
    parent = list(range(len(samples)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    first: dict[tuple[str, str], int] = {}
    for place, sample in enumerate(samples):
        for what in by:
            parent[root(place)] = root(first.setdefault((what, _trait(sample, what)), place))
    roots = [root(place) for place in range(len(samples))]
    return np.unique(roots, return_inverse=True)[1]


def _trait(sample: Sample, name: str) -> str:
    key = sample.key
    if name == "subject":
        return f"{key.dataset}/{key.subject}"
    if name == "visit":
        return f"{key.dataset}/{key.subject}/{key.visit}"
    if name not in sample.traits:
        raise UsageError(f"split: the samples have no trait {name!r}.", advice=f"Such as: {', '.join(sample.traits)}.")
    return str(sample.traits[name])


def _drawn(groups: Places, among: NDArray[np.bool_], share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw whole groups until about `share` of the samples in `among` is reached."""
    wanted = share * among.sum()
    taken = np.zeros(len(groups), bool)
    for group in rng.permutation(np.unique(groups[among])):
        if taken.sum() >= wanted - 0.5:
            break
        taken |= (groups == group) & among
    return taken


def _fold(groups: Places, split: Split, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Deal groups into folds of about equal size, the largest first; return the asked one."""
    if not 0 <= split.fold < split.folds:
        raise UsageError(f"split.fold = {split.fold} of {split.folds} folds.", advice="Folds count from 0.")
    sizes = np.bincount(groups)
    order = sorted(rng.permutation(len(sizes)), key=lambda group: -sizes[group])
    load = np.zeros(split.folds, int)
    where = np.zeros(len(sizes), int)
    for group in order:
        where[group] = load.argmin()
        load[where[group]] += sizes[group]
    return np.asarray(where[groups] == split.fold)


def _places(mask: NDArray[np.bool_]) -> Places:
    return np.flatnonzero(mask).astype(np.int64)
