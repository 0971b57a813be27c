"""The comparison chart of the pigmentation trial: published models as graders, by people they never saw.

Each recipe is learnt without each fold of its people, with the frozen network asked once and small pictures, so that a
processor alone does it in minutes; `SETTINGS` say how. Accuracy is of the seven grouped classes (under 3, 3, 3.5, ...,
over 5), RMSE of the grade. Pair accuracy asks whether two photos are of one class; beside it what always answering
"different" reaches, for a high one says little of the grade.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Sample
from dermis.formats.files import write_bytes
from dermis.lab.datasets import find_dataset
from dermis.lab.evaluate.predict import predict
from dermis.lab.evaluate.trial_ours import NAME as OURS
from dermis.lab.evaluate.trial_ours import SAID, TARGET, Others, answers_of_folds, others_of, pixels_of
from dermis.lab.train.objectives.samples import train
from dermis.lab.train.pools import patches_of
from dermis.lab.train.recipe import Recipe, find_recipe, read_recipe
from dermis.lab.train.recipe.check import checked, completed
from dermis.lab.train.recipe.infer import with_scales
from dermis.lab.train.sources import Roots, folder_of_data
from dermis.metrics.bootstrap import Interval, bootstrap
from dermis.report.plots import models_png

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GROUPS", "NAMES", "SETTINGS", "PhotoScores", "chart", "grouped", "pair_accuracy", "patched", "trial_table"]

NAMES = (
    "pigmentation-floor", "pigmentation-baseline", "pigmentation-threshold", "pigmentation-siamese",
    "pigmentation-patches",
)  # fmt: skip
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "pigmentation-floor": ("train.epochs=20",),
    "": (
        "input.size_px=128", "network.frozen_epochs=-1", "augment.flip=0.0", "train.epochs=20", "train.lr=3e-3",
    ),
}  # fmt: skip
"""What is changed of a recipe for the chart; "" for those not named."""
GROUPS = (2.75, 3.25, 3.75, 4.25, 4.75, 5.25)
"""Borders of the seven grouped classes."""
PATCH_WEIGHTS = {"forehead": 0.3, "left_cheek": 0.3, "right_cheek": 0.3, "chin": 0.1}
"""Weights of patches in the grade of a face, as MASI has them; others count a third."""
_TARGET, _SAID = TARGET, SAID
_PLAIN = "trial"
"""The profile of people with neither acne nor redness."""

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
    """Return the chart as Markdown and draw it in `runs`; what was trained before is not trained again."""
    recipes = [read_recipe(find_recipe(name), SETTINGS.get(name, SETTINGS[""])) for name in NAMES]
    root = folder_of_data(recipes[0], roots)
    samples = find_dataset(recipes[0].data.dataset).index(root)
    tables = {recipe.name: _fold_tables(recipe, samples, root, runs) for recipe in recipes}
    keys = [str(sample.key) for sample in samples]
    pixels = dict(zip(keys, pixels_of(samples, runs / f"{OURS}-pixels"), strict=True))
    others = others_of(runs / f"{OURS}-others")
    tables[OURS] = answers_of_folds(pixels, others, tables[NAMES[0]])
    graders = {label.grader for sample in samples for label in sample.labels} - {"reference"}
    given = {
        key: {label.grader: label.value for label in sample.labels if label.grader in graders}
        for key, sample in zip(keys, samples, strict=True)
    }
    models = [_scored(name, held) for name, held in tables.items()]
    write_bytes(runs / "pigmentation-trial.png", chart_png(models, _trivial(tables[OURS]).value))
    apart = answers_of_folds(pixels, others, tables[NAMES[0]], teaches=_PLAIN)
    lines = [*_others(tables[OURS], given), *_apart(apart), _both_photos(tables[OURS]), _in_view(others)]
    return chart(models, lines)


def chart_png(models: Sequence[PhotoScores], trivial: float) -> bytes:
    """Draw the accuracy of each model in training, validation and test, and its RMSE against the graders' mean."""
    names = [one.name.removeprefix("pigmentation-") for one in models]
    accuracy = {"training": [one.train for one in models], "validation": [one.validate for one in models],
                "test": [one.test for one in models]}  # fmt: skip
    errors = [(one.rmse.value, one.rmse.low, one.rmse.high) for one in models]
    return models_png(names, accuracy, errors, trivial)


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


