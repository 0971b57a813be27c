"""Marked items one by one: a lesion of known type is a sample of its own, a square about its box.

All items of a photo keep its subject, so no split parts them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dermis.core import Item, Label, Photo, Sample
from dermis.errors import InputError
from dermis.inference.lesion_types import HEAD, TYPE_OF, about_box

__all__ = ["items_of"]

_LEAST_SURE = 0.5


def items_of(samples: Sequence[Sample]) -> list[Sample]:
    """Return a sample for each item whose kind is a type of lesion, with the label `lesion_type` and the trait `kind`.

    Left out: items of other kinds, and those of which less than half is in view (their score). Raises InputError where
    nothing remains.
    """
    found = [one for sample in samples for one in _items(sample)]
    if not found:
        known = ", ".join(TYPE_OF)
        raise InputError("No sample has an item with a type of lesion.", advice=f"Kinds that are known: {known}.")
    return found


def _items(sample: Sample) -> Iterator[Sample]:
    for place, item in enumerate(sample.items):
        if item.kind in TYPE_OF and item.score >= _LEAST_SURE:
            yield _alone(sample, place, item)


def _alone(sample: Sample, place: int, item: Item) -> Sample:
    def read() -> Photo:
        photo = sample.read()
        if not isinstance(photo, Photo):
            raise InputError(f"{sample.key} is no photo.", advice="Items are cut from photos.")
        return about_box(photo, item.box)

    return replace(
        sample,
        key=replace(sample.key, view=f"{sample.key.view}:{place}"),
        read=read,
        labels=(Label(task=HEAD, value=float(TYPE_OF[item.kind]), grader="reference"),),
        traits={**sample.traits, "kind": item.kind},
        items=(),
        beside={},
    )
