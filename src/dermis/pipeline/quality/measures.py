"""What is measured of a photo for the verdict: size, pose, shares left out, brightness, colour, sharpness."""

from __future__ import annotations

import numpy as np

from dermis.colour.lab import linear_to_lab
from dermis.colour.tone import hue_deg
from dermis.core import Capture, Face, Region, SegmentationClass, Skin, in_classes
from dermis.core.arrays import BoolMap, FloatMap, window_of
from dermis.face.landmarks import polygon_mask
from dermis.pipeline.exclusion import LUMINANCE, brightest_channel
from dermis.pipeline.quality.light_measures import light_measures
from dermis.pipeline.quality.living_skin import living_skin_measures

__all__ = ["quality_measures"]


def quality_measures(
    face: Face, skin: Skin, encoded: FloatMap, capture: Capture | None = None, *, vouched: bool = False
) -> dict[str, float]:
    """Return what can be said of size, light, sharpness and pose; what does not apply is missing.

    encoded: (h, w, 3) sRGB-encoded pixels of the analysed frame, as photographed. capture: what the file says.
    vouched: the user drew the skin, so that nobody asks whether it is living.
    """
    measured = int(np.count_nonzero(skin.measured))
    measures = {"measured_px": float(measured * face.frame.factor**2), **_of_the_head(face)}
    if face.landmarks is not None:
        measures |= _covered(face, face.landmarks)
    if measured:
        measures |= _shares(skin) | _brightness(encoded, skin.visible) | _colour(skin, face)
        measures |= _cheeks(skin) | {"sharpness": _sharpness(encoded, skin.visible)}
        measures |= light_measures(face, skin, encoded, capture)
        if not vouched:
            measures |= living_skin_measures(face, skin, encoded)
    return measures


def _of_the_head(face: Face) -> dict[str, float]:
    measures: dict[str, float] = {}
    if face.face_width_px is not None:
        measures["face_width_px"] = face.face_width_px
    if face.pose is not None:
        pose = face.pose
        measures |= {"yaw_deg": pose.yaw_deg, "pitch_deg": pose.pitch_deg, "roll_deg": pose.roll_deg}
    if face.others:
        measures["faces"] = float(len(face.others) + 1)
    return measures


def _covered(face: Face, landmarks: FloatMap) -> dict[str, float]:
    """Return the share of the face's outline in which something else than the face is seen."""
    from scipy.spatial import ConvexHull  # late: 0.1 s

    frame = face.frame
    points = (landmarks[:, :2] - (frame.x_px, frame.y_px)) / frame.factor
    outline = points[ConvexHull(points).vertices]
    inside = polygon_mask([outline], frame)
    beside = (SegmentationClass.BACKGROUND, SegmentationClass.HAIR, SegmentationClass.OCCLUDER)
    other = in_classes(face.segmentation, beside) & ~face.skin
    area = int(np.count_nonzero(inside))
    return {"covered_share": int(np.count_nonzero(inside & other)) / area} if area else {}


def _shares(skin: Skin) -> dict[str, float]:
    """Return which share of the visible skin each reason takes; facial hair counts to the skin that it hides."""
    total = max(int(np.count_nonzero(skin.visible)), 1)
    shares = {
        f"{reason}_share": int(np.count_nonzero(mask)) / max(int(np.count_nonzero(skin.visible | mask)), 1)
        for reason, mask in skin.excluded.items()
    }
    return shares | {"measured_share": int(np.count_nonzero(skin.measured)) / total}


def _brightness(encoded: FloatMap, visible: BoolMap) -> dict[str, float]:
    middle, high = np.percentile(brightest_channel(encoded[visible]), (50, 98))
    return {"skin_median": float(middle), "skin_bright": float(high)}


def _colour(skin: Skin, face: Face) -> dict[str, float]:
    lab = np.median(np.asarray(linear_to_lab(skin.linear[skin.measured])), axis=0)
    measures = {
        "skin_lightness": float(lab[0]),
        "skin_chroma": float(np.hypot(lab[1], lab[2])),
        "skin_hue_deg": float(hue_deg(lab)),
    }
    lips = skin.linear[face.segmentation == SegmentationClass.LIPS]
    if len(lips) >= 50:
        lips_lab = np.median(np.asarray(linear_to_lab(lips)), axis=0)
        measures["lip_redness"] = float(lips_lab[1] - lab[1])
    return measures


def _cheeks(skin: Skin) -> dict[str, float]:
    sides = [
        skin.linear[skin.visible & (skin.regions == region.code)] @ LUMINANCE
        for region in (Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
    ]
    if min(len(side) for side in sides) < 50:
        return {}
    left, right = (max(float(np.median(side)), 1e-4) for side in sides)
    return {"cheek_ratio": max(left, right) / min(left, right)}


def _sharpness(encoded: FloatMap, visible: BoolMap) -> float:
    """Return 1 - blur effect of the skin's surroundings, 0 blurred to 1 sharp (Crete et al., SPIE 6492, 2007)."""
    crop = encoded[window_of(visible)]
    step = max(1, round(max(crop.shape) / 512))
    if min(crop.shape[:2]) // step < 12:
        return 0.0
    return 1.0 - _blur(crop[::step, ::step] @ LUMINANCE)


_BLUR_PX = 11


def _blur(grey: FloatMap) -> float:
    """Return the share of its steps that a picture (h, w) keeps when it is blurred: 0 sharp, 1 as blurred as can be."""
    from scipy.ndimage import uniform_filter1d  # late: 40 ms

    shares = []
    for picture in (grey, grey.T):
        sharp, blurred = _steps_down(picture), _steps_down(uniform_filter1d(picture, _BLUR_PX, axis=0))
        whole = float(sharp.sum(dtype=np.float64))
        lost = float(np.maximum(sharp - blurred, 0).sum(dtype=np.float64))
        shares.append(1 - lost / whole if whole > 0 else 1.0)
    return max(shares)


def _steps_down(grey: FloatMap) -> FloatMap:
    """Return the size of the step from the row above to the row below, by the filter of Sobel, inside the picture."""
    step = grey[3:] - grey[1:-2]
    found: FloatMap = np.abs(step[:, 1:-2] + 2 * step[:, 2:-1] + step[:, 3:])
    return found
