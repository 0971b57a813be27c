"""Products: catalogues of them, and those that fit the lines of a plan, by ingredient and never by brand."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dermis.care.advise import plan
from dermis.care.ingredients import Dose, Ingredient, find_ingredient, plain_name, read_rows
from dermis.care.person import Person
from dermis.care.rules import Effect, Rule, cite, rules, safety_rows
from dermis.care.situation import Situation, read_situation
from dermis.core import Advice, AdviceKind
from dermis.errors import InputError
from dermis.formats.tables import read_table

__all__ = [
    "COLUMNS",
    "Catalogue",
    "Flag",
    "Product",
    "Shelf",
    "Suggestion",
    "flags",
    "ingredient_list",
    "read_catalogue",
    "shelf_for",
    "suggest",
]

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "code": ("code", "barcode", "ean", "gtin", "sku", "id"),
    "name": ("product_name", "name", "product", "title"),
    "brand": ("brands", "brand", "maker", "manufacturer"),
    "ingredients": ("ingredients_text", "ingredients_text_en", "inci", "ingredients", "ingredient_list"),
}
"""Names that a column may have, the first that is there wins; brand and code may be missing."""

_SEPARATOR = re.compile(r"(?<!\d),|,(?!\d)|[;•·|]")
_LEAD = re.compile(r"^\s*(ingredients?|inci|composition)\s*:\s*", re.IGNORECASE)
_SHARE = re.compile(r"\d+(?:[.,]\d+)?\s*%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product and what is in it: `inci` names as they are compared, in the order of the label."""

    code: str
    name: str
    brand: str
    inci: tuple[str, ...]

    @property
    def doses(self) -> tuple[Dose, ...]:
        """Return its ingredients; labels tell no strength."""
        return tuple(Dose(text=name, ingredient=_known(name)) for name in self.inci)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Products, and how many rows were left out because they have no name or no ingredients."""

    products: tuple[Product, ...]
    left_out: int = 0


def read_catalogue(path: Path) -> Catalogue:
    """Return the products of a CSV (comma, semicolon or tab), an Excel sheet or an Open Beauty Facts export.

    Raises InputError: not there, not a table, no column for names or ingredients, no product that can be used.
    """
    rows = read_table(path)
    columns = {field: _column(rows, names) for field, names in COLUMNS.items()}
    for field in ("name", "ingredients"):
        if columns[field] is None:
            raise InputError(
                f"{path.name} has no column for the {field} of products.",
                advice=f"Name it {' or '.join(COLUMNS[field])}.",
            )
    products = [_product(row, columns, number) for number, row in enumerate(rows, start=1)]
    usable = tuple(product for product in products if product.name and product.inci)
    if not usable:
        raise InputError(f"{path.name} holds no product with a name and ingredients.", advice="Check its columns.")
    return Catalogue(products=usable, left_out=len(products) - len(usable))


def ingredient_list(text: str) -> tuple[str, ...]:
    """Return the names in a label's list of ingredients, as they are compared; commas in numbers and brackets stay."""
    whole = _LEAD.sub("", text.replace("\n", " "))
    outside = re.sub(r"\([^()]*\)", lambda found: found.group().replace(",", "‚"), whole)
    names = (plain_name(_SHARE.sub("", part).replace("‚", ",")) for part in _SEPARATOR.split(outside))
    return tuple(dict.fromkeys(name.strip("[]+/- ") for name in names if name.strip("[]+/- ")))


def _known(name: str) -> Ingredient | None:
    bare = plain_name(re.sub(r"\([^()]*\)", "", name))
    bracketed = re.findall(r"\(([^()]*)\)", name)
    tries = (name, bare, *bare.split("/"), *bracketed)
    return next((found for found in map(find_ingredient, tries) if found is not None), None)


def _column(rows: Sequence[Mapping[str, str]], names: Sequence[str]) -> str | None:
    have = {name.lower(): name for row in rows[:1] for name in row}
    return next((have[name] for name in names if name in have), None)


def _product(row: Mapping[str, str], columns: Mapping[str, str | None], number: int) -> Product:
    cell = {field: row.get(column, "").strip() if column else "" for field, column in columns.items()}
    return Product(
        code=cell["code"] or f"row {number}",
        name=cell["name"],
        brand=cell["brand"],
        inci=ingredient_list(cell["ingredients"]),
    )


