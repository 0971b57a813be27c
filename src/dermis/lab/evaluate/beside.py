"""A run beside weights that exist: the figures of both on the same samples, and their paired difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dermis.errors import UsageError
from dermis.formats.files import write_text
from dermis.lab.datasets import find_dataset
from dermis.lab.evaluate.acne.contest import lesions_beside
from dermis.lab.evaluate.evaluate import ALL, NEW
from dermis.lab.evaluate.predict import Question, answers_of, known, predict, predict_weights, questions_of, subjects
from dermis.lab.evaluate.predict_pools import face_overlaps, predict_pools, questions_of_pools
from dermis.lab.train.objectives.face_parts import HEAD
from dermis.lab.train.objectives.pooled import gather
from dermis.lab.train.run import Run
from dermis.lab.train.sources import Roots, folder_of_data
from dermis.metrics.bootstrap import Interval
from dermis.metrics.evaluation import BootstrapConfig, paired_tests_of
from dermis.models.weights import Weights, find_weights, open_weights

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["beside_weights"]

_WARNING = "Weights that ship may have learnt from these people, the run has not: then the difference flatters them."


def beside_weights(
    run: Run, name: str, roots: Roots, *, part: str = "test", draws: BootstrapConfig | None = None
) -> str:
    """Return a table of a run, the weights `name` and their paired difference, and write it to the run's evaluation.

    name: of weights that ship, of the user's, or a folder. Judged are the samples of `part`, "all" being every one;
    where the run has none of it, those that it has never seen. Raises UsageError where nothing can be set side by side.
    """
    draws = draws or BootstrapConfig()
    folder = find_weights(name)
    weights = open_weights(folder.name, folder.parent)
    if run.recipe.learner == "lesions":
        lines = [f"# {run.folder.name} beside {weights.name}", ""]
        return _written(run, weights, [*lines, lesions_beside(run, weights, gather(run.recipe, roots), part=part), ""])
    if run.recipe.learner == "samples":
        own, other, questions = _of_samples(run, weights, roots)
    elif run.recipe.learner == "face_parts":
        own, other, questions = _of_parts(run, weights, roots)
    else:
        raise UsageError(
            f"A run of {run.recipe.learner} cannot be set beside weights.",
            advice="Runs on samples, of lesions and of parsers can.",
        )
    own["part"] = own["part"].replace("", NEW)
    wanted = part if (own["part"] == part).any() else NEW
    here = np.ones(len(own), np.bool_) if part == ALL else (own["part"] == wanted).to_numpy()
    lines = [f"# {run.folder.name} beside {weights.name}", ""]
    for question in questions:
        lines += _table(question, own, other, here, (run.folder.name, weights.name), draws)
    if len(lines) == 2:
        raise UsageError(
            f"{run.folder.name} kept nobody aside of {part}.", advice="Train with --set split.test=0.2, or name --data."
        )
    return _written(run, weights, lines)


def _written(run: Run, weights: Weights, lines: Sequence[str]) -> str:
    text = "\n".join([*lines, _WARNING])
    (run.folder / "evaluation").mkdir(exist_ok=True)
    write_text(run.folder / "evaluation" / f"beside-{weights.name}.md", text + "\n")
    return text


_Sides = tuple["pd.DataFrame", "pd.DataFrame", tuple[Question, ...]]


def _of_samples(run: Run, weights: Weights, roots: Roots) -> _Sides:
    root = folder_of_data(run.recipe, roots)
    samples = find_dataset(run.recipe.data.dataset).index(root)
    both = predict(run, samples, root=root), predict_weights(weights, run.recipe, samples, root=root)
    return (*both, questions_of(run.recipe))


def _of_parts(run: Run, weights: Weights, roots: Roots) -> _Sides:
    own, examples = predict_pools(run, gather(run.recipe, roots))
    asked = (own["part"] != "train").to_numpy()
    told = face_overlaps(lambda view: weights.run(view[None])[HEAD][0], examples, asked, weights.shown.size_px)
    return own, own.assign(**told), questions_of_pools(run.recipe)


def _table(
    question: Question,
    own: pd.DataFrame,
    other: pd.DataFrame,
    here: np.ndarray,
    names: tuple[str, str],
    draws: BootstrapConfig,
) -> list[str]:
    judged = here & known(own, question) & known(other, question)
    if not judged.any():
        return []
    groups = subjects(own[judged])
    first, second = (answers_of(table[judged], question) for table in (other, own))
    lines = [f"## {question.name}", "", f"| figure | {names[0]} | {names[1]} | gain of the run |", "|---|---|---|---|"]
    for name, found in paired_tests_of(first, second, groups, draws).items():
        gain = _words(found.gain) if found.gain is not None else ""
        lines.append(f"| {name} | {_words(found.second)} | {_words(found.first)} | {gain} |")
    count, people = int(judged.sum()), len(np.unique(groups))
    return [*lines, "", f"{count} samples of {people} people, {100 * draws.level:g} % intervals over people.", ""]


def _words(one: Interval) -> str:
    return f"{one.value:.4f} [{one.low:.4f}, {one.high:.4f}]"
