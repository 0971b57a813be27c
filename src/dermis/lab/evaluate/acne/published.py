"""Published ways of grading acne on the same folds: by person, and by picture, which leaks.

Every photo of ACNE04 is judged once, by a run that had not seen it. All ways learn a head on frozen features of
EfficientNet-Lite0, asked once, so that two cores suffice; `dermis train NAME` teaches them whole, as published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dermis.core import Sample
from dermis.formats.files import make_folder
from dermis.formats.tables import write_csv
from dermis.lab.datasets import find_dataset
from dermis.lab.evaluate.baselines import ridge
from dermis.lab.evaluate.folds import fold_answers
from dermis.lab.evaluate.graders import REFERENCE, grades_by_grader
from dermis.lab.train.cache import kept_in
from dermis.lab.train.recipe import find_recipe, read_recipe, recipe_hash
from dermis.lab.train.recipe.check import checked, completed
from dermis.lab.train.sources import Roots, folder_of
from dermis.metrics.bootstrap import Interval, bootstrap_all
from dermis.metrics.ordinal import accuracy, quadratic_kappa, rmse, to_grades

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["WAYS", "Answers", "Way", "answers_of_way", "published_table", "ridge_answers"]

TASK = "acne_grade"
_GRADES = (0.0, 1.0, 2.0, 3.0)
_DRAWS = 1000
_FROZEN = (
    "network.frozen_epochs=-1", "network.frozen_looks=2", "train.precision=bf16", "train.epochs=40",
    "train.patience=8", "optimiser.name=adamw", "train.lr=1e-3",
)  # fmt: skip
_STILL = ("augment={}", "network.frozen_looks=0")
_PATCHES = (*_FROZEN, "train.epochs=10", "train.patience=3")  # four pictures a photo: as many steps
_RIDGE = (*_FROZEN, *_STILL, "data.patches=false")
_GRADED = (
    "data.dataset=acne04", 'data.graders=["reference"]', "data.parsed=true", "split.stratify=acne_grade",
    'head={acne_grade={kind="ordinal", highest=3.0}}', "train.balance=acne_grade", "input.size_px=320",
)  # fmt: skip
_BY_PERSON = ('split.by=["subject"]', 'split.duplicates="ignore"', "split.folds=5")
_BY_PICTURE = ('split.by=["view"]', 'split.duplicates="ignore"', "split.folds=5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A published way, or the same without its point; settings: laid over the recipe."""

    name: str
    recipe: str
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a way, or a doctor, said of photos: keys (n,), real grades said and right (n,), whose photo it is (n,)."""

    keys: NDArray[np.str_]
    said: NDArray[np.float64]
    right: NDArray[np.float64]
    people: NDArray[np.str_]


WAYS: tuple[Way, ...] = (
    Way(name="linear, whole photo", recipe="acne-floor", settings=("train.precision=bf16",)),
    Way(name="Zhao 2019: patches, rolled", recipe="acne-nestle", settings=_PATCHES),
    Way(name="patches, not rolled", recipe="acne-nestle", settings=(*_PATCHES, *_STILL)),
    Way(name="whole photo, rolled", recipe="acne-nestle", settings=(*_FROZEN, "data.patches=false")),
    Way(name="whole photo, not rolled", recipe="acne-nestle", settings=(*_FROZEN, *_STILL, "data.patches=false")),
    Way(name="Quattrini 2022: skin on black", recipe="acne-quattrini", settings=(*_GRADED, *_FROZEN, *_STILL)),
    Way(
        name="the same crop, nothing masked", recipe="acne-quattrini",
        settings=(*_GRADED, *_FROZEN, *_STILL, "input.background=keep"),
    ),
    Way(name="Wu 2019: label distributions", recipe="acne-ldl", settings=_FROZEN),
    Way(
        name="grades in order, counts as counts", recipe="acne-ldl",
        settings=(*_FROZEN, "loss={}", 'head={acne_grade={kind="ordinal", highest=3.0}, acne_lesions={kind="count"}}'),
    ),
)  # fmt: skip
"""Every row of the table that is learnt, each published way above what it is held against."""


def answers_of_way(way: Way, split: Sequence[str], roots: Roots, out: Path) -> Answers:
    """Return what a way answers for every photo, learnt below `out` fold by fold where that was not done before."""
    recipe = read_recipe(find_recipe(way.recipe), (*way.settings, *split), whole=False)
    kept = out / f"{recipe.name}-answers-{recipe_hash(recipe)}.csv"
    if not kept.is_file():
        make_folder(kept.parent)
        told = fold_answers(recipe, roots, out)
        columns = ("key", "subject", f"predicted.{TASK}", f"target.{TASK}")
        rows = zip(*(told[name].tolist() for name in columns), strict=True)
        write_csv(kept, ("key", "subject", "said", "right"), [tuple(map(str, row)) for row in rows])
    import pandas as pd  # late: half a second

    table = pd.read_csv(kept, dtype={"key": str, "subject": str}).sort_values("key")
    said, right = (table[name].to_numpy(np.float64) for name in ("said", "right"))
    return Answers(keys=_text(table["key"]), said=said, right=right, people=_text(table["subject"]))


def ridge_answers(split: Sequence[str], roots: Roots) -> Answers:
    """Return what ridge regression on frozen features of the whole photo answers, fold by fold as the ways have them.

    Its strength is chosen on people left out of those that teach.
    """
    from dermis.lab.train.build import new_model  # late, as are the next: torch
    from dermis.lab.train.objectives.frozen_features import said_of
    from dermis.lab.train.objectives.samples import drawn, prepared

    recipe = checked(completed(read_recipe(find_recipe("acne-nestle"), (*_RIDGE, *split))))
    root = folder_of(recipe.data.dataset, roots)
    samples = drawn(find_dataset(recipe.data.dataset).index(root), recipe)
    people = np.array([sample.key.subject for sample in samples])
    said, right = np.full((2, len(samples)), np.nan)
    for fold in range(recipe.split.folds):
        one = replace(recipe, split=replace(recipe.split, fold=fold))
        decoded, parts = prepared(one, samples, root=root)
        if not fold:
            model, kept = new_model(one, decoded, parts.train), kept_in(samples, one, root, targets=False)
            seen = said_of(model, one, decoded, looks=0, folder=kept)[0].numpy().astype(np.float64)
            right = np.asarray(decoded.targets[TASK][:, 0], np.float64)
        taught = np.concatenate([parts.train, parts.validate])
        said[parts.test] = ridge(seen[taught], right[taught, None], people[taught], seen[parts.test])[:, 0]
    keys = np.array([str(sample.key) for sample in samples])
    order = np.argsort(keys)
    return Answers(keys=keys[order], said=said[order], right=right[order], people=people[order])


def _text(column: pd.Series) -> NDArray[np.str_]:
    return column.to_numpy(dtype=np.str_)


def published_table(roots: Roots, out: Path, *, ours: str = "") -> str:
    """Return the table of ways, of each doctor on the photos that the doctor graded, and of the commonest grade.

    ours: the cells of the network that ships, as recorded.
    """
    lines = [
        "| way | kappa, by person | accuracy | RMSE | kappa, by picture | by picture less by person |",
        "|---|---|---|---|---|---|",
    ]
    for way in WAYS:
        person, picture = (answers_of_way(way, split, roots, out) for split in (_BY_PERSON, _BY_PICTURE))
        lines.append(_row(way.name, person, picture))
    samples = find_dataset("acne04").index(folder_of("acne04", roots))
    lines.append(_row("ridge, whole photo", *(ridge_answers(split, roots) for split in (_BY_PERSON, _BY_PICTURE))))
    lines.append(_row("always the commonest grade", _commonest(samples)))
    lines += [ours] if ours else []
    lines += [_row(f"doctor {name}", held) for name, held in _doctors(samples).items()]
    return "\n".join(lines)


def _row(name: str, one: Answers, leaky: Answers | None = None) -> str:
    kappa, right, error = _figures(one)
    cells = [_words(kappa), f"{right.value:.3f}", f"{error.value:.3f}", *_leak(one, leaky)]
    name = f"{name} ({len(one.said)} photos)" if leaky is None else name
    return f"| {name} | {' | '.join(cells)} |"


def _figures(one: Answers) -> tuple[Interval, ...]:
    graded = to_grades(one.said, _GRADES)

    def figures(at: NDArray[np.int64]) -> list[float]:
        right = one.right[at]
        return [quadratic_kappa(right, graded[at]), accuracy(right, graded[at]), rmse(right, one.said[at])]

    return bootstrap_all(figures, one.people, resamples=_DRAWS, method="percentile")


def _leak(one: Answers, leaky: Answers | None) -> list[str]:
    """Return the kappa by picture and its gain over that by person, on the same photos and draws of people."""
    if leaky is None:
        return ["", ""]
    assert (one.keys == leaky.keys).all()
    grades = [to_grades(held.said, _GRADES) for held in (leaky, one)]

    def figures(at: NDArray[np.int64]) -> list[float]:
        with_leak, without = (quadratic_kappa(one.right[at], graded[at]) for graded in grades)
        return [with_leak, with_leak - without]

    return [_words(found) for found in bootstrap_all(figures, one.people, resamples=_DRAWS, method="percentile")]


def _commonest(samples: Sequence[Sample]) -> Answers:
    held = _doctors(samples, only=REFERENCE)[REFERENCE]
    values, counts = np.unique(held.right, return_counts=True)
    said = np.full(len(held.right), values[counts.argmax()])
    return Answers(keys=held.keys, said=said, right=held.right, people=held.people)


def _doctors(samples: Sequence[Sample], only: str = "") -> Mapping[str, Answers]:
    """Return what each doctor said beside the reference, by name; only: that of one grader."""
    grades = grades_by_grader(samples, TASK)
    people = {sample.key.view or str(sample.key): sample.key.subject for sample in samples}
    found = {}
    for name in [only] if only else sorted(set(grades) - {REFERENCE}):
        views = sorted(set(grades[name]) & set(grades[REFERENCE]))
        said, right = (np.array([grades[who][view] for view in views]) for who in (name, REFERENCE))
        found[name] = Answers(
            keys=np.array(views), said=said, right=right, people=np.array([people[view] for view in views])
        )
    return found


def _words(one: Interval) -> str:
    return f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"
