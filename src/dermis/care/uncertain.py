"""What would change if a grade lay elsewhere in its interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dermis.care.measured import Reading
from dermis.care.rules import cite
from dermis.care.situation import Situation
from dermis.core import Advice, AdviceKind

__all__ = ["differences", "open_steps"]

Plan = Callable[[Situation], tuple[Advice, ...]]

_SCALES = {"acne": "acne", "pigment": "dark marks", "redness": "redness"}


def open_steps(
    situation: Situation, read: Mapping[str, Reading], lines: Sequence[Advice], plan: Plan
) -> tuple[Advice, ...]:
    """Return, for each grade that its interval leaves open, a line on what changes if the true step is another."""
    return tuple(
        _open_step(name, words, situation, read[name], lines, plan)
        for name, words in _SCALES.items()
        if name in read and read[name].others
    )


def _open_step(
    name: str, words: str, situation: Situation, reading: Reading, lines: Sequence[Advice], plan: Plan
) -> Advice:
    cases = [
        f"if it is {_degree(other)}, {differences(lines, plan(_with(situation, {name: other})))}"
        for other in reading.others
    ]
    others = " and ".join(_degree(other) for other in reading.others)
    why = (
        "within its interval" if reading.measured_interval else "a step away, and nobody has measured how sure this is"
    )
    return Advice(
        advice=f"The photo puts the {words} at {_degree(reading.level)}, but {others} is {why}: {'; '.join(cases)}.",
        kind=AdviceKind.HABIT,
        when="before you start",
        reason=f"A grade from a photo is not exact: {reading.said}.",
        source=cite(("dermis",)),
        rule=f"uncertain-{name}",
    )


def _with(situation: Situation, changes: dict[str, Any]) -> Situation:
    return replace(situation, **changes)


def _degree(level: str) -> str:
    return "none to speak of" if level == "none" else level


def differences(before: Sequence[Advice], after: Sequence[Advice]) -> str:
    """Return in words what a second plan adds and drops: things to use, visits to a doctor, anything else."""
    parts = [*_uses(before, after), *_visits(before, after)]
    if parts:
        return ", ".join(parts)
    same = {line.rule for line in before} == {line.rule for line in after}
    return "nothing here changes" if same else "only what to avoid and to watch changes"


def _uses(before: Sequence[Advice], after: Sequence[Advice]) -> list[str]:
    old, new = _used(before), _used(after)
    added = [text for text in new if text not in old]
    dropped = [text for text in old if text not in new]
    return [f"{word} {' and '.join(texts)}" for word, texts in (("add", added), ("leave out", dropped)) if texts]


def _used(lines: Sequence[Advice]) -> list[str]:
    return [f"{' with '.join(line.ingredients)} ({line.when})" for line in lines if line.kind is AdviceKind.USE]


def _visits(before: Sequence[Advice], after: Sequence[Advice]) -> list[str]:
    old = {line.rule: line.when for line in before if line.kind is AdviceKind.SEE_DOCTOR}
    new = {line.rule: line.when for line in after if line.kind is AdviceKind.SEE_DOCTOR}
    added = [when for rule, when in new.items() if rule not in old]
    dropped = [when for rule, when in old.items() if rule not in new]
    if added and dropped:
        return [f"see a doctor {added[0]} instead of {dropped[0]}"]
    return [
        *(f"see a doctor {when}" for when in added[:1]),
        *(f"no need to see a doctor {when}" for when in dropped[:1]),
    ]
