"""Several photos of one face in one session: one tone from all, and by how much they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dermis.colour.tone import ita_deg, monk_distance
from dermis.core import Analysis, CaptureCondition, Finding, Note, Region
from dermis.tasks.tone import TASK, classes_within, monk_of

__all__ = ["combine_tones"]

_TRUST = (
    CaptureCondition.REFERENCED,
    CaptureCondition.FLASH_PAIR,
    CaptureCondition.CONTROLLED,
    CaptureCondition.UNKNOWN,
)
"""Conditions from the one whose light is known best; photos of another than the best one there is take no part."""
_FEWEST_FOR_OUTLIERS = 4
_OUTLIER = 3.0


def combine_tones(analyses: Sequence[Analysis]) -> tuple[Finding, ...]:
    """Return the tone of each region from all photos that show it; none where no photo has a tone.

    The mean L*, a*, b* of the photos, without such as lie three scaled median deviations off where there are four or
    more. `detail["from"]` names the photos, `detail["apart"]` holds the lowest and highest ITA among them and their
    standard deviation. Photos of one session err alike, so the interval is about as wide as that of one photo: the mean
    of theirs, and `null` where one has none.
    """
    toned = [one for one in analyses if any(finding.task == TASK.name for finding in one.findings)]
    if not toned:
        return ()
    best = min((one.condition for one in toned), key=_TRUST.index)
    used = [one for one in toned if one.condition is best]
    found = []
    for region in Region:
        seen = [
            (one.name, finding)
            for one in used
            for finding in one.findings
            if finding.task == TASK.name and finding.region is region
        ]
        if seen:
            found.append(_combined(seen, best, len(toned) - len(used)))
    return tuple(found)


def _combined(seen: Sequence[tuple[str, Finding]], condition: CaptureCondition, others: int) -> Finding:
    labs = np.array([finding.detail["lab"] for _, finding in seen], dtype=np.float64)
    kept = _without_outliers(labs)
    lab = labs[kept].mean(axis=0)
    value = float(ita_deg(lab))
    within = _interval([finding for (_, finding), used in zip(seen, kept, strict=True) if used], value)
    classes = classes_within(*(within or (value, value)))
    values = np.asarray(ita_deg(labs))
    first = seen[0][1]
    apart = {
        "low": round(float(values.min()), 2),
        "high": round(float(values.max()), 2),
        "sd": round(float(values.std(ddof=1)), 2) if len(values) > 1 else None,
    }
    detail = {
        "lab": [round(float(number), 2) for number in lab],
        "monk": monk_of(lab, within),
        "monk_delta_e_00": round(monk_distance(lab), 2),
        "light": first.detail.get("light"),
        "from": [name for (name, _), used in zip(seen, kept, strict=True) if used],
        "left_out": [name for (name, _), used in zip(seen, kept, strict=True) if not used],
        "apart": apart,
    }
    notes = (Note(text=_words(apart, len(seen), condition, others)),) if first.region is Region.FACE else ()
    return replace(
        first,
        value=value,
        label=classes[0] if len(classes) == 1 else None,
        labels=classes,
        interval=within,
        spread=None,
        detail=detail,
        notes=notes,
        evidence=None,
    )


def _without_outliers(labs: np.ndarray) -> np.ndarray:
    """Return which photos (n,) count."""
    if len(labs) < _FEWEST_FOR_OUTLIERS:
        return np.ones(len(labs), dtype=np.bool_)
    off = np.linalg.norm(labs - np.median(labs, axis=0), axis=1)
    return np.asarray(off <= _OUTLIER * 1.4826 * max(float(np.median(off)), 0.5))


def _interval(findings: Sequence[Finding], value: float) -> tuple[float, float] | None:
    ends = [(one.interval[0] - one.value, one.interval[1] - one.value) for one in findings if one.interval is not None]
    if len(ends) < len(findings):
        return None
    low, high = np.mean(ends, axis=0)
    return max(value + float(low), -90.0), min(value + float(high), 90.0)


def _words(apart: dict[str, float | None], count: int, condition: CaptureCondition, others: int) -> str:
    if count == 1:
        text = "One photo told the tone."
    else:
        text = f"{count} photos told the tone; their ITA lies from {apart['low']:.0f} to {apart['high']:.0f} degrees."
    if others:
        text += f" {others} of another capture condition than {condition.value} took no part."
    return text
