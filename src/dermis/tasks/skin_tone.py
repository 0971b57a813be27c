"""Skin tone: the colour of the skin as CIELAB, ITA, hue angle and Monk tone."""

from __future__ import annotations

import numpy as np

from dermis.colour.lab import linear_to_lab
from dermis.colour.tone import hue_deg, ita_class, ita_deg, monk_tone
from dermis.core import Finding, Measure, Region, Skin, Task
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
WELL_LIT = (50, 95)
"""Percentiles of lightness between which a pixel of a region is well lit."""
NEUTRAL_CHROMA = 2.0
"""Below this chroma (CIELAB) a colour has no hue, so neither ITA nor a tone class: the photo is grey."""


def measure(skin: Skin) -> tuple[Finding, ...]:
    """Measure the tone of each region: the median colour of its well-lit pixels, their middle 90 % as interval.

    Well lit is what faces the light: the brighter half of the region without its brightest twentieth. The spread
    is the unevenness of the skin; the error of unknown light comes on top and is named in `detail["light"]`.
    A grey photo has no tone: no finding.
    """
    lab = np.asarray(linear_to_lab(skin.linear))
    well_lit = ((region, _well_lit(lab[mask])) for region, mask in measured_regions(skin, TASK.regions))
    return tuple(
        _finding(region, pixels, light_known=skin.light_known) for region, pixels in well_lit if _has_colour(pixels)
    )


def _well_lit(pixels_lab: FloatMap) -> FloatMap:
    lightness = pixels_lab[:, 0]
    low, high = np.percentile(lightness, WELL_LIT)
    return pixels_lab[np.asarray((lightness >= low) & (lightness <= high), dtype=np.bool_)]


def _has_colour(pixels_lab: FloatMap) -> bool:
    a, b = np.median(pixels_lab[:, 1:], axis=0)
    return bool(np.hypot(a, b) >= NEUTRAL_CHROMA)


def _finding(region: Region, pixels_lab: FloatMap, *, light_known: bool) -> Finding:
    middle = np.median(pixels_lab, axis=0).astype(np.float64)
    low, high = np.percentile(np.asarray(ita_deg(pixels_lab)), (5, 95))
    value = float(ita_deg(middle))
    return Finding(
        task=TASK.name,
        region=region,
        value=value,
        unit="ITA deg",
        label=ita_class(value),
        interval=(min(float(low), value), max(float(high), value)),
        detail={
            "lab": [round(float(c), 2) for c in middle],
            "monk": int(monk_tone(middle)),
            "hue_deg": round(float(hue_deg(middle)), 2),
            "light": "reference patch" if light_known else "as the camera balanced it",
            "interval_is": "spread of pixels",
            "pixels": len(pixels_lab),
        },
        model=MODEL,
    )
