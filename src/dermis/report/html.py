"""Reports: one self-contained HTML page a photo, and one page over many photos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from dermis.core import Analysis, Task
from dermis.report.acne import acne_of
from dermis.report.files import write
from dermis.report.overview import card_of
from dermis.report.page import rendered
from dermis.report.readings import panels_of, rows_of
from dermis.report.sections import files_of, glance_of, left_out_of, measures_of, verdict_of
from dermis.report.stage import stage_of
from dermis.report.thumbnail import thumbnail_of
from dermis.report.tone import TONE_TASK, tone_of

__all__ = ["write_overview", "write_report"]


def write_report(analysis: Analysis, path: Path, *, tasks: Mapping[str, Task]) -> None:
    """Write the report of one photo as one HTML file that needs no other file and no network.

    tasks: every task by name, in the order of the report; a finding of a task that is not there is shown as a
    plain number. A rejected photo gets its verdict and advice, and no number about the skin.
    """
    write(path, report_page(analysis, tasks).encode())


def report_page(analysis: Analysis, tasks: Mapping[str, Task]) -> str:
    """Return the report of one photo as HTML."""
    usable, skin = analysis.quality.usable, analysis.skin
    panels = panels_of(analysis, tasks)
    rows = rows_of(panels)
    stage = None if analysis.photo is None else stage_of(analysis, analysis.photo, tasks)
    content = {
        "name": analysis.name,
        "light": analysis.reference,
        "care": analysis.care,
        "verdict": verdict_of(analysis.quality, findings=len(panels)),
        "stage": stage,
        "maps": {} if stage is None else {overlay.key: overlay for overlay in stage.overlays if overlay.bar},
        "panels": panels,
        "tone_task": TONE_TASK,
        "tone": tone_of(analysis),
        "acne": acne_of(analysis),
        "rows": rows,
        "left_out": left_out_of(skin) if skin is not None and usable else None,
        "glance": glance_of(analysis) if panels else (),
        "measures": measures_of(analysis.quality) if usable else (),
        "files": files_of(analysis),
        "has_colour": any(row.lab for row in rows),
        "thumbnail": None if analysis.photo is None else thumbnail_of(analysis, analysis.photo),
    }
    return rendered("report.html", content)


def write_overview(
    analyses: Iterable[Analysis],
    path: Path,
    links: Iterable[str],
    *,
    tasks: Mapping[str, Task] | None = None,
) -> None:
    """Write one page over many photos: a card each, with its verdict, its key numbers and its report.

    analyses: taken one at a time, so they need not all be held. links: one an analysis, the way from `path`'s
    folder to its report, as a plain path with slashes. tasks: every task by name, in the order of the cards.
    """
    cards = tuple(card_of(*pair, tasks or {}) for pair in zip(analyses, links, strict=True))
    write(path, rendered("overview.html", {"cards": cards}).encode())
