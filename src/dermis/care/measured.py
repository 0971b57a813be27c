"""From findings to the steps that rules are written in, with the steps that the interval leaves open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite

__all__ = ["Reading", "readings"]

_ACNE_GRADE = ((0.5, "mild"), (1.5, "moderate"), (inf, "severe"))
_ACNE_IGA = ((0.5, "none"), (2.5, "mild"), (3.5, "moderate"), (inf, "severe"))
# Nine of ten clear adults read at most 2.0 (docs/concepts/pigmentation.md): below it nothing is to be treated.
_PIGMENT = ((2.0, "none"), (3.5, "mild"), (6.5, "moderate"), (inf, "severe"))
_REDNESS = ((1.5, "none"), (2.5, "mild"), (3.5, "moderate"), (inf, "severe"))
_TONE = ((10.0, "dark"), (28.0, "medium"), (inf, "light"))
_NODULES_SEND = 3

Bands = Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A step on a scale of the rules, and the other steps where the true value may lie.

    others: by the finding's interval; where nobody has measured one, the neighbouring steps. said: what it rests on.
    """

    level: str
    others: tuple[str, ...] = ()
    said: str = ""
    measured_interval: bool = True


def readings(analysis: Mapping[str, object]) -> Mapping[str, Reading]:
    """Return the readings of acne, lesions, pigment, redness and tone that an analysis (its JSON object) holds.

    What was not measured is left out. Of a task, the whole face counts, else its worst region. Objects of schema
    dermis.analysis 1 and 2 and of persons are read; an interval may be missing or null.
    """
    given = analysis.get("findings")
    findings = [one for one in given if isinstance(one, Mapping)] if isinstance(given, Sequence) else []
    read = {
        "acne": _acne(findings),
        "lesions": _lesions(findings),
        "pigment": _of(findings, "pigmentation_grade", _PIGMENT),
        "redness": _of(findings, "redness_grade", _REDNESS),
        "tone": _tone(findings),
    }
    return {name: reading for name, reading in read.items() if reading is not None}


def _acne(findings: Sequence[Mapping[str, object]]) -> Reading | None:
    """Return none where no lesion was found, else the step of Hayashi's grade, else of the IGA."""
    graded = _of(findings, "acne_grade", _ACNE_GRADE) or _of(findings, "acne_iga", _ACNE_IGA)
    counted = _whole(findings, "acne_lesions")
    if counted is None or graded is None:
        return graded
    low, high = _interval(counted) or (_value(counted), _value(counted))
    if _value(counted) < 1:
        return Reading(level="none", others=("mild",) if high >= 1 else (), said=_said(counted))
    others = ("none", *graded.others) if low < 1 and graded.level == "mild" else graded.others
    return Reading(level=graded.level, others=others, said=graded.said, measured_interval=graded.measured_interval)


_RED, _NOT_RED = ("inflamed", "papule", "pustule"), ("open_comedo", "closed_comedo", "comedone")


def _lesions(findings: Sequence[Mapping[str, object]]) -> Reading | None:
    """Return the kind of lesions that decides: nodules, else whether inflamed ones or comedones are the most."""
    counted = _whole(findings, "acne_lesions")
    items = counted.get("items") if counted is not None else None
    if not isinstance(items, Sequence):
        return None
    kinds = [str(item.get("class", "")) for item in items if isinstance(item, Mapping)]
    nodules, inflamed, comedones = (sum(kind in names for kind in kinds) for names in (("nodule",), _RED, _NOT_RED))
    if not nodules + inflamed + comedones:
        return None
    if nodules:
        return Reading(level="nodules" if nodules >= _NODULES_SEND else "few nodules")
    return Reading(level="inflamed" if inflamed >= comedones else "comedones")


def _tone(findings: Sequence[Mapping[str, object]]) -> Reading | None:
    """Return the darkest step that the interval reaches, one darker without one: what it adds are only warnings."""
    finding = _whole(findings, "skin_tone")
    if finding is None:
        return None
    interval, names = _interval(finding), [name for _, name in _TONE]
    if interval is not None:
        return Reading(level=_band(interval[0], _TONE), said=_said(finding))
    here = names.index(_band(_value(finding), _TONE))
    return Reading(level=names[max(here - 1, 0)], said=_said(finding), measured_interval=False)


def _of(findings: Sequence[Mapping[str, object]], task: str, bands: Bands) -> Reading | None:
    finding = _whole(findings, task)
    if finding is None:
        return None
    level, interval = _band(_value(finding), bands), _interval(finding)
    names = [name for _, name in bands]
    if interval is None:
        here = names.index(level)
        reach = names[max(here - 1, 0) : here + 2]
    else:
        reach = names[names.index(_band(interval[0], bands)) : names.index(_band(interval[1], bands)) + 1]
    others = tuple(name for name in reach if name != level)
    return Reading(level=level, others=others, said=_said(finding), measured_interval=interval is not None)


def _whole(findings: Sequence[Mapping[str, object]], task: str) -> Mapping[str, object] | None:
    of_task = [one for one in findings if one.get("task") == task and _is_number(one.get("value"))]
    whole = [one for one in of_task if one.get("region") == "face"]
    return max(whole or of_task, key=_value, default=None)


def _value(finding: Mapping[str, object]) -> float:
    value = finding["value"]
    assert isinstance(value, int | float)
    return float(value)


def _interval(finding: Mapping[str, object]) -> tuple[float, float] | None:
    ends = finding.get("interval")
    if not isinstance(ends, Sequence) or len(ends) != 2 or not all(_is_number(end) for end in ends):
        return None
    return min(ends), max(ends)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _band(value: float, bands: Bands) -> str:
    return next(name for below, name in bands if value < below)


def _said(finding: Mapping[str, object]) -> str:
    interval, level = _interval(finding), finding.get("level")
    text = f"{finding['task']} {_value(finding):.1f}"
    if interval is None:
        return f"{text}; how far it may be off on such a photo has not been measured"
    share = f"{100 * float(level):.0f} % " if isinstance(level, int | float) else ""
    return f"{text}, {share}interval {interval[0]:.1f} to {interval[1]:.1f}"
