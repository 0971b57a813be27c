"""Batches: rows gathered ahead of the loop in a thread of their own, in an order that follows from seed and epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from queue import Full, Queue
from threading import Event, Thread
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dermis.train.decoded import Decoded
from dermis.train.recipe import Recipe

__all__ = ["AHEAD", "Batch", "Batches", "ahead", "in_order", "shuffled"]

AHEAD = 3
"""Batches that wait while one is worked on."""

_Given = TypeVar("_Given")
_Item = TypeVar("_Item")
Places = NDArray[np.int64]
Crops = Mapping[int, tuple[slice, slice]]
"""Rows and columns of the square that is shown, by place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some rows as tensors.

    places: (b,) in the decoded arrays. pictures: (b, channels, h, w), uint8 or float16 as decoded, channels last in
    memory. numbers: (b, k). targets: by head.
    """

    places: NDArray[np.int64]
    pictures: Tensor
    numbers: Tensor
    targets: Mapping[str, Tensor]

    def to(self, device: torch.device | str) -> Batch:
        """Return the batch on `device`."""
        return Batch(
            places=self.places,
            pictures=self.pictures.to(device, non_blocking=True),
            numbers=self.numbers.to(device, non_blocking=True),
            targets={name: value.to(device, non_blocking=True) for name, value in self.targets.items()},
        )

    def shown(self, *, channels_last: bool) -> Tensor:
        """Return the pictures as float32 in [0, 1]."""
        scale = 1 / 255 if self.pictures.dtype == torch.uint8 else 1.0
        layout = torch.channels_last if channels_last else torch.contiguous_format
        return self.pictures.to(torch.float32, memory_format=layout).mul_(scale)


class Batches:
    """Batches that are gathered ahead while they are gone through; they can be counted."""

    def __init__(self, decoded: Decoded, rows: list[Places], crops: Crops | None = None) -> None:
        self.decoded, self.rows = decoded, rows
        self.crops = crops or {}

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Batch]:
        return ahead(lambda places: _gather(self.decoded, places, self.crops), self.rows)


def shuffled(
    decoded: Decoded,
    places: Places,
    recipe: Recipe,
    epoch: int,
    *,
    kinds: NDArray[Any] | None = None,
    rank: int = 0,
    world: int = 1,
) -> Batches:
    """Return one epoch of batches in random order, the share of process `rank` of `world` in each.

    kinds: (n,), what kind each row of `decoded` is; rows of every kind are then drawn equally often. Every process
    gets equally many batches; a last batch with less than two samples a process is left out where there are others,
    since nothing can be normalised over it.
    """
    draw = np.random.default_rng((recipe.seed, epoch))
    order = places[draw.permutation(len(places))]
    if kinds is not None:
        order = places[_equally_often(kinds[places], draw)]
    size = recipe.train.batch
    rows = [order[start : start + size] for start in range(0, len(order), size)]
    if len(rows) > 1 and len(rows[-1]) < 2 * world:
        rows.pop()
    side, room = recipe.train.crop_px, decoded.shown.size_px - recipe.train.crop_px + 1
    corners = draw.integers(room, size=(len(decoded.sha256), 2)) if side else ()
    crops = {place: _square(int(top), int(left), side) for place, (top, left) in enumerate(corners)}
    return Batches(decoded, [row[rank::world] for row in rows], crops)


def in_order(decoded: Decoded, places: Places, size: int, *, crop_px: int = 0) -> Batches:
    """Return all batches in the order of `places`; of each picture the middle square of `crop_px`, 0 for all of it."""
    start = (decoded.shown.size_px - crop_px) // 2
    middle = _square(start, start, crop_px)
    crops = {int(place): middle for place in places} if crop_px else None
    return Batches(decoded, [places[start : start + size] for start in range(0, len(places), size)], crops)


def _equally_often(values: NDArray[Any], draw: np.random.Generator) -> Places:
    """Return rows, as many as there are, in which every distinct value comes equally often."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    share = 1 / counts[which] / len(counts)
    return draw.choice(len(values), size=len(values), p=share)


def _gather(decoded: Decoded, places: Places, crops: Crops) -> Batch:
    pictures = torch.from_numpy(_rows(decoded.pictures, places, crops)).permute(0, 3, 1, 2)
    pinned = torch.cuda.is_available()
    return Batch(
        places=places,
        pictures=pictures.pin_memory() if pinned else pictures,
        numbers=torch.from_numpy(decoded.numbers[places]),
        targets={
            name: torch.from_numpy(_rows(held, places, crops if held.ndim > 2 else {}))
            for name, held in decoded.targets.items()
        },
    )


def _rows(held: NDArray[Any], places: Places, crops: Crops) -> NDArray[Any]:
    """Return the rows, each cut to its square where it has one; no more than that is read from disk."""
    if not crops:
        return np.ascontiguousarray(held[places])
    return np.stack([held[(place, *crops[int(place)])] for place in places])


def _square(top: int, left: int, side: int) -> tuple[slice, slice]:
    return slice(top, top + side), slice(left, left + side)


def ahead(make: Callable[[_Given], _Item], given: list[_Given]) -> Iterator[_Item]:
    """Yield make(one) of each, made up to `AHEAD` ahead by a thread that ends with the iteration."""
    waiting: Queue[_Item | BaseException] = Queue(maxsize=AHEAD)
    stop = Event()

    def work() -> None:
        for one in given:
            made: _Item | BaseException
            try:
                made = make(one)
            except BaseException as error:  # noqa: BLE001 -- handed over, and raised where it is waited for
                made = error
            while not stop.is_set():
                try:
                    waiting.put(made, timeout=0.1)
                    break
                except Full:
                    continue
            if stop.is_set() or isinstance(made, BaseException):
                return

    thread = Thread(target=work, name="batches", daemon=True)
    thread.start()
    try:
        for _ in given:
            made = waiting.get()
            if isinstance(made, BaseException):
                raise made
            yield made
    finally:
        stop.set()
        thread.join()
