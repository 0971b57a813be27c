"""Landmarks of a face: the mesh network, named points, outlines as masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dermis.core import CropFrame
from dermis.core.arrays import BoolMap, FloatMap
from dermis.face.image_pyramid import ImagePyramid, Square
from dermis.models import registry, runtime

__all__ = [
    "BROWS",
    "BROW_TOPS",
    "CHEEKS",
    "CHEEK_EDGES",
    "CHIN",
    "EYES",
    "EYE_CORNERS",
    "FOREHEAD_EDGE",
    "LIPS",
    "LOWER_FACE",
    "MIDDLE",
    "MIDLINE",
    "NOSE",
    "NOSTRILS",
    "OVAL",
    "PAIRS",
    "UNDER_EYES",
    "UPPER_CHEEKS",
    "FaceMesh",
    "fit_landmarks",
    "polygon_mask",
    "square_around",
]

_SIZE = 256
_MARGIN = 1.5  # the view's side over the mesh's, as the network was trained
_EYE_CORNERS = (33, 263)  # outer corners, right and left


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceMesh:
    """landmarks: (478, 3) in photo pixels, depth in the same unit; score: that this is a face, in [0, 1]."""

    landmarks: FloatMap
    score: float


def fit_landmarks(picture: ImagePyramid, square: Square) -> FaceMesh:
    """Fit the mesh to the face that fills two thirds of `square`, upright in it."""
    view = picture.view(square, _SIZE)
    out = _network().run((view.astype(np.float32) / 255)[None])
    raw = out["Identity"].reshape(478, 3).astype(np.float64)
    to_photo = square.matrix(_SIZE)
    landmarks = np.empty((478, 3), dtype=np.float32)
    landmarks[:, :2] = raw[:, :2] @ to_photo[:, :2].T + to_photo[:, 2]
    landmarks[:, 2] = raw[:, 2] * square.side_px / _SIZE
    score = 1 / (1 + np.exp(-float(out["Identity_1"].ravel()[0])))
    return FaceMesh(landmarks=landmarks, score=float(score))


def square_around(landmarks: FloatMap) -> Square:
    """Return the upright square around these landmarks that the mesh network takes as its next input."""
    points = landmarks[:, :2].astype(np.float64)
    right, left = points[list(_EYE_CORNERS)]
    turn = np.arctan2(left[1] - right[1], left[0] - right[0])
    cos, sin = np.cos(turn), np.sin(turn)
    upright = points @ np.array([[cos, -sin], [sin, cos]])
    low, high = upright.min(axis=0), upright.max(axis=0)
    centre = np.array([[cos, -sin], [sin, cos]]) @ ((low + high) / 2)
    return Square(
        x_px=float(centre[0]),
        y_px=float(centre[1]),
        side_px=float((high - low).max()) * _MARGIN,
        roll_deg=float(np.rad2deg(turn)),
    )


@lru_cache(maxsize=1)
def _network() -> runtime.LoadedNetwork:
    return runtime.load(registry.fetch("face_landmarks"), threads=1)  # too small to share


Points = tuple[int, ...]

OVAL: Points = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""The rim of the mesh, clockwise in the picture from the top of the forehead."""

FOREHEAD_EDGE: Points = (127, 162, 21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251, 389, 356)
"""The upper rim, from the right temple to the left."""

BROW_TOPS: Points = (70, 63, 105, 66, 107, 9, 336, 296, 334, 293, 300)
"""The upper edge of both brows, from right to left."""

BROWS: tuple[Points, Points] = (
    (46, 53, 52, 65, 55, 107, 66, 105, 63, 70),
    (276, 283, 282, 295, 285, 336, 296, 334, 293, 300),
)
EYES: tuple[Points, Points] = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
)
UNDER_EYES: tuple[Points, Points] = (
    (112, 121, 120, 119, 118, 117, 111, 31, 25, 110, 24, 23, 22, 26),
    (341, 350, 349, 348, 347, 346, 340, 261, 255, 339, 254, 253, 252, 256),
)
CHEEKS: tuple[Points, Points] = (
    (234, 116, 117, 118, 119, 100, 142, 203, 206, 216, 212, 202, 210, 169, 150, 136, 172, 58, 132, 93),
    (454, 345, 346, 347, 348, 329, 371, 423, 426, 436, 432, 422, 430, 394, 379, 365, 397, 288, 361, 323),
)
UPPER_CHEEKS: tuple[Points, Points] = (
    (116, 117, 118, 119, 100, 142, 205, 50),
    (345, 346, 347, 348, 329, 371, 425, 280),
)
LOWER_FACE: Points = (
    *(132, 205, 98, 2, 327, 425, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58),
)
"""Where beard and moustache grow."""
NOSTRILS: tuple[Points, Points] = (
    (219, 218, 237, 44, 125, 242, 99, 240, 235),
    (439, 438, 457, 274, 354, 462, 328, 460, 455),
)
NOSE: Points = (
    *(168, 417, 412, 399, 437, 420, 429, 279, 278, 294, 327, 326),
    *(2, 97, 98, 64, 48, 49, 209, 198, 217, 174, 188, 193),
)
LIPS: Points = (*(61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146),)
CHIN: Points = (
    *(202, 43, 106, 182, 83, 18, 313, 406, 335, 273, 422, 430, 394, 379, 378, 400, 377, 152),
    *(148, 176, 149, 150, 169, 210),
)

EYE_CORNERS: tuple[tuple[int, int], tuple[int, int]] = ((33, 133), (263, 362))
"""Outer and inner corner of the right and of the left eye."""

CHEEK_EDGES: tuple[int, int] = (234, 454)
"""The outer edges of the right and of the left cheek, in front of the ears."""

MIDLINE: tuple[Points, Points] = ((10, 151, 9), (152, 175, 199))
"""Points on the forehead and on the chin that lie on the plane of symmetry."""

MIDDLE: Points = (10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 1, 2, 164, 0, 17, 18, 200, 199, 175, 152)
"""Down the middle of the face, over the ridge of the nose."""

PAIRS: tuple[Points, Points] = (
    (33, 133, 61, 234, 127, 93, 58, 172, 136, 70, 105, 107, 55, 50, 205, 129, 54, 103),
    (263, 362, 291, 454, 356, 323, 288, 397, 365, 300, 334, 336, 285, 280, 425, 358, 284, 332),
)
"""Points of the right half and their mirror images on the left."""


def polygon_mask(
    outlines: Sequence[NDArray[np.floating]],
    frame: CropFrame,
    *,
    grow: float = 0.0,
    shift: tuple[float, float] = (0, 0),
) -> BoolMap:
    """Return where closed outlines cover the frame.

    outlines: (n, 2) each, in frame pixels. grow: by how many pixels they are widened. shift: (x, y) in pixels.
    """
    from PIL import Image, ImageDraw  # late: 30 ms

    canvas = Image.new("L", (frame.width, frame.height))
    draw = ImageDraw.Draw(canvas)
    for outline in outlines:
        # Pillow counts from pixel centres.
        corners = [tuple(corner) for corner in np.asarray(outline)[:, :2] + shift - 0.5]
        draw.polygon(corners, fill=1)
        if grow >= 0.5:
            draw.line([*corners, *corners[:2]], fill=1, width=round(2 * grow), joint="curve")
    return np.asarray(canvas) > 0
