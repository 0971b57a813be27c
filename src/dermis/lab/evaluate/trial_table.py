"""The comparison chart of the pigmentation trial: published models as graders, by people they never saw.

Each recipe is learnt without each fold of its people, with the frozen network asked once and small pictures, so that a
processor alone does it in minutes; `SETTINGS` say how. Accuracy is of the seven grouped classes (under 3, 3, 3.5, ...,
over 5), RMSE of the grade. Pair accuracy asks whether two photos are of one class; beside it what always answering
"different" reaches, for a high one says little of the grade.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Sample
from dermis.lab.datasets import find_dataset
from dermis.lab.evaluate.predict import predict
from dermis.lab.train.recipe import Recipe, find_recipe, read_recipe
from dermis.lab.train.run import Run
from dermis.lab.train.sources import Roots, folder_of_data
from dermis.lab.train.train import train_recipe
from dermis.metrics.bootstrap import Interval, bootstrap

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GROUPS", "NAMES", "SETTINGS", "PhotoScores", "chart", "grouped", "pair_accuracy", "patched", "trial_table"]

NAMES = ("pigmentation-floor", "pigmentation-baseline", "pigmentation-threshold", "pigmentation-siamese")
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "pigmentation-floor": (),
    "": (
        "input.size_px=128", "network.frozen_epochs=-1", "augment.flip=0.0", "train.epochs=60", "train.lr=3e-3",
    ),
}  # fmt: skip
"""What is changed of a recipe for the chart; "" for those not named."""
GROUPS = (2.75, 3.25, 3.75, 4.25, 4.75, 5.25)
"""Borders of the seven grouped classes."""
PATCH_WEIGHTS = {"forehead": 0.3, "left_cheek": 0.3, "right_cheek": 0.3, "chin": 0.1}
"""Weights of patches in the grade of a face, as MASI has them; others count a third."""
_TARGET, _SAID = "target.pigmentation_grade", "predicted.pigmentation_grade"

_OF_TRAINING = 80

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoScores:
    """One model of the chart: accuracy by part, errors on people it never saw, pairs. true: against the true grade."""

    name: str
    train: float
    validate: float
    test: float
    rmse: Interval
    true: Interval | None
    pairs: float
    parts: Mapping[str, float]


def trial_table(roots: Roots, runs: Path) -> str:
    """Return the chart as Markdown; what was trained before is not trained again."""
    recipes = [read_recipe(find_recipe(name), SETTINGS.get(name, SETTINGS[""])) for name in NAMES]
    tables = {recipe.name: _fold_tables(recipe, roots, runs) for recipe in recipes}
    samples = find_dataset(recipes[0].data.dataset).index(folder_of_data(recipes[0], roots))
    graders = {label.grader for sample in samples for label in sample.labels} - {"reference"}
    given = {
        str(sample.key): {label.grader: label.value for label in sample.labels if label.grader in graders}
        for sample in samples
    }
    return chart([_scored(name, held) for name, held in tables.items()], _others(tables[NAMES[0]], given))


def chart(models: Sequence[PhotoScores], others: Sequence[str]) -> str:
    """Return the chart of the models as Markdown, and lines about who else graded."""
    lines = [
        "| model | accuracy: training | validation | test | RMSE: graders' mean | true grade | same or different |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in models:
        accuracy = f"{one.train:.1%} | {one.validate:.1%} | {one.test:.1%}"
        true = "-" if one.true is None else _words(one.true)
        lines.append(f"| `{one.name}` | {accuracy} | {_words(one.rmse)} | {true} | {one.pairs:.1%} |")
    lines += ["", *others, ""]
    names = sorted({part for one in models for part in one.parts})
    lines += [f"| RMSE by photos | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for one in models:
        lines.append(f"| `{one.name}` | {' | '.join(f'{one.parts.get(name, np.nan):.2f}' for name in names)} |")
    return "\n".join(lines)


def grouped(grades: Floats) -> NDArray[np.int64]:
    """Return the class of each grade, 0 to 6."""
    return np.searchsorted(np.array(GROUPS), grades)


def pair_accuracy(right: Floats, said: Floats) -> tuple[float, float]:
    """Return how often it is told rightly whether two photos are of one class, and how often they are not."""
    rows, columns = np.triu_indices(len(right), 1)
    true, told = (grouped(grades)[rows] == grouped(grades)[columns] for grades in (right, said))
    return float((true == told).mean()), float((~true).mean())


def patched(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row a photo of a table with a row a patch: the answer is the weighted mean over its patches."""
    if "trait.patch" not in table:
        return table
    weights = table["trait.patch"].map(PATCH_WEIGHTS).fillna(1 / 3)
    photo = table["key"].str.rsplit(":", n=1).str[0]
    total = weights.groupby(photo).transform("sum")
    answer = (table[_SAID] * weights / total).groupby(photo).transform("sum")
    kept = table.assign(**{_SAID: answer, "key": photo})
    return kept.drop_duplicates(["key", "part"]).reset_index(drop=True)


