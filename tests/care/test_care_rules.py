"""The data: every row is whole, and every name in it is known."""

from __future__ import annotations

import pytest

from dermis.care.ingredients import find_ingredient, ingredients, read_dose
from dermis.care.person import SIGNS
from dermis.care.rules import FILES, Effect, cite, rules, safety_rows, sources
from dermis.care.situation import VALUES
from dermis.core import AdviceKind

CLASSES = {kind for one in ingredients().values() for kind in one.classes}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_a_rule_names_only_what_is_known(rule):
    for name, allowed in rule.when.items():
        assert set(allowed) <= set(VALUES[name])
    assert rule.signs <= set(SIGNS)
    assert all(dose.ingredient is not None for dose in rule.doses)
    assert all(find_ingredient(name) is not None for group in rule.products for name in group)
    assert rule.source
    assert all(key.partition(" ")[0] in sources() for key in rule.source)
    assert all((rule.advice, rule.reason, rule.time, rule.says, rule.choice))


@pytest.mark.parametrize("row", safety_rows(), ids=lambda row: row.id)
def test_a_safety_row_names_only_what_is_known(row):
    known = CLASSES | set(ingredients())
    assert row.a in known
    assert row.other in known | {""}
    assert set(row.values) <= set(VALUES.get(row.field, ()))
    assert all(key.partition(" ")[0] in sources() for key in row.source)
    assert row.other or row.effect not in (Effect.SEPARATE, Effect.NEEDS)


def test_names_of_rules_and_rows_are_their_own():
    ids = [rule.id for rule in rules()] + [row.id for row in safety_rows()]
    assert len(ids) == len(set(ids))


def test_names_and_synonyms_of_ingredients_are_their_own():
    names = [name for one in ingredients().values() for name in (one.name, *one.synonyms)]
    assert len(names) == len(set(names))


def test_every_source_is_used_and_dated():
    used = {key.partition(" ")[0] for rule in rules() for key in rule.source}
    used |= {key.partition(" ")[0] for row in safety_rows() for key in row.source}
    used |= {"fulton-1989", "draelos-2006"}
    assert used == set(sources())
    assert all(1980 < source["year"] <= 2026 and source["title"] for source in sources().values())


def test_files_are_tried_with_red_flags_first():
    assert FILES[0] == "rules_flags.toml"
    flags = [rule for rule in rules() if rule.id.startswith("flag-")]
    assert all(rule.kind is AdviceKind.SEE_DOCTOR for rule in flags)
    assert rules()[: len(flags)] == tuple(flags)


def test_what_is_used_comes_with_a_strength_where_it_treats():
    for rule in rules():
        if rule.active:
            assert all(dose.percent for dose in rule.doses), rule.id


@pytest.mark.parametrize(
    ("text", "name", "percent"),
    [
        ("salicylic acid 2 %", "salicylic acid", 2.0),
        ("2% BHA", "salicylic acid", 2.0),
        ("Salicylic acid (0,5 %)", "salicylic acid", 0.5),
        ("Retinol", "retinol", None),
        ("retinoids", "retinoid", None),
        ("BENZOYL PEROXIDE", "benzoyl peroxide", None),
        ("snail mucin", "snail mucin", None),
    ],
)
def test_a_dose_is_read_as_people_write_it(text, name, percent):
    dose = read_dose(text)
    assert dose.name == name
    assert dose.percent == percent


def test_a_source_is_cited_with_its_place():
    assert cite(("nice-ng198 rec. 1.5.1", "aad-2024")) == "NICE NG198 acne 2021, rec. 1.5.1; AAD acne guideline 2024"
