"""What surrounds the skin: clothes and what stands behind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.synth.noise import bilinear_wrapped, noise_tile

__all__ = ["PLAIN", "Dress", "backdrop", "clothes", "draw_dress", "dressed_inside"]

Values = NDArray[np.floating]

_Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dress:
    """Clothes and background; colours are linear sRGB reflectances.

    neckline_mm: height of the collar's front, 0 is the eyes. stripes: how strongly the cloth is patterned.
    behind, behind_low: background above and below. clutter: how strongly blurred things show in it.
    """

    cloth: _Colour = (0.30, 0.32, 0.36)
    neckline_mm: float = -188.0
    stripes: float = 0.0
    behind: _Colour = (0.33, 0.33, 0.33)
    behind_low: _Colour = (0.28, 0.28, 0.28)
    clutter: float = 0.0
    pattern: int = 0


PLAIN = Dress()
"""Grey cloth before a grey wall."""


def draw_dress(rng: np.random.Generator) -> Dress:
    """Draw clothes and a background: plain, graded or cluttered."""
    wall = rng.uniform(0.03, 0.75) * (1 + rng.normal(0, 0.12, 3))
    floor = wall * rng.uniform(0.5, 1.1)
    grey = rng.uniform(0.02, 0.75)
    cloth = grey * np.clip(1 + rng.normal(0, 0.45, 3), 0.15, 2)
    return Dress(
        cloth=_colour(cloth),
        neckline_mm=float(rng.uniform(-215, -165)),
        stripes=float(rng.uniform(0, 0.5)) if rng.random() < 0.3 else 0.0,
        behind=_colour(wall),
        behind_low=_colour(floor),
        clutter=float(rng.uniform(0.1, 0.7)) if rng.random() < 0.45 else float(rng.uniform(0, 0.08)),
        pattern=int(rng.integers(0, 1 << 16)),
    )


def dressed_inside(rest: Values, dress: Dress) -> Values:
    """Return how far inside the clothes places (..., 3) of the average head lie, in mm."""
    front = np.clip((rest[..., 2] + 30) / 60, 0, 1)
    collar = dress.neckline_mm * front + (-150.0) * (1 - front)
    collar = collar - 0.10 * np.clip(np.abs(rest[..., 0]) - 60, 0, 100)
    return np.asarray(collar - rest[..., 1], np.float32)


def clothes(rest: Values, dress: Dress) -> Values:
    """Return the cloth's reflectance (n, 3) at places (n, 3)."""
    row, column = rest[:, 1] * 2.2, rest[:, 0] * 2.2 + rest[:, 2]
    weave = bilinear_wrapped(noise_tile(21, 256, 3.0), row * 4, column * 4)
    folds = bilinear_wrapped(noise_tile(22, 256, 40.0, 2.0), row * 0.6, column * 0.6)
    shade = 1 + 0.05 * weave + 0.10 * folds + dress.stripes * np.sign(np.sin(rest[:, 1] * 0.45))
    return _bounded(np.array(dress.cloth, np.float32) * shade[:, None])


def backdrop(pixel_row: Values, pixel_column: Values, dress: Dress) -> Values:
    """Return the background's reflectance (n, 3); rows and columns (n,) as shares of the picture's shorter side."""
    down = np.clip(pixel_row, 0, 1)[:, None]
    plain = np.array(dress.behind, np.float32) * (1 - down) + np.array(dress.behind_low, np.float32) * down
    if dress.clutter < 0.01:
        return _bounded(plain)
    layers = []
    for k in range(3):
        tile = noise_tile(31 + (dress.pattern + 7 * k) % 5, 256, 34.0)
        offset = (dress.pattern * (k + 3)) % 251
        layers.append(bilinear_wrapped(tile, pixel_row * 110 + offset, pixel_column * 110 + 2 * offset))
    common = layers[0][:, None]
    tint = np.stack(layers, axis=1)
    return _bounded(plain * np.exp(dress.clutter * (0.9 * common + 0.22 * tint)).astype(np.float32))


def _bounded(colour: Values) -> Values:
    return np.clip(colour, 0.005, 0.9).astype(np.float32)


def _colour(values: Values) -> _Colour:
    red, green, blue = np.clip(values, 0.01, 0.85)
    return float(red), float(green), float(blue)
