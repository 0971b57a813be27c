"""An evaluation as a document: a page for people, and tables in Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dermis.metrics.bootstrap import Interval
from dermis.metrics.calibration import Reliability, reliability
from dermis.metrics.evaluation import FEWEST_GROUPS, Evaluation, Slice, SubgroupResult
from dermis.metrics.ordinal import confusion, to_grades
from dermis.metrics.registry import EVALUATION_METRICS, Answers, EvaluationMetric
from dermis.report.formatting import MINUS, number, percent, plain
from dermis.report.page import rendered
from dermis.report.pictures import data_uri
from dermis.report.plots import (
    HEIGHT_PX,
    WIDTH_PX,
    confusion_png,
    coverage_png,
    histogram_png,
    reliability_png,
    scatter_png,
)

__all__ = [
    "Cell",
    "Drawing",
    "Table",
    "evaluation_markdown",
    "evaluation_page",
    "figure_cell",
    "figure_words",
    "markdown_table",
    "value_words",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A picture with its words: title, what it shows, and its address."""

    title: str
    alt: str
    uri: str


class Cell(NamedTuple):
    """Words in a table, and smaller ones below."""

    words: str
    small: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of words: one head for each column, one row a line, a note with its title."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What there is to say about one question."""

    key: str
    title: str
    state: str
    verdict: str
    lead: str
    figures: Table
    slices: tuple[Table, ...]
    drawings: tuple[Drawing, ...]


def evaluation_page(found: Evaluation) -> str:
    """Return the page of an evaluation as HTML."""
    content = {
        "title": found.facts.get("run", "Evaluation"),
        "part": found.part,
        "sections": tuple(_section(one, found.level, drawn=True) for one in found.judgements),
        "facts": tuple((plain(name), value) for name, value in found.facts.items()),
        "baselines": tuple(found.baselines.items()),
        "seen": _seen(found),
        "leaks": found.leaks,
        "width": WIDTH_PX,
        "height": HEIGHT_PX,
    }
    return rendered("evaluation.html", content)


def evaluation_markdown(found: Evaluation) -> str:
    """Return the tables of an evaluation as Markdown."""
    lines = [f"# {found.facts.get('run', 'Evaluation')}", "", f"Judged on the part {found.part}.", ""]
    for one in found.judgements:
        section = _section(one, found.level, drawn=False)
        lines += [f"## {section.title}", "", f"{section.verdict}. {section.lead}", ""]
        for table in (section.figures, *section.slices):
            lines += [f"### {table.title}", "", *markdown_table(table), ""]
    lines += [
        "## What the model has seen",
        "",
        *markdown_table(_seen(found)),
        "",
        *(f"- {one}" for one in found.leaks),
        "",
    ]
    lines += ["## Baselines", "", *(f"- {name}: {words}" for name, words in found.baselines.items()), ""]
    lines += ["## Run", "", *(f"- {plain(name)}: {value}" for name, value in found.facts.items()), ""]
    return "\n".join(lines)


def markdown_table(table: Table) -> Iterator[str]:
    """Yield the lines of a table in Markdown."""
    yield "| " + " | ".join(_escaped(head) for head in table.heads) + " |"
    yield "|" + "---|" * len(table.heads)
    for row in table.rows:
        yield "| " + " | ".join(_escaped(_line(cell)) for cell in row) + " |"
    if table.note:
        yield from ("", table.note)


def figure_cell(interval: Interval | None, figure: EvaluationMetric) -> Cell:
    """Return a figure and below it its interval; a dash where there is none."""
    if interval is None:
        return Cell("–")
    value = value_words(interval.value, figure.unit)
    if not math.isfinite(interval.low):
        return Cell(value)
    return Cell(value, f"{value_words(interval.low, figure.unit)} to {value_words(interval.high, figure.unit)}")


def figure_words(interval: Interval, figure: EvaluationMetric) -> str:
    """Return a figure with its interval: "1.52 (1.31 to 1.80)"."""
    return _line(figure_cell(interval, figure))


def _line(cell: Cell) -> str:
    return f"{cell.words} ({cell.small})" if cell.small else cell.words


