"""A person before a camera: shading and skin put together into raw pixels, spectra and true colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.colour.lab import xyz_to_lab
from dermis.core.arrays import BoolMap, FloatMap
from dermis.lab.synth.camera.render import Buffers, paint_basis, paint_spectra, render, sample
from dermis.lab.synth.camera.shading import SceneLight, irradiance, relief_normals, shadows, specular
from dermis.lab.synth.camera.viewpoint import Viewpoint
from dermis.lab.synth.head.head import Expression, build_head
from dermis.lab.synth.head.uv import Atlas, relief_share
from dermis.lab.synth.skin.colour import COLOUR_NM, MATT_SHARE, SkinTable, channels, skin_table, spectra
from dermis.lab.synth.skin.maps import LIMITS, SkinMaps
from dermis.lab.synth.subjects import Person, Visit
from dermis.optics.camera import Camera, response, white_raw
from dermis.optics.illuminant import Illuminant, xyz_weights

__all__ = ["Scene", "Shot", "compose_scene", "cube_of", "lab_of", "raw_of", "relight", "skin_mask"]

CHROMOPHORES = ("melanosome_fraction", "blood_fraction", "oxygen_saturation", "scattering", "pus")
"""The maps that make the colour."""
_LIP_MELANIN, _LIP_BLOOD = 0.8, 5.0
"""The red of the lips: what is left of the melanin, and times the blood that shows (chosen)."""
_LENS_PX, _EDGE_PX = 0.55, 0.9
"""Blur of the lens, a standard deviation in pixels of the photo; and where one thing ends before another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """How one photo is taken. lamps: where `light` comes from."""

    viewpoint: Viewpoint
    expression: Expression
    light: Illuminant
    lamps: tuple[SceneLight, ...]
    camera: Camera
    size_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One photo before its exposure.

    bare: (n,) flat indices of the pixels that show skin, at least in part. skin: by name (n,) values of `CHROMOPHORES`
    there; table: their colours, None without skin. diffuse, mirrored: (h, w), light that a white would send back, and
    that the surface mirrors, 1 = a white that faces the key light.
    """

    person: Person
    visit: Visit
    shot: Shot
    buffers: Buffers
    bare: NDArray[np.intp]
    skin: Mapping[str, FloatMap]
    table: SkinTable | None
    diffuse: FloatMap
    mirrored: FloatMap


def compose_scene(person: Person, visit: Visit, shot: Shot) -> Scene:
    """Put `person` before the camera."""
    head = build_head(person.shape, shot.expression)
    buffers = render(head, shot.viewpoint, (shot.size_px, shot.size_px), person.dress)
    bare = np.flatnonzero((buffers.cover < 0.995) & np.isfinite(buffers.uv[..., 0]))
    skin = _skin_pixels(visit.maps, buffers, bare, person.atlas)
    diffuse, mirrored = _shaded(person, visit, buffers, shot)
    return Scene(
        person=person,
        visit=visit,
        shot=shot,
        buffers=buffers,
        bare=bare,
        skin=skin,
        table=skin_table(person.tissue, skin) if len(bare) else None,
        diffuse=diffuse,
        mirrored=mirrored,
    )


def relight(scene: Scene, shot: Shot) -> Scene:
    """Return what is in view by the light, lamps and camera of another shot, at a third of the work."""
    shot = replace(scene.shot, light=shot.light, lamps=shot.lamps, camera=shot.camera)
    diffuse, mirrored = _shaded(scene.person, scene.visit, scene.buffers, shot)
    return replace(scene, shot=shot, diffuse=diffuse, mirrored=mirrored)


def _shaded(person: Person, visit: Visit, buffers: Buffers, shot: Shot) -> tuple[FloatMap, FloatMap]:
    """Return (h, w) light that a white would send back, and light that surfaces mirror."""
    normals = relief_normals(buffers, visit.maps.height_mm * relief_share(person.atlas.width))
    reaching = shadows(buffers, shot.lamps)
    rough = np.clip(sample(visit.maps.roughness, buffers), *LIMITS["roughness"])
    gloss = specular(buffers, shot.lamps, roughness=rough, normals=normals, reaching=reaching).sum(axis=-1)
    gloss *= MATT_SHARE * buffers.cover + (1 - MATT_SHARE)
    return irradiance(buffers, shot.lamps, normals=normals, reaching=reaching).sum(axis=-1), gloss


def _skin_pixels(maps: SkinMaps, buffers: Buffers, bare: NDArray[np.intp], atlas: Atlas) -> dict[str, FloatMap]:
    found = {name: _sampled(getattr(maps, name), buffers, bare) for name in CHROMOPHORES}
    detail = sample(relief_share(atlas.width), buffers).reshape(-1)[bare]
    for name in ("melanosome_fraction", "blood_fraction"):
        usual = np.median(getattr(maps, name)[::8, ::8][atlas.skin[::8, ::8]])
        found[name] = usual * (found[name] / usual) ** (detail * detail)
    lips = buffers.lips.reshape(-1)[bare]
    found["melanosome_fraction"] *= 1 - (1 - _LIP_MELANIN) * lips
    found["blood_fraction"] *= 1 + (_LIP_BLOOD - 1) * lips
    return {name: np.clip(values, *LIMITS[name]) for name, values in found.items()}


def _sampled(values: FloatMap, buffers: Buffers, bare: NDArray[np.intp]) -> FloatMap:
    first = values.flat[0]
    if (values == first).all():  # no mark touches it
        return np.full(bare.shape, first, np.float32)
    return np.asarray(sample(values, buffers).reshape(-1)[bare], np.float32)


def raw_of(scene: Scene) -> FloatMap:
    """Return (h, w, 3) raw signal of the camera, where a perfect white that faces the key light is 1 at most."""
    camera, light = scene.shot.camera, scene.shot.light
    weights = response(camera, light, COLOUR_NM)
    reflected = _seen_through(scene, weights)
    white = white_raw(camera, light).astype(np.float32)
    raw = reflected * scene.diffuse[..., None] + scene.mirrored[..., None] * white
    return _through_lens(np.maximum(raw, 0), _edges(scene.buffers))


def lab_of(scene: Scene) -> FloatMap:
    """Return (h, w, 3) true L*a*b* of the skin under D65, without light, shade and gloss; NaN where there is none."""
    weights = xyz_weights(COLOUR_NM, "D65")
    lab = np.full((scene.diffuse.size, 3), np.nan, np.float32)
    if scene.table is not None:
        lab[scene.bare] = xyz_to_lab(channels(scene.table, weights, scene.skin))
    return lab.reshape(*scene.diffuse.shape, 3)


def cube_of(scene: Scene, wavelengths_nm: ArrayLike, *, shaded: bool = False) -> FloatMap:
    """Return (h, w, band) reflectance of everything in view; `shaded`: as a scanner sees it, with light and gloss."""
    bands = np.asarray(wavelengths_nm, dtype=np.float64)
    buffers = scene.buffers
    flat = np.empty((scene.diffuse.size, bands.size), np.float32)
    covered = np.flatnonzero(buffers.cover.reshape(-1) > 0)
    flat[covered] = paint_spectra(buffers.paint.reshape(-1, 3)[covered], buffers.parts.reshape(-1)[covered], bands)
    if len(scene.bare):
        table = skin_table(scene.person.tissue, scene.skin, bands)
        share = buffers.cover.reshape(-1, 1)[scene.bare]
        mixed = np.flatnonzero(share > 0)
        skin = spectra(table, scene.skin)
        skin[mixed] += share[mixed] * (flat[scene.bare[mixed]] - skin[mixed])
        flat[scene.bare] = skin
    if shaded:
        flat *= scene.diffuse.reshape(-1, 1)
        flat += scene.mirrored.reshape(-1, 1)
    return flat.reshape(*scene.diffuse.shape, -1)


def _seen_through(scene: Scene, weights: NDArray[np.float64]) -> FloatMap:
    """Return (h, w, k) `reflectance @ weights` of everything in view; weights (band, k) on `COLOUR_NM`."""
    buffers = scene.buffers
    seen = np.maximum(buffers.paint @ (paint_basis(COLOUR_NM) @ weights).astype(np.float32), 0)
    flat = seen.reshape(-1, weights.shape[1])
    if scene.table is not None:
        share = buffers.cover.reshape(-1, 1)[scene.bare]
        flat[scene.bare] = share * flat[scene.bare] + (1 - share) * channels(scene.table, weights, scene.skin)
    return seen


def _edges(buffers: Buffers) -> BoolMap:
    """Return (h, w): pixels beside another part or another depth, which a renderer leaves in steps."""
    from scipy.ndimage import maximum_filter, minimum_filter  # late: a tenth of a second

    depth = np.where(np.isfinite(buffers.depth_mm), buffers.depth_mm, np.float32(1e4))
    kind = buffers.parts
    steps: BoolMap = maximum_filter(kind, 3) != minimum_filter(kind, 3)
    return steps | (maximum_filter(depth, 3) - minimum_filter(depth, 3) > 15)


def _through_lens(raw: FloatMap, edges: BoolMap) -> FloatMap:
    from scipy.ndimage import gaussian_filter  # late: a tenth of a second

    sharp, soft = (gaussian_filter(raw, (sigma, sigma, 0), truncate=3) for sigma in (_LENS_PX, _EDGE_PX))
    return np.where(edges[..., None], soft, sharp).astype(np.float32, copy=False)


def skin_mask(scene: Scene) -> BoolMap:
    """Return (h, w): visible skin of the person, all in all more skin than hair."""
    return scene.buffers.skin & (scene.buffers.cover < 0.5)
