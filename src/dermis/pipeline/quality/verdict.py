"""The verdict on a photo from its measures: which problems it has, by stated limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dermis.core import Face, LightReference, Problem, Quality, Severity, View
from dermis.pipeline.quality.problems import PROBLEMS, problem, problem_of

__all__ = ["FEWEST_MEASURED_PX", "assess", "no_face", "refused"]

FEWEST_MEASURED_PX = 1000
"""Fewer measured pixels than this are no measurement."""

CHEEKS_WARN_PX = 200
CHEEKS_REJECT_PX = 100

BLURRED, TOO_BLURRED = 0.25, 0.12
SMOOTHED = 0.04
"""Texture of the skin over that of eyes and hair; 0.06 and more in real photos, 0.05 and less behind a filter."""
BLOCKY = 1.9
"""Steps between blocks over those inside; up to 1.8 in camera files, mostly more in JPEG of quality 10 to 20."""
LEAST_SIGNAL = 0.18
"""Half the skin below this, sRGB-encoded: the darkest skin, rightly exposed, has 0.2 and more."""
BEHIND, EYES_DARK, FACE_DARK, BACKLIT = 0.28, 0.12, 0.17, 4.0
"""Backlight: luminance of the background from, of eyes' whites and face up to, ratio of the first two from."""
HARD_SIDE = 3.0
TILTED_DEG, ROLLED_DEG = 25.0, 30.0
TINTED = 22.0

ONE_COLOUR, NO_LIPS = 0.04, 0.02
"""Up to this variation of colour skin whose lips differ by less is stone, bronze or a mask; see `living_skin`. Of 478
real photos with colours none lies below 0.06 with such lips."""
COVERED = 0.014
"""Up to this variation of colour there is paint on the skin, whatever the lips are; 0.020 and more in real photos."""
PALE, RED_LIPS, THIN_PAINT = 0.15, 0.24, 0.024
"""Paint that is thinner or dark: skin less red than this, lips redder by that, and little variation."""
FLAT, DOTTED = 0.7, 0.05
"""Share of equal neighbours, up to 0.41 in real photos; steps of red less green to the neighbour, up to 0.015."""

CLIPPED_SHARE = 0.02


def refused(code: str, message: str, advice: str) -> Quality:
    """Return the verdict on a file or option that could not be used, in the words of its refusal."""
    severity, _, usual_advice = PROBLEMS[code]
    found = Problem(code=code, severity=severity, message=message, advice=advice or usual_advice)
    return Quality(problems=(found,))


def no_face() -> Quality:
    """Return the verdict on a photo without a face or enough skin to be a close-up."""
    return Quality(problems=(problem_of("no_face"),))


def assess(measures: Mapping[str, float], face: Face, reference: LightReference | None = None) -> Quality:
    """Return the verdict on a photo from its measures, the gravest problems first."""
    codes = [*_about_size(measures), *_about_light(measures), *_about_the_head(measures, face)]
    if "no_colour" not in codes and not _living(measures):
        codes.append("not_living_skin")
    if reference is not None:
        measures = {**measures, "reference_error": reference.error}
        if reference.doubtful:
            codes.append("reference_doubtful")
    problems = [problem(code, measures) for code in codes]
    problems.sort(key=lambda one: list(Severity).index(one.severity), reverse=True)
    return Quality(problems=tuple(problems), measures=measures)


def _about_size(m: Mapping[str, float]) -> Iterator[str]:
    if m["measured_px"] < FEWEST_MEASURED_PX:
        yield "no_skin"
    width = m.get("face_width_px")
    if width is not None and width < CHEEKS_WARN_PX:
        yield "face_too_small" if width < CHEEKS_REJECT_PX else "face_small"


def _living(m: Mapping[str, float]) -> bool:
    """Return whether the face varies in colour as living skin does, as far as that was measured."""
    variation, lip_red = m.get("colour_variation", 1.0), m.get("lip_red", 0.0)
    one_colour = variation < ONE_COLOUR and m.get("lip_contrast", 1.0) < NO_LIPS
    painted = variation < COVERED or (variation < THIN_PAINT and m.get("skin_red", 1.0) < PALE and lip_red > RED_LIPS)
    drawn = m.get("flat_share", 0.0) > FLAT or m.get("fine_colour", 0.0) > DOTTED
    return not (one_colour or painted or drawn)


def _about_light(m: Mapping[str, float]) -> Iterator[str]:
    sharpness, ratio = m.get("sharpness", 1.0), m.get("cheek_ratio", 1.0)
    limits = (
        ("too_blurred", sharpness < TOO_BLURRED),
        ("blurred", TOO_BLURRED <= sharpness < BLURRED),
        ("smoothed", m.get("texture", 1.0) < SMOOTHED),
        ("compressed", m.get("blockiness", 1.0) > BLOCKY),
        ("too_dark", m.get("skin_median", 1.0) < LEAST_SIGNAL),
        ("too_bright", m.get("skin_median", 0.0) > 0.93),
        ("backlight", _backlit(m)),
        ("clipped", m.get("clipped_share", 0.0) > CLIPPED_SHARE),
        ("glare", m.get("specular_share", 0.0) > 0.15),
        ("flash_glare", m.get("flash_fired", 0.0) > 0 and m.get("specular_share", 0.0) > 0.08),
        ("wet_shine", m.get("shiny_regions", 0.0) >= 4),
        ("shadow", m.get("shadow_share", 0.0) > 0.15),
        ("uneven_light", 1.8 < ratio <= HARD_SIDE),
        ("side_light", ratio > HARD_SIDE),
    )
    yield from (code for code, holds in limits if holds)
    if m.get("skin_chroma", 99.0) < 2.0:
        yield "no_colour"
        return
    if not 20.0 <= m.get("skin_hue_deg", 50.0) <= 90.0:
        yield "colour_cast"
    elif m.get("eye_tint", 0.0) > TINTED:
        yield "tinted_whites"


def _backlit(m: Mapping[str, float]) -> bool:
    """Return whether the background is bright and the whites of the eyes are dark, whatever the skin is.

    Where the photo says that the scene was bright (EXIF, from 6 EV on: daylight), a darker background will do.
    """
    bright = m.get("background", 0.0) > (BEHIND / 2 if m.get("brightness_ev", 0.0) >= 6.0 else BEHIND)
    dark = m.get("eye_white", 1.0) < EYES_DARK and m.get("face_luminance", 1.0) < FACE_DARK
    return bright and dark and m.get("background_ratio", 0.0) > BACKLIT


def _about_the_head(m: Mapping[str, float], face: Face) -> Iterator[str]:
    limits = (
        ("turned", abs(m.get("yaw_deg", 0.0)) > 40),
        ("tilted", abs(m.get("pitch_deg", 0.0)) > TILTED_DEG),
        ("rolled", abs(m.get("roll_deg", 0.0)) > ROLLED_DEG),
        ("occluded", m.get("covered_share", 0.0) > 0.20),
        ("beard", m.get("facial_hair_share", 0.0) > 0.05),
        ("makeup", m.get("lip_redness", 0.0) > 25),
        ("close_up", face.view is View.CLOSE_UP),
        ("several_faces", bool(face.others)),
    )
    yield from (code for code, holds in limits if holds)
