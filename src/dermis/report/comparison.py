"""A comparison of runs as a document: a page for people, and tables in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dermis.core import Photo
from dermis.metrics.comparison import Bout, Comparison, Contest
from dermis.metrics.figures import FIGURES, LEADING
from dermis.report.evaluation import Cell, Drawing, Table, figure_cell, figure_words, markdown_table, value_words
from dermis.report.frames import window_of
from dermis.report.page import rendered
from dermis.report.pictures import data_uri, shown
from dermis.report.plots import HEIGHT_PX, WIDTH_PX, duel_png, gaps_png
from dermis.report.words import percent, plain

__all__ = ["comparison_markdown", "comparison_page"]

PICTURE_LONG_SIDE_PX = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One sample on which the two differ much: its key, how far off each is, its picture where there is one."""

    key: str
    first: str
    second: str
    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What there is to say about one contest."""

    title: str
    first: str
    second: str
    state: str
    verdict: str
    lead: str
    figures: Table
    drawings: tuple[Drawing, ...]
    better: tuple[Case, ...]
    worse: tuple[Case, ...]


def comparison_page(found: Comparison, photos: Mapping[str, Photo]) -> str:
    """Return the page of a comparison as HTML; `photos` by key stand beside the largest gains and losses."""
    content = {
        "title": " · ".join(found.facts),
        "sections": tuple(_section(one, photos, drawn=True) for one in found.contests),
        "runs": {
            name: tuple((plain(fact), value) for fact, value in facts.items()) for name, facts in found.facts.items()
        },
        "width": WIDTH_PX,
        "height": HEIGHT_PX,
    }
    return rendered("evaluation_comparison.html", content)


def comparison_markdown(found: Comparison) -> str:
    """Return the tables of a comparison as Markdown."""
    lines = ["# Comparison", "", *(f"- {name}" for name in found.facts), ""]
    for one in found.contests:
        section = _section(one, {}, drawn=False)
        lines += [f"## {section.title}: {one.second} against {one.first}", "", f"{section.verdict}. {section.lead}", ""]
        lines += [*markdown_table(section.figures), ""]
        for title, cases in (("Largest gains", section.better), ("Largest losses", section.worse)):
            rows = tuple((Cell(case.key), Cell(case.first), Cell(case.second)) for case in cases)
            if rows:
                table = Table(
                    title=title, heads=("Sample", f"Error of {one.first}", f"Error of {one.second}"), rows=rows
                )
                lines += [f"### {title}", "", *markdown_table(table), ""]
    return "\n".join(lines)


def _section(one: Contest, photos: Mapping[str, Photo], *, drawn: bool) -> Section:
    state, verdict, lead = _verdict(one)
    up, down = one.biggest()
    return Section(
        title=plain(one.question),
        first=one.first,
        second=one.second,
        state=state,
        verdict=verdict,
        lead=lead,
        figures=_figures(one),
        drawings=_drawings(one) if drawn else (),
        better=tuple(_case(one, place, photos) for place in up),
        worse=tuple(_case(one, place, photos) for place in down),
    )


def _verdict(one: Contest) -> tuple[str, str, str]:
    name = LEADING[one.kind][0]
    figure, bout = FIGURES[one.kind][name], one.bouts[name]
    first, ties, second = one.wins
    lead = (
        f"{figure.title}: {figure_words(bout.second, figure)} against {figure_words(bout.first, figure)}, "
        f"on {len(one.keys)} samples of {len(np.unique(one.groups))} subjects that both judged. "
        f"{one.second} is nearer on {second} ({percent(second / len(one.keys))}), {one.first} on {first}, {ties} ties."
    )
    if one.left_out:
        lead += f" {one.left_out} samples that one of them was taught with are left out."
    match bout.winner:
        case "second":
            return "good", f"{one.second} wins", lead
        case "first":
            return "bad", f"{one.first} wins", lead
        case _:
            return "warn", "No winner", lead


def _figures(one: Contest) -> Table:
    rows = []
    for name, bout in one.bouts.items():
        figure = FIGURES[one.kind][name]
        rows.append(
            (
                Cell(figure.title),
                figure_cell(bout.first, figure),
                figure_cell(bout.second, figure),
                figure_cell(bout.gain, figure),
                Cell(_winner(one, bout)),
            )
        )
    return Table(
        title="Figures",
        heads=("Figure", one.first, one.second, "Better by", "Winner"),
        rows=tuple(rows),
        note=f"Better by: how much better {one.second} is, with its interval, drawing the same subjects for both. "
        "There is a winner where the interval leaves out 0.",
    )


def _winner(one: Contest, bout: Bout) -> str:
    return {"first": one.first, "second": one.second}.get(bout.winner, "–")


def _drawings(one: Contest) -> tuple[Drawing, ...]:
    unit = one.unit or "its unit"
    return (
        Drawing(
            title=f"Gains of {one.second}, sample by sample",
            alt=f"Bars: by how much {one.second} is nearer (up) or further off (down), in {unit}, in order.",
            uri=data_uri("png", gaps_png(one.gains, f"Nearer by, {unit}")),
        ),
        Drawing(
            title="Errors of both",
            alt=f"Scatter of {len(one.keys)} samples: error of {one.first} across, of {one.second} up.",
            uri=data_uri("png", duel_png(*one.errors, one.first, one.second)),
        ),
    )


def _case(one: Contest, place: int, photos: Mapping[str, Photo]) -> Case:
    key = one.keys[place]
    first, second = (value_words(float(errors[place]), "target") for errors in one.errors)
    return Case(key=key, first=first, second=second, uri=_picture(photos.get(key)))


def _picture(photo: Photo | None) -> str:
    from dermis.formats.image import encode_jpeg  # late: with it comes the image library

    if photo is None:
        return ""
    pixels = shown(photo, window_of(photo, None), PICTURE_LONG_SIDE_PX)
    return data_uri("jpeg", encode_jpeg(pixels, quality=80))
