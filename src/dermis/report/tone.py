"""The tone card: the measured colour beside the Monk scale, and the ITA axis with its classes."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, radians, tan

import numpy as np

from dermis.colour.difference import delta_e_00
from dermis.colour.lab import srgb_to_lab
from dermis.colour.srgb import hex_to_srgb
from dermis.colour.tone import ITA_CLASSES, MONK, hue_deg, ita_class, monk_tone
from dermis.core import Analysis, Finding, Region
from dermis.report.formatting import hex_of_lab, number
from dermis.report.panels import Axis, Tick, lab_of

__all__ = ["TONE_TASK", "Band", "Tone", "tone_of"]

TONE_TASK = "skin_tone"

AXIS = Axis(low=-70.0, high=80.0)
"""The ITA of nearly all skin; what lies beyond stands at the end."""
SAMPLE_ITA_DEG = {
    "very light": 62.0,
    "light": 48.0,
    "intermediate": 34.0,
    "tan": 19.0,
    "brown": -10.0,
    "dark": -46.0,
}
"""An ITA inside each class, whose colour paints the class; those between have a* 11 and b* 17."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One ITA class on the axis."""

    name: str
    bounds: str
    start: str
    length: str
    colour: str
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """The tone of the whole face, ready to draw."""

    swatch: str
    label: str
    value: str
    interval: str
    lab: tuple[str, str, str]
    hue: str
    monk: int
    monk_colours: tuple[str, ...]
    monk_distance: str
    bands: tuple[Band, ...]
    ticks: tuple[Tick, ...]
    at: str
    start: str
    length: str
    light_known: bool


def tone_of(analysis: Analysis) -> Tone | None:
    """Return the tone of the whole face, or of the first region that has one; None without a colour."""
    tones = [f for f in analysis.findings if f.task == TONE_TASK and lab_of(f) is not None]
    if not tones or not analysis.quality.usable:
        return None
    finding = next((tone for tone in tones if tone.region is Region.FACE), tones[0])
    lab = np.asarray(lab_of(finding))
    monk = monk_tone(lab)
    low, high = finding.interval or (finding.value, finding.value)
    return Tone(
        swatch=hex_of_lab(lab.tolist()),
        label=finding.label or ita_class(finding.value),
        value=f"{number(finding.value, 1)}°",
        interval=f"{number(low, 1)}° to {number(high, 1)}°",
        lab=(number(lab[0], 1), number(lab[1], 1), number(lab[2], 1)),
        hue=number(float(hue_deg(lab)), 0),
        monk=monk,
        monk_colours=MONK,
        monk_distance=number(float(delta_e_00(lab, srgb_to_lab(hex_to_srgb(MONK[monk - 1])))), 1),
        bands=_bands(finding),
        ticks=tuple(Tick(at=AXIS.at(bound), words=f"{number(bound, 0)}°") for _, bound in ITA_CLASSES[:-1]),
        at=AXIS.at(finding.value),
        start=AXIS.at(low),
        length=AXIS.length(low, high),
        light_known=analysis.skin is not None and analysis.skin.light_known,
    )


def _bands(finding: Finding) -> tuple[Band, ...]:
    bands = []
    upper = inf
    for name, lower in ITA_CLASSES:
        start, end = max(lower, AXIS.low), min(upper, AXIS.high)
        bands.append(
            Band(
                name=name,
                bounds=_bounds(lower, upper),
                start=AXIS.at(start),
                length=AXIS.length(start, end),
                colour=_colour(SAMPLE_ITA_DEG[name]),
                here=name == ita_class(finding.value),
            )
        )
        upper = lower
    return tuple(reversed(bands))


def _bounds(lower: float, upper: float) -> str:
    if upper == inf:
        return f"above {number(lower, 0)}°"
    if lower == -inf:
        return f"below {number(upper, 0)}°"
    return f"{number(lower, 0)}° to {number(upper, 0)}°"


def _colour(ita_deg: float) -> str:
    a, b = 11.0, 17.0
    return hex_of_lab((50 + b * tan(radians(ita_deg)), a, b))
