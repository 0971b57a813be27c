"""The lesions of a face, where the network that finds them is here; which tasks can be asked without it."""

from __future__ import annotations

from collections.abc import Iterable

from dermis.core import Face, FaceLesions, Photo, Skin, Task
from dermis.errors import ModelMissing
from dermis.models.weights import WEIGHTS
from dermis.tasks import FROM_LESIONS, TASKS
from dermis.tasks.acne.assign import place_lesions
from dermis.tasks.acne.detect import NAME, find_lesions

__all__ = ["NAME", "find_face_lesions", "installed", "need", "offered", "why_not"]


def installed() -> bool:
    """Return whether the network that finds lesions is here."""
    return (WEIGHTS / NAME / "meta.json").is_file()


def why_not(task: Task) -> str:
    """Return why a task cannot be asked here, "" where it can."""
    if task.name not in FROM_LESIONS or installed():
        return ""
    return f"the network {NAME!r} that finds lesions is not installed"


def offered() -> tuple[Task, ...]:
    """Return the tasks that can be asked here, in the order of a report."""
    return tuple(task for task in TASKS.values() if not why_not(task))


def need(tasks: Iterable[Task]) -> None:
    """Refuse tasks that cannot be asked here; ModelMissing says why."""
    for task in tasks:
        reason = why_not(task)
        if reason:
            raise ModelMissing(
                f"The task {task.name!r} cannot be asked: {reason}.", advice=f"Install dermis with weights/{NAME}."
            )


def find_face_lesions(photo: Photo, face: Face, skin: Skin, *, own_area: bool = False) -> FaceLesions:
    """Find the lesions of a face and put them in their places. Raises ModelMissing where the network is not here."""
    return place_lesions(find_lesions(photo, face), face, skin, own_area=own_area)
