"""Subgroups of samples: by camera, set, view, age, skin tone, and by whether training has seen the like."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.tone import ITA_CLASSES, ita_class, ita_deg
from dermis.lab.evaluate.predict import Question, targets

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["seen_in_training", "subgroups_of"]

Kinds = tuple[NDArray[Any], tuple[str, ...]]
"""The kind of each sample, (n,) of text, and the kinds in their order."""

NOT_KNOWN = "not known"
MOST_VALUES = 20
"""A trait with more values is binned where they are numbers, and else parts nothing."""
_BINS = 4


def subgroups_of(table: pd.DataFrame, question: Question) -> dict[str, Kinds]:
    """Return by name what parts the samples of `table`: traits, where they are from, how dark the skin is by its ITA.

    What all samples share, or nearly none, is left out, and what parts them as something before it does.
    """
    columns = _traits(table) | {name: list(table[name]) for name in ("view", "visit", "dataset")}
    found = {name: _kinds(values) for name, values in columns.items()}
    tone = _tone(table, question)
    if tone is not None:
        found["skin tone"] = tone
    kept: dict[str, Kinds] = {}
    seen = {(0,) * len(table)}
    for name, kinds in found.items():
        if kinds is not None and (parting := _parting(kinds[0])) not in seen:
            kept[name] = kinds
            seen.add(parting)
    return kept


def _parting(kinds: NDArray[Any]) -> tuple[int, ...]:
    """Return which samples are of one kind, whatever the kinds are called."""
    first: dict[str, int] = {}
    return tuple(first.setdefault(kind, len(first)) for kind in kinds.tolist())


def seen_in_training(table: pd.DataFrame, part: str) -> dict[str, tuple[int, int]]:
    """Return by trait how many values the samples of `part` have, and how many of them the part train has too."""
    subject = [f"{one}/{other}" for one, other in zip(table["dataset"], table["subject"], strict=True)]
    taught = (table["part"] == "train").to_numpy()
    judged = np.ones(len(table), bool) if part == "all" else (table["part"] == part).to_numpy()
    found = {}
    for name, values in ({"subject": subject} | _traits(table)).items():
        told = np.array([NOT_KNOWN if _missing(value) else str(value) for value in values])
        here = set(told[judged].tolist()) - {NOT_KNOWN}
        if here:
            found[name] = len(here), len(here & set(told[taught].tolist()))
    return found


def _traits(table: pd.DataFrame) -> dict[str, list[Any]]:
    return {str(name).removeprefix("trait."): list(table[name]) for name in table if str(name).startswith("trait.")}


def _kinds(values: Sequence[Any]) -> Kinds | None:
    known = [value for value in values if not _missing(value)]
    distinct = sorted(set(known), key=lambda value: (isinstance(value, str), value))
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in distinct)
    if len(distinct) <= MOST_VALUES:
        names: Mapping[Any, str] = {value: f"{value:g}" if numbers else str(value) for value in distinct}
    elif numbers:
        names = _binned(np.array(distinct, np.float64), np.array(known, np.float64))
    else:
        return None
    kinds = np.array([NOT_KNOWN if _missing(value) else names[value] for value in values])
    return kinds, (*dict.fromkeys(names.values()), NOT_KNOWN)


def _binned(distinct: NDArray[np.float64], known: NDArray[np.float64]) -> dict[Any, str]:
    limits = np.unique(np.quantile(known, np.arange(1, _BINS) / _BINS))
    place = np.searchsorted(limits, distinct, side="right")
    names: dict[Any, str] = {}
    for one in np.unique(place):
        inside = distinct[place == one]
        names |= dict.fromkeys(inside.tolist(), f"{inside[0]:.4g} to {inside[-1]:.4g}")
    return names


def _tone(table: pd.DataFrame, question: Question) -> Kinds | None:
    if "trait.ita_deg" in table:
        angles = table["trait.ita_deg"].to_numpy(np.float64)
    elif question.kind == "colour":
        angles = np.asarray(ita_deg(targets(table, question)))
    else:
        return None
    kinds = np.array([NOT_KNOWN if math.isnan(angle) else ita_class(float(angle)) for angle in angles])
    return kinds, (*(name for name, _ in ITA_CLASSES), NOT_KNOWN)


def _missing(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))
