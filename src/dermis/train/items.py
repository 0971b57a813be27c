"""Marked items one by one: a lesion of known type is a sample of its own, a square about its box.

All items of a photo keep its subject, so no split parts them. Some box tightly and some with room, people as well as
networks and drawn truths, so each item is shown with a room of its own, drawn by its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from zlib import crc32

from dermis.core import Item, Label, Photo, Sample
from dermis.errors import InputError
from dermis.inference.lesion_types import HEAD, TYPE_OF, about_box

__all__ = ["items_of"]

_LEAST_SURE = 0.5
_PHOTOS = 4
_ROOM = (0.9, 2.4)


def items_of(samples: Sequence[Sample]) -> list[Sample]:
    """Return a sample for each item whose kind is a type of lesion, with the label `lesion_type` and the trait `kind`.

    What is such an item already stays as it is. Left out: items of other kinds, and those of which less than half is in
    view (their score). Raises InputError where nothing remains.
    """
    # Items of one photo are read one after the other, by a few threads: its photo is decoded once, not for each.
    photo_of = lru_cache(maxsize=_PHOTOS)(lambda place: _photo(samples[place]))
    found = [one for place, sample in enumerate(samples) for one in _items(sample, partial(photo_of, place))]
    if not found:
        known = ", ".join(TYPE_OF)
        raise InputError("No sample has an item with a type of lesion.", advice=f"Kinds that are known: {known}.")
    return found


def _photo(sample: Sample) -> Photo:
    photo = sample.read()
    if not isinstance(photo, Photo):
        raise InputError(f"{sample.key} is no photo.", advice="Items are cut from photos.")
    return photo


def _items(sample: Sample, photo: Callable[[], Photo]) -> Iterator[Sample]:
    if any(label.task == HEAD for label in sample.labels):
        yield sample
        return
    for place, item in enumerate(sample.items):
        if item.kind in TYPE_OF and item.score >= _LEAST_SURE:
            yield _alone(sample, place, item, photo)


def _alone(sample: Sample, place: int, item: Item, photo: Callable[[], Photo]) -> Sample:
    key = replace(sample.key, view=f"{sample.key.view}:{place}")
    low, high = _ROOM
    room = low * (high / low) ** (crc32(str(key).encode()) / 2**32)
    return replace(
        sample,
        key=key,
        read=lambda: about_box(photo(), item.box, room),
        labels=(Label(task=HEAD, value=float(TYPE_OF[item.kind]), grader="reference"),),
        traits={**sample.traits, "kind": item.kind},
        items=(),
        beside={},
    )
