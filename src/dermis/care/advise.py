"""From an analysis and a person to advice and treatments: pure functions on the rules and the safety table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dermis.care.ingredients import Dose
from dermis.care.person import Person
from dermis.care.rules import Effect, Rule, SafetyRow, cite, rules, safety_rows
from dermis.care.situation import Situation, read_situation
from dermis.care.uncertain import open_steps
from dermis.core import Advice, AdviceKind, Urgency

__all__ = ["Choice", "Objection", "advise", "choose", "objections", "plan"]

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


_ORDER = (AdviceKind.SEE_DOCTOR, AdviceKind.USE, AdviceKind.AVOID, AdviceKind.HABIT)
_URGENCIES = tuple(reversed(Urgency))
_KIND_OF = {Effect.DOCTOR: AdviceKind.SEE_DOCTOR, Effect.NOTE: AdviceKind.HABIT}
_DAY = ("morning", "evening")


def advise(analysis: Mapping[str, object], person: Person | None = None) -> tuple[Advice, ...]:
    """Return what to do about an analysis, the most urgent first.

    analysis: the JSON object of `dermis analyse --json` (schema dermis.analysis/2, also /1 and of a person); what it
    does not hold, and intervals that are null, are borne. person: what was told; None works, and what was not told is
    never taken for a no. Every line has its reason, its rule and its source. No model, no network, no time of day.
    """
    situation, read = read_situation(analysis, person or Person())
    lines = plan(situation)
    return (*lines[:-1], *open_steps(situation, read, lines, plan), lines[-1])


def plan(
    situation: Situation, *, table: Sequence[SafetyRow] | None = None, ruled: Sequence[Rule] | None = None
) -> tuple[Advice, ...]:
    """Return the advice for a situation by the rules and the safety table (the shipped ones, if none are given)."""
    table = safety_rows() if table is None else table
    fitting = [rule for rule in (rules() if ruled is None else ruled) if rule.fits(situation)]
    choice = choose(fitting, situation, table)
    lines = [
        *(_line(rule, situation) for rule in choice.chosen),
        *_safety_lines(choice, situation, table),
        *_allergy_lines(choice, situation),
        *_unknown_lines(situation),
        *_held_back_lines(choice),
    ]
    return (*sorted(lines, key=_rank), _about())


def _rank(line: Advice) -> tuple[int, int, int]:
    time = next((place for place, name in enumerate(_DAY) if line.when.startswith(name)), len(_DAY))
    return _ORDER.index(line.kind), _URGENCIES.index(line.urgency), time if line.kind is AdviceKind.USE else 0


def _line(rule: Rule, situation: Situation) -> Advice:
    in_use = {dose.name for dose in situation.used}
    goes_on = rule.kind is AdviceKind.USE and any(dose.name in in_use for dose in rule.doses)
    return Advice(
        advice=f"You use it already; go on. {rule.advice}" if goes_on else rule.advice,
        kind=rule.kind,
        ingredients=tuple(dose.text for dose in rule.doses),
        when=rule.time,
        reason=rule.reason,
        source=cite(rule.source),
        rule=rule.id,
        urgency=rule.urgency,
    )


def _safety_lines(choice: Choice, situation: Situation, table: Sequence[SafetyRow]) -> list[Advice]:
    """Return a line for each row that left something out, that what is in use offends, or that is always told."""
    lines, given = [], choice.doses
    for row in table:
        left_out = [objection for objection in choice.objections if objection.row is row]
        in_use = _offending(row, situation, given)
        if left_out or in_use or (row.always_told and row.holds(situation)):
            doses = (*in_use, *(objection.dose for objection in left_out))
            text = f"{row.advice}{_instead(choice, [one.rule for one in left_out])}"
            lines.append(_safety_line(row, text, doses, serious=bool(in_use)))
    return lines


def _safety_line(row: SafetyRow, text: str, doses: Sequence[Dose], *, serious: bool) -> Advice:
    told_only = not serious and row.effect is Effect.DOCTOR
    kind = AdviceKind.AVOID if told_only else _KIND_OF.get(row.effect, AdviceKind.AVOID)
    return Advice(
        advice=text,
        kind=kind,
        ingredients=_names(doses) or (row.a,),
        when="at the same time" if row.effect is Effect.SEPARATE else "always",
        reason=row.reason,
        source=cite(row.source),
        rule=row.id,
        urgency=row.urgency if serious else Urgency.ROUTINE,
    )


def _offending(row: SafetyRow, situation: Situation, given: Sequence[Dose]) -> tuple[Dose, ...]:
    """Return what is in use and offends a row, together with what it meets there or in the plan."""
    used = situation.used
    if row.effect is Effect.NEEDS:
        has_other = any(dose.is_a(row.other) for dose in (*used, *given))
        return () if has_other else tuple(dose for dose in used if row.touches(dose))
    if not row.other:
        return tuple(dose for dose in used if row.touches(dose)) if row.holds(situation) else ()
    met = (*used, *given) if row.effect is Effect.SEPARATE else used
    pairs = [(dose, other) for dose in used for other in row.partners(dose, met)]
    return tuple(dose for pair in pairs for dose in pair)


def _instead(choice: Choice, left_out: Sequence[Rule]) -> str:
    names = _names(dose for rule in left_out for dose in rule.doses)
    if not names:
        return ""
    found = [one for one in (choice.instead_of(rule) for rule in left_out) if one is not None]
    instead = _names(dose for rule in found if rule.kind is AdviceKind.USE for dose in rule.doses)
    ending = f"; instead: {', '.join(instead)}" if instead else ""
    return f" Left out of this plan: {', '.join(names)}{ending}."


def _allergy_lines(choice: Choice, situation: Situation) -> list[Advice]:
    if not situation.feared:
        return []
    left_out = [objection.rule for objection in choice.objections if objection.row is None]
    names = _names(situation.feared)
    synonyms = [name for dose in situation.feared if dose.ingredient for name in dose.ingredient.synonyms[:4]]
    labels = f" On labels it may be called: {', '.join(synonyms)}." if synonyms else ""
    return [
        Advice(
            advice=f"Leave out what you do not tolerate: {', '.join(names)}.{labels}{_instead(choice, left_out)}",
            kind=AdviceKind.AVOID,
            ingredients=names,
            when="always",
            reason="An allergy stays, and each contact can make it worse; labels must list all ingredients.",
            source=cite(("eu-cosmetics art. 19",)),
            rule="allergy",
        )
    ]


def _unknown_lines(situation: Situation) -> list[Advice]:
    unknown = _names(dose for dose in situation.used if dose.ingredient is None)
    if not unknown:
        return []
    return [
        Advice(
            advice=f"Not checked, because the name is not known here: {', '.join(unknown)}. Ask a pharmacist.",
            kind=AdviceKind.HABIT,
            ingredients=unknown,
            when="now",
            reason="What is in use can clash with this plan; what is not known here was left out of every check.",
            source=cite(("dermis",)),
            rule="not-known",
        )
    ]


def _held_back_lines(choice: Choice) -> list[Advice]:
    if not choice.held_back:
        return []
    names = _names(dose for rule in choice.held_back for dose in rule.doses)
    return [
        Advice(
            advice=f"Start no treatment before the doctor has seen your skin; until then this basic care "
            f"(held back: {', '.join(names)}).",
            kind=AdviceKind.AVOID,
            ingredients=names,
            when="until the doctor has seen it",
            reason="A treatment on top of what needs a doctor can hide or worsen it.",
            source=cite(("dermis",)),
            rule="held-back",
        )
    ]


def _about() -> Advice:
    return Advice(
        advice="This is general advice on self-care from a photograph, not a diagnosis and not a prescription. "
        "Read the label of what you use, and stop and ask where your skin reacts.",
        kind=AdviceKind.HABIT,
        when="always",
        reason="A photo shows part of the skin, and nobody has examined you.",
        source=cite(("dermis",)),
        rule="about",
    )


def _names(doses: Iterable[Dose]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(dose.text for dose in doses))
