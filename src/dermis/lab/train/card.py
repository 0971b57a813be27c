"""What lies beside exported weights: meta.json, one schema for all, and the card, written by code alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dermis.formats.files import write_text
from dermis.lab.networks.registry import NETWORKS
from dermis.lab.train.recipe import describe, recipe_hash
from dermis.lab.train.recipe.learners import LEARNERS
from dermis.lab.train.run import Run
from dermis.models.preprocess import Input
from dermis.models.weights import file_hashes
from dermis.version import __version__

__all__ = ["META_SCHEMA", "card", "meta_of", "write_meta"]

META_SCHEMA = "dermis.weights/1"


def meta_of(
    run: Run, name: str, answers: Mapping[str, Any], *, shown: Input | None = None, **more: object
) -> dict[str, Any]:
    """Return meta.json of the weights `name` of a run.

    answers: kind, names and unit of each output. shown: what a picture is made to be; None where no picture is shown.
    more: keys of one kind of weights, such as number_names.
    """
    data = json.loads((run.folder / "data.json").read_text())
    calibration = run.folder / "calibration.json"
    return {
        "schema": META_SCHEMA,
        "name": name,
        "about": run.recipe.about,
        "learner": run.recipe.learner,
        "recipe": recipe_hash(run.recipe),
        "dermis": __version__,
        "data": {
            "fingerprint": data["fingerprint"],
            "samples": {part: len(keys) for part, keys in data["parts"].items()},
            "licences": data["licences"],
        },
        "input": asdict(shown or Input()),
        "number_names": [],
        "answers": dict(answers),
        "calibration": json.loads(calibration.read_text()) if calibration.is_file() else {},
        "result": run.result() if run.finished else {},
        **more,
    }


def write_meta(folder: Path, meta: Mapping[str, Any]) -> None:
    """Write meta.json, with the hashes of the files of numbers beside it."""
    meta = {**meta, "files": file_hashes(folder)}
    write_text(folder / "meta.json", json.dumps(meta, indent=1, ensure_ascii=False) + "\n")


def card(run: Run, meta: Mapping[str, Any], limits: Sequence[str] = ()) -> str:
    """Return the card as Markdown: what the run noted, what its evaluations found, what its recipe says."""
    lines = [
        f"# {meta['name']}",
        "",
        f"{meta['about'] or 'A network of dermis.'}",
        "",
        *_what(run, meta),
        "",
        "## Data",
        "",
        *_data(run),
        "",
        "## Figures",
        "",
        *_figures(run, meta),
        "",
        "## Limits",
        "",
        *(
            f"- {one}"
            for one in limits
            or run.recipe.limits
            or ("Not a diagnosis. Not tried on data of other kinds than named above.",)
        ),
        "",
        "## Recipe",
        "",
        "```toml",
        describe(run.recipe, comments=False).strip(),
        "```",
        "",
    ]
    return "\n".join(lines)


def _what(run: Run, meta: Mapping[str, Any]) -> Iterator[str]:
    recipe, learner = run.recipe, LEARNERS[run.recipe.learner]
    if meta["answers"]:
        yield f"- Answers: {', '.join(meta['answers'])}."
    if learner.heads or (learner.views and recipe.learner != "skin_tone"):
        yield f"- Network: {recipe.network.name} ({NETWORKS[recipe.network.name].about})."
        yield f"- Weights to begin with: {recipe.network.warm_start or recipe.network.pretrained or 'none'}."
    if recipe.network.stands_in_for:
        yield f"- It stands in for {recipe.network.stands_in_for}."
    yield f"- Learnt: {learner.about}."
    yield f"- Recipe: `{recipe.name}`, hash `{meta['recipe']}`, seed {recipe.seed}, dermis {meta['dermis']}."
    if "weights" in meta:
        yield (
            f"- Stored in {meta['weights']}; differs from the trained network by at most "
            f"{meta['largest_difference']:.2g} (allowed {meta['tolerance']:g})."
        )


def _data(run: Run) -> Iterator[str]:
    data, recipe = json.loads((run.folder / "data.json").read_text()), run.recipe
    sizes = ", ".join(f"{len(keys)} to {part}" for part, keys in data["parts"].items() if keys)
    if LEARNERS[recipe.learner].table:
        where = ", ".join(f"`{pool.data}`" for pool in recipe.pool.values())
        yield f"{data['samples']} files of {where}." if where else "None that was measured."
    elif recipe.pool:
        yield f"{data['samples']} examples, {sizes}; never parted: {', '.join(recipe.split.by)}."
        for name, source in data.get("sources", {}).items():
            held = data["pools"][name]
            counts = ", ".join(
                f"{one['examples']} of {one['people']} people to {part}"
                for part, one in held.items()
                if one["examples"]
            )
            yield f"- `{name}`: {source}: {counts}."
        yield ""
    else:
        where = recipe.data.dataset or "handed in"
        yield f"{where}: {data['samples']} samples, {sizes}; never parted: {', '.join(recipe.split.by)}."
    yield from (f"Licence: {one}." for one in data["licences"] if one)
    yield f"Fingerprint: `{data['fingerprint'][:16]}`."


def _figures(run: Run, meta: Mapping[str, Any]) -> Iterator[str]:
    folds = run.folder.parent / f"{run.recipe.name}-folds-{recipe_hash(run.recipe)}"
    pages = ("evaluation/evaluation.md", "evaluation/beside-*.md")
    told = sorted((*(path for page in pages for path in run.folder.glob(page)), *folds.glob(pages[0])))
    for path in told:
        yield from _demoted(path.read_text(encoding="utf-8"))
    figures = {name: held for name, held in meta["result"].items() if isinstance(held, float) and "validate" in name}
    plain = bool(LEARNERS[run.recipe.learner].table)
    others = {name: held for name, held in meta["result"].items() if plain or name.startswith("left_")}
    if figures or others:
        if figures:
            yield (
                "On people kept aside, who chose nothing."
                if run.recipe.train.keep == "last"
                else "On the part that chose the epoch, so a little too good; `dermis evaluate` judges others."
            )
            yield ""
        yield "| figure | value |"
        yield "|---|---|"
        yield from (f"| {name.removeprefix('validate_')} | {value:.4g} |" for name, value in (figures | others).items())
    elif not told and json.loads((run.folder / "data.json").read_text())["parts"].get("test"):
        yield f"Not judged yet on those kept aside: `dermis evaluate {run.folder.name}` does."
    elif not told:
        yield f"Nobody is kept aside from it: `dermis evaluate {run.recipe.name} --folds` judges the recipe."
    if meta["calibration"]:
        said = {name: value for name, value in meta["calibration"].items() if isinstance(value, int | float)}
        yield ""
        yield (
            "From people who taught nothing: " + ", ".join(f"{name} {value:.4g}" for name, value in said.items()) + "."
        )


def _demoted(text: str) -> Iterator[str]:
    """Yield the lines of an evaluation, its title left out and its headings one lower; of subgroups that of tone."""
    told = True
    for line in text.splitlines():
        if line.startswith("#"):
            told = not line.lstrip("# ").startswith("By ") or "tone" in line or "ita" in line.lower()
        if told and not line.startswith("# "):
            yield f"#{line}" if line.startswith("##") else line
    yield ""