def _fold_tables(recipe: Recipe, roots: Roots, runs: Path) -> list[pd.DataFrame]:
    root = folder_of_data(recipe, roots)
    samples = find_dataset(recipe.data.dataset).index(root)
    found = []
    for fold in range(recipe.split.folds):
        run = train_recipe(replace(recipe, split=replace(recipe.split, fold=fold, test=0.0)), roots, runs)
        found.append(patched(predict(run, _judged(run, samples), root=root)).assign(fold=fold))
    return found


def _judged(run: Run, samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples that are judged: of those that taught only so many as say how well they were learnt."""
    taught = json.loads((run.folder / "data.json").read_text(encoding="utf-8"))["parts"]["train"]
    left_out = set(taught) - set(taught[:: max(1, len(taught) // _OF_TRAINING)])
    return [sample for sample in samples if str(sample.key) not in left_out]


def _scored(name: str, tables: Sequence[pd.DataFrame]) -> PhotoScores:
    import pandas as pd  # late: half a second

    every = pd.concat(tables, ignore_index=True)
    every = every[np.isfinite(every[_TARGET]) & np.isfinite(every[_SAID])]
    hit = grouped(every[_TARGET].to_numpy(float)) == grouped(every[_SAID].to_numpy(float))
    part = every["part"].to_numpy()
    test = every[part == "test"]
    pairs = [pair_accuracy(*_columns(one)) for _, one in test.groupby("fold")]
    return PhotoScores(
        name=name,
        train=float(hit[part == "train"].mean()),
        validate=float(hit[part == "validate"].mean()),
        test=float(hit[part == "test"].mean()),
        rmse=_rmse(*_columns(test), test["subject"]),
        true=_rmse(test["trait.true_grade"].to_numpy(float), _columns(test)[1], test["subject"])
        if "trait.true_grade" in test
        else None,
        pairs=float(np.mean([right for right, _ in pairs])),
        parts=_by_part(test),
    )


def _columns(table: pd.DataFrame) -> tuple[Floats, Floats]:
    return table[_TARGET].to_numpy(float), table[_SAID].to_numpy(float)


def _by_part(test: pd.DataFrame) -> dict[str, float]:
    """Return the RMSE of photos with and without acne and redness, by studio and phone, and by tone."""
    right = test["trait.true_grade" if "trait.true_grade" in test else _TARGET].to_numpy(float)
    off = test[_SAID].to_numpy(float) - right
    slices: dict[str, Any] = {}
    if "trait.profile" in test:
        mixed = test["trait.profile"].to_numpy() == "trial_mixed"
        slices |= {"with acne, redness": mixed, "without": ~mixed}
    if "trait.taken" in test:
        phone = test["trait.taken"].to_numpy() == "phone"
        slices |= {"phone": phone, "studio": ~phone}
    if "trait.ita_deg" in test:
        tone = test["trait.ita_deg"].to_numpy(float)
        for low, high in pairwise((-90, -10, 28, 90)):
            slices[f"ITA {low} to {high}"] = (tone >= low) & (tone < high)
    return {name: float(np.sqrt(np.mean(off[at] ** 2))) for name, at in slices.items() if at.any()}


def _others(tables: Sequence[pd.DataFrame], given: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return lines about trivial answers and about each grader against the mean of the others."""
    import pandas as pd

    test = pd.concat([one[one["part"] == "test"] for one in tables], ignore_index=True)
    right, people = test[_TARGET].to_numpy(float), test["subject"]
    different = np.mean([pair_accuracy(*_columns(one))[1] for _, one in test.groupby("fold")])
    middle = np.concatenate(
        [np.full((one["part"] == "test").sum(), one.loc[one["part"] == "train", _TARGET].median()) for one in tables]
    )
    trivial = _words(_rmse(right, middle, people))
    lines = [
        f"{len(test)} photos of {people.nunique()} people. Always the middle grade: RMSE {trivial}.",
        f'Always "different": {different:.1%} of pairs.',
    ]
    panel = pd.DataFrame([given.get(str(key), {}) for key in test["key"]])
    for name in panel.columns:
        rest = panel.drop(columns=name).mean(axis=1).to_numpy(float)
        known = np.isfinite(rest) & np.isfinite(panel[name].to_numpy(float))
        if known.any() and panel.shape[1] > 1:
            error = _rmse(rest[known], panel[name].to_numpy(float)[known], people[known])
            lines.append(f"{name} against the mean of the others: RMSE {_words(error)}.")
    return lines


def _rmse(right: Floats, said: Floats, people: Any) -> Interval:  # noqa: ANN401 -- a column of pandas
    def figure(at: NDArray[np.int64]) -> float:
        return float(np.sqrt(np.mean((said[at] - right[at]) ** 2)))

    return bootstrap(figure, np.asarray(people), resamples=500, method="percentile")


def _words(one: Interval) -> str:
    return f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"
