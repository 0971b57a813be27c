"""The safety table: what must not meet, as rows of CSV with their sources."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from dermis.care.ingredients import Dose, read_rows
from dermis.care.situation import VALUES, Situation
from dermis.core import Urgency

__all__ = ["Effect", "SafetyRow", "safety_rows"]


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
