"""An analysis, and a change between two visits, as the JSON objects that programs read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dermis.core import (
    Advice,
    Analysis,
    Box,
    Change,
    Detection,
    Face,
    Finding,
    FlashPair,
    LightReference,
    Problem,
    UnmatchedLesion,
)
from dermis.core.change import TOLD_FROM, ValueChange

__all__ = [
    "CHANGE_SCHEMA",
    "PERSON_SCHEMA",
    "SCHEMA",
    "advice_object",
    "analysis_line",
    "analysis_object",
    "change_object",
    "person_object",
    "value_change_object",
]

SCHEMA = "dermis.analysis/2"
PERSON_SCHEMA = "dermis.person/2"

Object = dict[str, Any]


def analysis_line(analysis: Analysis) -> str:
    """Return the analysis as one line of strict JSON (no NaN, no newline)."""
    return json.dumps(analysis_object(analysis), ensure_ascii=False, allow_nan=False)


def analysis_object(analysis: Analysis) -> Object:
    """Return the analysis as plain dicts, lists, numbers and strings; maps are left to the PNG files."""
    provenance = analysis.provenance
    return {
        "schema": SCHEMA,
        "photo": _photo(analysis),
        "condition": {
            "name": analysis.condition.value,
            "reference": _reference(analysis.reference),
            "flash_pair": _flash_pair(analysis.flash_pair),
            "device": analysis.device or None,
        },
        "quality": {
            "usable": analysis.quality.usable,
            "problems": [_problem(problem) for problem in analysis.quality.problems],
            "measures": {name: _round(value, 4) for name, value in analysis.quality.measures.items()},
            "usable_for": list(analysis.quality.usable_for),
            "reservations": {task: list(codes) for task, codes in analysis.quality.reservations.items()},
            "withheld": {task: list(codes) for task, codes in analysis.quality.withheld.items()},
        },
        "face": _face(analysis.face),
        "findings": [_finding(finding) for finding in analysis.findings],
        "care": [advice_object(advice) for advice in analysis.care],
        "provenance": {
            "dermis": provenance.dermis,
            "models": dict(provenance.models),
            "seconds": {step: _round(seconds, 4) for step, seconds in provenance.seconds.items()},
        },
    }


def person_object(photos: Sequence[str], findings: Sequence[Finding]) -> Object:
    """Return the findings of one person out of several photos, in the way of one analysis."""
    return {"schema": PERSON_SCHEMA, "photos": list(photos), "findings": [_finding(finding) for finding in findings]}


def advice_object(advice: Advice) -> Object:
    """Return one line of care as a plain dict."""
    return {
        "advice": advice.advice,
        "kind": advice.kind,
        "ingredients": list(advice.ingredients),
        "when": advice.when or None,
        "reason": advice.reason,
        "source": advice.source,
        "rule": advice.rule,
        "urgency": advice.urgency,
    }


def _photo(analysis: Analysis) -> Object:
    photo, file = analysis.photo, {"file": analysis.name, "path": analysis.path or analysis.name or "photo"}
    if photo is None:
        return {**file, "sha256": None, "width_px": None, "height_px": None, "capture": {}}
    capture = photo.capture
    return {
        **file,
        "sha256": photo.origin.sha256,
        "width_px": photo.width_px,
        "height_px": photo.height_px,
        "profile": photo.origin.profile,
        "notes": list(photo.origin.notes),
        "capture": {
            "make": capture.make,
            "model": capture.model,
            "iso": capture.iso,
            "exposure_s": capture.exposure_s,
            "f_number": capture.f_number,
            "brightness_ev": capture.brightness_ev,
            "exposure_bias_ev": capture.exposure_bias_ev,
            "focal_length_mm": capture.focal_length_mm,
            "white_balance_auto": capture.white_balance_auto,
            "flash_fired": capture.flash_fired,
        },
    }


def _reference(reference: LightReference | None) -> Object | None:
    if reference is None:
        return None
    return {
        "box_px": _box(reference.box),
        "kind": reference.kind,
        "colour": reference.colour_hex or None,
        "gains": [_round(gain, 4) for gain in reference.matrix.sum(axis=1)],
        "delta_e_before": _round(reference.delta_e_before, 2),
        "delta_e_after": _round(reference.delta_e_after, 2),
        "spread": _round(reference.spread, 2),
        "clipped_share": _round(reference.clipped_share, 4),
        "falloff": _round(reference.falloff, 3),
        "patches": reference.patches,
    }


def _flash_pair(pair: FlashPair | None) -> Object | None:
    if pair is None:
        return None
    return {
        "ambient": pair.ambient,
        "exposure": [_round(gain, 4) for gain in pair.exposure],
        "exposure_by": pair.exposure_by,
        "flash_share": _round(pair.flash_share, 4),
        "signal_to_noise": _round(pair.signal_to_noise, 1),
        "moved_face_widths": _round(pair.moved, 4),
        "level_by": pair.level_by or None,
    }


def _problem(problem: Problem) -> Object:
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
        "advice": problem.advice,
    }


def _face(face: Face | None) -> Object:
    if face is None:
        return {"found": False, "view": None, "box_px": None, "others": []}
    pose = face.pose
    return {
        "found": face.box is not None,
        "view": face.view.value,
        "box_px": None if face.box is None else _box(face.box),
        "yaw_deg": None if pose is None else _round(pose.yaw_deg, 1),
        "pitch_deg": None if pose is None else _round(pose.pitch_deg, 1),
        "roll_deg": None if pose is None else _round(pose.roll_deg, 1),
        "face_width_px": None if face.face_width_px is None else _round(face.face_width_px, 1),
        "others": [_box(box) for box in face.others],
    }


def _finding(finding: Finding) -> Object:
    return {
        "task": finding.task,
        "region": finding.region.value,
        "value": _round(finding.value, 3),
        "unit": finding.unit,
        "label": finding.label,
        "labels": list(finding.labels),
        "interval": _ends(finding.interval),
        "level": finding.level,
        "spread": _ends(finding.spread),
        "detail": dict(finding.detail),
        "items": [_item(item) for item in finding.items],
        "notes": [note.text for note in finding.notes],
        "model": finding.model,
    }


def _ends(ends: tuple[float, float] | None) -> list[float] | None:
    return None if ends is None else [_round(end, 3) for end in ends]


def _item(item: Detection) -> Object:
    looks = {
        "size_face_widths": item.size_face_widths,
        "redness": item.redness,
        "relief": item.relief,
        "contrast": item.contrast,
    }
    return {
        "class": item.kind,
        "box_px": _box(item.box),
        "region": item.region.value,
        "score": _round(item.score, 4),
        **{name: _round(value, 4) for name, value in looks.items() if value is not None},
    }


def _box(box: Box) -> list[float]:
    return [_round(side, 1) for side in (box.x_px, box.y_px, box.width_px, box.height_px)]


def _round(value: float, digits: int) -> float:
    return round(float(value), digits)


CHANGE_SCHEMA = "dermis.change/2"


def change_object(change: Change) -> Object:
    """Return the change as plain dicts, lists, numbers and strings."""
    return {
        "schema": CHANGE_SCHEMA,
        "before": change.before,
        "after": change.after,
        "findings": [value_change_object(one) for one in change.values],
        "count": {
            "before": round(change.count_before, 3),
            "after": round(change.count_after, 3),
            "difference": None if change.difference is None else [round(end, 3) for end in change.difference],
            "level": change.level,
        },
        "grade": {"before": _rounded(change.grade_before), "after": _rounded(change.grade_after)},
        "lasting": [
            {
                "before": _change_item(pair.before),
                "after": _change_item(pair.after),
                "probability": round(pair.probability, 4),
                "apart_face_widths": round(pair.apart, 4),
            }
            for pair in change.lasting
        ],
        "gone": [_fate(fate) for fate in change.gone],
        "new": [_fate(fate) for fate in change.new],
        "told": {
            "from_probability": TOLD_FROM,
            "lasting": len(change.lasting),
            "gone": change.told_gone,
            "new": change.told_new,
            "doubtful": change.doubtful,
        },
        "alignment": {
            "by": change.aligned_by,
            "off_face_widths": round(change.off_face_widths, 4),
            "textured_share": round(change.textured, 3),
        },
        "taken_alike": change.taken_alike,
        "model": change.model,
    }


def value_change_object(change: ValueChange) -> Object:
    """Return how a value changed as plain dicts, lists, numbers and strings."""
    return {
        "task": change.task,
        "region": change.region.value,
        "unit": change.unit,
        "before": _rounded(change.before),
        "after": _rounded(change.after),
        "difference": _rounded(change.difference),
        "interval": None if change.interval is None else [round(end, 3) for end in change.interval],
        "level": change.level,
        "mdc": _rounded(change.mdc),
        "changed": change.changed,
    }


def _fate(fate: UnmatchedLesion) -> Object:
    return {
        **_change_item(fate.item),
        "probability": round(fate.probability, 4),
        "place_in_other_px": None if fate.elsewhere is None else _change_box(fate.elsewhere),
    }


def _change_item(item: Detection) -> Object:
    return {
        "class": item.kind,
        "box_px": _change_box(item.box),
        "region": item.region.value,
        "score": round(item.score, 4),
    }


def _change_box(box: Box) -> list[float]:
    return [round(side, 1) for side in (box.x_px, box.y_px, box.width_px, box.height_px)]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
