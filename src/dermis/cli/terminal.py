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
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("region")
    by_region: dict[Region, dict[str, Finding]] = {}
    tasks: dict[str, str] = {}
    for finding in findings:
        by_region.setdefault(finding.region, {})[finding.task] = finding
        tasks[finding.task] = finding.unit
    for task, unit in tasks.items():
        table.add_column(f"{task}\n[dim]{unit}[/dim]", justify="right")
    for region, found in by_region.items():
        table.add_row(region.value, *(_cell(found.get(task)) for task in tasks))
    return table


def _cell(finding: Finding | None) -> str:
    if finding is None:
        return "-"
    text = f"{finding.value:.1f}"
    if finding.interval is not None:
        text += f" [dim]({finding.interval[0]:.0f} to {finding.interval[1]:.0f})[/dim]"
    return f"{text} {finding.label}".rstrip()


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
