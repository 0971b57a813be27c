"""Weights of the user's own as tasks: their answers stand beside ours in JSON and report, with their card."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Analysis, Count, Finding, Measure, Ordinal, Presence, Region, TableBlock, Task, TextBlock
from dermis.core.task import Scale
from dermis.errors import UsageError
from dermis.models.weights import find_weights
from dermis.tasks import TASKS

__all__ = ["foreign_tasks", "known_tasks", "with_foreign"]

_LIMITS = re.compile(r"^## Limits\n+(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)


def with_foreign(tasks: Iterable[Task], words: Iterable[str]) -> tuple[Task, ...]:
    """Return `tasks` and those of the user's weights.

    words: names or folders of weights; TASK=NAME puts the answer of the weights NAME in the place of our task TASK.
    Raises ModelMissing for weights that are not here, UsageError for those whose answers are no numbers of a face.
    """
    found = {task.name: task for task in tasks}
    for word in words:
        place, equals, name = word.rpartition("=")
        if equals and place not in TASKS:
            raise UsageError(f"No task is called {place!r}.", advice=f"There are: {', '.join(TASKS)}.")
        for task in foreign_tasks(name, place=place):
            found[task.name] = task
    return tuple(found.values())


def known_tasks(analysis: Analysis) -> Mapping[str, Task]:
    """Return the records of our tasks, and of the foreign ones that answered in an analysis."""
    strange = {finding.model for finding in analysis.findings if finding.task not in TASKS}
    return {**TASKS, **{task.name: task for name in sorted(strange) for task in foreign_tasks(name)}}


def foreign_tasks(name: str, *, place: str = "") -> tuple[Task, ...]:
    """Return a task for each answer of the weights `name`; see `with_foreign`."""
    folder = find_weights(name)
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    heads = {key: held for key, held in meta["answers"].items() if held["kind"] in _SCALES and len(held["names"]) == 1}
    if not heads or not (folder / "model.onnx").is_file():
        raise UsageError(
            f"The weights {name!r} answer no question of a face.",
            advice="Those that `dermis train` made with a head of numbers, grades or presence do.",
        )
    if place and len(heads) != 1:
        raise UsageError(f"The weights {name!r} have {len(heads)} answers.", advice=f"Name them alone: --with {name}.")
    card = (folder / "card.md").read_text(encoding="utf-8")
    limits = _LIMITS.search(card)
    text = f"Foreign weights. {meta.get('about', '')} {' '.join(limits[1].split()) if limits else ''}"
    return tuple(
        _task(name, key, held, meta, text.strip(), place, alone=len(heads) == 1) for key, held in heads.items()
    )


def _task(
    name: str, key: str, held: Mapping[str, Any], meta: Mapping[str, Any], text: str, place: str, *, alone: bool
) -> Task:
    own = Path(name).name  # weights may be named by their folder
    called = place or (own if alone else f"{own}.{key}")
    shares = meta["answers"].get(f"{key}_shares")
    return Task(
        name=called,
        title=TASKS[place].title if place else f"{key.replace('_', ' ')} ({own})",
        question=str(meta.get("about", "")) or key,
        scale=_SCALES[held["kind"]](held, shares),
        regions=(Region.FACE,),
        metrics=(),
        reference=f"recipe {meta.get('recipe', '')}",
        measure=partial(_measure, task=called, key=key, unit=str(held["unit"]), model=name),
        needs=(f"output:{name}",),
        section=(TableBlock(), TextBlock(text=text)),
    )


def _measure(
    output: Mapping[str, NDArray[np.float32]], *, task: str, key: str, unit: str, model: str
) -> tuple[Finding, ...]:
    detail: dict[str, object] = {"weights": "foreign"}
    if f"{key}_shares" in output:
        detail["shares"] = [round(float(share), 4) for share in np.ravel(output[f"{key}_shares"])]
    value = float(np.ravel(output[key])[0])
    return (Finding(task=task, region=Region.FACE, value=value, unit=unit, model=model, detail=detail),)


def _ordinal(held: Mapping[str, Any], shares: Mapping[str, Any] | None) -> Scale:
    grades = [float(name) for name in shares["names"]] if shares else [0.0, 1.0]
    return Ordinal(lowest=grades[0], highest=grades[-1], step=grades[1] - grades[0])


_SCALES: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any] | None], Scale]] = {
    "ordinal": _ordinal,
    "measure": lambda held, shares: Measure(unit=str(held["unit"]), low=0.0, high=1.0),
    "count": lambda held, shares: Count(unit=str(held["unit"])),
    "presence": lambda held, shares: Presence(),
}
