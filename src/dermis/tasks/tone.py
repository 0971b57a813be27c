"""Skin tone: CIELAB, ITA and Monk tone by region; its estimate where the light is unknown."""

from __future__ import annotations

from math import inf, radians, tan

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import lab_to_linear, linear_to_lab
from dermis.colour.srgb import encode, srgb_to_hex
from dermis.colour.tone import (
    ITA_CLASSES,
    MONK,
    MONK_REACH,
    hue_deg,
    ita_class,
    ita_deg,
    monk_distance,
    monk_tone,
    monk_tones,
)
from dermis.core import (
    Band,
    Finding,
    Measure,
    Note,
    PhotoNeed,
    Region,
    ScaleBlock,
    Skin,
    SwatchesBlock,
    TableBlock,
    Task,
    TextBlock,
    ToneEstimate,
)
from dermis.core.arrays import FloatMap
from dermis.tasks.intervals import FITTED, LIGHTNESS, interval
from dermis.tasks.region_statistics import region_pixels
from dermis.tasks.tone_posterior import relighting

__all__ = ["TASK", "classes_within", "face_colour", "measure", "monk_of", "monk_within"]

MODEL = "tone@1"
ESTIMATE = "tone-posterior@1"
"""Where the light is not known: see `dermis.tasks.tone_posterior`."""
WELL_LIT = (50, 95)
"""Percentiles of lightness between which a pixel of a region is well lit."""
NEUTRAL_CHROMA = 2.0
"""Below this chroma (CIELAB) a colour has no hue, so neither ITA nor a tone class: the photo is grey."""


def measure(skin: Skin) -> tuple[Finding, ...]:
    """Measure the tone of each region: the median colour of its well-lit pixels.

    Well lit is what faces the light: the brighter half of the region without its brightest twentieth. Where the light
    is not known (`skin.tone`), the face has the tone of the posterior and the interval is where the true ITA lies in
    nine of ten photos of other people (`dermis.tasks.intervals`); another region is as much lighter or darker as it is
    in the photo, at each end of the interval. The classes and Monk tones are those of the interval, and one class alone
    is named only where the interval lies in it. The spread is the middle 90 % of
    pixels: the unevenness of the skin. `detail["light"]` names the light. A grey photo has no tone: no finding.
    """
    lab = np.asarray(linear_to_lab(skin.linear[skin.measured]))
    well_lit = ((region, _well_lit(pixels)) for region, pixels in region_pixels(skin, TASK.regions, lab))
    return tuple(_finding(region, pixels, skin) for region, pixels in well_lit if _has_colour(pixels))


def face_colour(skin: Skin) -> NDArray[np.float64] | None:
    """Return the CIELAB (3,) of the whole face as `measure` has it before any estimate; None without measured skin."""
    if not skin.measured.any():
        return None
    lab = np.asarray(linear_to_lab(skin.linear[skin.measured]))
    return np.asarray(np.median(_well_lit(lab), axis=0), dtype=np.float64)


def _well_lit(pixels_lab: FloatMap) -> FloatMap:
    lightness = pixels_lab[:, 0]
    low, high = np.percentile(lightness, WELL_LIT)
    return pixels_lab[np.asarray((lightness >= low) & (lightness <= high), dtype=np.bool_)]


def _has_colour(pixels_lab: FloatMap) -> bool:
    a, b = np.median(pixels_lab[:, 1:], axis=0)
    return bool(np.hypot(a, b) >= NEUTRAL_CHROMA)


