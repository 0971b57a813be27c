"""Questions: only those whose answer would change the advice, found by answering them in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dermis.care.advise import plan
from dermis.care.person import SIGNS, Person
from dermis.care.situation import read_situation
from dermis.care.uncertain import differences
from dermis.core import Advice

__all__ = ["Question", "questions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question; `field` is the field of Person that it fills, `option` how the command line takes its answer.

    changes: by answer, what the plan would gain and lose.
    """

    field: str
    text: str
    option: str
    changes: Mapping[str, str]


_ASKED: tuple[tuple[str, str, str, Mapping[str, object]], ...] = (
    ("signs", f"Is any of these so: {'; '.join(SIGNS.values())}?", "--signs", {sign: (sign,) for sign in SIGNS}),
    (
        "pregnant",
        "Are you pregnant, trying to be, or breast-feeding?",
        "--pregnant or --not-pregnant",
        {"yes": True, "no": False},
    ),
    (
        "age_years",
        "How old are you?",
        "--age",
        {"under 12": 9.0, "12 to 17": 15.0, "18 to 64": 35.0, "65 and over": 70.0},
    ),
    ("sensitive", "Does your skin sting or burn easily?", "--sensitive or --not-sensitive", {"yes": True}),
)


def questions(analysis: Mapping[str, object], person: Person | None = None) -> tuple[Question, ...]:
    """Return the questions that were not answered and whose answer would change the advice."""
    person = person or Person()
    situation, _ = read_situation(analysis, person)
    now = plan(situation)
    asked = []
    for field, text, option, answers in _ASKED:
        if getattr(person, field) is not None or (field == "pregnant" and situation.pregnancy != "possible"):
            continue
        plans = {word: _plan_of(analysis, _with(person, {field: answer})) for word, answer in answers.items()}
        if any(_rules_of(lines) != _rules_of(now) for lines in plans.values()):
            changes = {word: differences(now, lines) for word, lines in plans.items()}
            asked.append(Question(field=field, text=text, option=option, changes=changes))
    return tuple(asked)


def _with(person: Person, answers: dict[str, Any]) -> Person:
    return replace(person, **answers)


def _plan_of(analysis: Mapping[str, object], person: Person) -> tuple[Advice, ...]:
    return plan(read_situation(analysis, person)[0])


def _rules_of(lines: tuple[Advice, ...]) -> frozenset[str]:
    return frozenset(line.rule for line in lines)
