"""The rules: which advice fits which situation, and what must not meet, as rows with their sources."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from dermis.care.ingredients import Dose, read_dose, read_rows
from dermis.care.situation import VALUES, Situation
from dermis.core import AdviceKind, Urgency

__all__ = ["FILES", "VERSION", "Effect", "Rule", "SafetyRow", "cite", "rules", "safety_rows", "sources"]

VERSION = "1"
"""Changes whenever a rule or a row of the safety table changes what is advised."""
FILES = ("rules_flags.toml", "rules_acne.toml", "rules_pigment.toml", "rules_redness.toml", "rules_basic.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule.

    purpose: of the rules of one purpose only the first that is safe is given; "" where each stands for itself.
    when: the values each field of the situation may have; a field not named may have any. signs: all must be there.
    doses: what is used or avoided. products: for a catalogue, groups of ingredients; one of each group must be in it.
    first: a doctor comes first, and everything active is held back. with_treatment: void where it is held back.
    says: what the source says, in our words.
    choice: what we made of it, and of sources that differ.
    """

    id: str
    kind: AdviceKind
    advice: str
    reason: str
    time: str
    source: tuple[str, ...]
    says: str
    choice: str
    purpose: str = ""
    urgency: Urgency = Urgency.ROUTINE
    when: Mapping[str, tuple[str, ...]]
    signs: frozenset[str] = frozenset()
    doses: tuple[Dose, ...] = ()
    products: tuple[tuple[str, ...], ...] = ()
    first: bool = False
    with_treatment: bool = False

    def fits(self, situation: Situation) -> bool:
        """Tell whether the rule is for this situation."""
        return self.signs <= situation.signs and all(
            getattr(situation, name) in allowed for name, allowed in self.when.items()
        )

    @property
    def active(self) -> bool:
        """True where the rule gives something that treats."""
        return self.kind is AdviceKind.USE and any(dose.ingredient and dose.ingredient.active for dose in self.doses)


@cache
def rules() -> tuple[Rule, ...]:
    """Return all rules in the order in which they are tried."""
    return tuple(_rule(row) for name in FILES for row in _toml(name)["rule"])


@cache
def sources() -> Mapping[str, Mapping[str, Any]]:
    """Return the sources by key: short, title, year."""
    return _toml("sources.toml")


@cache
def cite(keys: tuple[str, ...]) -> str:
    """Return the sources as a line of advice names them: "NICE NG198 acne 2021, rec. 1.5.1; ..."."""
    parts = (key.partition(" ") for key in keys)
    return "; ".join(f"{sources()[key]['short']}{', ' + place if place else ''}" for key, _, place in parts)


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(files("dermis.care").joinpath("data", name).read_text(encoding="utf-8"))


def _rule(row: Mapping[str, Any]) -> Rule:
    doses = tuple(read_dose(text) for text in row.get("ingredients", ()))
    groups = row.get("products", [[dose.name] for dose in doses])
    return Rule(
        id=row["id"],
        kind=AdviceKind(row["kind"]),
        advice=row["advice"],
        reason=row["reason"],
        time=row["time"],
        source=tuple(row["source"]),
        says=row["says"],
        choice=row["choice"],
        purpose=row.get("purpose", ""),
        urgency=Urgency(row.get("urgency", "routine")),
        when={name: tuple(values) for name, values in row.get("when", {}).items()},
        signs=frozenset(row.get("signs", ())),
        doses=doses,
        products=tuple(tuple(group) for group in groups),
        first=row.get("first", False),
        with_treatment=row.get("with_treatment", False),
    )


class Effect(StrEnum):
    """What a row of the safety table does.

    forbid: not to be used. doctor: not to be used, and who uses it speaks with a doctor. separate: not at the same
    time of the day. needs: not without the other. note: may be used, with a warning.
    """

    FORBID = "forbid"
    DOCTOR = "doctor"
    SEPARATE = "separate"
    NEEDS = "needs"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyRow:
    """One row: the ingredient or class `a`, above a strength where one is given, and what it must not meet.

    other: an ingredient or class; "" where the row is about a state. field, values: the state, such as pregnancy
    "yes"; "" and none where the row always holds. always_told: said in that state whether or not it is in use.
    """

    id: str
    a: str
    above_percent: float | None
    other: str
    field: str
    values: tuple[str, ...]
    effect: Effect
    urgency: Urgency
    always_told: bool
    advice: str
    reason: str
    source: tuple[str, ...]

    def touches(self, dose: Dose) -> bool:
        """Tell whether the row is about this dose; a strength that was not told is not taken for too high."""
        if not dose.is_a(self.a):
            return False
        return self.above_percent is None or (dose.percent is not None and dose.percent > self.above_percent)

    def holds(self, situation: Situation) -> bool:
        """Tell whether the row's state is this situation's; False for rows about two ingredients."""
        return not self.other and (not self.field or getattr(situation, self.field) in self.values)

    def joins(self, one: Dose, two: Dose) -> bool:
        """Tell whether the row is about these two together, in either order."""
        if not self.other or one.name == two.name:
            return False
        return (self.touches(one) and two.is_a(self.other)) or (self.touches(two) and one.is_a(self.other))

    def partners(self, dose: Dose, others: Iterable[Dose]) -> tuple[Dose, ...]:
        """Return those of `others` that the row is about together with `dose`."""
        return tuple(other for other in others if self.joins(dose, other))


@cache
def safety_rows() -> tuple[SafetyRow, ...]:
    """Return all rows of the table."""
    return tuple(_row(row) for row in read_rows("safety.csv"))


def _row(row: dict[str, str]) -> SafetyRow:
    field, colon, values = row["with"].partition(":")
    about_state = bool(colon) and field in VALUES
    always = row["with"] == "always"
    return SafetyRow(
        id=row["id"],
        a=row["a"],
        above_percent=float(row["above_percent"]) if row["above_percent"] else None,
        other="" if about_state or always else row["with"],
        field=field if about_state else "",
        values=tuple(values.split("|")) if about_state else (),
        effect=Effect(row["effect"]),
        urgency=Urgency(row["urgency"]),
        always_told=row["always_told"] == "yes",
        advice=row["advice"],
        reason=row["reason"],
        source=tuple(row["source"].split("|")),
    )
