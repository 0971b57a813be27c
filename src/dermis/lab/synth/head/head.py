"""A head without a person: numbers that say how it differs from the average, and the surface they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import FloatMap, read_only
from dermis.lab.synth.head.accessories import Glasses, draw_glasses, glasses_mesh
from dermis.lab.synth.head.ambient_occlusion import open_sky
from dermis.lab.synth.head.anatomy import EAR_ROOT, LANDMARKS, ear, face_inside, nose_inside
from dermis.lab.synth.head.base_head import EYE
from dermis.lab.synth.head.hair import HairStyle, beard_inside, draw_hair, scalp_inside, shell_offsets
from dermis.lab.synth.head.mesh import Mesh, MeshPatch, grid_frames, grid_triangles, join
from dermis.lab.synth.head.shape import ONE_SIDED, SMILE, TRAITS
from dermis.lab.synth.head.uv_atlas import eye_opening, template

__all__ = ["Expression", "HeadGeometry", "HeadShape", "build_head", "draw_head", "mirrored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadShape:
    """One person's head, all that a photo does not change.

    traits: name in `TRAITS` -> how far from the average, mostly in mm; those left out are average.
    ear_flare_deg: how far the ears stand off. ear_scale: 1 is 62 mm. age_years: deepens folds and lines.
    iris: linear sRGB reflectance.
    """

    traits: Mapping[str, float] = field(default_factory=dict)
    ear_flare_deg: float = 26.0
    ear_scale: float = 1.0
    age_years: float = 30.0
    iris: tuple[float, float, float] = (0.09, 0.045, 0.02)
    hair: HairStyle = field(default_factory=HairStyle)
    glasses: Glasses | None = None

    def __post_init__(self) -> None:
        unknown = set(self.traits) - set(TRAITS)
        if unknown:
            raise ValueError(f"No such trait: {sorted(unknown)}; there are {sorted(TRAITS)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """What the face does in one photo. smile: 0 neutral to 1. gaze_deg: eyes to their left and up."""

    smile: float = 0.0
    gaze_deg: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadGeometry:
    """A head's surfaces in its own frame, in mm: x to the person's left, y up, z out of the face.

    skin: body and ears. hair: its shell, None where hair is short enough to be painted. glasses: their frame.
    eyes: (2, 3), centres of the right and left eyeball. landmarks: (n, 3), in the order of `LANDMARKS`.
    """

    shape: HeadShape
    expression: Expression
    skin: Mesh
    hair: Mesh | None
    glasses: Mesh | None
    eyes: FloatMap
    landmarks: FloatMap


_IRISES = ((0.035, 0.018, 0.009), (0.075, 0.036, 0.016), (0.14, 0.085, 0.035), (0.10, 0.12, 0.065), (0.13, 0.18, 0.23))
_IRIS_SHARES = np.array([(0.14, 0.22, 0.18, 0.16, 0.30), (0.75, 0.24, 0.01, 0.0, 0.0)])

# How many standard deviations of each trait go with a masculine head (half each way) and with forty more years.
_MASCULINE = {
    "face_width": 1.2, "face_length": 1.2, "jaw_width": 1.8, "chin_width": 1.6, "chin_length": 0.8, "chin_forward": 0.6,
    "brow_ridge": 2.0, "brow_height": -1.2, "eye_opening": -0.7, "nose_length": 0.9, "nose_width": 0.9, "nose_tip": 0.6,
    "nose_hump": 0.5, "lip_fullness": -1.0, "cheek_fullness": -0.3, "neck_width": 2.2, "eye_depth": 0.6,
}  # fmt: skip
_AGE = {
    "cheek_folds": 3.0, "eye_bags": 2.6, "jowls": 2.2, "lid_fold": 1.3, "lip_fullness": -1.1, "mouth_corners": -0.9,
    "brow_height": -0.6, "nose_tip_up": -0.6, "nose_length": 0.6, "temples": -0.7,
}  # fmt: skip


def draw_head(
    rng: np.random.Generator,
    *,
    age_years: float | None = None,
    melanosome_fraction: float | None = None,
    glasses_share: float = 0.0,
) -> HeadShape:
    """Draw a head.

    age_years: 18 to 60, evenly, where not given. melanosome_fraction: of the skin; the darker it is, the likelier are
    black hair and brown eyes (shapes do not depend on it). glasses_share: how many wear glasses.
    """
    age = float(rng.uniform(18, 60) if age_years is None else age_years)
    masculine = float(np.clip(rng.normal(0.5 + 0.33 * rng.choice([-1, 1]), 0.15), 0, 1))
    older = float(np.clip((age - 30) / 40, -0.3, 1.3))
    dark = 0.5 if melanosome_fraction is None else float(np.clip((melanosome_fraction - 0.03) / 0.10, 0, 1))
    traits = {}
    for name, trait in TRAITS.items():
        drawn = float(np.clip(rng.normal(0, 0.9), -2, 2))
        drawn += _MASCULINE.get(name, 0.0) * (masculine - 0.5) + _AGE.get(name, 0.0) * older
        traits[name] = trait.spread * drawn
    return HeadShape(
        traits=traits,
        ear_flare_deg=float(np.clip(rng.normal(26, 5), 16, 40)),
        ear_scale=float(np.clip(rng.normal(0.99 + 0.05 * masculine + 0.03 * older, 0.05), 0.85, 1.2)),
        age_years=age,
        iris=_IRISES[rng.choice(len(_IRISES), p=_mixed(_IRIS_SHARES, dark))],
        hair=draw_hair(rng, masculine=masculine, age_years=age, dark=dark),
        glasses=draw_glasses(rng) if rng.random() < glasses_share else None,
    )


def _mixed(shares: NDArray[np.float64], dark: float) -> NDArray[np.float64]:
    """Blend the `shares` (2, n) of the lightest and the darkest people."""
    return np.asarray(shares[0] * (1 - dark) + shares[1] * dark)


def mirrored(shape: HeadShape) -> HeadShape:
    """Return the head that a mirror shows."""
    turned = {name: -value if name in ONE_SIDED else value for name, value in shape.traits.items()}
    return replace(shape, traits=turned)


def build_head(shape: HeadShape, expression: Expression = Expression()) -> HeadGeometry:
    """Return the surfaces of `shape` with `expression`."""
    base = _base()
    grid = template().points.shape
    moved = base.points + np.tensordot(_amounts(shape, expression), base.fields, axes=1)
    skin, eyes = moved[: grid[0] * grid[1]], moved[-4:-2]
    roots = moved[-2:] - base.points[-2:]
    points = _seat_lids(skin, eyes, base).reshape(grid)
    body = _body_mesh(points, shape)
    landmarks = body.points[base.landmarks]
    # Long hair hangs over the ears.
    ears = [] if shape.hair.long else [_ear_mesh(shape, roots[k], right=k == 0) for k in (0, 1)]
    return HeadGeometry(
        shape=shape,
        expression=expression,
        skin=join(body, *ears),
        hair=_hair_mesh(points, body, shape.hair),
        glasses=_put_on(shape.glasses, landmarks),
        eyes=eyes,
        landmarks=landmarks,
    )


class _Base(NamedTuple):
    """What all heads share: points (n, 3) of the average skin, then both eyes' centres and ears' roots; their
    displacement fields (k, n, 3); how far inside the lid slits, the nose and the face each skin point lies
    (v,); its open sky; landmark vertices.
    """

    points: FloatMap
    fields: FloatMap
    slit: FloatMap
    nose: FloatMap
    face: FloatMap
    open_sky: FloatMap
    landmarks: NDArray[np.intp]


@cache
def _base() -> _Base:
    skin = template().points.reshape(-1, 3)
    eye = (EYE.x_mm, EYE.y_mm, EYE.z_mm)
    flip = np.array([-1, 1, 1])
    extra = np.array([flip * eye, eye, flip * EAR_ROOT, EAR_ROOT], np.float32)
    points = np.concatenate([skin, extra])
    moves = [trait.moves for trait in TRAITS.values()] + [SMILE]
    stack = np.stack([move(points).astype(np.float32) for move in moves])
    slit = eye_opening(skin)
    return _Base(
        points=points,
        fields=stack,
        slit=slit,
        nose=nose_inside(skin),
        face=face_inside(skin),
        open_sky=open_sky(template().points),
        landmarks=_nearest(skin, slit),
    )


def _nearest(skin: FloatMap, slit: FloatMap) -> NDArray[np.intp]:
    """Return the vertex of each landmark; all but the pupils lie on skin, so those of the lids on their rims."""
    found = []
    for name, mark in LANDMARKS.items():
        gap = ((skin - np.array(mark.place, np.float32)) ** 2).sum(axis=1)
        found.append(np.argmin(gap if "pupil" in name else np.where(slit > 0, np.inf, gap)))
    return np.array(found)


def _amounts(shape: HeadShape, expression: Expression) -> FloatMap:
    return np.array([*(shape.traits.get(name, 0.0) for name in TRAITS), expression.smile], np.float32)


def _seat_lids(skin: FloatMap, eyes: FloatMap, base: _Base) -> FloatMap:
    """Lay the open slits on the eyeballs and keep the lids a lid's thickness in front of them."""
    seated = skin.copy()
    near = np.flatnonzero(base.slit > -9)
    centre = eyes[(base.points[near, 0] > 0).astype(np.intp)]
    rel = skin[near] - centre
    slit = base.slit[near]
    front = np.sqrt(np.clip(EYE.radius_mm**2 - rel[:, 0] ** 2 - rel[:, 1] ** 2, 0, None))
    ball = np.clip(front, rel[:, 2] - 3.5, rel[:, 2] + 1.5)
    lid = rel * np.maximum(1, (EYE.radius_mm + 1.1) / np.linalg.norm(rel, axis=1))[:, None]
    rel = np.where((slit > 0)[:, None], np.column_stack([rel[:, :2], ball]), lid)
    seated[near] = centre + rel
    return seated


