"""No advice is unsafe, in any situation; and every row of the safety table is needed for that."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unsafe import UNSAFE, Unsafe, faults

from dermis.care.advise import plan
from dermis.care.ingredients import ingredients
from dermis.care.person import SIGNS
from dermis.care.rules import Effect, SafetyRow, rules, safety_rows
from dermis.care.situation import VALUES, Situation

NAMES = tuple(ingredients())
STRENGTHS = ("", " 1 %", " 5 %", " 20 %")
ALIKE = 12


def every_situation():
    """One situation for each distinct set of rules and rows that any values of the fields bring together."""
    seen = {}
    for values in product(*VALUES.values()):
        situation = Situation(**dict(zip(VALUES, values, strict=True)))
        fits = tuple(rule.id for rule in rules() if rule.fits(situation))
        holds = tuple(row.id for row in safety_rows() if row.holds(situation))
        seen.setdefault((fits, holds), situation)
    return tuple(seen.values())


def test_every_combination_of_values_is_safe():
    situations = every_situation()
    assert len(situations) > 10_000
    found = [(situation, fault) for situation in situations for fault in faults(situation, plan(situation))]
    assert not found, found[:3]


def representatives() -> tuple[str, ...]:
    """One ingredient of each kind that rules, table and the second reading treat alike."""
    named = {dose.name for rule in rules() for dose in rule.doses}
    table = {name for row in safety_rows() for name in (row.a, row.other)}
    kinds = {}
    for name, one in ingredients().items():
        own = name if name in named or name in table else ""
        alike = tuple(number for number, unsafe in enumerate(UNSAFE) if name in unsafe.names or name in unsafe.others)
        kinds.setdefault((one.classes, one.active, own, alike), name)
    return tuple(kinds.values())


ONE_OF_EACH = representatives()
BASES = (
    Situation(acne="moderate", lesions="inflamed", pregnancy="no", pigment="mild", tone="dark"),
    Situation(acne="mild", pregnancy="yes", redness="mild", sensitive="yes"),
    Situation(pigment="severe", pregnancy="possible", redness="moderate"),
)


@pytest.mark.parametrize("base", BASES)
def test_every_pair_of_ingredients_in_use_is_safe(base):
    for pair in combinations(ONE_OF_EACH, 2):
        situation = replace(base, using=pair)
        assert not faults(situation, plan(situation)), (pair, base)


def test_every_pair_of_ingredients_not_tolerated_is_safe():
    for pair in combinations(ONE_OF_EACH, 2):
        situation = replace(BASES[0], allergic=pair)
        assert not faults(situation, plan(situation)), pair


def test_every_ingredient_in_use_beside_every_one_not_tolerated_is_safe():
    for used, feared in product(ONE_OF_EACH, ONE_OF_EACH):
        situation = replace(BASES[0], using=(used,), allergic=(feared,))
        assert not faults(situation, plan(situation)), (used, feared)


doses = st.builds(lambda name, strength: name + strength, st.sampled_from(NAMES), st.sampled_from(STRENGTHS))
situations = st.builds(
    Situation,
    **{name: st.sampled_from(values) for name, values in VALUES.items()},
    signs=st.frozensets(st.sampled_from(tuple(SIGNS)), max_size=3),
    using=st.lists(doses, max_size=4, unique=True).map(tuple),
    allergic=st.lists(doses, max_size=3, unique=True).map(tuple),
)


@settings(max_examples=400, deadline=None)
@given(situations)
def test_any_situation_is_safe(situation):
    assert not faults(situation, plan(situation))


@cache
def witnesses() -> tuple[Situation, ...]:
    """Situations that bring each unsafe thing about: its state with the ingredient in use, and with none."""
    return tuple(situation for unsafe in UNSAFE for situation in _witnesses_of(unsafe))


def _witnesses_of(unsafe: Unsafe) -> list[Situation]:
    strength = f" {unsafe.above + 1:g} %" if unsafe.above is not None else ""
    plain = {"pregnancy": "no", "age": "adult", "acne": "moderate", "lesions": "inflamed"}
    states = [{**plain, unsafe.field: value} for value in unsafe.values] or [plain]
    uses = [(unsafe.names[0] + strength, other) for other in unsafe.others[:2] if not unsafe.needs]
    uses += [(name + strength,) for name in unsafe.names[:ALIKE]]
    bare = {"pregnancy": "no", "age": "adult", "acne": "none"}
    quiet = [Situation(**{**bare, unsafe.field: value}) for value in unsafe.values if unsafe.told_anyway]
    quiet += [Situation(**bare, using=unsafe.names[:1])]
    return [*quiet, *(Situation(**state, using=using) for state in states for using in [*uses, ()])]


def mutants(row: SafetyRow) -> list[SafetyRow | None]:
    """The row gone, and the row weakened in each way it can be."""
    weaker = [None]
    if row.effect is not Effect.NOTE:
        weaker.append(replace(row, effect=Effect.NOTE))
    if row.effect is Effect.DOCTOR:
        weaker.append(replace(row, effect=Effect.FORBID))
    weaker += [replace(row, values=tuple(v for v in row.values if v != value)) for value in row.values]
    if row.above_percent is not None:
        weaker.append(replace(row, above_percent=99.0))
    if row.always_told:
        weaker.append(replace(row, always_told=False))
    return weaker


CASES = [(row.id, number) for row in safety_rows() for number in range(len(mutants(row)))]


@pytest.mark.parametrize(("row_id", "number"), CASES)
def test_each_row_weakened_is_noticed(row_id, number):
    row = next(row for row in safety_rows() if row.id == row_id)
    mutant = mutants(row)[number]
    table = [mutant if one is row else one for one in safety_rows()]
    table = [one for one in table if one is not None]
    assert any(faults(situation, plan(situation, table=table)) for situation in witnesses())


def test_the_witnesses_are_safe_by_the_whole_table():
    assert not [fault for situation in witnesses() for fault in faults(situation, plan(situation))]
