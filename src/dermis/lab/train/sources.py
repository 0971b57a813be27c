"""Where the data of a recipe lies: folders the user names, sets made by `dermis synth`, people who do not exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dermis.errors import InputError, UsageError
from dermis.lab.train.recipe import Pool, Recipe
from dermis.settings import read_settings

__all__ = ["PORTRAITS_NAME", "Roots", "check_folders", "folder_for", "folder_of", "folder_of_data", "roots_from"]

PORTRAITS_NAME = "openpeople"
"""Not made, but fetched: pictures of people who do not exist."""

Roots = Mapping[str, Path]
"""Folders by the name of their dataset; under "" one that was named without a dataset."""


def roots_from(said: Sequence[str]) -> dict[str, Path]:
    """Return the folders in words such as "acne04=../data/acne04", or "../data/acne04" alone.

    Raises UsageError for a second folder without a name.
    """
    roots: dict[str, Path] = {}
    for word in said:
        name, equals, path = word.partition("=")
        key, folder = (name, path) if equals else ("", word)
        if key in roots:
            raise UsageError(
                f"--data names {key or 'a folder'} twice.", advice="Write --data NAME=DIR for each dataset."
            )
        roots[key] = Path(folder)
    return roots


def check_folders(roots: Roots) -> None:
    """Refuse folders that are not there, those too that a recipe would not ask for. Raises InputError."""
    for name, folder in roots.items():
        if not folder.is_dir():
            said = f"{name}={folder}" if name else str(folder)
            raise InputError(f"--data {said}: there is no such folder.", advice="Check the name and where you are.")


def folder_of(dataset: str, roots: Roots, *, made: str = "", settings: Sequence[str] = ()) -> Path:
    """Return the folder of a dataset.

    That which `roots` names; one of its name below the folder that was named alone, or below `DERMIS_DATA`; the folder
    that was named alone; else, where `made` says how, the set that `dermis synth` makes, kept in the cache.
    Raises UsageError where there is none.
    """
    if dataset in roots:
        return roots[dataset]
    homes = [home for home in (roots.get(""), read_settings().data) if home is not None]
    for home in homes:
        if (home / dataset).is_dir():
            return home / dataset
    if made:
        return _made(made, settings)
    if "" in roots:
        return roots[""]
    raise UsageError(
        f"Nobody said where {dataset} lies.",
        advice=f"Add --data {dataset}=DIR, or set DERMIS_DATA to the folder above it.",
    )


def folder_for(pool: Pool, roots: Roots) -> Path:
    """Return the folder of a pool; see `folder_of`."""
    return folder_of(pool.data, roots, made=pool.made, settings=pool.settings)


def folder_of_data(recipe: Recipe, roots: Roots) -> Path:
    """Return the folder of the samples of a recipe; see `folder_of`."""
    return folder_of(recipe.data.dataset, roots, made=recipe.data.made, settings=recipe.data.settings)


def _made(name: str, settings: Sequence[str]) -> Path:
    if name == PORTRAITS_NAME:
        return _portraits()
    from dermis.lab.synth.make import make_set  # late: the renderer
    from dermis.lab.synth.recipe import read_recipe, recipe_hash

    recipe = read_recipe(name, settings)
    folder = read_settings().cache / "made" / f"{name}-{recipe_hash(recipe)}"
    done = folder / "card.md"
    if not done.is_file():
        make_set(recipe, folder)
    return folder


def _portraits() -> Path:
    """Return the folder of the pictures of people who do not exist, fetched by their package where they are missing."""
    from dermis.models.registry import PORTRAITS, fetch

    folders = {fetch(one.name).parent for one in PORTRAITS}
    return folders.pop()
