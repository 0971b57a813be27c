"""HTML pages: the report of one photo, the overview of many."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from dermis.care.note import grouped
from dermis.core import Analysis, Finding, Region, Task
from dermis.formats.files import write_bytes
from dermis.report.blocks import DrawnBlock, drawn_blocks
from dermis.report.formatting import plain
from dermis.report.panels import Panel, panels_of, rows_of
from dermis.report.pictures import data_uri, shown, thumbnail_of, window_of
from dermis.report.verdict import Verdict, excluded_of, files_of, measures_of, summary_of, verdict_of
from dermis.report.viewer import viewer_of

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = [
    "PhotoCard",
    "card_of",
    "notebook_card",
    "rendered",
    "write",
    "write_cards",
    "write_overview",
    "write_report",
]


def rendered(template: str, content: Mapping[str, object], *, script: str = "report.js") -> str:
    """Return the page of a template; everything in `content` is escaped.

    The page's own style and its script (`script` names the file) lie inside it, and its policy admits these two by
    their hash, pictures that are part of the page, and nothing else.
    """
    style, written = _text("style.css"), _text(script)
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(written)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return _environment().get_template(template).render(**content, style=style, script=written, policy=policy)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # late: 0.1 s

    return Environment(
        loader=PackageLoader("dermis.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _text(name: str) -> str:
    return resources.files("dermis.report").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode("utf-8")).digest()).decode("ascii")


def write(path: Path, content: bytes) -> Path:
    """Write a file and return its path; it appears whole or not at all.

    Raises UsageError where it cannot be written.
    """
    return write_bytes(path, content)


PICTURE_LONG_SIDE_PX = 480


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoCard:
    """One photo: its picture, its verdict, its key numbers and the way to its report."""

    name: str
    link: str
    uri: str
    verdict: Verdict
    panels: tuple[Panel, ...]


def card_of(analysis: Analysis, link: str, tasks: Mapping[str, Task]) -> PhotoCard:
    """Return the card of a photo; `link` is a path, whatever characters its folders have."""
    panels = panels_of(analysis, tasks)
    return PhotoCard(
        name=analysis.name,
        link=quote(link),
        uri=_picture(analysis),
        verdict=verdict_of(analysis.quality, findings=len(panels)),
        panels=panels,
    )


def _picture(analysis: Analysis) -> str:
    from dermis.formats.images.masks import encode_jpeg  # late: with it comes the image library

    if analysis.photo is None:
        return ""
    window = window_of(analysis.photo, analysis.face)
    return data_uri("jpeg", encode_jpeg(shown(analysis.photo, window, PICTURE_LONG_SIDE_PX), quality=80))


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
    stage = None if analysis.photo is None else viewer_of(analysis, analysis.photo, tasks)
    content = {
        "name": analysis.name,
        "light": analysis.reference,
        "care": grouped(analysis.care),
        "verdict": verdict_of(analysis.quality, findings=len(panels)),
        "stage": stage,
        "maps": {} if stage is None else {overlay.key: overlay for overlay in stage.overlays if overlay.bar},
        "panels": panels,
        "blocks": _blocks(analysis, panels, tasks),
        "rows": rows,
        "excluded": excluded_of(skin) if skin is not None and usable else None,
        "glance": summary_of(analysis) if panels else (),
        "measures": measures_of(analysis.quality) if usable else (),
        "files": files_of(analysis),
        "has_colour": any(row.lab for row in rows),
        "thumbnail": None if analysis.photo is None else thumbnail_of(analysis, analysis.photo),
    }
    return rendered("report.html", content)


def _blocks(
    analysis: Analysis, panels: Iterable[Panel], tasks: Mapping[str, Task]
) -> dict[str, tuple[DrawnBlock, ...]]:
    """Return the blocks of each panel by its key; a task that is not listed is shown as a table."""
    found = {panel.key: [one for one in analysis.findings if one.task == panel.key] for panel in panels}
    return {
        key: drawn_blocks(tasks[key], findings, analysis) if key in tasks else (DrawnBlock(kind="table"),)
        for key, findings in found.items()
    }


def notebook_card(analysis: Analysis, tasks: Mapping[str, Task]) -> str:
    """Return a picture and a table of an analysis as a piece of HTML, for notebooks."""
    card = card_of(analysis, "", tasks)
    return _environment().get_template("notebook.html").render(card=card)


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
    write_cards([card_of(*pair, tasks or {}) for pair in zip(analyses, links, strict=True)], path)


def write_cards(cards: Sequence[PhotoCard | Mapping[str, object]], path: Path, person: Sequence[Finding] = ()) -> None:
    """Write the overview of cards, as `card_of` gives them or as they were kept (`dataclasses.asdict`).

    person: what all photos say together, where they are of one person.
    """
    together = [(plain(one.task), f"{one.value:.1f} {one.label or one.unit}", one.notes) for one in person
                if one.region is Region.FACE]  # fmt: skip
    write(path, rendered("overview.html", {"cards": tuple(cards), "together": together}).encode())
