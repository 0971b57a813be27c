"""How results look in a terminal: tables, progress, plain words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from dermis.core import Analysis, Count, Finding, Ordinal, Presence, Quality, Region, Severity
from dermis.report.blocks import notes_of
from dermis.report.formatting import value_words
from dermis.report.verdict import light_words
from dermis.tasks import TASKS

__all__ = ["NOTICE", "print_analysis", "print_person", "print_table", "progress", "status_of"]

NOTICE = "A measuring tool, not a diagnosis: show a doctor what changes, hurts or worries you."

_COLOURS = {Severity.REJECT: "red", Severity.WARN: "yellow", Severity.INFO: "cyan"}


def status_of(analysis: Analysis) -> str:
    """Return the verdict in a word or two."""
    if not analysis.quality.usable:
        return "not usable"
    warned = any(problem.severity is Severity.WARN for problem in analysis.quality.problems)
    return "measured with reservations" if warned else "measured"


def print_analysis(analysis: Analysis, console: Console) -> None:
    """Print the verdict, the problems with their advice, what fixed the light, and a table of findings by region."""
    colour = "green" if analysis.quality.usable else "red"
    console.print(f"[bold]{escape(analysis.name)}[/bold]: [{colour}]{status_of(analysis)}[/{colour}]")
    for problem in analysis.quality.problems:
        tint = _COLOURS[problem.severity]
        console.print(f"  [{tint}]{problem.code}[/{tint}] {escape(problem.message)} {escape(problem.advice)}")
    if analysis.quality.problems:
        _print_usable_for(analysis.quality, console)
    if analysis.findings:
        console.print(f"  light: {escape(light_words(analysis))}")
    for findings in _by_group(analysis.findings):
        _print_findings(findings, console)


def _print_usable_for(quality: Quality, console: Console) -> None:
    told = (
        ("usable for", quality.usable_for),
        ("with reservations", tuple(quality.reservations)),
        ("withheld", tuple(quality.withheld)),
    )
    for words, names in told:
        if names and quality.usable:
            console.print(f"  {words}: {', '.join(names)}")


def print_person(names: Sequence[str], findings: Sequence[Finding], console: Console) -> None:
    """Print what several photos of one person say together."""
    console.print(f"[bold]One person[/bold], from {escape(', '.join(names))}:")
    for group in _by_group(findings):
        _print_findings(group, console)
    for finding in findings:
        if "apart" in finding.detail and finding.region is Region.FACE:  # by how much the photos disagree
            console.print(f"  {escape(' '.join(note.text for note in finding.notes))}")


def _by_group(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Return the findings of tasks that stand together, in the order they come."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(TASKS[finding.task].group if finding.task in TASKS else "", []).append(finding)
    return list(groups.values())


_WIDEST, _LONG_NAME = 1000, 13
"""Columns: wider than any table of findings; names longer than this are set on two lines where there is no room."""


def _print_findings(findings: Sequence[Finding], console: Console) -> None:
    table = _table(findings)
    if Measurement.get(console, console.options.update_width(_WIDEST), table).maximum > console.width:
        table = _table(findings, between="\n")
    console.print(table)
    for finding in findings:
        classes = finding.label or " to ".join(dict.fromkeys((*finding.labels[:1], *finding.labels[-1:])))
        if finding.region is Region.FACE and classes:
            console.print(f"  {finding.task}: {escape(classes)}")
    for note in notes_of(findings):
        if note.urgent:
            console.print(f"  [yellow]{escape(note.text)}[/yellow]")


def _table(findings: Iterable[Finding], between: str = " ") -> Table:
    """One row a region, one column a task: the value, and its interval where that is known.

    between: the value and its interval; a new line where the terminal is too narrow for both.
    """
    by_region: dict[Region, dict[str, Finding]] = {}
    units: dict[str, str] = {}
    for finding in findings:
        by_region.setdefault(finding.region, {})[finding.task] = finding
        units[finding.task] = finding.unit
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1))
    table.add_column("region", no_wrap=True)
    for task, unit in units.items():
        scale = unit.removeprefix(f"{task} ")
        name = task.replace("_", f"_{between}".rstrip(" "), 1) if len(task) > _LONG_NAME else task
        table.add_column(f"{name}\n[dim]{scale}[/dim]", justify="right", overflow="fold")
    for region, found in by_region.items():
        cells = (_cell(found.get(task), between) for task in units)
        table.add_row(region.value, *cells)
    return table


def _cell(finding: Finding | None, between: str) -> str:
    if finding is None:
        return "-"
    scale = TASKS[finding.task].scale if finding.task in TASKS else None
    fine = isinstance(scale, Ordinal | Count)
    value = (
        value_words(finding.value, scale) if isinstance(scale, Presence | Ordinal | Count) else f"{finding.value:.0f}"
    )
    if finding.interval is None:
        return value
    # Both ends: few intervals have their value in the middle.
    low, high = (f"{end:.{1 if fine else 0}f}" for end in finding.interval)
    return f"{value}{between}[dim]{low} to {high}[/dim]"


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of words under their headings."""
    table = Table(box=None, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    Console(highlight=False).print(table)


@contextmanager
def progress(total: int, label: str) -> Iterator[Progress]:
    """Show a bar on stderr while many photos are worked on; silent for one, and where stderr is no terminal."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn(label),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.description}[/dim]"),
        console=console,
        disable=total < 2 or not console.is_terminal,
        transient=True,
    )
    with bar:
        bar.add_task("", total=total)
        yield bar