def _fold_tables(recipe: Recipe, samples: Sequence[Sample], root: Path, runs: Path) -> list[pd.DataFrame]:
    """Return what the recipe says of every photo, learnt without each fold."""
    shown = patches_of(samples) if recipe.data.patches else samples
    found = []
    for fold in range(recipe.split.folds):
        own = replace(recipe, split=replace(recipe.split, fold=fold, test=0.0, duplicates="ignore"))
        run = train(checked(completed(with_scales(own, shown))), shown, runs, root=root)
        found.append(patched(predict(run, shown, root=root)).assign(fold=fold))
    return found


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
    people = test["subject"]
    different = np.mean([pair_accuracy(*_columns(one))[1] for _, one in test.groupby("fold")])
    lines = [
        f"{len(test)} photos of {people.nunique()} people. Always the middle grade: RMSE {_words(_trivial(tables))}.",
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


def _trivial(tables: Sequence[pd.DataFrame]) -> Interval:
    """Return the RMSE of always answering the median grade of the people who taught."""
    import pandas as pd

    test = pd.concat([one[one["part"] == "test"] for one in tables], ignore_index=True)
    middle = np.concatenate(
        [np.full((one["part"] == "test").sum(), one.loc[one["part"] == "train", _TARGET].median()) for one in tables]
    )
    return _rmse(test[_TARGET].to_numpy(float), middle, test["subject"])


def _apart(tables: Sequence[pd.DataFrame]) -> list[str]:
    """Return a line about people with acne and redness, where none of those who taught had any."""
    parts = _scored(OURS, tables).parts
    if {"with acne, redness", "without"} - set(parts):
        return []
    return [
        f"`{OURS}` learnt from people without acne and redness: RMSE {parts['without']:.2f} of such people, "
        f"{parts['with acne, redness']:.2f} of those with."
    ]


def _both_photos(tables: Sequence[pd.DataFrame]) -> str:
    """Return a line about the mean of our answers for all photos of a side at a visit, which share its grade."""
    import pandas as pd

    test = pd.concat([one[one["part"] == "test"] for one in tables], ignore_index=True)
    side = test["key"].str.replace(r" \d+$", "", regex=True)
    whole = test.assign(**{SAID: test[SAID].groupby(side).transform("mean")})[~side.duplicated()]
    whole = whole[np.isfinite(whole[SAID]) & np.isfinite(whole[TARGET])]
    panel = _words(_rmse(*_columns(whole), whole["subject"]))
    true = whole["trait.true_grade" if "trait.true_grade" in whole else TARGET].to_numpy(float)
    said = _words(_rmse(true, whole[SAID].to_numpy(float), whole["subject"]))
    return (
        f"The mean of `{OURS}` over the photos of a side at a visit, {len(whole)} sides: RMSE {panel}, "
        f"true grade {said}."
    )


def _in_view(others: Others) -> str:
    off = float(np.sqrt(np.mean((others.seen - others.true) ** 2)))
    return (
        f"True marks in view, weighed by area in the photo, miss the grade of the side by {off:.2f} "
        f"({len(others.true)} other people)."
    )


def _rmse(right: Floats, said: Floats, people: Any) -> Interval:  # noqa: ANN401 -- a column of pandas
    def figure(at: NDArray[np.int64]) -> float:
        return float(np.sqrt(np.mean((said[at] - right[at]) ** 2)))

    return bootstrap(figure, np.asarray(people), resamples=500, method="percentile")


def _words(one: Interval) -> str:
    return f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"
