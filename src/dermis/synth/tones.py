"""Between a person's pigment and the colour it gives: ITA to melanin, melanin to lightness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.colour.tone import ita_deg
from dermis.core.arrays import FloatMap
from dermis.optics.forward import reflectance
from dermis.optics.observer import lab_under
from dermis.optics.tissue import RANGES, Tissue
from dermis.synth.skinmaps import Tone

__all__ = ["ToneCurve", "draw_tone", "tone_curve", "tone_of_ita"]

_WAVELENGTHS_NM = np.arange(400.0, 701.0, 10.0)
_STEPS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneCurve:
    """Colour along melanin, blood as given: each (n,), melanin rising, lightness and ITA falling.

    Under D65 and without gloss, as behind crossed polarisers: `lightness` is L*.
    """

    melanosome_fraction: NDArray[np.float64]
    lightness: NDArray[np.float64]
    ita_deg: NDArray[np.float64]

    def lightness_at(self, melanosome_fraction: FloatMap) -> FloatMap:
        """Return L* (...) of skin with these melanosome fractions (...)."""
        found = np.interp(np.log(melanosome_fraction), np.log(self.melanosome_fraction), self.lightness)
        return found.astype(np.float32)


def tone_curve(blood_fraction: float, oxygen_saturation: float) -> ToneCurve:
    """Return how lightness and ITA fall with melanin, over all of its range."""
    limits = RANGES["melanosome_fraction"]
    fractions = np.geomspace(limits.low, limits.high, _STEPS)
    tissue = Tissue(
        melanosome_fraction=fractions,
        blood_fraction=np.full(_STEPS, blood_fraction),
        oxygen_saturation=np.full(_STEPS, oxygen_saturation),
    )
    lab = lab_under(reflectance(tissue, _WAVELENGTHS_NM, specular_share=0.0), _WAVELENGTHS_NM)
    return ToneCurve(
        melanosome_fraction=fractions,
        lightness=np.asarray(lab[:, 0], dtype=np.float64),
        ita_deg=np.asarray(ita_deg(lab), dtype=np.float64),
    )


def tone_of_ita(wanted_deg: float, *, blood_fraction: float, oxygen_saturation: float) -> Tone:
    """Return the tone whose cheek has this ITA; the nearest that melanin can reach with this blood."""
    curve = tone_curve(blood_fraction, oxygen_saturation)
    logarithm = np.interp(-wanted_deg, -curve.ita_deg, np.log(curve.melanosome_fraction))
    return Tone(
        melanosome_fraction=float(np.exp(logarithm)),
        blood_fraction=blood_fraction,
        oxygen_saturation=oxygen_saturation,
    )


def draw_tone(rng: np.random.Generator, *, lowest_ita_deg: float, highest_ita_deg: float) -> Tone:
    """Draw a tone evenly over ITA, with blood and its oxygen as healthy adults have them."""
    blood, oxygen = RANGES["blood_fraction"], RANGES["oxygen_saturation"]
    return tone_of_ita(
        float(rng.uniform(lowest_ita_deg, highest_ita_deg)),
        blood_fraction=float(blood.typical * np.exp(0.5 * blood.spread * rng.normal())),
        oxygen_saturation=float(np.clip(rng.normal(oxygen.typical, 0.5 * oxygen.spread), 0.4, 0.95)),
    )
