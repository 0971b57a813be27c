"""Features of the base head: eyes, nose, lips, ears."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dermis.core import Region, SegmentationClass
from dermis.core.arrays import LabelMap
from dermis.lab.synth.head.uv_atlas import EAR_CORNER

__all__ = [
    "EAR_ROOT",
    "LANDMARKS",
    "Landmark",
    "around_mm",
    "brow_inside",
    "ear",
    "face_inside",
    "lips_inside",
    "nose_inside",
    "polygon_inside",
    "region_codes",
]

Values = NDArray[np.floating]


class Landmark(NamedTuple):
    """A named place.

    mesh_index: its number among the 478 points of the face mesh, None where that has none. place: on the average
    head in mm, carried onto the skin along the ray of its (u, v). part: what it lies on.
    """

    mesh_index: int | None
    place: tuple[float, float, float]
    part: SegmentationClass


def _pair(
    name: str, right: int | None, left: int | None, place: tuple[float, float, float], part: SegmentationClass
) -> dict[str, Landmark]:
    x, y, z = place
    return {
        f"right_{name}": Landmark(right, (-x, y, z), part),
        f"left_{name}": Landmark(left, (x, y, z), part),
    }


# Left and right are the person's own.
LANDMARKS: dict[str, Landmark] = {
    "trichion": Landmark(None, (0, 68, 89), SegmentationClass.FACE_SKIN),
    "forehead_top": Landmark(10, (0, 46, 98), SegmentationClass.FACE_SKIN),
    "glabella": Landmark(9, (0, 17, 101), SegmentationClass.FACE_SKIN),
    "nasion": Landmark(168, (0, 2, 96), SegmentationClass.NOSE),
    "nose_tip": Landmark(4, (0, -36, 116), SegmentationClass.NOSE),
    "subnasale": Landmark(2, (0, -47.5, 101), SegmentationClass.NOSE),
    "upper_lip": Landmark(0, (0, -60.6, 101), SegmentationClass.LIPS),
    "mouth_middle": Landmark(13, (0, -67.4, 99), SegmentationClass.LIPS),
    "lower_lip": Landmark(17, (0, -77.0, 99), SegmentationClass.LIPS),
    "chin": Landmark(152, (0, -109.5, 90), SegmentationClass.FACE_SKIN),
    **_pair("eye_outer", 33, 263, (45.0, 1.4, 76), SegmentationClass.EYES),
    **_pair("eye_inner", 133, 362, (19.0, -1.0, 80), SegmentationClass.EYES),
    **_pair("eye_top", 159, 386, (30.5, 4.8, 84), SegmentationClass.EYES),
    **_pair("eye_bottom", 145, 374, (31.8, -4.6, 84), SegmentationClass.EYES),
    **_pair("pupil", 468, 473, (31.5, 0.3, 84), SegmentationClass.EYES),
    **_pair("brow_inner", 107, 336, (12.5, 19.0, 98), SegmentationClass.HAIR),
    **_pair("brow_outer", 70, 300, (49.5, 16.5, 72), SegmentationClass.HAIR),
    **_pair("ala", 64, 294, (17.0, -40, 97), SegmentationClass.NOSE),
    **_pair("mouth_corner", 61, 291, (24.6, -67.3, 87), SegmentationClass.LIPS),
    **_pair("cheek", 50, 280, (45, -33.5, 75), SegmentationClass.FACE_SKIN),
    **_pair("jaw_angle", 172, 397, (53, -82, 22), SegmentationClass.FACE_SKIN),
    **_pair("tragion", 234, 454, (71.2, -8, 2), SegmentationClass.OTHER_SKIN),
}

_Outline = tuple[tuple[float, float], ...]

# Outlines on the left half: distance around the face (see `around_mm`) and height, in mm.
_REGIONS: dict[Region, tuple[_Outline, ...]] = {
    Region.FOREHEAD: (((-1, 27), (20, 29), (45, 28), (66, 24), (72, 38), (66, 55), (40, 66), (-1, 68)),),
    Region.NOSE: (((-1, 6), (7, 4), (10, -14), (17, -30), (20.5, -40), (17, -46.5), (8, -49), (-1, -49)),),
    Region.CHIN: (((-1, -84), (18, -84), (27, -80), (33, -92), (27, -112), (-1, -117)),),
    Region.LEFT_CHEEK: (
        (
            (21, -26),
            (32, -20),
            (52, -16),
            (72, -10),
            (84, -14),
            (86, -40),
            (76, -70),
            (60, -84),
            (44, -84),
            (35, -66),
            (24, -48),
        ),
    ),
    Region.LEFT_UNDER_EYE: (((17, -6), (22, -8.5), (32, -9.5), (44, -7), (50, -8), (46, -15), (32, -18.5), (19, -15)),),
}
_UPPER_LIP: _Outline = ((-1, -48), (17, -46), (25, -50), (33, -66), (25, -67.5), (-1, -67.5))
_MIRRORED = {Region.LEFT_CHEEK: Region.RIGHT_CHEEK, Region.LEFT_UNDER_EYE: Region.RIGHT_UNDER_EYE}


def around_mm(rest: Values) -> Values:
    """Return the signed distance around the face from its middle, to the person's left, for places (..., 3).

    The angle about the head's axis times 85 mm; on the nose the plain x.
    """
    return np.asarray(np.arctan2(rest[..., 0], rest[..., 2] - 2.0) * 85.0)


def region_codes(rest: Values) -> LabelMap:
    """Return the `Region.code` of places (..., 3) on the average head, 0 in no region."""
    around, height = around_mm(rest), rest[..., 1]
    codes = np.zeros(around.shape, np.uint8)
    for region, outlines in _REGIONS.items():
        for outline in outlines:
            inside = polygon_inside(np.abs(around), height, outline) > 0
            codes[inside & (around >= 0)] = region.code
            codes[inside & (around < 0)] = _MIRRORED.get(region, region).code
    codes[(lips_inside(rest) > 0) | (rest[..., 2] < -5)] = 0
    return codes


def lips_inside(rest: Values) -> Values:
    """Return how far inside the red of the lips places lie, in mm."""
    x, y, z = np.abs(rest[..., 0]), rest[..., 1], rest[..., 2]
    along = np.clip(x / 25, 0, 1.2)
    bow = 1.5 * np.exp(-(((x - 5.5) / 3.5) ** 2)) - 1.2 * np.exp(-((x / 2.8) ** 2))
    upper = -59.6 + bow - 7.7 * along**2.1
    lower = -77.9 + 10.6 * along**2.4
    inside = np.minimum(np.minimum(upper - y, y - lower), (25 - x) * 1.0)
    return np.where(z > 60, inside, -20).astype(np.float32)


def upper_lip_inside(rest: Values) -> Values:
    """Return how far inside the skin between nose and mouth, which no region names, places lie, in mm."""
    skin = polygon_inside(np.abs(around_mm(rest)), rest[..., 1], _UPPER_LIP)
    return np.minimum(np.minimum(skin, -lips_inside(rest)), -nose_inside(rest))


def nose_inside(rest: Values) -> Values:
    """Return how far inside the nose's border places lie, in mm."""
    return polygon_inside(np.abs(around_mm(rest)), rest[..., 1], _REGIONS[Region.NOSE][0])


