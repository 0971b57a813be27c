"""Every problem that a photo can have: how much it matters, its words and its advice."""

from __future__ import annotations

from collections.abc import Mapping

from dermis.core import Problem, Severity

__all__ = ["PROBLEMS", "problem", "problem_of"]

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
    "not_living_skin": (
        Severity.REJECT,
        "The face does not vary in colour as living skin does: stone, a mask, paint, print, or hardly any colour left.",
        "Photograph the bare face itself, with the camera's own app; an area that you vouch for: --mask.",
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
    "too_blurred": (
        Severity.WARN,
        "The skin is so blurred (sharpness {sharpness:.2f}) that spots cannot be seen: they are not counted.",
        "Hold still, wipe the lens, focus on the cheek, use more light.",
    ),
    "smoothed": (
        Severity.WARN,
        "The skin has hardly any texture while eyes and hair are sharp: a beauty filter may have smoothed it.",
        "Switch off filters and portrait modes; use the camera's own app.",
    ),
    "compressed": (
        Severity.WARN,
        "The photo is so compressed that its blocks show ({blockiness:.1f} times the steps inside them).",
        "Use the original file, not one sent by a messenger.",
    ),
    "too_dark": (
        Severity.WARN,
        "The skin gives hardly any signal: half of it stays below {skin_median:.0%} of full brightness.",
        "Use more light or longer exposure; face a window.",
    ),
    "too_bright": (
        Severity.WARN,
        "The skin is overexposed: half of it is brighter than {skin_median:.0%} of full brightness.",
        "Less light or shorter exposure; turn the flash off.",
    ),
    "backlight": (
        Severity.WARN,
        "The light is behind: the background is {background_ratio:.0f} times as bright as the whites of the eyes.",
        "Turn around, so that the light falls on the face.",
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
    "flash_glare": (
        Severity.WARN,
        "A flash from the camera glares on {specular_share:.0%} of the skin.",
        "Switch the flash off and use soft light.",
    ),
    "wet_shine": (
        Severity.WARN,
        "{shiny_regions:.0f} regions of the face shine: the skin is wet or oily.",
        "Dry the skin and wait some minutes; no cream before the photo.",
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
    "side_light": (
        Severity.WARN,
        "Hard light from one side: one cheek gets {cheek_ratio:.1f} times the light of the other.",
        "Face the light; a white sheet at the dark side helps.",
    ),
    "colour_cast": (
        Severity.WARN,
        "The skin has a hue no skin has under white light ({skin_hue_deg:.0f} deg): the light is coloured.",
        "Use daylight or one kind of lamp, or put a grey card in the photo and pass --reference.",
    ),
    "tinted_whites": (
        Severity.WARN,
        "The whites of the eyes are tinted ({eye_tint:.0f} from their usual colour): the light is coloured.",
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
    "rolled": (
        Severity.WARN,
        "The head is tilted to the shoulder by {roll_deg:.0f} deg.",
        "Hold head and camera upright.",
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


def problem(code: str, measures: Mapping[str, float]) -> Problem:
    """Return a problem in words with its measures."""
    severity, message, advice = PROBLEMS[code]
    return Problem(code=code, severity=severity, message=message.format(**measures), advice=advice)


def problem_of(code: str) -> Problem:
    """Return a problem that no measure tells, by its code."""
    return problem(code, {})
