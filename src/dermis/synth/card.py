"""The data card of a made set: what is in it, how it was made, what it may not be taken for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from dermis import __version__
from dermis.colour.tone import ita_class
from dermis.synth.recipe import Recipe, recipe_hash
from dermis.synth.record import Record

__all__ = ["write_card"]

_LIMITS = """\
- Nobody in it exists. The heads are a mathematical shape, the skin a two-layer optical model; hair, eyes, clothes and
  background are painted. What a method reaches here it need not reach on people.
- Prevalence, tones and ages are chosen by the recipe, not surveyed. Sizes and colours of marks follow textbooks and
  published measurements where there are some, else judgement: `docs/concepts/synthetic-grades.md`.
- Cameras are drawn from a population fitted on still cameras, developments are simplified: `docs/concepts/camera.md`.
- Not left in: make-up, glasses, hands, wet skin, motion blur, beauty filters, children, diseases that are not listed.
"""


def write_card(out: Path, recipe: Recipe, records: Sequence[Record]) -> None:
    """Write `card.md` into the set's folder `out`."""
    subjects = {record.key.subject for record in records}
    lines = [
        f"# {recipe.name}",
        "",
        recipe.about or "Made by `dermis synth`.",
        "",
        f"{len(records)} pictures of {len(subjects)} subjects, {recipe.size_px} x {recipe.size_px} pixels, layout "
        f"`{recipe.layout}`. Recipe hash `{recipe_hash(recipe)}`, dermis {__version__}, numpy {np.__version__}.",
        "",
        "The truth about each picture lies in `truth/` as JSON (schema `dermis.truth/1`). `contact-sheet.png` shows",
        "the set from light to dark, `lesions.png` names marks.",
        "",
        *_table("Tone (ITA class)", (ita_class(float(r.traits["ita_deg"])) for r in records if "ita_deg" in r.traits)),
        *_table("Condition", (str(r.traits["profile"]) for r in records if "profile" in r.traits)),
        *_table("Light", (str(r.traits["light"]) for r in records if "light" in r.traits)),
        *_table("Marks in view", (str(item["kind"]) for r in records for item in r.items)),
        *_grades(records),
        "## Recipe",
        "",
        "```toml",
        *(f"{key} = {_toml(value)}" for key, value in asdict(recipe).items() if key != "about"),
        "```",
        "",
        "## Limits",
        "",
        _LIMITS,
    ]
    (out / "card.md").write_text("\n".join(lines), encoding="utf-8")


def _table(title: str, words: Iterable[str]) -> list[str]:
    counted = Counter(words)
    if not counted:
        return []
    rows = [f"| {word} | {count} |" for word, count in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))]
    return [f"| {title} | pictures |" if title != "Marks in view" else f"| {title} | marks |", "|---|---|", *rows, ""]


def _grades(records: Sequence[Record]) -> list[str]:
    rows = []
    for task in ("acne_grade", "acne_iga", "pigmentation_grade"):
        values = [label.value for record in records for label in record.labels if label.task == task]
        if values:
            counted = Counter(round(value * 2) / 2 for value in values)
            spread = ", ".join(f"{value:g}: {count}" for value, count in sorted(counted.items()))
            rows.append(f"| `{task}` | {spread} |")
    return ["| Grade | how often |", "|---|---|", *rows, ""] if rows else []


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(each) for each in value)}]"
    return f'"{value}"' if isinstance(value, str) else f"{value}"
