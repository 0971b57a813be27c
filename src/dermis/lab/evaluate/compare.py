"""Several runs side by side: figures, paired tests, and the page that shows them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dermis.core import Photo
from dermis.errors import DermisError, UsageError
from dermis.formats.files import write_bytes
from dermis.lab.datasets import find_dataset
from dermis.lab.evaluate.predict import Question, answers_of, known, questions_of, subjects, targets
from dermis.lab.evaluate.report import Cell, Drawing, Table, figure_cell, figure_words, markdown_table, value_words
from dermis.lab.train.run import find_run
from dermis.metrics.bootstrap import Interval
from dermis.metrics.evaluation import BootstrapConfig, Comparison, PairedComparison, PairedTest, paired_tests_of
from dermis.metrics.registry import EVALUATION_METRICS, LEADING
from dermis.report.formatting import percent, plain
from dermis.report.page import rendered
from dermis.report.pictures import data_uri, shown, window_of
from dermis.report.plots import HEIGHT_PX, WIDTH_PX, gaps_png, paired_png

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Judged", "compare", "compare_folders", "comparison_markdown", "comparison_page", "read_judged"]

SCHEMA = "dermis.comparison/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A run that was evaluated: its table of samples, which part was judged, what it was asked, facts about it."""

    name: str
    table: pd.DataFrame
    part: str
    questions: tuple[Question, ...]
    facts: Mapping[str, str]


def compare_folders(
    folders: Sequence[Path],
    out: Path,
    *,
    data: Path | None = None,
    tolerance: float = 0.01,
    draws: BootstrapConfig | None = None,
) -> Comparison:
    """Compare evaluated runs, the first with each of the others; write what came out to `out`, and return it.

    data: the dataset, for pictures of the largest gains and losses. tolerance: a smaller difference of errors is a tie.
    Raises UsageError for fewer than two runs, for one that was not evaluated, and where no sample was judged by both.
    """
    if len(folders) < 2:
        raise UsageError("There is nothing to compare.", advice="Name two runs or more.")
    runs = [read_judged(folder) for folder in folders]
    found = compare(runs, tolerance=tolerance, draws=draws)
    photos = {} if data is None else _photos(found, find_run(folders[0]).recipe.data.dataset, data)
    write_comparison(found, out, photos=photos)
    return found


def read_judged(folder: Path) -> Judged:
    """Return what `dermis evaluate` found of the run in `folder`; UsageError where it was not evaluated."""
    import pandas as pd  # late: half a second

    run = find_run(folder)
    held = run.folder / "evaluation"
    if not (held / "metrics.json").is_file():
        raise UsageError(f"{folder} was not evaluated.", advice=f"Run `dermis evaluate {folder} --data DIR` first.")
    said = json.loads((held / "metrics.json").read_text())
    return Judged(
        name=run.folder.name,
        table=pd.read_parquet(held / "samples.parquet"),
        part=str(said["part"]),
        questions=questions_of(run.recipe),
        facts={name: value for name, value in said.items() if isinstance(value, str)},
    )


def compare(runs: Sequence[Judged], *, tolerance: float = 0.01, draws: BootstrapConfig | None = None) -> Comparison:
    """Return the contests of the first run with each of the others, on every question that both were asked."""
    first, *others = _named_apart(runs)
    draws = draws or BootstrapConfig()
    contests = tuple(contest for other in others for contest in _contests(first, other, tolerance, draws))
    if not contests:
        raise UsageError(
            "No sample was judged by both runs on the same question.", advice="Evaluate both on the same test data."
        )
    return Comparison(contests=contests, draws=draws, facts={one.name: one.facts for one in (first, *others)})


def write_comparison(found: Comparison, out: Path, *, photos: Mapping[str, Photo]) -> None:
    """Write the three files of a comparison into the folder `out`; `photos` by key are shown where they are needed."""
    out.mkdir(parents=True, exist_ok=True)
    figures = json.dumps(as_json(found), indent=1, ensure_ascii=False) + "\n"
    write_bytes(out / "comparison.json", figures.encode())
    write_bytes(out / "comparison.md", comparison_markdown(found).encode())
    write_bytes(out / "comparison.html", comparison_page(found, photos).encode())


def as_json(found: Comparison) -> dict[str, Any]:
    """Return a comparison as plain objects; what is not defined is None."""
    return {
        "schema": SCHEMA,
        "runs": {name: dict(facts) for name, facts in found.facts.items()},
        "bootstrap": {**asdict(found.draws), "groups": "subject", "method": "bca"},
        "contests": [_contest_json(one) for one in found.contests],
    }


def _named_apart(runs: Sequence[Judged]) -> list[Judged]:
    """Return the runs, those of one name with a number behind it."""
    seen: dict[str, int] = {}
    apart = []
    for run in runs:
        seen[run.name] = count = seen.get(run.name, 0) + 1
        apart.append(run if count == 1 else replace(run, name=f"{run.name} ({count})"))
    return apart


def _contests(first: Judged, second: Judged, tolerance: float, draws: BootstrapConfig) -> Iterator[PairedComparison]:
    theirs = {question.name: question for question in second.questions}
    for question in first.questions:
        if theirs.get(question.name) == question:
            contest = _contest(first, second, question, tolerance, draws)
            if contest is not None:
                yield contest