def _finding(region: Region, pixels_lab: FloatMap, skin: Skin) -> Finding:
    photographed = np.median(pixels_lab, axis=0).astype(np.float64)
    lab = _true_colour(region, photographed, skin)
    value = float(ita_deg(lab))
    within = _interval(region, photographed, skin)
    classes = classes_within(*(within or (value, value)))
    far = monk_distance(lab)
    return Finding(
        task=TASK.name,
        region=region,
        value=value,
        unit="ITA deg",
        label=classes[0] if len(classes) == 1 else None,
        labels=classes,
        interval=within,
        spread=_spread(pixels_lab, float(ita_deg(photographed))),
        detail={
            "lab": [round(float(c), 2) for c in lab],
            "lightness_interval": _lightness_interval(region, float(lab[0]), skin),
            "lab_photographed": [round(float(c), 2) for c in photographed],
            "monk": monk_of(lab, within, far),
            "monk_delta_e_00": round(far, 2),
            "hue_deg": round(float(hue_deg(lab)), 2),
            "light": _light(skin),
            "pixels": len(pixels_lab),
        },
        notes=(_light_note(skin),) if region is Region.FACE else (),
        model=MODEL if skin.tone is None else ESTIMATE,
    )


def _true_colour(region: Region, lab: NDArray[np.float64], skin: Skin) -> NDArray[np.float64]:
    """Return the colour of a region that was photographed as `lab` (3,), in white light of the right exposure.

    What is told of a face is told of its cheeks: brow and nose shine and face the light, and are no lighter for that.
    """
    if skin.tone is None:
        return lab
    return skin.tone.lab if region is Region.FACE else _relit(lab, skin.tone, skin.tone.lab)