def face_inside(rest: Values) -> Values:
    """Return how far inside the face places lie, in mm: above the jaw's edge and before the ears."""
    edge = (
        (-60, -118), (20, -118.5), (40, -114), (62, -104), (84, -93), (102, -82), (118, -62), (126, -30), (131, 0),
        (131, 260), (-60, 260),
    )  # fmt: skip
    return polygon_inside(np.abs(around_mm(rest)), rest[..., 1], edge)


def brow_inside(rest: Values, thickness: float, arch: float) -> Values:
    """Return how far inside the brows places lie, in mm.

    thickness: 1 is about 8 mm at the widest. arch: 1 lifts the middle by about 6 mm.
    """
    x, y, z = np.abs(rest[..., 0]), rest[..., 1], rest[..., 2]
    along = np.clip((x - 9.5) / 43, 0, 1)
    middle = 16.5 + 6.5 * arch * np.sin(np.pi * along**1.25 * 0.95) - 2.0 * along + 2.0 * (1 - along) * along
    half = 4.0 * thickness * np.clip(1.06 - along, 0, 1) ** 0.55 * np.clip(0.35 + along * 6, 0, 1) ** 0.6
    inside = np.minimum(half - np.abs(y - middle), np.minimum(x - 8.5, 53 - x))
    return np.where(z > 40, inside, -20).astype(np.float32)


