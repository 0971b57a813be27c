"""Ingredients of skin care and medicines: names, synonyms, classes and strengths."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Dose", "Ingredient", "find_ingredient", "ingredients", "plain_name", "read_dose", "read_rows"]

_PERCENT = re.compile(r"^(?P<name>.*?)[\s(]*(?P<percent>\d+(?:[.,]\d+)?)\s*%\)?(?P<rest>.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredient:
    """One ingredient, or a class of them named as a whole.

    classes: groups that rules speak of, such as retinoid. active: it treats something, so it is held back where a
    doctor comes first. by_mouth: taken, not put on the skin. synonyms: other names, of labels (INCI) and of people.
    """

    name: str
    classes: frozenset[str] = frozenset()
    active: bool = True
    by_mouth: bool = False
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """An ingredient at a strength; `ingredient` is None for a name not known, `percent` where it was not told."""

    text: str
    ingredient: Ingredient | None
    percent: float | None = None

    @property
    def name(self) -> str:
        """Return the one name of the ingredient, or what was written."""
        return self.text if self.ingredient is None else self.ingredient.name

    def is_a(self, kind: str) -> bool:
        """Tell whether this is the ingredient `kind` or of the class `kind`."""
        return self.ingredient is not None and (kind == self.ingredient.name or kind in self.ingredient.classes)


def read_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a table that comes with the package, text by column."""
    text = files("dermis.care").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


@cache
def ingredients() -> Mapping[str, Ingredient]:
    """Return every ingredient by its one name."""
    rows = (
        Ingredient(
            name=row["name"],
            classes=frozenset(part for part in row["classes"].split("|") if part),
            active=row["active"] == "yes",
            by_mouth=row["taken"] == "mouth",
            synonyms=tuple(part for part in row["synonyms"].split("|") if part),
        )
        for row in read_rows("ingredients.csv")
    )
    return {row.name: row for row in rows}


@cache
def _by_any_name() -> Mapping[str, Ingredient]:
    known = ingredients().values()
    groups = {kind: Ingredient(name=kind, classes=frozenset({kind})) for one in known for kind in one.classes}
    plurals = {f"{kind}s": group for kind, group in groups.items()}
    synonyms = {plain_name(synonym): one for one in known for synonym in one.synonyms}
    return {**plurals, **groups, **synonyms, **ingredients()}


def plain_name(text: str) -> str:
    """Return a name as it is compared: lower case, single spaces, no stars, dots or brackets at its ends."""
    return " ".join(text.lower().replace("*", " ").split()).strip(" .;:")


def find_ingredient(name: str) -> Ingredient | None:
    """Return the ingredient or class of this name or synonym, None where it is not known."""
    return _by_any_name().get(plain_name(name))


@cache
def read_dose(text: str) -> Dose:
    """Return the ingredient and strength in a text such as "salicylic acid 2 %" or "2% salicylic acid"."""
    match = _PERCENT.match(text)
    if match is None:
        return Dose(text=text.strip(), ingredient=find_ingredient(text))
    name = plain_name(f"{match['name']} {match['rest']}")
    return Dose(text=text.strip(), ingredient=find_ingredient(name), percent=float(match["percent"].replace(",", ".")))
