"""Advice in the order in which it is followed: the doctor, morning, evening, what to leave out, what to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dermis.care.rules import rules
from dermis.core import Advice, AdviceKind, Urgency

__all__ = ["Group", "Step", "grouped", "note"]

_PLACES, _TREAT = {"cleanser": 0, "moisturiser": 2, "sun": 3}, 1
_BASICS = {"cleanser": "cleanser", "moisturiser": "moisturiser", "sun": "sunscreen"}
_SOON = {
    Urgency.TODAY: "today",
    Urgency.DAYS: "within days",
    Urgency.WEEKS: "within weeks",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A line at its place; `again` where it stood in a group before, so that its reason need not be said twice."""

    line: Advice
    again: bool = False

    @property
    def label(self) -> str:
        """Return in a few words how soon a doctor is seen, what is used or avoided, or when a habit is for."""
        if self.line.kind == AdviceKind.SEE_DOCTOR:
            return _SOON.get(self.line.urgency, self.line.when)
        basic = _BASICS.get(_purpose(self.line)) if self.line.kind == AdviceKind.USE else None
        return basic or ", ".join(self.line.ingredients) or self.line.when


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Steps under a title; `ordered` where one follows the other."""

    title: str
    steps: tuple[Step, ...]
    ordered: bool = False


def grouped(lines: Sequence[Advice]) -> tuple[Group, ...]:
    """Return the lines in groups; each line is in at least one, those for morning and evening are in both."""
    uses = sorted((line for line in lines if line.kind == AdviceKind.USE), key=_place)
    day = [line for line in uses if "morning" in line.when]
    night = [line for line in uses if "evening" in line.when]
    rest = [line for line in uses if line not in day and line not in night]
    groups = (
        Group(title="See a doctor", steps=_steps(lines, AdviceKind.SEE_DOCTOR)),
        Group(title="In the morning", steps=tuple(Step(line=line) for line in day), ordered=True),
        Group(title="In the evening", steps=tuple(Step(line=line, again=line in day) for line in night), ordered=True),
        Group(title="Also use", steps=tuple(Step(line=line) for line in rest)),
        Group(title="Leave out", steps=_steps(lines, AdviceKind.AVOID)),
        Group(title="Good to know", steps=_steps(lines, AdviceKind.HABIT)),
    )
    return tuple(group for group in groups if group.steps)


def note(lines: Sequence[Advice]) -> str:
    """Return the advice as Markdown that reads like a pharmacist's note, each line with reason, source and rule."""
    parts = []
    for group in grouped(lines):
        parts.append(f"**{group.title}**\n")
        parts += [_item(step, f"{number}." if group.ordered else "-") for number, step in enumerate(group.steps, 1)]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _item(step: Step, mark: str) -> str:
    line = step.line
    if step.again:
        return f"{mark} {line.advice}"
    return f"{mark} *{step.label}*: {line.advice} {line.reason} ({line.source}; `{line.rule}`)"


def _steps(lines: Sequence[Advice], kind: AdviceKind) -> tuple[Step, ...]:
    return tuple(Step(line=line) for line in lines if line.kind == kind)


def _place(line: Advice) -> int:
    return _PLACES.get(_purpose(line), _TREAT)


def _purpose(line: Advice) -> str:
    return next((rule.purpose for rule in rules() if rule.id == line.rule), "")
