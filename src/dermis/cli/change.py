"""`dermis change`: what changed between two photos of one person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from dermis.cli.models import fetch_with_progress
from dermis.cli.parser import JsonFlag, verb
from dermis.cli.terminal import NOTICE
from dermis.core import Change, ValueChange
from dermis.core.change import NOT_ALIKE, SIDE_BY_SIDE
from dermis.formats.analysis_json import change_object
from dermis.formats.files import make_folder
from dermis.models.registry import MODELS
from dermis.pipeline.analyse import analyse_file
from dermis.pipeline.longitudinal import change_between
from dermis.pipeline.products import need
from dermis.report.change import change_page, verdict_words
from dermis.report.formatting import range_words, value_words
from dermis.report.page import write
from dermis.tasks import TASKS

__all__ = ["change"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOptions:
    """Compare two visits: what changed, and which lesions are new.

    It is said how sure that is: a difference counts from the smallest detectable change on. Photos of the same side of
    the same face are needed.
    """

    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="The photo of the earlier visit.")]
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The same side of the same face, later.")]
    out: Annotated[Path | None, "Write change.html and change.json here.", "DIR"] = None
    json: JsonFlag = False


@verb(ChangeOptions)
def change(options: ChangeOptions) -> None:
    """Analyse both photos, compare, print and write."""
    out = options.out
    wanted = tuple(task for task in TASKS.values() if not task.on_request)
    need(wanted)
    fetch_with_progress([model.name for model in MODELS])
    first, second = (analyse_file(path, tasks=wanted) for path in (options.before, options.after))
    found = change_between(first, second)
    held = change_object(found)
    console = Console(highlight=False)
    if out is not None:
        make_folder(out)
        write(out / "change.json", (json.dumps(held, ensure_ascii=False, indent=1) + "\n").encode())
        write(out / "change.html", change_page(found, first, second).encode())
    if options.json:
        print(json.dumps(held, ensure_ascii=False))
        return
    _print(found, console)
    if out is not None:
        console.print(f"Report: {out / 'change.html'}", soft_wrap=True)
    console.print(f"[dim]{NOTICE}[/dim]")


def _print(change: Change, console: Console) -> None:
    console.print(f"[bold]{escape(change.before)} → {escape(change.after)}[/bold]")
    console.print(f"  lesions {change.count_before:.1f} → {change.count_after:.1f}", end="")
    if change.difference is not None:
        low, high = change.difference
        console.print(f", difference {low:+.1f} to {high:+.1f} ({change.level:.0%} interval)", end="")
    console.print()
    if change.grade_before is not None and change.grade_after is not None:
        console.print(f"  Hayashi grade {change.grade_before:.1f} → {change.grade_after:.1f}")
    for one in change.values:
        if TASKS[one.task].group != "acne" or one.mdc is not None:  # the others are told by the lines of lesions
            console.print(f"  {_words(one)}")
    doubtful = f", {change.doubtful} doubtful" if change.doubtful else ""
    console.print(f"  {len(change.lasting)} lasting, {change.told_gone} gone, {change.told_new} new{doubtful}")
    if change.told_gone or change.told_new:
        console.print(f"  [dim]{SIDE_BY_SIDE}[/dim]")
    if not change.taken_alike:
        console.print(f"  [yellow]{NOT_ALIKE}[/yellow]")
    for word, fates in (("gone", change.gone), ("new", change.new)):
        for fate in fates:
            told = f"{fate.probability:.0%} sure" if fate.elsewhere else "its place cannot be compared"
            box = fate.item.box
            console.print(f"    {word:4} {fate.item.region.value:12} at {box.x_px:.0f},{box.y_px:.0f}: {told}")


def _words(change: ValueChange) -> str:
    task = TASKS[change.task]
    told = f"{task.title} {value_words(change.before, task.scale)} → {value_words(change.after, task.scale)}"
    if change.interval is not None:
        told += f", difference {range_words(change.interval, task.scale)} ({change.level:.0%} interval)"
    if change.mdc is not None:
        told += f", smallest detectable change {value_words(change.mdc, task.scale)}"
    return f"{told}: {verdict_words(change)}"
