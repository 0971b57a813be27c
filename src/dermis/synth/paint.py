"""What each seen point of a head is, and the colour of what covers its skin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.core import Part
from dermis.synth.dress import Dress, clothes, dressed_inside
from dermis.synth.head import Head
from dermis.synth.mesh_anatomy import lips_inside
from dermis.synth.paint_eyes import paint_eyes
from dermis.synth.paint_hair import paint_beard, paint_brows, paint_scalp, strands
from dermis.synth.paint_surface import Seen, Surface, carry, some
from dermis.synth.raster import Fragments

__all__ = ["paint_glasses", "paint_hair", "paint_skin"]

Values = NDArray[np.floating]

_SKIN_GLOSS, _LIP_GLOSS, _HAIR_GLOSS, _GLASSES_GLOSS = 0.45, 0.33, 0.6, 0.25


def paint_skin(head: Head, dress: Dress, fragments: Fragments, turn: Values) -> Surface:
    """Return what the body and the ears show. turn: (3, 3), head's axes to the picture's."""
    surface, seen = carry(head.skin, fragments, turn)
    surface.parts[:] = np.where(seen.body & (seen.face > 0), Part.FACE_SKIN, Part.OTHER_SKIN)
    surface.parts[seen.body & (seen.nose > 0)] = Part.NOSE
    surface.gloss[:] = _SKIN_GLOSS
    _paint_lips(surface, seen)
    paint_brows(surface, seen, head.shape.hair)
    paint_beard(surface, seen, head.shape.hair)
    paint_scalp(surface, seen, head.shape.hair)
    paint_eyes(surface, seen, head, fragments, turn)
    _put_on_clothes(surface, seen, dress)
    return surface


def paint_hair(head: Head, fragments: Fragments, skin: Fragments, turn: Values) -> tuple[Fragments, Surface]:
    """Return what the hair's shell shows and the fragments of it that are hair.

    Its border runs in strands where it lies on `skin`.
    """
    assert head.hair is not None
    surface, seen = carry(head.hair, fragments, turn)
    streaks = strands(seen.rest, head.shape.hair.curl)
    alone = ~np.isin(fragments.pixel, skin.pixel, assume_unique=True)
    kept = (seen.hair + 1.1 * streaks > 1.0) | (alone & (seen.hair > -0.5))
    inner = surface.normals[:, 2] < 0
    surface.normals[inner] *= -1
    surface.parts[:] = Part.HAIR
    surface.cover[:] = 1
    surface.gloss[:] = _HAIR_GLOSS
    surface.uv[:] = np.nan
    shade = np.clip(1 + 0.28 * streaks, 0.35, 2) * np.where(inner, 0.25, 1)
    surface.paint[:] = np.array(head.shape.hair.colour, np.float32) * shade[:, None]
    surface.open_sky[:] = np.where(inner, 0.3, surface.open_sky * np.clip(seen.hair / 12, 0.35, 1))
    return some(fragments, kept), surface.keep(kept)


def paint_glasses(head: Head, fragments: Fragments, turn: Values) -> Surface:
    """Return what the frame of the glasses shows."""
    assert head.glasses is not None
    assert head.shape.glasses is not None
    surface, _ = carry(head.glasses, fragments, turn)
    surface.parts[:] = Part.OCCLUDER
    surface.cover[:] = 1
    surface.gloss[:] = _GLASSES_GLOSS
    surface.uv[:] = np.nan
    surface.paint[:] = np.array(head.shape.glasses.colour, np.float32)
    return surface


def _paint_lips(surface: Surface, seen: Seen) -> None:
    rest = seen.rest
    near = np.flatnonzero(seen.body & (np.abs(rest[:, 1] + 69) < 14) & (np.abs(rest[:, 0]) < 28))
    inside = lips_inside(rest[near])
    surface.lips[near] = np.clip(inside / 1.6 + 0.5, 0, 1)
    surface.gloss[near] += (_LIP_GLOSS - _SKIN_GLOSS) * surface.lips[near]
    surface.parts[near[inside > 0]] = Part.LIPS
    # Little light comes back out of the line between the lips.
    off = rest[near, 1] + 67.5 - 0.02 * np.abs(rest[near, 0])
    surface.open_sky[near] *= 1 - 0.6 * np.exp(-((off / 0.9) ** 2)) * np.clip(inside / 1.5, 0, 1)


def _put_on_clothes(surface: Surface, seen: Seen, dress: Dress) -> None:
    dressed = np.flatnonzero(seen.body & (dressed_inside(seen.rest, dress) > 0))
    surface.parts[dressed] = Part.BACKGROUND
    surface.cover[dressed] = 1
    surface.gloss[dressed] = 1
    surface.paint[dressed] = clothes(seen.rest[dressed], dress)
    surface.uv[dressed] = np.nan
