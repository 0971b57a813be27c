"""The verdict on a photo, and the measures it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from dermis.colour.lab import linear_to_lab
from dermis.colour.tone import hue_deg
from dermis.core import (
    Face,
    LightReference,
    Problem,
    Quality,
    Region,
    SegmentationClass,
    Severity,
    Skin,
    View,
    in_classes,
)
from dermis.core.arrays import BoolMap, FloatMap
from dermis.face.landmarks import polygon_mask
from dermis.pipeline.exclusion import LUMINANCE, brightest_channel

__all__ = ["FEWEST_MEASURED_PX", "PROBLEMS", "assess", "no_face", "problem_of", "quality_measures", "refused"]

FEWEST_MEASURED_PX = 1000
"""Fewer measured pixels than this are no measurement."""

CHEEKS_WARN_PX = 200
CHEEKS_REJECT_PX = 100

REFERENCE_ERROR = 4.0
"""Above this ΔE00 a reference patch is doubtful."""
CLIPPED_SHARE = 0.02

_Words = tuple[Severity, str, str]

PROBLEMS: Mapping[str, _Words] = {
    "unreadable": (
        Severity.REJECT,
        "The file is no photo that can be read (the message says why).",
        "See the message.",
    ),
    "unreachable": (
        Severity.REJECT,
        "The file could not be fetched from its address (the message says why).",
        "Run the batch again.",
    ),
    "crashed": (
        Severity.REJECT,
        "The analysis of this file broke off (the message says why).",
        "Try it alone.",
    ),
    "unusable_option": (
        Severity.REJECT,
        "The mask, reference or flash pair does not fit the photo (the message says why).",
        "See the message.",
    ),
    "no_face": (
        Severity.REJECT,
        "No face was found, and not enough skin to be a close-up.",
        "Photograph the face from 30-60 cm; for a close-up of skin pass --close-up, for your own area --mask.",
    ),
    "no_skin": (
        Severity.REJECT,
        "Only {measured_px:.0f} pixels of skin could be measured.",
        "Come closer, uncover the skin, avoid glare and deep shadow; or pass your own --mask.",
    ),
    "face_too_small": (
        Severity.REJECT,
        "The face is {face_width_px:.0f} px wide between the cheeks; below 100 px nothing is measured.",
        "Come closer or use the camera's full resolution.",
    ),
    "face_small": (
        Severity.WARN,
        "The face is {face_width_px:.0f} px wide between the cheeks; small marks are lost below 200 px.",
        "Come closer or use the camera's full resolution.",
    ),
    "blurred": (
        Severity.WARN,
        "The skin is blurred (sharpness {sharpness:.2f}).",
        "Hold still, wipe the lens, focus on the cheek, use more light.",
    ),
    "too_dark": (
        Severity.WARN,
        "The photo is underexposed: even the brightest skin reaches only {skin_bright:.0%} of full brightness.",
        "Use more light or longer exposure; face a window.",
    ),
    "too_bright": (
        Severity.WARN,
        "The skin is overexposed: half of it is brighter than {skin_median:.0%} of full brightness.",
        "Less light or shorter exposure; turn the flash off.",
    ),
    "clipped": (
        Severity.WARN,
        "{clipped_share:.0%} of the skin is clipped to the end of the camera's range.",
        "Shorter exposure, no direct flash or sun on the skin.",
    ),
    "glare": (
        Severity.WARN,
        "{specular_share:.0%} of the skin shines.",
        "Use soft light from the side, blot the skin, turn the flash off.",
    ),
    "shadow": (
        Severity.WARN,
        "{shadow_share:.0%} of the skin lies in deep shadow.",
        "Face the light; avoid light from above or behind.",
    ),
    "uneven_light": (
        Severity.WARN,
        "One cheek gets {cheek_ratio:.1f} times the light of the other.",
        "Face the light; avoid a lamp or window at one side.",
    ),
    "colour_cast": (
        Severity.WARN,
        "The skin has a hue no skin has under white light ({skin_hue_deg:.0f} deg): the light is coloured.",
        "Use daylight or one kind of lamp, or put a grey card in the photo and pass --reference.",
    ),
    "reference_doubtful": (
        Severity.WARN,
        "The reference patch is uneven or partly overexposed (ΔE00 {reference_error:.1f}): the correction is rough.",
        "Mark the evenly lit middle of the card; hold it beside the face, turned to the light.",
    ),
    "no_device": (
        Severity.WARN,
        "No calibration of this device was found: colour and lightness are as its camera made them.",
        "Calibrate it with a colour chart: dermis calibrate.",
    ),
    "other_device": (
        Severity.WARN,
        "The calibration kept here is of another camera and was not applied.",
        "Calibrate this one, or name its profile with --device.",
    ),
    "no_level": (
        Severity.WARN,
        "The photo does not tell its exposure, or the calibration no distance: hue is calibrated, lightness is not.",
        "Keep EXIF in the files, and calibrate with a chart.",
    ),
    "no_colour": (
        Severity.WARN,
        "The photo is black-and-white: colour cannot be measured.",
        "Take a colour photo.",
    ),
    "turned": (
        Severity.WARN,
        "The head is turned by {yaw_deg:.0f} deg; the far side is not measured.",
        "Add a photo from the front.",
    ),
    "tilted": (
        Severity.WARN,
        "The head is tilted up or down by {pitch_deg:.0f} deg.",
        "Hold the camera at eye level.",
    ),
    "occluded": (
        Severity.WARN,
        "{covered_share:.0%} of the face is covered.",
        "Take off glasses or mask, pull back hair, take hands away.",
    ),
    "beard": (
        Severity.INFO,
        "Facial hair hides {facial_hair_share:.0%} of the skin; what lies under it was not measured.",
        "Compare only with photos that show as much of the skin.",
    ),
    "makeup": (
        Severity.INFO,
        "The lips are much redder than the skin: perhaps make-up, which changes what is measured.",
        "Measure clean skin.",
    ),
    "close_up": (
        Severity.INFO,
        "No whole face in view: all skin in view was measured, without regions.",
        "For regions photograph the whole face.",
    ),
    "several_faces": (
        Severity.INFO,
        "{faces:.0f} faces are in the photo; the largest was measured.",
        "Crop to one person, or pass --mask.",
    ),
}
"""Every problem: how much it matters, its words, its advice; `{name}` is one of the measures."""


def refused(code: str, message: str, advice: str) -> Quality:
    """Return the verdict on a file or option that could not be used, in the words of its refusal."""
    severity, _, usual_advice = PROBLEMS[code]
    problem = Problem(code=code, severity=severity, message=message, advice=advice or usual_advice)
    return Quality(problems=(problem,))


def no_face() -> Quality:
    """Return the verdict on a photo without a face or enough skin to be a close-up."""
    return Quality(problems=(_problem("no_face", {}),))


def assess(measures: Mapping[str, float], face: Face, reference: LightReference | None = None) -> Quality:
    """Return the verdict on a photo from its measures, the gravest problems first."""
    codes = [*_about_size(measures), *_about_light(measures), *_about_the_head(measures, face)]
    if reference is not None:
        measures = {**measures, "reference_error": max(reference.delta_e_after, reference.spread)}
        if measures["reference_error"] > REFERENCE_ERROR or reference.clipped_share > CLIPPED_SHARE:
            codes.append("reference_doubtful")
    problems = [_problem(code, measures) for code in codes]
    problems.sort(key=lambda problem: list(Severity).index(problem.severity), reverse=True)
    return Quality(problems=tuple(problems), measures=measures)


def problem_of(code: str) -> Problem:
    """Return a problem that no measure tells, by its code."""
    return _problem(code, {})


def _problem(code: str, measures: Mapping[str, float]) -> Problem:
    severity, message, advice = PROBLEMS[code]
    return Problem(code=code, severity=severity, message=message.format(**measures), advice=advice)


def _about_size(m: Mapping[str, float]) -> Iterator[str]:
    if m["measured_px"] < FEWEST_MEASURED_PX:
        yield "no_skin"
    width = m.get("face_width_px")
    if width is not None and width < CHEEKS_WARN_PX:
        yield "face_too_small" if width < CHEEKS_REJECT_PX else "face_small"


def _about_light(m: Mapping[str, float]) -> Iterator[str]:
    limits = (
        ("blurred", m.get("sharpness", 1.0) < 0.25),
        ("too_dark", m.get("skin_bright", 1.0) < 0.30),
        ("too_bright", m.get("skin_median", 0.0) > 0.93),
        ("clipped", m.get("clipped_share", 0.0) > CLIPPED_SHARE),
        ("glare", m.get("specular_share", 0.0) > 0.15),
        ("shadow", m.get("shadow_share", 0.0) > 0.15),
        ("uneven_light", m.get("cheek_ratio", 1.0) > 1.8),
    )
    yield from (code for code, holds in limits if holds)
    if m.get("skin_chroma", 99.0) < 2.0:
        yield "no_colour"
    elif not 20.0 <= m.get("skin_hue_deg", 50.0) <= 90.0:
        yield "colour_cast"


def _about_the_head(m: Mapping[str, float], face: Face) -> Iterator[str]:
    limits = (
        ("turned", abs(m.get("yaw_deg", 0.0)) > 40),
        ("tilted", abs(m.get("pitch_deg", 0.0)) > 25),
        ("occluded", m.get("covered_share", 0.0) > 0.20),
        ("beard", m.get("facial_hair_share", 0.0) > 0.05),
        ("makeup", m.get("lip_redness", 0.0) > 25),
        ("close_up", face.view is View.CLOSE_UP),
        ("several_faces", bool(face.others)),
    )
    yield from (code for code, holds in limits if holds)


def quality_measures(face: Face, skin: Skin, encoded: FloatMap) -> dict[str, float]:
    """Return what can be said of size, light, sharpness and pose; what does not apply is missing.

    encoded: (h, w, 3) sRGB-encoded pixels of the analysed frame, as photographed.
    """
    measured = int(np.count_nonzero(skin.measured))
    measures = {"measured_px": float(measured * face.frame.factor**2), **_of_the_head(face)}
    if face.landmarks is not None:
        measures |= _covered(face, face.landmarks)
    if measured:
        measures |= _shares(skin) | _brightness(encoded, skin.visible) | _colour(skin, face)
        measures |= _cheeks(skin) | {"sharpness": _sharpness(encoded, skin.visible)}
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
    middle, high = np.percentile(brightest_channel(encoded)[visible], (50, 98))
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
    luminance = skin.linear @ LUMINANCE
    sides = [
        luminance[skin.visible & (skin.regions == region.code)] for region in (Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
    ]
    if min(len(side) for side in sides) < 50:
        return {}
    left, right = (max(float(np.median(side)), 1e-4) for side in sides)
    return {"cheek_ratio": max(left, right) / min(left, right)}


def _sharpness(encoded: FloatMap, visible: BoolMap) -> float:
    """Return 1 - blur effect of the skin's surroundings, 0 blurred to 1 sharp (Crete et al., SPIE 6492, 2007)."""
    from skimage.measure import blur_effect  # late: 0.2 s

    rows, columns = np.nonzero(visible)
    crop = encoded[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    step = max(1, round(max(crop.shape) / 512))
    if min(crop.shape[:2]) // step < 12:
        return 0.0
    return 1.0 - float(blur_effect(crop[::step, ::step] @ LUMINANCE))
