"""From a recipe and folders of data to a run, whatever the recipe learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from dermis.errors import UsageError
from dermis.lab.datasets import find_dataset
from dermis.lab.train.recipe import Recipe
from dermis.lab.train.recipe.check import checked, completed
from dermis.lab.train.recipe.infer import with_scales
from dermis.lab.train.recipe.learners import LEARNERS
from dermis.lab.train.run import Run
from dermis.lab.train.sources import Roots, folder_of_data

__all__ = ["train_recipe"]

Train = Callable[[Recipe, Roots, Path, bool], Run]


def train_recipe(recipe: Recipe, roots: Roots, out: Path, *, show: bool = False) -> Run:
    """Learn what `recipe` says from the data in `roots`, below `out`, and return the run.

    A run that was stopped goes on; one that is finished is returned as it is. show: progress on stderr.
    """
    how = _ways().get(recipe.learner)
    if how is None:
        raise UsageError(f"No learner is called {recipe.learner!r}.", advice=f"There are: {', '.join(_ways())}.")
    return how(recipe, roots, out, show)


def _ways() -> Mapping[str, Train]:
    return {
        "samples": _samples,
        "lesions": _lesions,
        "face_parts": _parts,
        "skin_tone": _tone,
        "skin_spectra": _spectra,
        **{name: _table for name, learner in LEARNERS.items() if learner.table},
    }


def _samples(recipe: Recipe, roots: Roots, out: Path, show: bool) -> Run:
    from dermis.lab.train.objectives.samples import train  # late, as are the next: torch

    if not recipe.data.dataset:
        raise UsageError(f"The recipe {recipe.name} names no dataset.", advice="Set data.dataset: see dermis datasets.")
    root = folder_of_data(recipe, roots)
    samples = find_dataset(recipe.data.dataset).index(root)
    whole = checked(completed(with_scales(recipe, samples)))
    return train(whole, samples, out, root=root, show=show)


def _lesions(recipe: Recipe, roots: Roots, out: Path, show: bool) -> Run:
    from dermis.lab.train.objectives.lesions import train

    return train(checked(completed(recipe)), roots, out, show=show)


def _parts(recipe: Recipe, roots: Roots, out: Path, show: bool) -> Run:
    from dermis.lab.train.objectives.face_parts import train

    return train(checked(completed(recipe)), roots, out, show=show)


def _tone(recipe: Recipe, roots: Roots, out: Path, show: bool) -> Run:
    from dermis.lab.train.objectives.tone import train

    return train(checked(completed(recipe)), roots, out, show=show)


def _table(recipe: Recipe, roots: Roots, out: Path, show: bool) -> Run:
    from dermis.lab.train.objectives.tables import train

    return train(checked(completed(recipe)), roots, out)


def _spectra(recipe: Recipe, roots: Roots, out: Path, show: bool) -> Run:
    from dermis.lab.train.objectives.spectra_fit import train

    return train(checked(completed(recipe)), roots, out, show=show)
