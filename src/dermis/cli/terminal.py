"""How results look in a terminal: tables, progress, plain words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from dermis.core import Analysis, Finding, Region, Severity

__all__ = ["NOTICE", "print_analysis", "progress", "status_of"]

NOTICE = "A measuring tool, not a diagnosis: show a doctor what changes, hurts or worries you."

_COLOURS = {Severity.REJECT: "red", Severity.WARN: "yellow", Severity.INFO: "cyan"}


def status_of(analysis: Analysis) -> str:
    """Return the verdict in a word or two."""
    if not analysis.quality.usable:
        return "not usable"
    warned = any(problem.severity is Severity.WARN for problem in analysis.quality.problems)
    return "measured with reservations" if warned else "measured"


def print_analysis(analysis: Analysis, console: Console) -> None:
    """Print the verdict, the problems with their advice, and a table of findings by region."""
    colour = "green" if analysis.quality.usable else "red"
    console.print(f"[bold]{escape(analysis.name)}[/bold]: [{colour}]{status_of(analysis)}[/{colour}]")
    for problem in analysis.quality.problems:
        tint = _COLOURS[problem.severity]
        console.print(f"  [{tint}]{problem.code}[/{tint}] {escape(problem.message)} {escape(problem.advice)}")
    if analysis.findings:
        console.print(_table(analysis.findings))


def _table(findings: Iterable[Finding]) -> Table:
    """One row a region, one column a task: the value and half the width of its interval."""
    by_region: dict[Region, dict[str, Finding]] = {}
    units: dict[str, str] = {}
    for finding in findings:
        by_region.setdefault(finding.region, {})[finding.task] = finding
        units[finding.task] = finding.unit
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1))
    table.add_column("region", no_wrap=True)
    for task, unit in units.items():
        scale = unit.removeprefix(f"{task} ")
        table.add_column(f"{task}\n[dim]{scale}[/dim]", justify="right", no_wrap=True)
    table.add_column("tone", no_wrap=True)
    for region, found in by_region.items():
        cells = (_cell(found.get(task)) for task in units)
        label = next((finding.label for finding in found.values() if finding.label), "")
        table.add_row(region.value, *cells, label)
    return table


def _cell(finding: Finding | None) -> str:
    if finding is None:
        return "-"
    if finding.interval is None:
        return f"{finding.value:.0f}"
    low, high = finding.interval
    return f"{finding.value:.0f} [dim]± {(high - low) / 2:.0f}[/dim]"


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
