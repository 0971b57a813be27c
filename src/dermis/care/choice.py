"""Choosing the treatments of a plan: of each purpose the first that is safe, and why others were left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dermis.care.ingredients import Dose
from dermis.care.rules import Rule
from dermis.care.safety import Effect, SafetyRow
from dermis.care.situation import Situation
from dermis.core import AdviceKind

__all__ = ["Choice", "Objection", "choose", "objections"]

_TIMES = ("morning", "evening")
_REFUSES = (Effect.FORBID, Effect.DOCTOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Why a rule was left out: the row of the safety table that speaks against a dose, or None for an allergy."""

    rule: Rule
    dose: Dose
    row: SafetyRow | None


@dataclass(slots=True, kw_only=True)
class Choice:
    """What was chosen, what was left out and why, and what waits for a doctor."""

    chosen: list[Rule] = field(default_factory=list)
    objections: list[Objection] = field(default_factory=list)
    held_back: list[Rule] = field(default_factory=list)

    @property
    def doses(self) -> tuple[Dose, ...]:
        """Return everything that the chosen rules give to use."""
        return tuple(dose for rule in self.chosen if rule.kind is AdviceKind.USE for dose in rule.doses)

    def instead_of(self, rule: Rule) -> Rule | None:
        """Return what was chosen for the purpose of a rule that was left out."""
        return next((one for one in self.chosen if one.purpose == rule.purpose and one is not rule), None)


def choose(fitting: Sequence[Rule], situation: Situation, table: Sequence[SafetyRow]) -> Choice:
    """Go through the rules that fit, in order: of each purpose take the first that nothing speaks against.

    Where a doctor comes first, nothing active is chosen, nor what stands in for it.
    """
    doctor_first = any(rule.first for rule in fitting)
    choice, settled = Choice(), set[str]()
    for rule in fitting:
        if rule.purpose in settled or (doctor_first and rule.with_treatment):
            continue
        if doctor_first and rule.active:
            choice.held_back.append(rule)
            settled.add(rule.purpose)
            continue
        against = objections(rule, choice.chosen, situation, table)
        choice.objections += against
        if not against:
            choice.chosen.append(rule)
            settled.update({rule.purpose} - {""})
    return choice


def objections(rule: Rule, chosen: Sequence[Rule], situation: Situation, table: Sequence[SafetyRow]) -> list[Objection]:
    """Return what speaks against a rule in this situation, beside what is in use and what is chosen already."""
    if rule.kind is not AdviceKind.USE:
        return []
    used = [one for one in chosen if one.kind is AdviceKind.USE]
    beside = [*situation.used, *(dose for one in used for dose in one.doses)]
    together = [dose for one in used if _meet(rule, one) for dose in one.doses]
    feared = [Objection(rule=rule, dose=dose, row=None) for dose in rule.doses if situation.allergic_to(dose)]
    unsafe = [
        Objection(rule=rule, dose=dose, row=row)
        for dose in rule.doses
        for row in table
        if _against(row, dose, situation, beside, together)
    ]
    return feared + unsafe


def _against(
    row: SafetyRow, dose: Dose, situation: Situation, beside: Sequence[Dose], together: Sequence[Dose]
) -> bool:
    if row.effect is Effect.SEPARATE:
        return bool(row.partners(dose, together))
    if row.effect not in _REFUSES:
        return False
    if not row.other:
        return row.touches(dose) and row.holds(situation)
    return bool(row.partners(dose, beside))


def _meet(one: Rule, two: Rule) -> bool:
    """Tell whether two rules are used at the same time of the day."""
    return any(time in one.time and time in two.time for time in _TIMES)
