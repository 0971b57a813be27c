"""What training is shown: samples in batches, lesion crops, patches of a face."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from queue import Full, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, TypeVar
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dermis.core import Box, Detection, Face, Label, Photo, Sample
from dermis.errors import InputError
from dermis.face.detection import DetectedFace, detect_faces
from dermis.face.regions import patch_boxes
from dermis.lab.train.cache import Decoded
from dermis.lab.train.recipe import Recipe
from dermis.tasks.acne.decode import HEAD, TYPE_OF, about_box

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "AHEAD",
    "SIDE",
    "WHOLE",
    "Batch",
    "Batches",
    "PatchScore",
    "ahead",
    "boxes_by_name",
    "in_order",
    "items_of",
    "patches_of",
    "score_patches",
    "shuffled",
]

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


def _alone(sample: Sample, place: int, item: Detection, photo: Callable[[], Photo]) -> Sample:
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


WHOLE = "whole"
SIDE = "side"
_LEAST_PX = 8
_BROWS = 1 / 3  # of the face's height, above which a side view shows mostly hair


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchScore:
    """The score of a photo: the mean over its patches, and the patch that scores highest."""

    mean: float
    most_severe: str


def patches_of(
    samples: Sequence[Sample], find: Callable[[Photo], Face | DetectedFace | None] | None = None
) -> list[Sample]:
    """Return a sample a patch, with the trait `patch` and the patch in the key's view; patches stay as they are."""
    found: list[Sample] = []
    for sample in samples:
        found += [sample] if "patch" in sample.traits else _patches(sample, find or _largest)
    return found


def boxes_by_name(face: Face | DetectedFace | None, photo: Photo) -> dict[str, Box]:
    """Return the patches of a photo in its pixels, by name: regions, else `side`, else `whole`; never none."""
    everything = Box(x_px=0, y_px=0, width_px=photo.width_px, height_px=photo.height_px)
    if face is None or face.box is None:
        return {WHOLE: everything}
    named = {region.value: _on_photo(box, photo) for region, box in patch_boxes(face).items()}
    kept = {name: box for name, box in named.items() if min(box.width_px, box.height_px) >= _LEAST_PX}
    if kept:
        return kept
    top = face.box.y_px + _BROWS * face.box.height_px
    lower = Box(x_px=face.box.x_px, y_px=top, width_px=face.box.width_px, height_px=face.box.height_px * (1 - _BROWS))
    side = _on_photo(lower, photo)
    return {SIDE: side} if min(side.width_px, side.height_px) >= _LEAST_PX else {WHOLE: everything}


def score_patches(table: pd.DataFrame, column: str) -> dict[str, PatchScore]:
    """Return the score of each photo from the answers for its patches.

    table: as `predict` gives it for samples of `patches_of`. column: of the answer, such as "predicted.acne_grade".
    """
    photo = table["key"].str.rsplit(":", n=1).str[0]
    scores = {}
    for key, rows in table.groupby(photo, sort=False):
        values = rows[column].to_numpy(float)
        names = rows["trait.patch"].to_numpy(object)
        scores[str(key)] = PatchScore(mean=float(values.mean()), most_severe=str(names[int(np.argmax(values))]))
    return scores


def _largest(photo: Photo) -> DetectedFace | None:
    return next(iter(detect_faces(photo)), None)


def _patches(sample: Sample, find: Callable[[Photo], Face | DetectedFace | None]) -> list[Sample]:
    photo = sample.read()
    if not isinstance(photo, Photo):
        raise InputError(f"{sample.key} is no photo.", advice="Patches are cut from photos of faces.")
    return [_cut_out(sample, name, box) for name, box in boxes_by_name(find(photo), photo).items()]


def _cut_out(sample: Sample, name: str, box: Box) -> Sample:
    def read() -> Photo:
        photo = sample.read()
        assert isinstance(photo, Photo)
        left, top = int(box.x_px), int(box.y_px)
        right, bottom = int(box.x_px + box.width_px), int(box.y_px + box.height_px)
        return replace(photo, pixels=photo.pixels[top : max(bottom, top + 1), left : max(right, left + 1)])

    key = replace(sample.key, view=f"{sample.key.view}:{name}")
    return replace(sample, key=key, read=read, traits={**sample.traits, "patch": name}, items=(), beside={})


def _on_photo(box: Box, photo: Photo) -> Box:
    left, top = max(0.0, np.floor(box.x_px)), max(0.0, np.floor(box.y_px))
    right = min(float(photo.width_px), np.ceil(box.x_px + box.width_px))
    bottom = min(float(photo.height_px), np.ceil(box.y_px + box.height_px))
    return Box(x_px=float(left), y_px=float(top), width_px=float(right - left), height_px=float(bottom - top))
