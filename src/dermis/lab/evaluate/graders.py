"""Every grader beside the model: against the reference, and against what the other graders agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dermis.core import Sample
from dermis.lab.evaluate.predict import Question, subjects
from dermis.metrics.agreement import cohen_kappa
from dermis.metrics.bootstrap import Interval, bootstrap_all
from dermis.metrics.evaluation import BootstrapConfig
from dermis.metrics.ordinal import to_grades

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GraderRow", "graders_markdown", "graders_of", "grades_by_grader"]

REFERENCE = "reference"
_FEWEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GraderRow:
    """One grader on the samples that both they and somebody else graded; quadratic kappa.

    against: the reference, or "others", the rounded mean of all other graders. better: the model's kappa less theirs.
    """

    grader: str
    against: str
    samples: int
    theirs: Interval
    model: Interval
    better: Interval


def grades_by_grader(samples: Sequence[Sample], task: str) -> dict[str, dict[str, float]]:
    """Return what each grader said, by grader and then by view of the sample."""
    found: dict[str, dict[str, float]] = {}
    for sample in samples:
        for label in sample.labels:
            if label.task == task and label.grader:
                found.setdefault(label.grader, {})[sample.key.view or str(sample.key)] = label.value
    return found


def graders_of(
    table: pd.DataFrame, question: Question, grades: Mapping[str, Mapping[str, float]], draws: BootstrapConfig
) -> list[GraderRow]:
    """Return each grader beside the model on the rows of `table` that are judged.

    grades: as `grades_by_grader` gives them. Nothing for a question without grades, and for graders of few samples.
    """
    if question.kind != "ordinal":
        return []
    model = to_grades(table[f"predicted.{question.name}"].to_numpy(float), question.grades)
    said = {name: np.array([held.get(view, np.nan) for view in table["view"]]) for name, held in grades.items()}
    reference = table[f"target.{question.name}"].to_numpy(float)
    doctors = {name: held for name, held in said.items() if name != REFERENCE}
    groups, rows = subjects(table), []
    for name, theirs in doctors.items():
        others = [held for other, held in doctors.items() if other != name]
        yardsticks = {"reference": reference}
        if others:
            counts = np.isfinite(others).sum(axis=0)
            mean = np.nansum(others, axis=0) / np.where(counts > 0, counts, np.nan)
            yardsticks["others"] = np.where(np.isfinite(mean), to_grades(np.nan_to_num(mean), question.grades), np.nan)
        for against, right in yardsticks.items():
            at = np.flatnonzero(np.isfinite(theirs) & np.isfinite(right))
            if len(at) >= _FEWEST:
                rows.append(_row(name, against, right[at], theirs[at], model[at], groups[at], draws))
    return rows


def _row(
    grader: str,
    against: str,
    right: NDArray[np.float64],
    theirs: NDArray[np.float64],
    model: NDArray[np.float64],
    groups: NDArray[np.str_],
    draws: BootstrapConfig,
) -> GraderRow:
    def figures(at: NDArray[np.int64]) -> list[float]:
        own, other = (cohen_kappa(right[at], said[at], weights="quadratic") for said in (model, theirs))
        return [other, own, own - other]

    found = bootstrap_all(figures, groups, resamples=draws.resamples, method="percentile", seed=draws.seed)
    names = dict(zip(("theirs", "model", "better"), found, strict=True))
    return GraderRow(grader=grader, against=against, samples=len(right), **names)


def graders_markdown(rows: Sequence[GraderRow]) -> str:
    """Return the rows as a section of Markdown; "" where there are none."""
    if not rows:
        return ""
    lines = [
        "## Graders",
        "",
        "Quadratic kappa on the samples that each graded; the consensus is the rounded mean of all other graders.",
        "",
        "| grader | against | samples | grader's kappa | model's kappa | model less grader |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (_words(row.theirs), _words(row.model), _words(row.better))
        lines.append(f"| {row.grader} | {row.against} | {row.samples} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _words(one: Interval) -> str:
    return f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"
