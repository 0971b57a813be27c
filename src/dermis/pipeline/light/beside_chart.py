"""The skin of a face beside a chart: what the chart cannot tell of it.

The chart faces the camera and the face does not everywhere, so the face is a little darker than the light on the chart
says; its gloss adds white, which shows most on dark skin; and a line through 24 patches is not quite that of skin. A
line through the colour as the chart tells it, and the shading of the face, takes away what is usual of this. It is
fitted to made people with charts by other phones in other lights (`dermis validate --fit`), who are of all tones alike.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import lab_to_linear
from dermis.core import Face, Skin
from dermis.core.arrays import FloatMap, hold
from dermis.pipeline.exclusion import LUMINANCE
from dermis.tasks.intervals import FOLDER
from dermis.tasks.tone import face_colour

__all__ = ["CHARTED_COLOUR", "ChartedColour", "beside_chart", "charted_clues", "read_charted_colour"]

_Floats = NDArray[np.float64]

CHARTED_COLOUR = FOLDER.parent / "charted_colour.json"
_NEAREST = 16
"""Landmarks through which a plane gives the direction of the surface."""
_MEASURED, _FEWEST = 0.6, 40
"""Share of the surroundings of a landmark that is measured skin; fewer such landmarks tell no shading."""
_RIDGE = 0.02
_BRIGHT = 90
"""Percentile of the luminance that gloss is cut to."""
_MOST = 8.0
"""By how much L*, a* and b* change at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartedColour:
    """A line: corrected L*a*b* = told + [1, (clues - mean) / sd] @ slopes; slopes (8, 3), mean, sd, low, high (7,).

    Clues beyond those of the fit, low to high, count as its ends. people, photos: what it rests on.
    """

    slopes: _Floats
    mean: _Floats
    sd: _Floats
    low: _Floats
    high: _Floats
    people: int
    photos: int

    def __post_init__(self) -> None:
        hold(self, "slopes", dtype=np.float64, shape=(8, 3))
        for name in ("mean", "sd", "low", "high"):
            hold(self, name, dtype=np.float64, shape=(7,))

    def corrected(self, clues: _Floats) -> _Floats:
        """Return the colour (3,) that goes with clues (7,), the first three of which are the colour as told."""
        held = (np.clip(clues, self.low, self.high) - self.mean) / self.sd
        change = self.slopes[0] + held @ self.slopes[1:]
        return np.asarray(clues[:3] + np.clip(change, -_MOST, _MOST), dtype=np.float64)


@cache
def read_charted_colour(path: Path = CHARTED_COLOUR) -> ChartedColour | None:
    """Return the line that ships, None where none was fitted."""
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    numbers = {name: np.array(told[name]) for name in ("slopes", "mean", "sd", "low", "high")}
    return ChartedColour(**numbers, people=int(told["people"]), photos=int(told["photos"]))


def beside_chart(skin: Skin, face: Face) -> Skin:
    """Return the skin of a face whose light a chart told, in the colour that it has without shade and gloss."""
    line, clues = read_charted_colour(), charted_clues(skin, face)
    if line is None or clues is None:
        return skin
    told, true = (np.maximum(lab_to_linear(lab), 1e-4) for lab in (clues[:3], line.corrected(clues)))
    return replace(skin, linear=np.asarray(skin.linear * (true / told).astype(np.float32), np.float32))


def charted_clues(skin: Skin, face: Face) -> _Floats | None:
    """Return L*, a*, b* of the face as the chart tells them, their products with L*, and the shading in stops.

    None where the face has too little measured skin or no landmarks.
    """
    lab = face_colour(skin)
    if face.landmarks is None or lab is None:
        return None
    shading = _shading(skin.linear @ LUMINANCE, skin.measured, face)
    if shading is None:
        return None
    return np.array([*lab, lab[0] * lab[0], lab[0] * lab[1], lab[0] * lab[2], shading])


def _shading(luminance: FloatMap, places: NDArray[np.bool_], face: Face) -> float | None:
    """Return by how many stops the face is lighter than its parts that face the camera, by Lambert's law.

    Luminance at the landmarks = level + light . direction, by ridge regression.
    """
    assert face.landmarks is not None
    points = face.landmarks.astype(np.float64)
    frame = face.frame
    half = max(2, round((face.face_width_px or 0.0) / frame.factor / 60))
    columns, rows = np.rint((points[:, :2] - (frame.x_px, frame.y_px)) / frame.factor).astype(int).T
    seen = np.full(len(points), np.nan)
    for place, (row, column) in enumerate(zip(rows, columns, strict=True)):
        window = slice(max(row - half, 0), row + half + 1), slice(max(column - half, 0), column + half + 1)
        inside = places[window]
        if inside.size and inside.mean() > _MEASURED:
            seen[place] = np.median(luminance[window][inside])
    told = np.isfinite(seen)
    if np.count_nonzero(told) < _FEWEST:
        return None
    light = np.minimum(seen[told], np.percentile(seen[told], _BRIGHT))
    design = np.column_stack([np.ones(len(light)), _directions(points)[told]])
    ridge = _RIDGE * len(light) * np.diag([0.0, 1.0, 1.0, 1.0])
    level, *_, ahead = np.linalg.solve(design.T @ design + ridge, design.T @ light)
    return float(np.log2(max(float(np.median(light)), 1e-5) / max(float(level + ahead), 1e-5)))


def _directions(points: _Floats) -> _Floats:
    """Return the direction (n, 3) of the surface at points (n, 3), x right, y down, the last towards the camera."""
    from scipy.spatial import cKDTree  # late: 0.1 s

    _, near = cKDTree(points[:, :2]).query(points[:, :2], k=_NEAREST)
    offsets = points[near] - points[:, None]
    planes = np.concatenate([offsets[..., :2], np.ones((*near.shape, 1))], axis=2)
    square = np.swapaxes(planes, 1, 2) @ planes + 1e-6 * np.eye(3)
    slopes = np.linalg.solve(square, np.swapaxes(planes, 1, 2) @ offsets[..., 2:])[:, :2, 0]
    directions = np.column_stack([-slopes, np.ones(len(points))])
    return np.asarray(directions / np.linalg.norm(directions, axis=1, keepdims=True), dtype=np.float64)