class _Grown(NamedTuple):
    """What grows on the average skin: how far inside the borders of hair and beard each vertex (v,) lies, and how far
    the hair (r, c) stands off, all in mm.
    """

    hair: FloatMap
    beard: FloatMap
    off_skin: FloatMap


@lru_cache(maxsize=1)  # one person is seen several times in turn
def _grown(style: HairStyle) -> _Grown:
    base = template()
    hair = scalp_inside(base.points, style)
    beard = beard_inside(base.points, style)
    off_skin = shell_offsets(base.points, base.level_reach, hair, style)
    return _Grown(read_only(hair.reshape(-1)), read_only(beard.reshape(-1)), read_only(off_skin))


def _body_mesh(points: FloatMap, shape: HeadShape) -> Mesh:
    base = template()
    uv = np.stack(np.broadcast_arrays(base.u[None, :], base.v[:, None]), axis=-1)
    normals, along_u, along_v = grid_frames(points, uv, closed=True)
    normals[0] = (0, 1, 0)
    rest = base.points.reshape(-1, 3)
    count = len(rest)
    return Mesh(
        points=points.reshape(-1, 3),
        normals=normals.reshape(-1, 3),
        rest=rest,
        uv=uv.reshape(-1, 2),
        along_u=along_u.reshape(-1, 3),
        along_v=along_v.reshape(-1, 3),
        hair=_grown(shape.hair).hair,
        beard=_grown(shape.hair).beard,
        nose=_base().nose,
        face=_base().face,
        open_sky=_base().open_sky,
        patch=np.full(count, MeshPatch.BODY, np.uint8),
        triangles=grid_triangles(*points.shape[:2]),
    )


