"""The card of a network: what it was taught with, how well it does, what it cannot do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dermis.networks.table import NETWORKS
from dermis.train.recipe import describe
from dermis.train.run import Run

__all__ = ["card"]


def card(run: Run, meta: Mapping[str, Any], limits: Sequence[str] = ()) -> str:
    """Return the card as Markdown."""
    recipe = run.recipe
    data = json.loads((run.folder / "data.json").read_text())
    sizes = ", ".join(f"{len(keys)} to {part}" for part, keys in data["parts"].items())
    kept = ", ".join(recipe.split.by)
    figures = {name: held for name, held in meta["result"].items() if name.startswith("validate_")}
    lines = [
        f"# {meta['name']}",
        "",
        f"{meta['about'] or 'A network of dermis.'}",
        "",
        f"- Answers: {', '.join(meta['answers'])}.",
        f"- Network: {recipe.network.name} ({NETWORKS[recipe.network.name].about}).",
        f"- Weights to begin with: {recipe.network.pretrained or 'none'}.",
        *([f"- It stands in for {recipe.network.stands_in_for}."] if recipe.network.stands_in_for else []),
        f"- Recipe: `{recipe.name}`, hash `{meta['recipe']}`, dermis {meta['dermis']}.",
        f"- Stored in {meta['weights']}; differs from the trained network by at most {meta['largest_difference']:.2g} "
        f"(allowed {meta['tolerance']:g}).",
        "",
        "## Data",
        "",
        f"{recipe.data.dataset or 'handed in'}: {data['samples']} samples, {sizes}; never parted: {kept}.",
        *(f"Licence: {one}." for one in data.get("licences", []) if one),
        f"Fingerprint: `{data['fingerprint'][:16]}`.",
        "",
        "## Figures",
        "",
        "On the part that chose the epoch, so a little too good; the test part is judged by `dermis evaluate`.",
        "",
        "| figure | value |",
        "|---|---|",
        *(f"| {name.removeprefix('validate_')} | {value:.4g} |" for name, value in figures.items()),
        "",
        "## Limits",
        "",
        *(f"- {one}" for one in limits or ("Not a diagnosis. Not tried on data of other kinds than named above.",)),
        "",
        "## Recipe",
        "",
        "```toml",
        describe(recipe, comments=False).strip(),
        "```",
        "",
    ]
    return "\n".join(lines)