_HARMLESS_EXTRAS = frozenset({"niacinamide", "ascorbic acid"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A doubt about an ingredient of a product: `kind` is comedogenic or allergen; `note` says how weak it is."""

    kind: str
    ingredient: str
    note: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A product that fits a line of advice; `contains` are the ingredients it was chosen for."""

    product: Product
    contains: tuple[str, ...]
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The suggestions for one line of advice, and how many products that hold its ingredients were left out, by why."""

    rule: str
    suggestions: tuple[Suggestion, ...]
    left_out: Mapping[str, int]


def suggest(
    analysis: Mapping[str, object], person: Person | None, catalogue: Catalogue, *, most: int = 3
) -> Mapping[str, Shelf]:
    """Return, by rule, what of a catalogue fits the lines of the plan that say to use something.

    The order is: fewer flags, then fewer ingredients, then a number drawn from the list of ingredients; name, brand and
    place in the file take no part. A list of ingredients tells no strength: the label has to be read for it.
    """
    situation, _ = read_situation(analysis, person or Person())
    lines = [line for line in plan(situation) if line.kind is AdviceKind.USE]
    return {line.rule: shelf_for(line, lines, situation, catalogue, most=most) for line in lines}


def shelf_for(line: Advice, lines: Sequence[Advice], situation: Situation, catalogue: Catalogue, *, most: int) -> Shelf:
    """Return the shelf of one line, beside the other lines of the plan."""
    rule = next(rule for rule in rules() if rule.id == line.rule)
    planned = {dose.name for one in rules() if one.id in {other.rule for other in lines} for dose in one.doses}
    fitting = [product for product in catalogue.products if _contains(product, rule) is not None]
    faults = {product: _fault(product, situation, planned) for product in fitting}
    good = [
        Suggestion(product=product, contains=_contains(product, rule) or (), flags=flags(product))
        for product in fitting
        if not faults[product]
    ]
    left_out = Counter(fault for fault in faults.values() if fault)
    return Shelf(rule=line.rule, suggestions=tuple(sorted(good, key=_rank)[:most]), left_out=dict(left_out))


def _rank(suggestion: Suggestion) -> tuple[int, int, str]:
    inci = suggestion.product.inci
    return len(suggestion.flags), len(inci), hashlib.sha256(", ".join(inci).encode()).hexdigest()


def _contains(product: Product, rule: Rule) -> tuple[str, ...] | None:
    """Return the ingredients that do the rule's work, None where one of its groups is missing."""
    found = [
        next((d.text for d in product.doses if any(d.is_a(name) for name in group)), None) for group in rule.products
    ]
    return None if None in found else tuple(name for name in found if name is not None)


def _fault(product: Product, situation: Situation, planned: set[str]) -> str:
    """Return why a product must not be suggested, "" where nothing speaks against it."""
    doses = product.doses
    if any(situation.allergic_to(dose) or _feared_by_name(dose, situation) for dose in doses):
        return "holds what is not tolerated"
    if any(_unsafe(dose, situation) for dose in doses):
        return "holds what the safety table rules out"
    if any(_unplanned(dose, planned) for dose in doses):
        return "holds another active ingredient"
    return ""


def _feared_by_name(dose: Dose, situation: Situation) -> bool:
    return any(plain_name(feared.text) in dose.text for feared in situation.feared if feared.ingredient is None)


def _unsafe(dose: Dose, situation: Situation) -> bool:
    refusing = [row for row in safety_rows() if row.effect in (Effect.FORBID, Effect.DOCTOR)]
    return any(
        (row.touches(dose) and row.holds(situation)) or bool(row.partners(dose, situation.used)) for row in refusing
    )


def _unplanned(dose: Dose, planned: set[str]) -> bool:
    one = dose.ingredient
    return one is not None and one.active and one.name not in planned and one.name not in _HARMLESS_EXTRAS


def flags(product: Product) -> tuple[Flag, ...]:
    """Return the doubts about a product's ingredients: comedogenic in a rabbit's ear, or a contact allergen."""
    table = _flag_table()
    return tuple(table[name] for name in product.inci if name in table)


@cache
def _flag_table() -> Mapping[str, Flag]:
    rows = [*read_rows("comedogenic.csv"), *read_rows("allergens.csv")]
    return {
        plain_name(row["name"]): Flag(
            kind="comedogenic" if "score" in row else "allergen",
            ingredient=row["name"],
            note=_note(row),
            source=cite(tuple(row["source"].split("|"))),
        )
        for row in rows
    }


def _note(row: Mapping[str, str]) -> str:
    if "score" in row:
        return (
            f"{row['score']} of 5 in the rabbit's ear, pure; finished products with such ingredients mostly blocked no "
            "pores on people, so this is a weak reason"
        )
    return f"{row['why']}; it matters to those who are allergic to it"
