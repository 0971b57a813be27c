"""Whether a photo can be measured, what speaks against it, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dermis.core import Face, LightReference, Problem, Quality, Severity, View

__all__ = ["FEWEST_MEASURED_PX", "PROBLEMS", "judge", "no_face", "refused"]

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
    "unusable_option": (
        Severity.REJECT,
        "The mask or reference patch does not fit the photo (the message says why).",
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
        "The face is {between_cheeks_px:.0f} px wide between the cheeks; below 100 px nothing is measured.",
        "Come closer or use the camera's full resolution.",
    ),
    "face_small": (
        Severity.WARN,
        "The face is {between_cheeks_px:.0f} px wide between the cheeks; small marks are lost below 200 px.",
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


def judge(measures: Mapping[str, float], face: Face, reference: LightReference | None = None) -> Quality:
    """Return the verdict on a photo from its measures, the gravest problems first."""
    codes = [*_about_size(measures), *_about_light(measures), *_about_the_head(measures, face)]
    if reference is not None:
        measures = {**measures, "reference_error": max(reference.delta_e_after, reference.spread)}
        if measures["reference_error"] > REFERENCE_ERROR or reference.clipped_share > CLIPPED_SHARE:
            codes.append("reference_doubtful")
    problems = [_problem(code, measures) for code in codes]
    problems.sort(key=lambda problem: list(Severity).index(problem.severity), reverse=True)
    return Quality(problems=tuple(problems), measures=measures)


def _problem(code: str, measures: Mapping[str, float]) -> Problem:
    severity, message, advice = PROBLEMS[code]
    return Problem(code=code, severity=severity, message=message.format(**measures), advice=advice)


def _about_size(m: Mapping[str, float]) -> Iterator[str]:
    if m["measured_px"] < FEWEST_MEASURED_PX:
        yield "no_skin"
    width = m.get("between_cheeks_px")
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
