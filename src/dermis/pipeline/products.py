"""What tasks need, computed once a photo and by name: skin, pigments, redness, lesions, a network's answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from dermis.core import Face, Lesions, Photo, Skin, Task
from dermis.core.arrays import BoolMap
from dermis.errors import ModelMissing
from dermis.models.weights import find_weights, open_weights
from dermis.settings import read_settings
from dermis.tasks import TASKS
from dermis.tasks.acne.assign import place_lesions
from dermis.tasks.acne.comedones import with_comedones
from dermis.tasks.acne.detect import NAME as LESION_NETWORK
from dermis.tasks.acne.detect import find_lesions
from dermis.tasks.acne.presence import with_presence
from dermis.tasks.pigment_index import skin_pigments
from dermis.tasks.pigmentation.marks import find_marks
from dermis.tasks.redness.redness_map import redness_map
from dermis.tasks.redness.vessel_lines import find_vessels

__all__ = ["OUTPUT", "PRODUCTS", "Source", "begin", "compute", "need", "offered", "side_by_side", "why_not"]

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")

OUTPUT = "output:"
"""Before the name of a network: its answers for the photo, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What products are computed from. own_area: the user drew the mask. lesions: what `begin` began, if anything."""

    photo: Photo
    face: Face
    skin: Skin
    own_area: bool = False
    lesions: Callable[[], Lesions] | None = None

    @property
    def found_lesions(self) -> Lesions:
        """What `begin` began, found now where it was not begun."""
        return find_lesions(self.photo, self.face) if self.lesions is None else self.lesions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """How a product is computed, and the network of ours that it needs, "" for none."""

    compute: Callable[[Source], object]
    network: str = ""


PRODUCTS: Mapping[str, Product] = {
    "skin": Product(compute=lambda source: source.skin),
    "pigments": Product(compute=lambda source: skin_pigments(source.skin)),
    "redness_map": Product(compute=lambda source: redness_map(source.skin, source.face.frame)),
    "fine_vessels": Product(compute=lambda source: find_vessels(source.face, source.skin)),
    "marks": Product(compute=lambda source: find_marks(source.face, source.skin)),
    "lesions": Product(
        compute=lambda source: with_comedones(
            with_presence(
                place_lesions(source.found_lesions, source.face, source.skin, own_area=source.own_area),
                whole=not source.own_area,
            ),
            source.face,
            source.skin,
            own_area=source.own_area,
        ),
        network=LESION_NETWORK,
    ),
}
"""Every product by the name that `Task.needs` gives it; `output:NAME` is understood beside them."""


def compute(name: str, source: Source) -> object:
    """Return a product. Raises ModelMissing where its network is not here, KeyError for a name that nothing has."""
    if name.startswith(OUTPUT):
        folder = find_weights(name.removeprefix(OUTPUT))
        return open_weights(folder.name, folder.parent).ask(source.photo, _skin_on_photo(source))
    return PRODUCTS[name].compute(source)


@contextmanager
def begin(photo: Photo, face: Face, tasks: Iterable[Task]) -> Iterator[Callable[[], Lesions] | None]:
    """Begin what takes longest and needs a face alone, beside whatever is done meanwhile; None on one thread.

    Only where the settings leave more than one, as one photo gains by it.
    """
    if _threads() < 2 or all("lesions" not in task.needs for task in tasks):
        yield None
        return
    from concurrent.futures import ThreadPoolExecutor  # late: 10 ms

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(find_lesions, photo, face).result


def _threads() -> int:
    return read_settings().threads or os.cpu_count() or 1


def side_by_side(make: Callable[[_Item], _Made], items: Iterable[_Item]) -> list[_Made]:
    """Return make(item) of each, in order: on threads where the settings leave more than one, as one photo gains by it.

    While a network runs, arithmetic on pixels does.
    """
    waiting = list(items)
    threads = min(_threads(), len(waiting))
    if threads < 2:
        return [make(item) for item in waiting]
    from concurrent.futures import ThreadPoolExecutor  # late: 10 ms

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(make, waiting))


def _skin_on_photo(source: Source) -> BoolMap:
    """Return the visible skin on the pixels of the photo, (h, w)."""
    frame, photo = source.face.frame, source.photo
    big = np.repeat(np.repeat(source.skin.visible, frame.factor, axis=0), frame.factor, axis=1)
    found = np.zeros((photo.height_px, photo.width_px), np.bool_)
    rows, columns = found[frame.y_px :, frame.x_px :].shape
    height, width = min(rows, big.shape[0]), min(columns, big.shape[1])
    found[frame.y_px : frame.y_px + height, frame.x_px : frame.x_px + width] = big[:height, :width]
    return found


def _here(network: str) -> bool:
    try:
        find_weights(network)
    except ModelMissing:
        return False
    return True


def why_not(task: Task) -> str:
    """Return why a task cannot be asked here, "" where it can."""
    for name in task.needs:
        network = name.removeprefix(OUTPUT) if name.startswith(OUTPUT) else PRODUCTS[name].network
        if network and not _here(network):
            return f"the network {network!r} is not installed"
    return ""


def offered() -> tuple[Task, ...]:
    """Return the tasks that are asked where none is named: all that can be, in the order of a report."""
    return tuple(task for task in TASKS.values() if not task.on_request and not why_not(task))


def need(tasks: Iterable[Task]) -> None:
    """Refuse tasks that cannot be asked here; ModelMissing says why."""
    for task in tasks:
        reason = why_not(task)
        if reason:
            raise ModelMissing(
                f"The task {task.name!r} cannot be asked: {reason}.",
                advice="Install dermis with the weights it ships, or leave the task out with --tasks.",
            )
