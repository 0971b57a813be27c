"""What each seen point of a head is: skin, lip, eye, brow, hair or cloth, and the colour of what covers it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dermis.core import Part
from dermis.core.arrays import BoolMap, LabelMap
from dermis.synth.dress import Dress, clothes, dressed_inside
from dermis.synth.head import Head
from dermis.synth.mesh import Mesh, Patch
from dermis.synth.mesh_anatomy import around_mm, brow_inside, lips_inside
from dermis.synth.mesh_atlas import eye_opening
from dermis.synth.mesh_sculpture import EYE
from dermis.synth.noise import bilinear_wrapped, noise_tile
from dermis.synth.raster import Fragments, interpolate

__all__ = ["Surface", "hair_fragments", "paint_hair", "paint_skin"]

Values = NDArray[np.floating]


class Surface(NamedTuple):
    """What the fragments of one layer show; one row a fragment. Meanings as in `render.Buffers`."""

    parts: LabelMap
    uv: Values
    normals: Values
    along_u: Values
    along_v: Values
    cover: Values
    paint: Values
    lips: Values
    gloss: Values
    open_sky: Values


class _Seen(NamedTuple):
    """Vertex values carried to the fragments, (n, ...)."""

    rest: Values
    hair: Values
    beard: Values
    nose: Values
    face: Values
    body: BoolMap


def paint_skin(head: Head, dress: Dress, fragments: Fragments, turn: Values) -> Surface:
    """Return what the body and the ears show. turn: (3, 3), head's axes to the picture's."""
    surface, seen = _carry(head.skin, fragments, turn)
    surface.parts[:] = np.where(seen.body & (seen.face > 0), Part.FACE_SKIN, Part.OTHER_SKIN)
    surface.parts[seen.body & (seen.nose > 0)] = Part.NOSE
    surface.gloss[:] = 0.45
    _paint_lips(surface, seen)
    _paint_brows(surface, seen, head)
    _paint_beard(surface, seen, head)
    _paint_scalp(surface, seen, head)
    _paint_eyes(surface, seen, head, fragments, turn)
    dressed = np.flatnonzero(seen.body & (dressed_inside(seen.rest, dress) > 0))
    surface.parts[dressed] = Part.BACKGROUND
    surface.cover[dressed] = 1
    surface.gloss[dressed] = 1
    surface.paint[dressed] = clothes(seen.rest[dressed], dress)
    surface.uv[dressed] = np.nan
    return surface


def hair_fragments(head: Head, fragments: Fragments, skin: Fragments) -> Fragments:
    """Keep the fragments of the hair's shell inside its border, which runs in strands where it lies on `skin`."""
    mesh = head.hair
    assert mesh is not None
    table = interpolate(fragments, np.column_stack([mesh.rest, mesh.hair]))
    inside, strands = table[:, 3], _strands(table[:, :3], head.shape.hair.curl)
    alone = ~np.isin(fragments.pixel, skin.pixel, assume_unique=True)
    return _some(fragments, (inside + 1.3 * strands > 1.0) | (alone & (inside > -0.5)))


def paint_hair(head: Head, fragments: Fragments, turn: Values) -> Surface:
    """Return what the hair's shell shows."""
    mesh = head.hair
    assert mesh is not None
    surface, seen = _carry(mesh, fragments, turn)
    strands = _strands(seen.rest, head.shape.hair.curl)
    facing = np.sign(surface.normals[:, 2])[:, None] + (surface.normals[:, 2] == 0)[:, None]
    inner = facing[:, 0] < 0
    surface.normals[:] = surface.normals * facing
    surface.parts[:] = Part.HAIR
    surface.cover[:] = 1
    surface.gloss[:] = 0.6
    surface.uv[:] = np.nan
    shade = np.clip(1 + 0.28 * strands, 0.35, 2) * np.where(inner, 0.25, 1)
    surface.paint[:] = np.array(head.shape.hair.colour, np.float32) * shade[:, None]
    deep = np.clip(seen.hair / 12, 0.35, 1)
    surface.open_sky[:] = np.where(inner, 0.3, surface.open_sky * deep)
    return surface


def _carry(mesh: Mesh, fragments: Fragments, turn: Values) -> tuple[Surface, _Seen]:
    table = np.column_stack(
        [mesh.rest, mesh.normals @ turn.T, mesh.uv, mesh.hair, mesh.beard, mesh.nose, mesh.face, mesh.open_sky]
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
        along_u=(mesh.along_u @ turn.T)[corner],
        along_v=(mesh.along_v @ turn.T)[corner],
        cover=np.zeros(count, np.float32),
        paint=np.zeros((count, 3), np.float32),
        lips=np.zeros(count, np.float32),
        gloss=np.ones(count, np.float32),
        open_sky=values[:, 12],
    )
    hair, beard, nose, face = values[:, 8:12].T
    return surface, _Seen(values[:, 0:3], hair, beard, nose, face, mesh.patch[corner] != Patch.EAR)