def _ear_mesh(shape: HeadShape, shift: FloatMap, *, right: bool) -> Mesh:
    rest, uv = ear()
    points = ear(shape.ear_flare_deg, shape.ear_scale)[0]
    if right:
        flip = np.array([-1, 1, 1], np.float32)
        rest, points = rest[:, ::-1] * flip, points[:, ::-1] * flip
        uv = uv[:, ::-1] * np.array([-1, 1], np.float32) + np.array([1, 0], np.float32)
    points = points + shift
    normals, along_u, along_v = grid_frames(points, uv, closed=True)
    normals[0] = normals[1].mean(axis=0) / np.linalg.norm(normals[1].mean(axis=0))
    along_u[0], along_v[0] = along_u[1].mean(axis=0), along_v[1].mean(axis=0)
    count = points.shape[0] * points.shape[1]
    outside = np.full(count, -20, np.float32)
    return Mesh(
        points=points.reshape(-1, 3).astype(np.float32),
        normals=normals.reshape(-1, 3),
        rest=rest.reshape(-1, 3),
        uv=uv.reshape(-1, 2),
        along_u=along_u.reshape(-1, 3),
        along_v=along_v.reshape(-1, 3),
        hair=outside,
        beard=outside,
        nose=outside,
        face=outside,
        open_sky=np.ones(count, np.float32),
        patch=np.full(count, MeshPatch.EAR, np.uint8),
        triangles=grid_triangles(*points.shape[:2]),
    )


def _put_on(glasses: Glasses | None, landmarks: FloatMap) -> Mesh | None:
    if glasses is None:
        return None
    place = dict(zip(LANDMARKS, landmarks, strict=True))
    behind = np.array([0, 14, -14])
    ears = np.stack([place["right_tragion"] + behind, place["left_tragion"] + behind])
    return glasses_mesh(glasses, place["nasion"], ears)


def _hair_mesh(points: FloatMap, body: Mesh, style: HairStyle) -> Mesh | None:
    if max(style.top_mm, style.sides_mm) < 2:
        return None
    base = template()
    shell = (points + base.rays * _grown(style).off_skin[..., None]).astype(np.float32)
    uv = body.uv.reshape(*points.shape[:2], 2)
    normals, along_u, along_v = grid_frames(shell, uv, closed=True)
    normals[0] = (0, 1, 0)
    triangles = grid_triangles(*points.shape[:2])
    grown = (body.hair > -8)[triangles].any(axis=1)
    return replace(
        body,
        points=shell.reshape(-1, 3),
        normals=normals.reshape(-1, 3),
        along_u=along_u.reshape(-1, 3),
        along_v=along_v.reshape(-1, 3),
        patch=np.full(len(body.points), MeshPatch.HAIR, np.uint8),
        triangles=triangles[grown],
    )
