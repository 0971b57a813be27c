"""How good a recipe is: learnt anew without each fold of its people, every person judged once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dermis.core import Sample
from dermis.errors import UsageError
from dermis.formats.files import write_bytes
from dermis.lab.datasets import find_dataset
from dermis.lab.evaluate.baselines import BASELINES
from dermis.lab.evaluate.evaluate import (
    add_answers,
    baselines_of,
    judge,
    with_looks,
    write_evaluation,
)
from dermis.lab.evaluate.graders import GraderRow, graders_markdown, graders_of, grades_by_grader
from dermis.lab.evaluate.predict import Question, predict, questions_of, with_intervals
from dermis.lab.evaluate.predict_pools import pictures_of, predict_pools, questions_of_pools
from dermis.lab.train.cache import decode
from dermis.lab.train.objectives.pooled import gather
from dermis.lab.train.objectives.samples import drawn, train
from dermis.lab.train.recipe import Recipe, recipe_hash
from dermis.lab.train.recipe.check import checked, completed
from dermis.lab.train.recipe.infer import with_scales
from dermis.lab.train.recipe.learners import LEARNERS
from dermis.lab.train.run import Run
from dermis.lab.train.sources import Roots, folder_of, folder_of_data
from dermis.lab.train.split import photo_of
from dermis.lab.train.train import train_recipe
from dermis.metrics.evaluation import BootstrapConfig, Evaluation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["evaluate_folds", "evaluate_pools", "fold_answers", "folds_folder", "judge_folds"]

FOLDS = 5


def evaluate_folds(
    recipe: Recipe, roots: Roots, out: Path, *, folds: int = 0, draws: BootstrapConfig | None = None, show: bool = False
) -> Evaluation:
    """Train `recipe` once for each fold below `out`, judge every person once, write the evaluation and return it.

    folds: how many, by default as the recipe says, else 5. What was trained is not trained again.
    """
    recipe = _whole(recipe, roots)
    if LEARNERS[recipe.learner].closed_form or recipe.learner == "skin_tone":
        raise UsageError(f"{recipe.name} has no people to deal to folds.", advice="Judge its run: dermis evaluate RUN.")
    samples = _drawn_once(recipe, roots)
    runs = _learnt(recipe, samples, roots, out, folds=folds, show=show)
    found, table, rows = judge_folds(recipe, runs, roots, samples, draws=draws or BootstrapConfig())
    folder = folds_folder(recipe, out) / "evaluation"
    write_evaluation(found, table, folder)
    if rows:
        page = (folder / "evaluation.md").read_text(encoding="utf-8") + "\n" + graders_markdown(rows)
        write_bytes(folder / "evaluation.md", page.encode())
    return found


def fold_answers(recipe: Recipe, roots: Roots, out: Path, *, show: bool = False) -> pd.DataFrame:
    """Train `recipe`, of samples of one dataset, once for each fold below `out`; return its answer for every photo.

    A row a photo, by a run that had not seen it; see `dermis.lab.evaluate.predict`. Of patches the mean of the photo's.
    """
    import pandas as pd  # late: half a second

    recipe = _whole(recipe, roots)
    samples, root = _drawn_once(recipe, roots), folder_of_data(recipe, roots)
    runs = _learnt(recipe, samples, roots, out, show=show)
    tables = [_by_photo(predict(run, samples, root=root), recipe) for run in runs]
    return pd.concat([table[table["part"] == "test"] for table in tables], ignore_index=True)


def evaluate_pools(run: Run, roots: Roots, *, draws: BootstrapConfig | None = None) -> Evaluation:
    """Judge a run on pools by the part test that it kept aside, write the evaluation beside it and return it."""
    draws = draws or BootstrapConfig()
    table, examples = predict_pools(run, gather(run.recipe, roots))
    if not (table["part"] == "test").any():
        raise UsageError(
            f"{run.folder.name} kept nobody aside to judge it.",
            advice=f"Judge the recipe: dermis evaluate {run.recipe.name} --folds.",
        )
    questions = questions_of_pools(run.recipe)
    if run.recipe.learner != "skin_tone":
        table = with_looks(table, pictures_of(examples))
    table = with_intervals(table, questions)
    judged = []
    for question in questions:
        said = dict(baselines_of(table, question))
        photographed = [f"photographed.{column}" for column in question.columns]
        if set(photographed) <= set(table):
            said["photographed"] = table[photographed].to_numpy(float)
        judged.append(judge(table, question, said, part="test", draws=draws))
        table = add_answers(table, question, said)
    noted = json.loads((run.folder / "data.json").read_text())
    facts = {
        "run": run.folder.name, "recipe": run.recipe.name, "recipe_hash": recipe_hash(run.recipe),
        "data_fingerprint": noted["fingerprint"],
    }  # fmt: skip
    found = Evaluation(
        judgements=tuple(one for one in judged if one is not None),
        part="test", level=0.9, draws=draws, facts=facts, baselines=BASELINES, seen={},
    )  # fmt: skip
    write_evaluation(found, table, run.folder / "evaluation")
    return found


def folds_folder(recipe: Recipe, out: Path) -> Path:
    """Return the folder below `out` with what the folds of a recipe have found."""
    return out / f"{recipe.name}-folds-{recipe_hash(recipe)}"


def judge_folds(
    recipe: Recipe, runs: Sequence[Run], roots: Roots, samples: Sequence[Sample], *, draws: BootstrapConfig
) -> tuple[Evaluation, pd.DataFrame, list[GraderRow]]:
    """Return the evaluation of the test parts of `runs` together, their table, and the graders beside it.

    samples: what they learnt from, where that is one dataset. A photo's patches are judged as one, by their mean.
    Intervals of single answers and baselines come from each run's own other parts.
    """
    import pandas as pd  # late: half a second

    questions = questions_of(recipe) if LEARNERS[recipe.learner].heads else questions_of_pools(recipe)
    tables, others = [], {question.name: list[Mapping[str, Any]]() for question in questions}
    for run, table in zip(runs, _tables(recipe, runs, roots, samples), strict=True):
        held = with_intervals(table.reset_index(drop=True), questions).assign(run=run.folder.name)
        test = (held["part"] == "test").to_numpy()
        for question in questions:
            said = baselines_of(held, question)
            held = add_answers(held, question, said)
            others[question.name].append({name: values[test] for name, values in said.items()})
        tables.append(held[test])
    table = pd.concat(tables, ignore_index=True)
    judged = []
    for question in questions:
        names = set.intersection(*(set(one) for one in others[question.name]))
        said = {
            name: np.concatenate([one[name] for one in others[question.name]]) for name in BASELINES if name in names
        }
        judged.append(judge(table, question, said, part="test", draws=draws))
    facts = {
        "recipe": recipe.name, "recipe_hash": recipe_hash(recipe), "folds": str(len(runs)),
        "run": ", ".join(run.folder.name for run in runs), "people": str(table["subject"].nunique()),
    }  # fmt: skip
    found = Evaluation(
        judgements=tuple(one for one in judged if one is not None),
        part="test", level=0.9, draws=draws, facts=facts, baselines=BASELINES, seen={},
    )  # fmt: skip
    return found, table, _graders(recipe, roots, table, questions, draws)


def _whole(recipe: Recipe, roots: Roots) -> Recipe:
    if LEARNERS[recipe.learner].heads:
        recipe = with_scales(recipe, find_dataset(recipe.data.dataset).index(folder_of_data(recipe, roots)))
    return checked(completed(recipe))


def _drawn_once(recipe: Recipe, roots: Roots) -> Sequence[Sample]:
    """Return the samples of all folds, cut into patches or items once; nothing for a recipe of pools."""
    if not LEARNERS[recipe.learner].heads:
        return ()
    return drawn(find_dataset(recipe.data.dataset).index(folder_of_data(recipe, roots)), recipe)


def _learnt(
    recipe: Recipe, samples: Sequence[Sample], roots: Roots, out: Path, *, folds: int = 0, show: bool = False
) -> list[Run]:
    count = folds or recipe.split.folds or FOLDS
    each = [replace(recipe, split=replace(recipe.split, folds=count, fold=fold, test=0.0)) for fold in range(count)]
    if not LEARNERS[recipe.learner].heads:
        return [train_recipe(one, roots, out, show=show) for one in each]
    root = folder_of_data(recipe, roots)
    return [train(one, samples, out, root=root, show=show) for one in each]


def _tables(recipe: Recipe, runs: Sequence[Run], roots: Roots, samples: Sequence[Sample]) -> list[pd.DataFrame]:
    """Return the table of each run, with what is seen of the pictures."""
    if not LEARNERS[recipe.learner].heads:
        pools = gather(recipe, roots)
        told = [predict_pools(run, pools) for run in runs]
        return [with_looks(table, pictures_of(examples)) for table, examples in told]
    root = folder_of_data(recipe, roots)
    pictures = decode(samples, recipe, root=root).pictures[..., :3]
    return [_by_photo(with_looks(predict(run, samples, root=root), pictures), recipe) for run in runs]


def _by_photo(table: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Return a row a photo where rows are patches: the mean of their numbers, and the patch that scores highest."""
    if not recipe.data.patches:
        return table
    (first, *_) = recipe.head
    photo = table["key"].map(photo_of)
    worst = table.groupby(photo, sort=False)[f"predicted.{first}"].idxmax()
    numbers = table.select_dtypes("number").groupby(photo, sort=False).mean()
    held = table.loc[worst].assign(
        key=lambda rows: rows["key"].map(photo_of), view=lambda rows: rows["view"].map(photo_of)
    )
    return held.assign(**{str(name): numbers[name].to_numpy() for name in numbers}).reset_index(drop=True)


def _graders(
    recipe: Recipe, roots: Roots, table: pd.DataFrame, questions: Sequence[Question], draws: BootstrapConfig
) -> list[GraderRow]:
    dataset = recipe.data.dataset if LEARNERS[recipe.learner].heads else recipe.pool[next(iter(recipe.pool))].data
    samples: Sequence[Sample] = find_dataset(dataset).index(_folder(recipe, dataset, roots))
    rows: list[GraderRow] = []
    for question in questions:
        rows += graders_of(table, question, grades_by_grader(samples, question.name), draws)
    return rows


def _folder(recipe: Recipe, dataset: str, roots: Roots) -> Path:
    return folder_of_data(recipe, roots) if dataset == recipe.data.dataset else folder_of(dataset, roots)
