"""Hair that lies on the skin: brows, beard and what is short or thin on the scalp."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.core import Part
from dermis.synth.hair import HairStyle
from dermis.synth.mesh_anatomy import around_mm, brow_inside, lips_inside
from dermis.synth.noise import bilinear_wrapped, noise_tile
from dermis.synth.paint_surface import Seen, Surface, cover_over

__all__ = ["paint_beard", "paint_brows", "paint_scalp", "strands"]

Values = NDArray[np.floating]


def strands(rest: Values, curl: float) -> Values:
    """Return streaks (n,) that run from the crown down, or tufts where hair curls; mean 0, deviation about 1."""
    across, down = np.abs(around_mm(rest)), rest[:, 1]
    fine = bilinear_wrapped(noise_tile(14, 256, 2.5, 14.0), down * 3.0, across * 5.2)
    broad = bilinear_wrapped(noise_tile(15, 256, 9.0, 8.0), down * 1.5, across * 2.0)
    if curl < 0.02:
        return 0.7 * fine + 0.55 * broad
    tufts = bilinear_wrapped(noise_tile(16, 256, 5.0), down * 2.2, across * 2.2)
    return (1 - curl) * (0.7 * fine + 0.55 * broad) + curl * (0.85 * tufts + 0.45 * fine)


def paint_brows(surface: Surface, seen: Seen, style: HairStyle) -> None:
    """Paint the brows."""
    near = np.flatnonzero(seen.body & (np.abs(seen.rest[:, 1] - 20) < 14) & (np.abs(seen.rest[:, 0]) < 58))
    rest = seen.rest[near]
    side, up = np.abs(rest[:, 0]), rest[:, 1]
    inside = brow_inside(rest, style.brow_thickness, style.brow_arch)
    hairs = bilinear_wrapped(noise_tile(18, 256, 2.4, 5.0), side * 2.2 + up * 2, (up - 0.9 * side) * 4.0)
    cover = np.clip((inside + 0.5 * hairs) / 2.4 + 0.35, 0, 1) * np.clip(0.9 + 0.16 * hairs, 0.4, 1.15)
    cover_over(surface, near, np.clip(cover * style.brow_density, 0, 1), np.array(style.colour))
    surface.parts[near[inside > 0]] = Part.HAIR


def paint_beard(surface: Surface, seen: Seen, style: HairStyle) -> None:
    """Paint beard, moustache or stubble; where it hides more than about half the skin it is facial hair."""
    if style.beard <= 0:
        return
    near = np.flatnonzero(seen.body & (seen.beard > -6))
    rest = seen.rest[near]
    edge = np.clip((seen.beard[near] + 3) / 9, 0, 1)
    dense = style.beard * edge * np.clip(-lips_inside(rest) / 1.5, 0, 1)
    hairs = bilinear_wrapped(noise_tile(19, 256, 2.6, 3.0), rest[:, 1] * 3.0, np.abs(around_mm(rest)) * 3.0)
    cover = np.clip(dense * (1 + 0.35 * (1.2 - style.beard) * hairs), 0, 1)
    cover_over(surface, near, cover, np.array(style.colour) * 1.1)
    bearded = near[dense > 0.4]
    surface.parts[bearded[surface.parts[bearded] != Part.NOSE]] = Part.FACIAL_HAIR
    surface.gloss[near] = np.where(cover > 0.4, 0.8, surface.gloss[near])


def paint_scalp(surface: Surface, seen: Seen, style: HairStyle) -> None:
    """Paint short hair, or the roots under the shell of longer hair."""
    thick = max(style.top_mm, style.sides_mm)
    if thick <= 0:
        return
    near = np.flatnonzero(seen.body & (seen.hair > -4))
    inside, rest = seen.hair[near], seen.rest[near]
    hairs = strands(rest, 0.4) if thick >= 2 else _grain(rest)
    dense = min(1.0, 0.55 + 0.2 * thick)
    cover = np.clip((inside + 1.2 * hairs) / 5 + 0.35, 0, 1) * np.clip(dense + 0.10 * hairs, 0, 1)
    cover_over(surface, near, cover, np.array(style.colour))
    surface.parts[near[inside > 0]] = Part.HAIR
    surface.gloss[near] = np.where(inside > 0, 0.8, surface.gloss[near])


def _grain(rest: Values) -> Values:
    return bilinear_wrapped(noise_tile(17, 256, 2.2), rest[:, 1] * 3.1, np.abs(rest[:, 0]) * 3.1 + rest[:, 2])