def _escaped(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ")


def value_words(value: float, unit: str) -> str:
    """Return a figure in words: a share as a percentage, else a number with three digits or two decimals."""
    if not math.isfinite(value):
        return "–"
    if unit == "share":
        return percent(value) if value >= 0 else f"{MINUS}{percent(-value)}"
    return number(value, 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 3)


def _seen(found: Evaluation) -> Table:
    return Table(
        title="What the model has seen",
        heads=("Trait", f"Values in the part {found.part}", "Of these in training"),
        rows=tuple(
            (Cell(plain(name)), Cell(str(count)), Cell(str(seen))) for name, (count, seen) in found.seen.items()
        ),
        note="A figure says nothing about values that the model was not tried on, and less about those it was taught.",
    )


def _section(one: SubgroupResult, level: float, *, drawn: bool) -> Section:
    state, verdict, lead = _verdict(one)
    return Section(
        key=one.question,
        title=plain(one.question),
        state=state,
        verdict=verdict,
        lead=lead,
        figures=_figures(one, level),
        slices=tuple(_slices(trait, slices, one) for trait, slices in one.slices.items()),
        drawings=tuple(_drawings(one, level)) if drawn else (),
    )


def _verdict(one: SubgroupResult) -> tuple[str, str, str]:
    """Return state, title and words: whether the model is better than every baseline, as far as samples tell."""
    figure = EVALUATION_METRICS[one.kind][one.leading]
    model = figure_words(one.figures["model"][one.leading], figure)
    subjects = len(np.unique(one.groups))
    lead = f"{figure.title} {model}{_unit(one, figure)}, on {len(one.keys)} samples of {subjects} subjects."
    if not one.gains:
        return "warn", "No baseline to compare with", lead
    hardest = min(one.gains, key=lambda name: _or_infinite(one.gains[name].value))
    gain = one.gains[hardest]
    said = f" The best baseline is {hardest}: {figure_words(one.figures[hardest][one.leading], figure)}."
    if gain.low > 0:
        return "good", "Better than every baseline", lead + said
    if gain.value <= 0 or gain.high < 0:
        return "bad", "No better than a baseline", lead + said
    return "warn", "Perhaps better than the baselines", lead + said + " The difference may be chance."


def _or_infinite(value: float) -> float:
    return value if math.isfinite(value) else math.inf


def _unit(one: SubgroupResult, figure: EvaluationMetric) -> str:
    return f" {one.unit}" if figure.unit == "target" and one.unit and one.unit not in figure.title else ""


def _figures(one: SubgroupResult, level: float) -> Table:
    names = list(one.figures["model"])
    rows = []
    for name in names:
        figure = EVALUATION_METRICS[one.kind][name]
        cells = (figure_cell(figures.get(name), figure) for figures in one.figures.values())
        rows.append((Cell(figure.title + _unit_words(one, figure)), *cells))
    drawn = next(iter(one.figures["model"].values()))
    note = "" if math.isnan(drawn.level) else f"With the {percent(drawn.level)} interval, by drawing subjects again."
    if "coverage" in names:
        note += f" Intervals of single answers are meant to hold {percent(level)} of the targets."
    return Table(title="Figures", heads=("", *one.figures), rows=tuple(rows), note=note.strip())


def _unit_words(one: SubgroupResult, figure: EvaluationMetric) -> str:
    unit = _unit(one, figure).strip()
    return f", {unit}" if unit else ""


def _slices(trait: str, slices: Sequence[Slice], one: SubgroupResult) -> Table:
    names = list(dict.fromkeys(name for each in slices for name in each.figures))
    rows = tuple(
        (
            Cell(each.value if each.judged else f"{each.value} *"),
            Cell(f"{each.samples} of {each.groups}"),
            *(figure_cell(each.figures[name], EVALUATION_METRICS[one.kind][name]) for name in names),
        )
        for each in slices
    )
    few = any(not each.judged for each in slices)
    return Table(
        title=f"By {plain(trait).lower()}",
        heads=(plain(trait), "Samples of subjects", *(EVALUATION_METRICS[one.kind][name].title for name in names)),
        rows=rows,
        note=f"* Fewer than {FEWEST_GROUPS} subjects: told, not judged." if few else "",
    )


def _drawings(one: SubgroupResult, level: float) -> Iterator[Drawing]:
    model = one.answers["model"]
    if one.kind == "ordinal":
        yield _confusion(one, model)
    if one.kind not in ("classes", "presence"):
        errors = {name: answers.errors for name, answers in one.answers.items()}
        yield Drawing(
            title="How far off",
            alt=f"Histogram of errors in {one.unit or 'its unit'}, the model's and those of the baselines.",
            uri=_uri(histogram_png(errors, one.unit)),
        )
        for place, name in enumerate(_columns(one.kind)):
            yield Drawing(
                title=f"Predicted against true {name}".strip(),
                alt=f"Scatter of {len(model)} samples: true {name} across, predicted up.",
                uri=_uri(scatter_png(model.target[:, place], model.predicted[:, place], name or one.unit)),
            )
    yield from _sureness(one, model, level)


def _columns(kind: str) -> tuple[str, ...]:
    return ("L*", "a*", "b*") if kind == "colour" else ("",)


def _confusion(one: SubgroupResult, model: Answers) -> Drawing:
    assert model.grades is not None
    counts = confusion(
        to_grades(model.target[:, 0], model.grades), to_grades(model.predicted[:, 0], model.grades), model.grades
    )
    return Drawing(
        title="Confusion of grades",
        alt=f"True grades by predicted grades; {int(np.trace(counts))} of {counts.sum()} on the diagonal, right.",
        uri=_uri(confusion_png(counts, model.grades)),
    )


def _sureness(one: SubgroupResult, model: Answers, level: float) -> Iterator[Drawing]:
    found = _reliability(one, model)
    if found is not None:
        yield Drawing(
            title="As sure as it says",
            alt="Calibration: probability said across, share that came true up; on the line both are equal.",
            uri=_uri(reliability_png(found)),
        )
    if model.level is not None:
        levels = np.linspace(0, 1, 101)
        held = (model.level[:, None] < levels).mean(axis=0)
        yield Drawing(
            title="Intervals that hold what they say",
            alt=f"Level of the intervals across, share of targets inside up; at {percent(level)} it is "
            f"{percent(float((model.level < level).mean()))}.",
            uri=_uri(coverage_png(levels, held, level)),
        )


def _reliability(one: SubgroupResult, model: Answers) -> Reliability | None:
    """Return how often what was said came true; of grades, what was said most likely."""
    if one.kind == "presence":
        return reliability(model.predicted[:, 0].clip(0, 1), model.target[:, 0])
    if one.kind != "ordinal" or model.shares is None or model.grades is None:
        return None
    place = np.searchsorted(model.grades, to_grades(model.target[:, 0], model.grades))
    right = (model.shares.argmax(axis=1) == place).astype(np.float64)
    return reliability(model.shares.max(axis=1).clip(0, 1), right)


def _uri(png: bytes) -> str:
    return data_uri("png", png)
