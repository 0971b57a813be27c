"""Two runs side by side on the same samples: who is nearer to what is right, how surely, and where.

comparison.html   for people
comparison.md     the figures as tables
comparison.json   all of it for machines
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dermis.core import Photo
from dermis.datasets import find_dataset
from dermis.errors import DermisError, UsageError
from dermis.metrics.bootstrap import Interval
from dermis.metrics.comparison import Bout, Comparison, Contest, bouts_of
from dermis.metrics.evaluation import Draws
from dermis.train.answers import Question, answers_of, known, questions_of, subjects, targets
from dermis.train.run import find_run, write_atomically

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Judged", "compare", "compare_folders", "read_judged"]

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
    draws: Draws | None = None,
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


def compare(runs: Sequence[Judged], *, tolerance: float = 0.01, draws: Draws | None = None) -> Comparison:
    """Return the contests of the first run with each of the others, on every question that both were asked."""
    first, *others = _named_apart(runs)
    draws = draws or Draws()
    contests = tuple(contest for other in others for contest in _contests(first, other, tolerance, draws))
    if not contests:
        raise UsageError(
            "No sample was judged by both runs on the same question.", advice="Evaluate both on the same test data."
        )
    return Comparison(contests=contests, draws=draws, facts={one.name: one.facts for one in (first, *others)})


def write_comparison(found: Comparison, out: Path, *, photos: Mapping[str, Photo]) -> None:
    """Write the three files of a comparison into the folder `out`; `photos` by key are shown where they are needed."""
    from dermis.report.comparison import comparison_markdown, comparison_page  # late: the page machinery

    out.mkdir(parents=True, exist_ok=True)
    figures = json.dumps(as_json(found), indent=1, ensure_ascii=False) + "\n"
    write_atomically(out / "comparison.json", figures.encode())
    write_atomically(out / "comparison.md", comparison_markdown(found).encode())
    write_atomically(out / "comparison.html", comparison_page(found, photos).encode())


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


def _contests(first: Judged, second: Judged, tolerance: float, draws: Draws) -> Iterator[Contest]:
    theirs = {question.name: question for question in second.questions}
    for question in first.questions:
        if theirs.get(question.name) == question:
            contest = _contest(first, second, question, tolerance, draws)
            if contest is not None:
                yield contest


def _contest(first: Judged, second: Judged, question: Question, tolerance: float, draws: Draws) -> Contest | None:
    one, other = (_judged_rows(run, question) for run in (first, second))
    keys = one.index.intersection(other.index, sort=False)
    one, other = one.reindex(keys), other.reindex(keys)
    same = np.asarray(np.isclose(targets(one, question), targets(other, question)).all(axis=1))
    if not same.any():
        return None
    one, other = one.reindex(keys[same]), other.reindex(keys[same])
    answers = answers_of(one, question), answers_of(other, question)
    groups = subjects(one)
    return Contest(
        question=question.name,
        kind=question.kind,
        unit=question.unit,
        first=first.name,
        second=second.name,
        keys=tuple(one["key"]),
        groups=groups,
        errors=(answers[0].errors, answers[1].errors),
        tolerance=tolerance,
        bouts=bouts_of(*answers, groups, draws),
        left_out=_taught_and_judged(first, second) + _taught_and_judged(second, first),
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


def _contest_json(one: Contest) -> dict[str, Any]:
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
        "left_out": one.left_out,
        "tolerance": one.tolerance,
        "nearer": {"first": first, "tie": ties, "second": second},
        "figures": {name: _bout_json(bout) for name, bout in one.bouts.items()},
        "largest_gains": [_sample_json(one, place) for place in up],
        "largest_losses": [_sample_json(one, place) for place in down],
    }


def _sample_json(one: Contest, place: int) -> dict[str, Any]:
    return {"key": one.keys[place], "first": float(one.errors[0][place]), "second": float(one.errors[1][place])}


def _bout_json(bout: Bout) -> dict[str, Any]:
    return {
        "first": _interval_json(bout.first),
        "second": _interval_json(bout.second),
        "gain": None if bout.gain is None else _interval_json(bout.gain),
        "winner": bout.winner,
    }


def _interval_json(one: Interval) -> dict[str, float | None]:
    return {end: value if math.isfinite(value := getattr(one, end)) else None for end in ("value", "low", "high")}
