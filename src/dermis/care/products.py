"""Products of a catalogue for the lines of a plan: by ingredient, never by brand."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from dermis.care.advise import plan
from dermis.care.catalogue import Catalogue, Product
from dermis.care.ingredients import Dose, plain_name, read_rows
from dermis.care.person import Person
from dermis.care.rules import Rule, cite, rules
from dermis.care.safety import Effect, safety_rows
from dermis.care.situation import Situation, read_situation
from dermis.core import Advice, AdviceKind

__all__ = ["Flag", "Shelf", "Suggestion", "flags", "shelf_for", "suggest"]

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
