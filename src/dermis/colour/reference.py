"""Correcting the light from a patch of known colour in the photo, such as a grey card."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.colour.adaptation import CONE_MATRICES
from dermis.colour.arrays import Array, constant, namespace
from dermis.colour.difference import delta_e_00
from dermis.colour.lab import linear_to_lab
from dermis.colour.srgb import decode, hex_to_srgb, linear_to_xyz
from dermis.core.arrays import hold
from dermis.errors import InputError, UsageError

__all__ = ["LightFit", "apply_light", "fit_light"]

_Floats = NDArray[np.float64]

_CLIPPED = float(decode(np.full(3, 253 / 255))[0])  # where 8 bits and JPEG leave no headroom
_DARK = float(decode(np.full(3, 5 / 255))[0])  # where one step of 8 bits is a fifth of the value
_LEAST_PIXELS = 16
_NEUTRAL_CHROMA = 15.0  # C*ab up to which a patch counts as grey


@dataclass(frozen=True, slots=True, kw_only=True)
class LightFit:
    """How a patch of known colour turned the light of its photo into D65 at the patch's exposure.

    matrix: (3, 3), corrected = matrix @ linear sRGB. delta_e_before: mean ΔE00 of the patch's pixels from the
    true colour. delta_e_after: the same after correction, each half of the patch judged with the correction
    fitted on the other. spread: mean ΔE00 of the corrected pixels from their own mean; noise, texture and
    shadows across the patch show here. clipped_share, dark_share: the part of its pixels, in [0, 1], with a
    channel that is overexposed, or too dark to be told from black.
    """

    matrix: _Floats
    delta_e_before: float
    delta_e_after: float
    spread: float
    clipped_share: float
    dark_share: float

    def __post_init__(self) -> None:
        hold(self, "matrix", dtype=np.float64, shape=(3, 3))

    @property
    def gains(self) -> tuple[float, float, float]:
        """What the linear channels of a grey are multiplied by."""
        red, green, blue = self.matrix.sum(axis=1)
        return float(red), float(green), float(blue)


def fit_light(patch_linear: Array, true_hex: str) -> LightFit:
    """Fit the correction that gives a patch its true colour.

    patch_linear: (n, 3) linear sRGB of the photo, row by row, so that the two halves are two sides of the
    patch. true_hex: its colour under D65 as #RRGGBB, exposure included.

    A grey (C*ab up to 15) fits one gain a channel. Skin under 17 lights, through 40 cameras that were white
    balanced well, badly or not at all, then comes closer to its colour in daylight than with a Bradford
    adaptation. With a strongly coloured patch the gains go astray where a channel is almost empty, and a
    scaling of the CAT16 cone signals does better.

    Raises UsageError for a colour that is none or too dark to tell the light, InputError for a patch that
    has fewer than 16 pixels, is mostly overexposed or is too dark.
    """
    patch = _finite(patch_linear)
    true = decode(hex_to_srgb(true_hex))
    signals = _signals(true)
    if (signals @ true).min() < _DARK:
        raise UsageError(
            f"{true_hex} is too dark in one channel to tell the light from.",
            advice="Mark a patch of a light grey, or of a lighter colour.",
        )
    _refuse_unusable(np.median(patch, axis=0), signals)
    middle = len(patch) // 2
    one, other = patch[:middle], patch[middle:]
    judged = np.concatenate([one @ _matrix(other, true, signals).T, other @ _matrix(one, true, signals).T])
    matrix = _matrix(patch, true, signals)
    corrected = patch @ matrix.T
    return LightFit(
        matrix=matrix,
        delta_e_before=_mean_difference(patch, true),
        delta_e_after=_mean_difference(judged, true),
        spread=_mean_difference(corrected, corrected.mean(axis=0)),
        clipped_share=float((patch.max(axis=1) >= _CLIPPED).mean()),
        dark_share=float((patch.min(axis=1) <= _DARK).mean()),
    )


def apply_light(linear: Array, fit: LightFit) -> Array:
    """Return linear sRGB (..., 3) in the light that `fit` makes; bright pixels may pass 1."""
    namespace(linear)
    return linear @ constant(fit.matrix.T, like=linear)


def _finite(patch_linear: Array) -> _Floats:
    namespace(patch_linear)
    patch = np.asarray(patch_linear, dtype=np.float64).reshape(-1, 3)
    patch = patch[np.isfinite(patch).all(axis=1)]
    if len(patch) < _LEAST_PIXELS:
        raise InputError(
            f"The reference patch has {len(patch)} pixels, too few to measure it.",
            advice=f"Mark at least {_LEAST_PIXELS}, better a few hundred.",
        )
    return patch


def _refuse_unusable(centre: _Floats, signals: _Floats) -> None:
    if centre.max() >= _CLIPPED:
        raise InputError(
            "The reference patch is overexposed.",
            advice="Mark a darker patch, or take the photo with less exposure.",
        )
    if (signals @ centre).min() <= _DARK:
        raise InputError(
            "The reference patch is too dark in one channel.",
            advice="Mark a lighter patch, or take the photo with more light.",
        )


def _signals(true: _Floats) -> _Floats:
    """Return the matrix from linear sRGB to the three signals that are scaled."""
    if np.hypot(*linear_to_lab(true)[1:]) <= _NEUTRAL_CHROMA:
        return np.eye(3)
    linear_to_cones: _Floats = np.asarray(CONE_MATRICES["cat16"]) @ linear_to_xyz(np.eye(3)).T
    return linear_to_cones


def _matrix(patch: _Floats, true: _Floats, signals: _Floats) -> _Floats:
    # The median bears up to half of the pixels being clipped, shaded or not of the patch at all.
    found = np.maximum(signals @ np.median(patch, axis=0), _DARK)
    scaled = (signals @ true / found)[:, None] * signals
    return np.linalg.solve(signals, scaled).astype(np.float64)


def _mean_difference(linear: _Floats, colour: _Floats) -> float:
    return float(np.mean(delta_e_00(linear_to_lab(linear), linear_to_lab(colour))))
