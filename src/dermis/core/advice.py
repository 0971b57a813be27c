"""What to do next, why, and who says so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Advice", "AdviceKind", "Urgency"]


class AdviceKind(StrEnum):
    """What a line of advice asks for."""

    SEE_DOCTOR = "see_doctor"
    USE = "use"
    AVOID = "avoid"
    HABIT = "habit"


class Urgency(StrEnum):
    """How soon, from no hurry to today."""

    ROUTINE = "routine"
    WEEKS = "weeks"
    DAYS = "days"
    TODAY = "today"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One line of advice.

    ingredients: what it is about, with strength where one is meant ("azelaic acid 15 %"); of lines to use, each is
    meant. when: the time of day or the event. rule: the row it comes from, in the rules or in the safety table.
    """

    advice: str
    kind: AdviceKind
    reason: str
    source: str
    rule: str
    urgency: Urgency = Urgency.ROUTINE
    ingredients: tuple[str, ...] = ()
    when: str = ""
