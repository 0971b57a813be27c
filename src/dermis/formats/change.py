"""A change between two visits as the JSON object that programs read, schema dermis.change/1."""

from __future__ import annotations

from typing import Any

from dermis.core import Box, Change, Fate, Item

__all__ = ["SCHEMA", "change_object"]

SCHEMA = "dermis.change/1"

Object = dict[str, Any]


def change_object(change: Change) -> Object:
    """Return the change as plain dicts, lists, numbers and strings."""
    return {
        "schema": SCHEMA,
        "before": change.before,
        "after": change.after,
        "count": {
            "before": round(change.count_before, 3),
            "after": round(change.count_after, 3),
            "difference": None if change.difference is None else [round(end, 3) for end in change.difference],
            "level": change.level,
        },
        "grade": {"before": _rounded(change.grade_before), "after": _rounded(change.grade_after)},
        "lasting": [
            {
                "before": _item(pair.before),
                "after": _item(pair.after),
                "probability": round(pair.probability, 4),
                "apart_face_widths": round(pair.apart, 4),
            }
            for pair in change.lasting
        ],
        "gone": [_fate(fate) for fate in change.gone],
        "new": [_fate(fate) for fate in change.new],
        "alignment": {
            "by": change.aligned_by,
            "off_face_widths": round(change.off_face_widths, 4),
            "textured_share": round(change.textured, 3),
        },
        "model": change.model,
    }


def _fate(fate: Fate) -> Object:
    return {
        **_item(fate.item),
        "probability": round(fate.probability, 4),
        "place_in_other_px": None if fate.elsewhere is None else _box(fate.elsewhere),
    }


def _item(item: Item) -> Object:
    return {"class": item.kind, "box_px": _box(item.box), "region": item.region.value, "score": round(item.score, 4)}


def _box(box: Box) -> list[float]:
    return [round(side, 1) for side in (box.x_px, box.y_px, box.width_px, box.height_px)]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