def _some(fragments: Fragments, which: NDArray[Any]) -> Fragments:
    return Fragments(
        pixel=fragments.pixel[which],
        corners=fragments.corners[which],
        weights=fragments.weights[which],
        depth=fragments.depth[which],
    )


def _over(surface: Surface, where: np.ndarray, cover: Values, colour: Values) -> None:
    """Lay `colour` over what is there already."""
    before = surface.cover[where]
    after = cover + before * (1 - cover)
    share = (cover / np.maximum(after, 1e-6))[:, None]
    surface.paint[where] = colour * share + surface.paint[where] * (1 - share)
    surface.cover[where] = after


def _strands(rest: Values, curl: float) -> Values:
    """Fine streaks that run from the crown down, or tufts where hair curls; mean 0, deviation about 1."""
    across, down = np.abs(around_mm(rest)), rest[:, 1]
    straight = bilinear_wrapped(noise_tile(14, 256, 2.5, 14.0), down * 2.0, across * 2.6)
    broad = bilinear_wrapped(noise_tile(15, 256, 9.0, 8.0), down * 1.5, across * 2.0)
    tufts = bilinear_wrapped(noise_tile(16, 256, 5.0), down * 2.2, across * 2.2)
    return (1 - curl) * (0.75 * straight + 0.5 * broad) + curl * (0.9 * tufts + 0.3 * straight)


def _grain(rest: Values) -> Values:
    return bilinear_wrapped(noise_tile(17, 256, 2.2), rest[:, 1] * 3.1, np.abs(rest[:, 0]) * 3.1 + rest[:, 2])


def _paint_lips(surface: Surface, seen: _Seen) -> None:
    near = np.flatnonzero(seen.body & (np.abs(seen.rest[:, 1] + 69) < 14) & (np.abs(seen.rest[:, 0]) < 28))
    inside = lips_inside(seen.rest[near])
    surface.lips[near] = np.clip(inside / 1.6 + 0.5, 0, 1)
    red = near[inside > 0]
    surface.parts[red] = Part.LIPS
    surface.gloss[near] -= 0.12 * surface.lips[near]


def _paint_brows(surface: Surface, seen: _Seen, head: Head) -> None:
    style = head.shape.hair
    near = np.flatnonzero(seen.body & (np.abs(seen.rest[:, 1] - 20) < 14) & (np.abs(seen.rest[:, 0]) < 58))
    rest = seen.rest[near]
    inside = brow_inside(rest, style.brow_thickness, style.brow_arch)
    slant = rest[:, 1] - 0.9 * np.abs(rest[:, 0])
    hairs = bilinear_wrapped(noise_tile(18, 256, 2.4, 5.0), np.abs(rest[:, 0]) * 2.2 + rest[:, 1] * 2, slant * 4.0)
    cover = np.clip((inside + 0.5 * hairs) / 2.4 + 0.35, 0, 1) * np.clip(0.9 + 0.16 * hairs, 0.4, 1.15)
    cover = np.clip(cover * style.brow_density, 0, 1)
    _over(surface, near, cover.astype(np.float32), np.array(style.colour, np.float32))
    surface.parts[near[inside > 0]] = Part.HAIR


def _paint_beard(surface: Surface, seen: _Seen, head: Head) -> None:
    style = head.shape.hair
    if style.beard <= 0:
        return
    near = np.flatnonzero(seen.body & (seen.beard > -6))
    edge = np.clip((seen.beard[near] + 3) / 9, 0, 1)
    lips = np.clip(-lips_inside(seen.rest[near]) / 1.5, 0, 1)
    hairs = bilinear_wrapped(
        noise_tile(19, 256, 2.6, 3.0), seen.rest[near, 1] * 3.0, np.abs(around_mm(seen.rest[near])) * 3.0
    )
    dense = style.beard * edge * lips
    cover = np.clip(dense * (1 + 0.35 * (1.2 - style.beard) * hairs), 0, 1)
    _over(surface, near, cover.astype(np.float32), np.array(style.colour, np.float32) * 1.1)
    bearded = near[dense > 0.4]
    bearded = bearded[surface.parts[bearded] != Part.NOSE]
    surface.parts[bearded] = Part.FACIAL_HAIR
    surface.gloss[near] = np.where(cover > 0.4, 0.8, surface.gloss[near])


