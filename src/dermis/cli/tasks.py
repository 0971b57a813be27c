"""`dermis tasks`: the questions that can be asked of the skin."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from dermis.cli.parser import JsonFlag, verb
from dermis.cli.terminal import print_table
from dermis.pipeline.products import why_not
from dermis.tasks import TASKS

__all__ = ["tasks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """List the questions that can be asked of the skin."""

    json: JsonFlag = False


@verb(Options)
def tasks(options: Options) -> None:
    """Print every task: its name, question, scale and where it comes from."""
    if options.json:
        print(json.dumps([_task_object(name) for name in TASKS], ensure_ascii=False))
        return
    rows = []
    for task in TASKS.values():
        scale = type(task.scale).__name__.lower()
        unit = getattr(task.scale, "unit", "")
        reason = why_not(task)
        question = f"{task.question} Not offered here: {reason}." if reason else task.question
        if task.on_request:
            question += f" Asked where it is named: --tasks {task.group or task.name}."
        rows.append((task.name, question, f"{scale} {unit}".strip(), task.reference))
    print_table(("task", "question", "scale", "from"), rows)


def _task_object(name: str) -> dict[str, object]:
    task = TASKS[name]
    return {
        "name": task.name,
        "title": task.title,
        "question": task.question,
        "scale": {"kind": type(task.scale).__name__.lower(), **asdict(task.scale)},
        "regions": [region.value for region in task.regions],
        "metrics": list(task.metrics),
        "reference": task.reference,
        "offered": not why_not(task),
        "on_request": task.on_request,
        "why_not": why_not(task),
    }
