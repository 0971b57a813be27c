"""Papules of known size and place drawn on the face of a photo, as new lesions that a comparison must find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dermis.core import Face, Photo
from dermis.lab.synth.head.uv import coarse
from dermis.lab.synth.lesions.draw import draw_marks
from dermis.lab.synth.lesions.kinds import Mark, MarkKind
from dermis.lab.synth.portrait import middle_tone, portrait_of, with_marks

__all__ = ["DRAWN", "RADII_MM", "with_papules"]

DRAWN = 6
"""Papules drawn on each photo."""
RADII_MM = (0.75, 3.0)


def with_papules(photo: Photo, face: Face, seed: int) -> tuple[Photo, tuple[Mark, ...]]:
    """Return a photo with papules drawn by the physical model, evenly spread in the logarithm of their radius.

    They grow on the named regions of the face: a neck may be in view, whose lesions do not count.
    """
    portrait = portrait_of(photo, face)
    rng = np.random.default_rng(seed)
    tone = middle_tone(portrait)
    grid = coarse(portrait.atlas)
    on_face = replace(grid, skin=grid.skin & (grid.beyond_mm == 0))
    specs = draw_marks(rng, MarkKind.PAPULE, DRAWN, tone, on_face)
    low, high = RADII_MM
    sized = [replace(spec, radius_mm=low * (high / low) ** float(rng.random())) for spec in specs]
    return with_marks(portrait, sized)