def _paint_scalp(surface: Surface, seen: _Seen, head: Head) -> None:
    style = head.shape.hair
    thick = max(style.top_mm, style.sides_mm)
    if thick <= 0:
        return
    near = np.flatnonzero(seen.body & (seen.hair > -4))
    dense = min(1.0, 0.55 + 0.2 * thick)
    inside = seen.hair[near]
    hairs = _strands(seen.rest[near], 0.4)
    cover = np.clip((inside + 1.2 * hairs) / 5 + 0.35, 0, 1) * np.clip(dense + 0.10 * hairs, 0, 1)
    _over(surface, near, cover.astype(np.float32), np.array(style.colour, np.float32))
    surface.parts[near[inside > 0]] = Part.HAIR
    surface.gloss[near] = np.where(inside > 0, 0.8, surface.gloss[near])


def _paint_eyes(surface: Surface, seen: _Seen, head: Head, fragments: Fragments, turn: Values) -> None:
    rest = seen.rest
    near = np.flatnonzero(seen.body & (np.abs(rest[:, 1]) < 13) & (np.abs(np.abs(rest[:, 0]) - 31.5) < 19))
    slit = eye_opening(rest[near])
    _paint_lashes(surface, near, slit, rest[near], head)
    inside = slit > 0
    ball, slit = near[inside], slit[inside]
    if not len(ball):
        return
    outward = interpolate(_some(fragments, ball), head.skin.points) - head.eyes[(rest[ball, 0] > 0).astype(np.intp)]
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    paint, cornea = _eye_colours(outward, slit, rest[ball], head)
    surface.parts[ball] = Part.EYES
    surface.cover[ball] = 1
    surface.paint[ball] = paint
    surface.gloss[ball] = 0.08
    surface.normals[ball] = cornea @ turn.T
    upper = np.clip((4.6 - rest[ball, 1]) / 4.5, 0, 1)
    surface.open_sky[ball] = np.clip(0.35 + 0.5 * upper, 0, 1) * np.clip(slit / 1.2 + 0.45, 0, 1)


def _eye_colours(outward: Values, slit: Values, rest: Values, head: Head) -> tuple[Values, Values]:
    """Return reflectance (n, 3) and normals (n, 3) of eyeballs seen at directions `outward` from their centres."""
    side, up = np.radians(head.expression.gaze_deg)
    gaze = np.array([np.sin(side) * np.cos(up), np.sin(up), np.cos(side) * np.cos(up)], np.float32)
    # Distance from the pupil's centre on the ball, in mm.
    away = np.arccos(np.clip(outward @ gaze, -1, 1)) * EYE.radius_mm
    spoke = np.arctan2(outward[:, 1] - gaze[1], outward[:, 0] - gaze[0])
    fibres = bilinear_wrapped(noise_tile(20, 256, 4.0), spoke * 40.7, away * 3)
    iris = (
        np.array(head.shape.iris, np.float32)
        * np.clip(1 + 0.3 * fibres - 0.5 * np.clip(away - 4.6, 0, 2), 0.2, 1.8)[:, None]
    )
    white: Values = np.array((0.56, 0.50, 0.46))
    corner = np.clip((19.5 - np.abs(rest[:, 0])) / 3.5, 0, 1)[:, None]
    white = white * (1 - corner) + np.array((0.42, 0.20, 0.17), np.float32) * corner
    rim = np.clip(1 - slit / 0.7, 0, 1)[:, None]
    white = white * (1 - 0.6 * rim) + 0.6 * rim * np.array((0.40, 0.21, 0.18), np.float32)
    in_iris = np.clip((6.0 - away) / 0.7 + 0.5, 0, 1)[:, None]
    in_pupil = np.clip((2.1 - away) / 0.4 + 0.5, 0, 1)[:, None]
    paint = white * (1 - in_iris) + iris * in_iris
    paint = paint * (1 - in_pupil) + 0.004 * in_pupil
    # The cornea is more curved than the ball: its normals turn away from the gaze.
    normals = outward + (outward - gaze) * (0.55 * in_iris)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return np.clip(paint, 0.003, 0.9).astype(np.float32), normals.astype(np.float32)


def _paint_lashes(surface: Surface, near: np.ndarray, slit: Values, rest: Values, head: Head) -> None:
    colour = np.array(head.shape.hair.colour, np.float32) * 0.6
    hairs = bilinear_wrapped(noise_tile(18, 256, 2.4, 5.0), rest[:, 1] * 3, np.abs(rest[:, 0]) * 6)
    up = rest[:, 1] > -0.3
    outer = np.clip((np.abs(rest[:, 0]) - 20) / 10, 0.2, 1)
    upper = np.exp(-0.5 * ((slit + 0.35) / 0.55) ** 2) * 0.85
    upper = np.maximum(
        upper, np.clip((slit + 2.0) / 1.6, 0, 1) * (slit < 0) * np.clip(0.25 + 0.35 * hairs, 0, 1) * outer
    )
    lower = np.exp(-0.5 * ((slit + 0.5) / 0.5) ** 2) * np.clip(0.22 + 0.2 * hairs, 0, 1)
    _over(surface, near, np.where(up, upper, lower).astype(np.float32), colour)