def polygon_inside(x: Values, y: Values, outline: _Outline) -> Values:
    """Return the distance of points (...) to a closed `outline`, positive inside, in its own unit."""
    nearest = np.full(np.shape(x), np.inf, np.float32)
    inside = np.zeros(np.shape(x), np.bool_)
    corners = np.asarray(outline, np.float32)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        dx, dy = bx - ax, by - ay
        t = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0, 1)
        np.minimum(nearest, (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2, out=nearest)
        crosses = ((ay > y) != (by > y)) & (x < dx * (y - ay) / (dy if dy else 1.0) + ax)
        inside ^= crosses
    return np.where(inside, np.sqrt(nearest), -np.sqrt(nearest)).astype(np.float32)


EAR_ROOT = (69.5, -6.0, -9.0)
"""Where the left ear sits, in mm."""

_ROWS, _COLUMNS = 27, 49


def ear(flare_deg: float = 26.0, scale: float = 1.0) -> tuple[Values, Values]:
    """Return the left ear: points (r, c, 3) in mm and uv (r, c, 2); the first and last column are one line.

    flare_deg: how far the ear stands off the head. scale: 1 is 62 mm high.
    """
    reach = np.concatenate([np.linspace(0, 1, _ROWS - 4), [1.03, 1.0, 0.86, 0.6]])[:, None]
    depth_behind = np.concatenate([np.zeros(_ROWS - 4), [-2.2, -5.0, -8.0, -12.0]])[:, None]
    turn = np.linspace(0, 2 * np.pi, _COLUMNS)[None, :]
    back = 17.5 * np.cos(turn) * (1 + 0.22 * np.sin(turn)) * reach
    up = 31 * np.sin(turn) * reach + 1.5 * np.cos(2 * turn) * reach
    front_side = np.where(np.arange(_ROWS)[:, None] < _ROWS - 4, 1.0, 0.0)
    out = _relief(back, up, np.minimum(reach, 1.0)) * front_side
    out = np.where(front_side > 0, out, out[_ROWS - 5] + depth_behind)
    points = _place(back * scale, up * scale, out * scale, flare_deg)
    uv = np.stack([0.5 + back / 40 + 0 * up, 0.5 - up / 68], axis=-1)
    u = 1 - EAR_CORNER[0] * (1 - uv[..., 0])
    v = EAR_CORNER[1] + (1 - EAR_CORNER[1]) * uv[..., 1]
    return points, np.stack([u, v], axis=-1).astype(np.float32)


def _relief(back: Values, up: Values, reach: Values) -> Values:
    """Height of the ear's outer side over its plane, in mm."""

    def hill(b: float, u: float, wide: float, high: float) -> Values:
        return np.exp(-0.5 * (((back - b) / wide) ** 2 + ((up - u) / high) ** 2))

    angle = np.arctan2(up, back)
    rim_here = 1 - hill(-2, -34, 14, 9)  # the lobe has no rim
    rim = 5.0 * np.exp(-0.5 * ((reach - 0.88) / 0.075) ** 2) * rim_here
    behind = np.clip(np.cos(angle - 0.25), 0, 1) ** 0.7
    inner_rim = 4.2 * np.exp(-0.5 * ((reach - 0.55) / 0.10) ** 2) * behind
    scapha = -1.5 * np.exp(-0.5 * ((reach - 0.72) / 0.07) ** 2) * rim_here * behind
    bowl = -9.0 * hill(-4.5, -3.5, 6.5, 8) - 3 * hill(-3, 9, 6, 4)
    crus = 3.0 * hill(-9, 3, 6, 2)
    tragus = 5.5 * hill(-13.5, -5.5, 3.2, 4.2)
    antitragus = 3.2 * hill(-3, -16.5, 4, 3)
    lobe = 1.5 * hill(-3, -25, 8, 6)
    return np.asarray(rim + inner_rim + scapha + bowl + crus + tragus + antitragus + lobe)


def _place(back: Values, up: Values, out: Values, flare_deg: float) -> Values:
    """Stand the ear off the head about its front edge and lean it back."""
    flare, lean = np.radians(flare_deg), np.radians(10.0)
    back, up = back * np.cos(lean) + up * np.sin(lean), up * np.cos(lean) - back * np.sin(lean)
    hinge = back + 15.0
    x = EAR_ROOT[0] + hinge * np.sin(flare) + out * np.cos(flare)
    z = EAR_ROOT[2] + 15.0 - hinge * np.cos(flare) + out * np.sin(flare)
    return np.stack(np.broadcast_arrays(x, EAR_ROOT[1] + up, z), axis=-1).astype(np.float32)