def _relit(lab: NDArray[np.float64], tone: ToneEstimate, true_lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a photographed colour (3,) as it would be if the colour of the cheeks were `true_lab` (3,)."""
    here = np.maximum(np.asarray(lab_to_linear(lab), dtype=np.float64), 1e-4)
    return np.asarray(linear_to_lab(here * relighting(tone, true_lab)), dtype=np.float64)


def _interval(region: Region, lab: NDArray[np.float64], skin: Skin) -> tuple[float, float] | None:
    """Return where the ITA of a region lies that was photographed as `lab`, None where nobody has measured that.

    Under an unknown light that of the cheeks, or what each of its ends makes of another region.
    """
    if skin.tone is None:
        return interval(TASK.name, skin.measured_as, float(ita_deg(lab))) if region in FITTED else None
    tone = skin.tone
    told = interval(TASK.name, tone.measured_as, float(ita_deg(tone.lab)), tone.ita_scale_deg)
    if told is None or region is Region.FACE:
        return told
    low, high = (float(ita_deg(_relit(lab, tone, _with_ita(tone.lab, end)))) for end in told)
    return max(low, -90.0), min(high, 90.0)


def _lightness_interval(region: Region, lightness: float, skin: Skin) -> list[float] | None:
    name = skin.measured_as if skin.tone is None else skin.tone.measured_as
    ends = interval(LIGHTNESS, name, lightness) if region in FITTED else None
    return None if ends is None else [round(max(ends[0], 0.0), 1), round(min(ends[1], 100.0), 1)]


def _with_ita(lab: NDArray[np.float64], ita: float) -> NDArray[np.float64]:
    """Return the colour of that ITA with the a* and b* of `lab` (3,); L* within 1 to 99."""
    return np.array([np.clip(50 + lab[2] * tan(radians(float(np.clip(ita, -75, 75)))), 1.0, 99.0), lab[1], lab[2]])


def classes_within(low_deg: float, high_deg: float) -> tuple[str, ...]:
    """Return the ITA classes that an interval touches, from dark to light."""
    names = [name for name, _ in ITA_CLASSES]
    lightest, darkest = names.index(ita_class(high_deg)), names.index(ita_class(low_deg))
    return tuple(reversed(names[lightest : darkest + 1]))


def monk_of(
    lab: NDArray[np.float64], within: tuple[float, float] | None, far: float | None = None
) -> int | list[int] | None:
    """Return the Monk tone of `lab` (3,), the first and last of an interval of ITA, or None where no swatch is near.

    far: the `monk_distance` of `lab`, where it is known.
    """
    if (monk_distance(lab) if far is None else far) > MONK_REACH:
        return None
    return int(monk_tone(lab)) if within is None else monk_within(lab, within)


def monk_within(lab: NDArray[np.float64], interval_deg: tuple[float, float]) -> list[int]:
    """Return the first and the last Monk tone of the colours that differ from `lab` (3,) by their ITA alone."""
    yellow = max(float(lab[2]), NEUTRAL_CHROMA)
    ends = (np.array([50 + yellow * tan(radians(np.clip(end, -75, 75))), lab[1], yellow]) for end in interval_deg)
    tones = monk_tones(np.array([[np.clip(end[0], 10.0, 95.0), *end[1:]] for end in (*ends, lab)]))
    return [min(tones), max(tones)]


def _light_note(skin: Skin) -> Note:
    if skin.light_known:
        return Note(text=f"{skin.light_by} fixed the light.")
    if skin.tone is not None:
        return Note(
            text="The light is not known, so the tone is a range: measured skin that photographs like this. "
            "A grey card or chart in the photo (--reference) narrows it."
        )
    return Note(
        text="The colour of the light is taken as the camera balanced it. Warm light or a wrong white balance shifts "
        "the tone; a grey card in the photo (--reference) removes that doubt."
    )


def _light(skin: Skin) -> str:
    if skin.tone is not None:
        return "unknown: estimated from skin, eyes, lips, surroundings and exposure"
    if skin.light_known and skin.light_by != "A patch or chart of known colours":
        return skin.light_by
    return "reference patch" if skin.light_known else "as the camera balanced it"


def _spread(pixels_lab: FloatMap, middle: float) -> tuple[float, float]:
    """Return the 5th and 95th percentile of the pixels' ITA; `middle`, that of their median colour, lies inside."""
    low, high = np.percentile(np.asarray(ita_deg(pixels_lab)), (5, 95))
    return min(float(low), middle), max(float(high), middle)


MONK_NOTE = (
    f"Nearest by colour difference, told up to a ΔE00 of {MONK_REACH}. The scale is made for judging by eye; half of "
    "measured faces lie 8.6 or more from any of its swatches."
)
SAMPLE_ITA_DEG = {
    "very light": 62.0,
    "light": 48.0,
    "intermediate": 34.0,
    "tan": 19.0,
    "brown": -10.0,
    "dark": -46.0,
}
"""An ITA inside each class, whose colour with a* 11 and b* 17 paints the class."""


def _bands() -> tuple[Band, ...]:
    """Return the ITA classes from dark to very light."""
    uppers = (inf, *(low for _, low in ITA_CLASSES))
    bands = [
        Band(name=name, low=low, high=high, colour=_painted(SAMPLE_ITA_DEG[name]))
        for (name, low), high in zip(ITA_CLASSES, uppers, strict=False)
    ]
    return tuple(reversed(bands))


def _painted(ita: float) -> str:
    a, b = 11.0, 17.0
    linear = np.asarray(lab_to_linear(np.array([50 + b * tan(radians(ita)), a, b])))
    return srgb_to_hex(encode(np.clip(linear, 0.0, 1.0)))


TASK = Task(
    name="skin_tone",
    title="Skin tone",
    question="What colour is the skin, free of glare and deep shadow?",
    scale=Measure(unit="ITA deg", low=-90.0, high=90.0),
    regions=tuple(Region),
    metrics=("delta_e_00", "mae"),
    reference="Chardon, Cretois, Hourseau, Int. J. Cosmet. Sci. 13 (1991) 191-208 (ITA); Monk Skin Tone scale",
    measure=measure,
    photo_needs=(PhotoNeed.COLOUR, PhotoNeed.LEVEL, PhotoNeed.EVEN_LIGHT, PhotoNeed.SIGNAL),
    section=(
        SwatchesBlock(title="On the Monk scale", colours=MONK, note=MONK_NOTE, numbers="monk"),
        ScaleBlock(title="Individual typology angle (ITA)", low=-70.0, high=80.0, bands=_bands()),
        TableBlock(title="Region by region"),
        TextBlock(),
    ),
)
