"""The truth about one picture as a record that JSON holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dermis.colour.tone import ita_deg
from dermis.core import Capture, Label, Region, SampleKey
from dermis.core.arrays import BoolMap, FloatMap, LabelMap
from dermis.formats.files import write_text
from dermis.lab.synth.camera.render import Buffers
from dermis.lab.synth.camera.visible_marks import VisibleMarks
from dermis.lab.synth.head.anatomy import LANDMARKS
from dermis.lab.synth.lesions.ground_truth import Grades

__all__ = [
    "Record",
    "capture_object",
    "colours_by_region",
    "grades_object",
    "items_of",
    "landmarks_of",
    "read_record",
    "write_record",
]

SCHEMA = "dermis.truth/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that is known of one picture; what it may hold is what JSON may hold.

    name: of the record's file. photo: path of the picture in the set. traits: short facts to choose and split by.
    items: marks in view. files: what lies beside, by name. detail: the rest.
    """

    name: str
    key: SampleKey
    photo: str
    labels: tuple[Label, ...] = ()
    traits: Mapping[str, str | float] = field(default_factory=dict)
    items: tuple[Mapping[str, Any], ...] = ()
    files: Mapping[str, Any] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)


def write_record(path: Path, record: Record) -> None:
    """Write the record as JSON, the same record the same bytes."""
    said = {"schema": SCHEMA, **asdict(record)}
    write_text(path, json.dumps(said, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is nothing that JSON holds.")


def read_record(path: Path) -> Record:
    """Read a record that `write_record` wrote."""
    said = json.loads(path.read_text(encoding="utf-8"))
    said.pop("schema")
    return Record(
        **said
        | {
            "key": SampleKey(**said["key"]),
            "labels": tuple(Label(**label) for label in said["labels"]),
            "items": tuple(said["items"]),
        }
    )


def items_of(sightings: VisibleMarks) -> tuple[Mapping[str, Any], ...]:
    """Return the marks in view as JSON objects, in the order of their numbers in the map of lesions."""
    return tuple(
        {
            "identity": one.mark.identity,
            "kind": one.mark.kind.value,
            "box_px": [one.box.x_px, one.box.y_px, one.box.width_px, one.box.height_px],
            "visible": round(one.visible, 3),
            "region": one.mark.region.value,
            "left": one.mark.left,
            "radius_mm": round(one.mark.radius_mm, 3),
            "changes": {name: round(float(change), 5) for name, change in sorted(one.mark.changes.items())},
        }
        for one in sightings.seen
    )


def landmarks_of(buffers: Buffers) -> dict[str, list[float]]:
    """Return by name x and y in pixels, depth in mm, and 1 where it is in view, else 0."""
    rows = np.column_stack([buffers.landmarks, buffers.visible]).astype(np.float64).round(2).tolist()
    return dict(zip(LANDMARKS, rows, strict=True))


def colours_by_region(lab: FloatMap, skin: BoolMap, regions: LabelMap) -> dict[str, dict[str, Any]]:
    """Return by region the mean true colour of its skin in view; regions out of view are left out."""
    found = {}
    for region in Region:
        here = skin & ((regions > 0) if region is Region.FACE else (regions == region.code))
        if here.sum() >= 20:
            mean = lab[here].mean(axis=0, dtype=np.float64)
            found[region.value] = {
                "lab": mean.round(3).tolist(),
                "ita_deg": round(float(ita_deg(mean)), 2),
                "pixels": int(here.sum()),
            }
    return found


def capture_object(capture: Capture) -> dict[str, Any]:
    """Return what the capture says, without what it does not."""
    return {name: value for name, value in asdict(capture).items() if value is not None}


def grades_object(grades: Grades) -> dict[str, Any]:
    """Return all grades as a JSON object."""
    return {name: _rounded(value) for name, value in asdict(grades).items()}


def _rounded(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): int(count) for name, count in value.items() if count}
    return round(value, 4) if isinstance(value, float) else value
