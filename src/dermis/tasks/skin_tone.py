"""Skin tone: the colour of the skin as CIELAB, ITA, hue angle and Monk tone."""

from __future__ import annotations

import numpy as np

from dermis.colour.lab import linear_to_lab
from dermis.colour.tone import hue_deg, ita_class, ita_deg, monk_tone
from dermis.core import Finding, Measure, Region, Skin, Task, ToneEstimate
from dermis.core.arrays import FloatMap
from dermis.tasks.by_region import measured_regions

__all__ = ["TASK", "measure"]

TASK = Task(
    name="skin_tone",
    title="Skin tone",
    question="What colour is the skin, free of glare and deep shadow?",
    scale=Measure(unit="ITA deg", low=-90.0, high=90.0),
    regions=tuple(Region),
    metrics=("delta_e_00", "mae"),
    reference="Chardon, Cretois, Hourseau, Int. J. Cosmet. Sci. 13 (1991) 191-208 (ITA); Monk Skin Tone scale",
)

MODEL = "tone@1"
ESTIMATE = "skin-tone@1"
"""With the light estimated by the network of that name."""
WELL_LIT = (50, 95)
"""Percentiles of lightness between which a pixel of a region is well lit."""
NEUTRAL_CHROMA = 2.0
"""Below this chroma (CIELAB) a colour has no hue, so neither ITA nor a tone class: the photo is grey."""


def measure(skin: Skin) -> tuple[Finding, ...]:
    """Measure the tone of each region: the median colour of its well-lit pixels, with an interval.

    Well lit is what faces the light: the brighter half of the region without its brightest twentieth. Where the light
    was estimated (`skin.tone`), every region is moved as the whole face is, and the interval is where the true ITA lies
    in nine of ten photos of synthetic faces. Elsewhere it is the middle 90 % of pixels: the unevenness of the skin, to
    which the error of unknown light comes, named in `detail["light"]`. A grey photo has no tone: no finding.
    """
    lab = np.asarray(linear_to_lab(skin.linear))
    well_lit = ((region, _well_lit(lab[mask])) for region, mask in measured_regions(skin, TASK.regions))
    return tuple(_finding(region, pixels, skin) for region, pixels in well_lit if _has_colour(pixels))


def _well_lit(pixels_lab: FloatMap) -> FloatMap:
    lightness = pixels_lab[:, 0]
    low, high = np.percentile(lightness, WELL_LIT)
    return pixels_lab[np.asarray((lightness >= low) & (lightness <= high), dtype=np.bool_)]


def _has_colour(pixels_lab: FloatMap) -> bool:
    a, b = np.median(pixels_lab[:, 1:], axis=0)
    return bool(np.hypot(a, b) >= NEUTRAL_CHROMA)


def _finding(region: Region, pixels_lab: FloatMap, skin: Skin) -> Finding:
    photographed = np.median(pixels_lab, axis=0).astype(np.float64)
    tone = skin.tone
    lab = photographed if tone is None else photographed + tone.lab - tone.measured_lab
    value = float(ita_deg(lab))
    low, high = _spread(pixels_lab) if tone is None else _moved(tone, value)
    return Finding(
        task=TASK.name,
        region=region,
        value=value,
        unit="ITA deg",
        label=ita_class(value),
        interval=(min(low, value), max(high, value)),
        detail={
            "lab": [round(float(c), 2) for c in lab],
            "lab_photographed": [round(float(c), 2) for c in photographed],
            "monk": int(monk_tone(lab)),
            "hue_deg": round(float(hue_deg(lab)), 2),
            "light": _light(skin),
            "interval_is": "spread of pixels" if tone is None else "true value in 9 of 10 photos of synthetic faces",
            "pixels": len(pixels_lab),
        },
        model=MODEL if tone is None else ESTIMATE,
    )


def _light(skin: Skin) -> str:
    if skin.tone is not None:
        return "estimated from skin and exposure (experimental)"
    return "reference patch" if skin.light_known else "as the camera balanced it"


def _spread(pixels_lab: FloatMap) -> tuple[float, float]:
    low, high = np.percentile(np.asarray(ita_deg(pixels_lab)), (5, 95))
    return float(low), float(high)


def _moved(tone: ToneEstimate, value_deg: float) -> tuple[float, float]:
    """Return the interval of the whole face about another value."""
    middle = float(ita_deg(tone.lab))
    low, high = (value_deg + end - middle for end in tone.ita_interval_deg)
    return max(low, -90.0), min(high, 90.0)
