"""Skin tone as numbers and names: ITA, hue angle, Monk scale."""

from __future__ import annotations

from functools import cache
from math import degrees, inf, isnan

import numpy as np
from numpy.typing import NDArray

from dermis.colour.arrays import Array, angle, constant, namespace
from dermis.colour.difference import delta_e_00
from dermis.colour.lab import srgb_to_lab
from dermis.colour.srgb import hex_to_srgb

__all__ = [
    "ITA_CLASSES",
    "MONK",
    "MONK_REACH",
    "cita_deg",
    "hue_deg",
    "ita_class",
    "ita_deg",
    "monk_distance",
    "monk_tone",
    "monk_tones",
]

ITA_CLASSES = (
    ("very light", 55.0),
    ("light", 41.0),
    ("intermediate", 28.0),
    ("tan", 10.0),
    ("brown", -30.0),
    ("dark", -inf),
)
"""Names with the ITA° that each lies above (Chardon, Cretois and Hourseau 1991; Del Bino et al. 2006)."""

MONK = (
    "#F6EDE4",
    "#F3E7DB",
    "#F7EAD0",
    "#EADABA",
    "#D7BD96",
    "#A07E56",
    "#825C43",
    "#604134",
    "#3A312A",
    "#292420",
)
"""The Monk Skin Tone scale, 1 (lightest) to 10 (Monk 2019)."""
MONK_REACH = 9.4
"""ΔE00 up to which a swatch stands for a colour: half the largest step of the scale, from 5 to 6."""


def ita_deg(lab: Array) -> Array:
    """Return the individual typology angle atan((L* - 50) / b*) of (..., 3) in degrees, in [-90, 90].

    Skin has b* > 0. Where a colour cast leaves b* <= 0 the angle stays at the end it was running to, 90 above
    L* 50 and -90 below, so that it always rises with L*; the bare quotient would change sign there and call
    bluish light skin dark. 0 at L* 50 with b* <= 0. Source: Chardon et al. 1991.
    """
    xp = namespace(lab)
    yellow = lab[..., 2]
    return _typology_deg(lab, xp.where(yellow > 0, yellow, 0.0))


def cita_deg(lab: Array) -> Array:
    """Return the corrected ITA, atan((L* - 50) / abs(b*)) of (..., 3) in degrees, in [-90, 90].

    The same as `ita_deg` where b* >= 0.
    """
    xp = namespace(lab)
    return _typology_deg(lab, xp.abs(lab[..., 2]))


def _typology_deg(lab: Array, yellow: Array) -> Array:
    return angle(lab[..., 0] - 50, yellow) * degrees(1)


def ita_class(ita_deg: float) -> str:
    """Return the name of an ITA; a value on a bound belongs to the darker class.

    Raises ValueError for NaN.
    """
    if isnan(ita_deg):
        raise ValueError("An ITA that is not a number has no class.")
    return next(name for name, above in ITA_CLASSES if ita_deg > above or above == -inf)


def hue_deg(lab: Array) -> Array:
    """Return the hue angle of (..., 3) in degrees, in [0, 360): 0 red, 90 yellow; 0 for a grey."""
    xp = namespace(lab)
    hue = angle(lab[..., 2], lab[..., 1]) * degrees(1)
    full = xp.where(hue < 0, hue + 360, hue)
    return xp.where(full < 360, full, 0.0)  # a hue a hair below 0 rounds up to 360


def monk_tone(lab: Array) -> int:
    """Return the Monk tone, 1 to 10, that has the smallest ΔE00 to one colour (3,).

    Raises ValueError for more than one colour and for values that are not numbers.
    """
    return int(namespace(lab).argmin(_monk_distances(lab))) + 1


def monk_tones(lab: NDArray[np.float64]) -> list[int]:
    """Return the Monk tones of several colours (n, 3), as `monk_tone` does of each."""
    far = delta_e_00(lab[:, None], np.broadcast_to(_monk_lab(), (len(lab), *_monk_lab().shape)))
    return [int(place) + 1 for place in far.argmin(axis=1)]


def monk_distance(lab: Array) -> float:
    """Return the ΔE00 of one colour (3,) to the nearest Monk tone; over `MONK_REACH` the scale does not hold it.

    Raises ValueError for more than one colour and for values that are not numbers.
    """
    return float(namespace(lab).min(_monk_distances(lab)))


def _monk_distances(lab: Array) -> Array:
    xp = namespace(lab)
    if lab.ndim != 1 or not bool(xp.all(xp.isfinite(lab))):
        raise ValueError(f"A Monk tone is asked of one L*a*b* colour, got {lab}.")
    return delta_e_00(lab, constant(_monk_lab(), like=lab))


@cache
def _monk_lab() -> NDArray[np.float64]:
    return np.asarray(srgb_to_lab(np.stack([hex_to_srgb(tone) for tone in MONK])), dtype=np.float64)
