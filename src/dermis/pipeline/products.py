"""What tasks need, computed once a photo and by name: the skin, its chromophores, its lesions, a network's answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from dermis.core import Face, Photo, Skin, Task
from dermis.errors import ModelMissing
from dermis.models.weights import WEIGHTS, open_weights
from dermis.tasks import TASKS
from dermis.tasks.acne.assign import place_lesions
from dermis.tasks.acne.detect import NAME as LESION_NETWORK
from dermis.tasks.acne.detect import find_lesions
from dermis.tasks.pigments import unmix

__all__ = ["OUTPUT", "PRODUCTS", "Source", "compute", "need", "offered", "why_not"]

OUTPUT = "output:"
"""Before the name of a network: its answers for the photo, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What products are computed from. own_area: the user drew the mask."""

    photo: Photo
    face: Face
    skin: Skin
    own_area: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """How a product is computed, and the network of ours that it needs, "" for none."""

    compute: Callable[[Source], object]
    network: str = ""


PRODUCTS: Mapping[str, Product] = {
    "skin": Product(compute=lambda source: source.skin),
    "chromophores": Product(compute=lambda source: unmix(source.skin.linear)),
    "lesions": Product(
        compute=lambda source: place_lesions(
            find_lesions(source.photo, source.face), source.face, source.skin, own_area=source.own_area
        ),
        network=LESION_NETWORK,
    ),
}
"""Every product by the name that `Task.needs` gives it; `output:NAME` is understood beside them."""


def compute(name: str, source: Source) -> object:
    """Return a product. Raises ModelMissing where its network is not here, KeyError for a name that nothing has."""
    if name.startswith(OUTPUT):
        return open_weights(name.removeprefix(OUTPUT)).ask(source.photo)
    return PRODUCTS[name].compute(source)


def why_not(task: Task) -> str:
    """Return why a task cannot be asked here, "" where it can."""
    for name in task.needs:
        network = name.removeprefix(OUTPUT) if name.startswith(OUTPUT) else PRODUCTS[name].network
        if network and not (WEIGHTS / network / "meta.json").is_file():
            return f"the network {network!r} is not installed"
    return ""


def offered() -> tuple[Task, ...]:
    """Return the tasks that can be asked here, in the order of a report."""
    return tuple(task for task in TASKS.values() if not why_not(task))


def need(tasks: Iterable[Task]) -> None:
    """Refuse tasks that cannot be asked here; ModelMissing says why."""
    for task in tasks:
        reason = why_not(task)
        if reason:
            raise ModelMissing(
                f"The task {task.name!r} cannot be asked: {reason}.",
                advice="Install dermis with the weights it ships, or leave the task out with --tasks.",
            )
