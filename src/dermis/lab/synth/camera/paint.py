"""What each surface of a head reflects: skin, hair, eyes, clothing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dermis.core import SegmentationClass
from dermis.core.arrays import BoolMap, FloatMap, LabelMap
from dermis.lab.synth.head.accessories import Clothing, clothes, dressed_inside
from dermis.lab.synth.head.anatomy import around_mm, brow_inside, lips_inside
from dermis.lab.synth.head.base_head import EYE
from dermis.lab.synth.head.hair import HairStyle
from dermis.lab.synth.head.head import HeadGeometry
from dermis.lab.synth.head.mesh import Fragments, Mesh, MeshPatch, interpolate
from dermis.lab.synth.head.uv_atlas import eye_opening
from dermis.lab.synth.noise import bilinear_wrapped, noise_tile

__all__ = [
    "Surface",
    "VisibleSurface",
    "carry",
    "cover_over",
    "paint_beard",
    "paint_brows",
    "paint_eyes",
    "paint_glasses",
    "paint_hair",
    "paint_scalp",
    "paint_skin",
    "some",
    "strands",
]


class Surface(NamedTuple):
    """What the fragments of one layer show; one row a fragment. Meanings as in `render.Buffers`."""

    parts: LabelMap
    uv: FloatMap
    normals: FloatMap
    along_u: FloatMap
    along_v: FloatMap
    cover: FloatMap
    paint: FloatMap
    lips: FloatMap
    gloss: FloatMap
    open_sky: FloatMap

    def keep(self, which: BoolMap) -> Surface:
        """Return the rows where `which` holds."""
        return Surface(**{name: values[which] for name, values in self._asdict().items()})


class VisibleSurface(NamedTuple):
    """Where the fragments lie, (n, ...): on the average head, inside which borders, on the body or an ear."""

    rest: FloatMap
    hair: FloatMap
    beard: FloatMap
    nose: FloatMap
    face: FloatMap
    body: BoolMap


def carry(mesh: Mesh, fragments: Fragments, turn: Values) -> tuple[Surface, VisibleSurface]:
    """Return a blank surface, all skin, and where its fragments lie. turn: (3, 3), head's axes to the picture's."""
    turned = turn.T.astype(np.float32)
    table = np.column_stack(
        [mesh.rest, mesh.normals @ turned, mesh.uv, mesh.hair, mesh.beard, mesh.nose, mesh.face, mesh.open_sky]
    )
    values = interpolate(fragments, table)
    normals = values[:, 3:6]
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    count = len(values)
    corner = fragments.corners[:, 0]
    surface = Surface(
        parts=np.zeros(count, np.uint8),
        uv=values[:, 6:8],
        normals=normals,
        # These change slowly: one corner of the triangle stands for all.
        along_u=(mesh.along_u @ turned)[corner],
        along_v=(mesh.along_v @ turned)[corner],
        cover=np.zeros(count, np.float32),
        paint=np.zeros((count, 3), np.float32),
        lips=np.zeros(count, np.float32),
        gloss=np.ones(count, np.float32),
        open_sky=np.clip(values[:, 12], 0, 1),
    )
    hair, beard, nose, face = values[:, 8:12].T
    return surface, VisibleSurface(values[:, 0:3], hair, beard, nose, face, mesh.patch[corner] != MeshPatch.EAR)


def some(fragments: Fragments, which: NDArray[Any]) -> Fragments:
    """Return the fragments at `which`, indices or a mask."""
    return Fragments(
        pixel=fragments.pixel[which],
        corners=fragments.corners[which],
        weights=fragments.weights[which],
        depth=fragments.depth[which],
    )


def cover_over(surface: Surface, where: NDArray[np.intp], cover: Values, colour: Values) -> None:
    """Lay `colour` with `cover` (n,) over what lies at `where` (n,) already."""
    before = surface.cover[where]
    after = cover + before * (1 - cover)
    share = (cover / np.maximum(after, 1e-6))[:, None]
    surface.paint[where] = colour * share + surface.paint[where] * (1 - share)
    surface.cover[where] = after


def strands(rest: Values, curl: float) -> Values:
    """Return streaks (n,) that run from the crown down, or tufts where hair curls; mean 0, deviation about 1."""
    across, down = np.abs(around_mm(rest)), rest[:, 1]
    fine = bilinear_wrapped(noise_tile(14, 256, 2.5, 14.0), down * 3.0, across * 5.2)
    broad = bilinear_wrapped(noise_tile(15, 256, 9.0, 8.0), down * 1.5, across * 2.0)
    if curl < 0.02:
        return 0.7 * fine + 0.55 * broad
    tufts = bilinear_wrapped(noise_tile(16, 256, 5.0), down * 2.2, across * 2.2)
    return (1 - curl) * (0.7 * fine + 0.55 * broad) + curl * (0.85 * tufts + 0.45 * fine)


def paint_brows(surface: Surface, seen: VisibleSurface, style: HairStyle) -> None:
    """Paint the brows."""
    near = np.flatnonzero(seen.body & (np.abs(seen.rest[:, 1] - 20) < 14) & (np.abs(seen.rest[:, 0]) < 58))
    rest = seen.rest[near]
    side, up = np.abs(rest[:, 0]), rest[:, 1]
    inside = brow_inside(rest, style.brow_thickness, style.brow_arch)
    hairs = bilinear_wrapped(noise_tile(18, 256, 2.4, 5.0), side * 2.2 + up * 2, (up - 0.9 * side) * 4.0)
    cover = np.clip((inside + 0.5 * hairs) / 2.4 + 0.35, 0, 1) * np.clip(0.9 + 0.16 * hairs, 0.4, 1.15)
    cover_over(surface, near, np.clip(cover * style.brow_density, 0, 1), np.array(style.colour))
    surface.parts[near[inside > 0]] = SegmentationClass.HAIR


def paint_beard(surface: Surface, seen: VisibleSurface, style: HairStyle) -> None:
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
    surface.parts[bearded[surface.parts[bearded] != SegmentationClass.NOSE]] = SegmentationClass.FACIAL_HAIR
    surface.gloss[near] = np.where(cover > 0.4, 0.8, surface.gloss[near])


def paint_scalp(surface: Surface, seen: VisibleSurface, style: HairStyle) -> None:
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
    surface.parts[near[inside > 0]] = SegmentationClass.HAIR
    surface.gloss[near] = np.where(inside > 0, 0.8, surface.gloss[near])


def _grain(rest: Values) -> Values:
    return bilinear_wrapped(noise_tile(17, 256, 2.2), rest[:, 1] * 3.1, np.abs(rest[:, 0]) * 3.1 + rest[:, 2])


_IRIS_MM, _PUPIL_MM = 6.0, 2.1
_WHITE, _CARUNCLE, _RIM, _PUPIL = (0.56, 0.50, 0.46), (0.42, 0.20, 0.17), (0.40, 0.21, 0.18), 0.004


def paint_eyes(surface: Surface, seen: VisibleSurface, head: HeadGeometry, fragments: Fragments, turn: Values) -> None:
    """Paint what lies in the lid slits, and the lashes along them."""
    rest = seen.rest
    near = np.flatnonzero(seen.body & (np.abs(rest[:, 1]) < 13) & (np.abs(np.abs(rest[:, 0]) - EYE.x_mm) < 19))
    slit = eye_opening(rest[near])
    _paint_lashes(surface, near, slit, rest[near], np.array(head.shape.hair.colour) * 0.6)
    ball, slit = near[slit > 0], slit[slit > 0]
    rest = rest[ball]
    outward = interpolate(some(fragments, ball), head.skin.points) - head.eyes[(rest[:, 0] > 0).astype(np.intp)]
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
    gaze = _gaze(head)
    # Distance from the pupil's centre on the ball, in mm.
    away = np.arccos(np.clip(outward @ gaze, -1, 1)) * EYE.radius_mm
    in_iris = _within(away, _IRIS_MM, 0.7)
    iris = _iris(outward - gaze, away, head.shape.iris)
    white = _white(slit, rest)
    paint = white + (iris - white) * in_iris
    surface.paint[ball] = paint + (_PUPIL - paint) * _within(away, _PUPIL_MM, 0.4)
    surface.parts[ball] = SegmentationClass.EYES
    surface.cover[ball] = 1
    surface.gloss[ball] = 0.08
    # The cornea is more curved than the ball: its normals turn away from the gaze.
    cornea = (outward + 0.55 * in_iris * (outward - gaze)) @ turn.T
    surface.normals[ball] = cornea / np.maximum(np.linalg.norm(cornea, axis=1, keepdims=True), 1e-6)
    under_lid = np.clip((4.6 - rest[:, 1]) / 4.5, 0, 1)
    surface.open_sky[ball] = (0.35 + 0.5 * under_lid) * np.clip(slit / 1.2 + 0.45, 0, 1)


def _gaze(head: HeadGeometry) -> Values:
    side, up = np.radians(head.expression.gaze_deg)
    return np.array([np.sin(side) * np.cos(up), np.sin(up), np.cos(side) * np.cos(up)], np.float32)


def _within(away: Values, radius_mm: float, soft_mm: float) -> Values:
    return np.asarray(np.clip((radius_mm - away) / soft_mm + 0.5, 0, 1))[:, None]


def _iris(off: Values, away: Values, colour: tuple[float, float, float]) -> Values:
    """Return the colour with fibres out from the pupil and a darker rim."""
    spoke = np.arctan2(off[:, 1], np.abs(off[:, 0]))
    fibres = bilinear_wrapped(noise_tile(20, 256, 4.0), spoke * 40.7, away * 3)
    shade = np.clip(1 + 0.3 * fibres - 0.5 * np.clip(away - 4.6, 0, 2), 0.2, 1.8)
    return np.asarray(np.array(colour) * shade[:, None])


def _white(slit: Values, rest: Values) -> Values:
    """Return the white, pink in the inner corner and where it meets the lids."""
    corner = np.clip((19.5 - np.abs(rest[:, 0])) / 3.5, 0, 1)[:, None]
    rim = 0.6 * np.clip(1 - slit / 0.7, 0, 1)[:, None]
    white = np.array(_WHITE) * (1 - corner) + np.array(_CARUNCLE) * corner
    return np.asarray(white * (1 - rim) + np.array(_RIM) * rim)


def _paint_lashes(surface: Surface, near: NDArray[np.intp], slit: Values, rest: Values, colour: Values) -> None:
    side, up = np.abs(rest[:, 0]), rest[:, 1]
    hairs = bilinear_wrapped(noise_tile(18, 256, 2.4, 5.0), up * 3, side * 6)
    outer = np.clip((side - 20) / 10, 0.2, 1)
    long = np.clip((slit + 2.0) / 1.6, 0, 1) * (slit < 0) * np.clip(0.25 + 0.35 * hairs, 0, 1) * outer
    upper = np.maximum(0.85 * np.exp(-0.5 * ((slit + 0.35) / 0.55) ** 2), long)
    lower = np.exp(-0.5 * ((slit + 0.5) / 0.5) ** 2) * np.clip(0.22 + 0.2 * hairs, 0, 1)
    cover_over(surface, near, np.where(up > -0.3, upper, lower), colour)


Values = NDArray[np.floating]

_SKIN_GLOSS, _LIP_GLOSS, _HAIR_GLOSS, _GLASSES_GLOSS = 0.45, 0.33, 0.6, 0.25


def paint_skin(head: HeadGeometry, dress: Clothing, fragments: Fragments, turn: Values) -> Surface:
    """Return what the body and the ears show. turn: (3, 3), head's axes to the picture's."""
    surface, seen = carry(head.skin, fragments, turn)
    surface.parts[:] = np.where(seen.body & (seen.face > 0), SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN)
    surface.parts[seen.body & (seen.nose > 0)] = SegmentationClass.NOSE
    surface.gloss[:] = _SKIN_GLOSS
    _paint_lips(surface, seen)
    paint_brows(surface, seen, head.shape.hair)
    paint_beard(surface, seen, head.shape.hair)
    paint_scalp(surface, seen, head.shape.hair)
    paint_eyes(surface, seen, head, fragments, turn)
    _put_on_clothes(surface, seen, dress)
    return surface


def paint_hair(head: HeadGeometry, fragments: Fragments, skin: Fragments, turn: Values) -> tuple[Fragments, Surface]:
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
    surface.parts[:] = SegmentationClass.HAIR
    surface.cover[:] = 1
    surface.gloss[:] = _HAIR_GLOSS
    surface.uv[:] = np.nan
    shade = np.clip(1 + 0.28 * streaks, 0.35, 2) * np.where(inner, 0.25, 1)
    surface.paint[:] = np.array(head.shape.hair.colour, np.float32) * shade[:, None]
    surface.open_sky[:] = np.where(inner, 0.3, surface.open_sky * np.clip(seen.hair / 12, 0.35, 1))
    return some(fragments, kept), surface.keep(kept)


def paint_glasses(head: HeadGeometry, fragments: Fragments, turn: Values) -> Surface:
    """Return what the frame of the glasses shows."""
    assert head.glasses is not None
    assert head.shape.glasses is not None
    surface, _ = carry(head.glasses, fragments, turn)
    surface.parts[:] = SegmentationClass.OCCLUDER
    surface.cover[:] = 1
    surface.gloss[:] = _GLASSES_GLOSS
    surface.uv[:] = np.nan
    surface.paint[:] = np.array(head.shape.glasses.colour, np.float32)
    return surface


def _paint_lips(surface: Surface, seen: VisibleSurface) -> None:
    rest = seen.rest
    near = np.flatnonzero(seen.body & (np.abs(rest[:, 1] + 69) < 14) & (np.abs(rest[:, 0]) < 28))
    inside = lips_inside(rest[near])
    surface.lips[near] = np.clip(inside / 1.6 + 0.5, 0, 1)
    surface.gloss[near] += (_LIP_GLOSS - _SKIN_GLOSS) * surface.lips[near]
    surface.parts[near[inside > 0]] = SegmentationClass.LIPS
    # Little light comes back out of the line between the lips.
    off = rest[near, 1] + 67.5 - 0.02 * np.abs(rest[near, 0])
    surface.open_sky[near] *= 1 - 0.6 * np.exp(-((off / 0.9) ** 2)) * np.clip(inside / 1.5, 0, 1)


def _put_on_clothes(surface: Surface, seen: VisibleSurface, dress: Clothing) -> None:
    dressed = np.flatnonzero(seen.body & (dressed_inside(seen.rest, dress) > 0))
    surface.parts[dressed] = SegmentationClass.BACKGROUND
    surface.cover[dressed] = 1
    surface.gloss[dressed] = 1
    surface.paint[dressed] = clothes(seen.rest[dressed], dress)
    surface.uv[dressed] = np.nan