def _contest(
    first: Judged, second: Judged, question: Question, tolerance: float, draws: BootstrapConfig
) -> PairedComparison | None:
    one, other = (_judged_rows(run, question) for run in (first, second))
    keys = one.index.intersection(other.index, sort=False)
    one, other = one.reindex(keys), other.reindex(keys)
    same = np.asarray(np.isclose(targets(one, question), targets(other, question)).all(axis=1))
    if not same.any():
        return None
    one, other = one.reindex(keys[same]), other.reindex(keys[same])
    answers = answers_of(one, question), answers_of(other, question)
    groups = subjects(one)
    return PairedComparison(
        question=question.name,
        kind=question.kind,
        unit=question.unit,
        first=first.name,
        second=second.name,
        keys=tuple(one["key"]),
        groups=groups,
        errors=(answers[0].errors, answers[1].errors),
        tolerance=tolerance,
        bouts=paired_tests_of(*answers, groups, draws),
        excluded=_taught_and_judged(first, second) + _taught_and_judged(second, first),
    )


def _judged_rows(run: Judged, question: Question) -> pd.DataFrame:
    """Return the judged rows with a known answer, by key; of a key that stands twice the first."""
    rows = known(run.table, question)
    if run.part != "all":
        rows &= (run.table["part"] == run.part).to_numpy()
    held = run.table[rows].drop_duplicates("key")
    return held.set_index("key", drop=False)


def _taught_and_judged(judge: Judged, pupil: Judged) -> int:
    """Return how many samples one run judged that the other was taught with, or chose its epoch by."""
    judged = set(judge.table.loc[judge.table["part"] == judge.part, "key"])
    taught = set(pupil.table.loc[pupil.table["part"].isin(("train", "validate")), "key"])
    return len(judged & taught)


def _photos(found: Comparison, dataset: str, data: Path) -> dict[str, Photo]:
    """Return the photos of the largest gains and losses that can be read, by key."""
    wanted = {contest.keys[place] for contest in found.contests for side in contest.biggest() for place in side}
    photos = {}
    for sample in find_dataset(dataset).index(data):
        if str(sample.key) in wanted:
            try:
                photo = sample.read()
            except DermisError:
                continue  # its key is shown instead
            if isinstance(photo, Photo):
                photos[str(sample.key)] = photo
    return photos


def _contest_json(one: PairedComparison) -> dict[str, Any]:
    first, ties, second = one.wins
    up, down = one.biggest()
    return {
        "question": one.question,
        "kind": one.kind,
        "unit": one.unit,
        "first": one.first,
        "second": one.second,
        "samples": len(one.keys),
        "subjects": len(np.unique(one.groups)),
        "excluded": one.excluded,
        "tolerance": one.tolerance,
        "nearer": {"first": first, "tie": ties, "second": second},
        "figures": {name: _bout_json(bout) for name, bout in one.bouts.items()},
        "largest_gains": [_sample_json(one, place) for place in up],
        "largest_losses": [_sample_json(one, place) for place in down],
    }


def _sample_json(one: PairedComparison, place: int) -> dict[str, Any]:
    return {"key": one.keys[place], "first": float(one.errors[0][place]), "second": float(one.errors[1][place])}


def _bout_json(bout: PairedTest) -> dict[str, Any]:
    return {
        "first": _interval_json(bout.first),
        "second": _interval_json(bout.second),
        "gain": None if bout.gain is None else _interval_json(bout.gain),
        "winner": bout.winner,
    }


def _interval_json(one: Interval) -> dict[str, float | None]:
    return {end: value if math.isfinite(value := getattr(one, end)) else None for end in ("value", "low", "high")}


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


def _section(one: PairedComparison, photos: Mapping[str, Photo], *, drawn: bool) -> Section:
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


def _verdict(one: PairedComparison) -> tuple[str, str, str]:
    name = LEADING[one.kind][0]
    figure, bout = EVALUATION_METRICS[one.kind][name], one.bouts[name]
    first, ties, second = one.wins
    lead = (
        f"{figure.title}: {figure_words(bout.second, figure)} against {figure_words(bout.first, figure)}, "
        f"on {len(one.keys)} samples of {len(np.unique(one.groups))} subjects that both judged. "
        f"{one.second} is nearer on {second} ({percent(second / len(one.keys))}), {one.first} on {first}, {ties} ties."
    )
    if one.excluded:
        lead += f" {one.excluded} samples that one of them was taught with are left out."
    match bout.winner:
        case "second":
            return "good", f"{one.second} wins", lead
        case "first":
            return "bad", f"{one.first} wins", lead
        case _:
            return "warn", "No winner", lead


def _figures(one: PairedComparison) -> Table:
    rows = []
    for name, bout in one.bouts.items():
        figure = EVALUATION_METRICS[one.kind][name]
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


def _winner(one: PairedComparison, bout: PairedTest) -> str:
    return {"first": one.first, "second": one.second}.get(bout.winner, "–")


def _drawings(one: PairedComparison) -> tuple[Drawing, ...]:
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
            uri=data_uri("png", paired_png(*one.errors, one.first, one.second)),
        ),
    )


def _case(one: PairedComparison, place: int, photos: Mapping[str, Photo]) -> Case:
    key = one.keys[place]
    first, second = (value_words(float(errors[place]), "target") for errors in one.errors)
    return Case(key=key, first=first, second=second, uri=_picture(photos.get(key)))


def _picture(photo: Photo | None) -> str:
    from dermis.formats.images.masks import encode_jpeg  # late: with it comes the image library

    if photo is None:
        return ""
    pixels = shown(photo, window_of(photo, None), PICTURE_LONG_SIDE_PX)
    return data_uri("jpeg", encode_jpeg(pixels, quality=80))
