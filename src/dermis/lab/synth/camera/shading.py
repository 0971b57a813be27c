"""Lamps, and shading of surfaces: diffuse and gloss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dermis.core.arrays import FloatMap
from dermis.lab.synth.camera.render import Buffers, sample
from dermis.lab.synth.camera.viewpoint import rotation
from dermis.lab.synth.head.ambient_occlusion import DepthMap, depth_map, lit
from dermis.lab.synth.head.mesh import Fragments, Mesh, interpolate
from dermis.lab.synth.skin.wrinkles import wrinkles
from dermis.optics.populations import ILLUMINANT_KINDS

__all__ = ["STUDIO", "SceneLight", "draw_lamps", "irradiance", "relief_normals", "shadows", "specular"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneLight:
    """One light.

    towards: the way to it, x right, y up, z to the camera. size_deg: how wide it looks; below 2 is a bare bulb,
    20 a soft box, 60 a window, from 150 it comes from everywhere, most from `towards`. strength: what it sends to
    a surface that faces it.
    """

    towards: tuple[float, float, float]
    size_deg: float = 10.0
    strength: float = 1.0

    @property
    def everywhere(self) -> bool:
        """Whether it has no direction to cast shadows from."""
        return self.size_deg >= 150

    @property
    def way(self) -> FloatMap:
        """`towards` at length 1, (3,) float32."""
        way = np.array(self.towards, np.float32)
        return way / np.linalg.norm(way)


def shadows(buffers: Buffers, lights: tuple[SceneLight, ...]) -> FloatMap:
    """Return how much of each light the head lets through to each pixel, (h, w, light) float32 in [0, 1]."""
    return np.stack([_reaches(buffers, light) for light in lights], axis=-1)


def irradiance(
    buffers: Buffers,
    lights: tuple[SceneLight, ...],
    *,
    normals: FloatMap | None = None,
    reaching: FloatMap | None = None,
) -> FloatMap:
    """Return the light that arrives at each pixel, (h, w, light) float32, at least 0.

    normals: (h, w, 3) in place of the buffers' own, for skin with relief. reaching: from `shadows`, found here where
    not given. Each light by itself: Lambert's cosine with its edge softened as skin and large lights do, the
    head's shadow on itself, and the hollows that see little of the sky. The background takes a fixed 0.6 of each
    strength.
    """
    normals = buffers.normals if normals is None else normals
    reaching = shadows(buffers, lights) if reaching is None else reaching
    layers = [
        _diffuse(buffers, normals, light) * reaching[..., k] * np.float32(light.strength)
        for k, light in enumerate(lights)
    ]
    return np.stack(layers, axis=-1)


def _diffuse(buffers: Buffers, normals: FloatMap, light: SceneLight) -> FloatMap:
    cosine = normals @ light.way
    if light.everywhere:
        arrives = (0.62 + 0.38 * cosine) * buffers.open_sky
    else:
        soft = np.float32(0.08 + 0.35 * np.sin(np.radians(min(light.size_deg, 120) / 2)))
        arrives = np.clip((cosine + soft) / (1 + soft), 0, None) * (0.35 + 0.65 * buffers.open_sky)
    return np.where(np.isfinite(buffers.depth_mm), arrives, np.float32(0.6))


def specular(
    buffers: Buffers,
    lights: tuple[SceneLight, ...],
    *,
    roughness: FloatMap | None = None,
    normals: FloatMap | None = None,
    reaching: FloatMap | None = None,
) -> FloatMap:
    """Return what each light's mirror image adds, (h, w, light) float32 (GGX, Smith, Schlick; n = 1.4).

    roughness: (h, w) of the skin in [0, 1], in place of the buffers' `gloss` on bare skin. normals, reaching: as in
    `irradiance`. `Light.size_deg` widens the highlight.
    """
    normals = buffers.normals if normals is None else normals
    reaching = shadows(buffers, lights) if reaching is None else reaching
    rough = buffers.gloss if roughness is None else np.where(buffers.cover < 0.5, roughness, buffers.gloss)
    shiny = np.flatnonzero(rough.reshape(-1) < 1)
    out = np.zeros((rough.size, len(lights)), np.float32)
    n, r = normals.reshape(-1, 3)[shiny], np.maximum(rough.reshape(-1)[shiny], 0.04)
    sky = buffers.open_sky.reshape(-1)[shiny]
    for k, light in enumerate(lights):
        mirror = _sky_mirror(n, r, sky) if light.everywhere else _lobe(n, r, light)
        out[shiny, k] = mirror * reaching[..., k].reshape(-1)[shiny] * light.strength
    return out.reshape(*rough.shape, len(lights))


_STRAIGHT = 0.028  # what a surface of n = 1.4 mirrors head on: ((n - 1) / (n + 1))^2


def _sky_mirror(n: FloatMap, rough: FloatMap, open_sky: FloatMap) -> FloatMap:
    n_v = np.clip(n[:, 2], 0.02, 1)
    fresnel = _STRAIGHT + (1 - _STRAIGHT) * (1 - n_v) ** 5 * (1 - rough) ** 3
    return np.asarray(0.8 * fresnel * open_sky**2, np.float32)


def _lobe(n: FloatMap, rough: FloatMap, light: SceneLight) -> FloatMap:
    half = light.way + np.array([0, 0, 1], np.float32)
    half /= max(float(np.linalg.norm(half)), 1e-6)
    n_v, n_l, n_h = np.clip(n[:, 2], 0.02, 1), np.clip(n @ light.way, 0, 1), np.clip(n @ half, 0, 1)
    wide = np.clip(rough**2 + np.float32(np.sin(np.radians(light.size_deg / 2)) / 2), 0, 1)
    spread = wide**2 / (np.pi * (n_h**2 * (wide**2 - 1) + 1) ** 2)
    fresnel = _STRAIGHT + (1 - _STRAIGHT) * (1 - float(half[2])) ** 5
    k = (rough + 1) ** 2 / 8
    visible = 0.25 / ((n_l * (1 - k) + k) * (n_v * (1 - k) + k))
    # Times pi, since strengths are such that a white diffuser sends back 1.
    return np.asarray(np.pi * spread * fresnel * visible * n_l, np.float32)


def relief_normals(buffers: Buffers, height_mm: FloatMap) -> FloatMap:
    """Return the buffers' normals (h, w, 3) bent by a relief of the skin, `height_mm` (H, W) on its square.

    The lines of age and smile (`wrinkles`) are added.
    """
    rows, columns = height_mm.shape
    height_mm = height_mm + wrinkles(buffers.head.shape, buffers.head.expression, (rows, columns))
    by_u = sample(np.gradient(height_mm, axis=1) * columns, buffers)[..., None]
    by_v = sample(np.gradient(height_mm, axis=0) * rows, buffers)[..., None]
    n = buffers.normals
    across, down = np.cross(buffers.along_v, n), np.cross(n, buffers.along_u)
    volume = np.sum(buffers.along_u * across, axis=-1, keepdims=True)
    volume = np.where(np.abs(volume) < 1.0, 1.0, volume)
    bent = n - (by_u * across + by_v * down) / volume
    bent = np.where(np.isfinite(buffers.uv[..., :1]) & (buffers.cover[..., None] < 0.99), bent, n)
    return np.asarray(bent / np.linalg.norm(bent, axis=-1, keepdims=True), np.float32)


def _reaches(buffers: Buffers, light: SceneLight) -> FloatMap:
    """Return how much of `light` the head lets through to each pixel, (h, w)."""
    reach = np.ones(buffers.depth_mm.size, np.float32)
    if light.everywhere:
        return reach.reshape(buffers.shape)
    meshes = [mesh for mesh, _ in buffers.layers]
    points, normals = (np.concatenate([getattr(mesh, name) for mesh in meshes]) for name in ("points", "normals"))
    ways = _over_disc(light) @ rotation(buffers.viewpoint.pose)
    maps = [depth_map(points, normals, way) for way in ways]
    for mesh, fragments in buffers.layers:
        carried = interpolate(fragments, _reaches_vertices(mesh, fragments, maps))
        here = np.abs(buffers.depth_mm.reshape(-1)[fragments.pixel] - fragments.depth) < 1.5
        reach[fragments.pixel[here]] = np.clip(carried[here], 0, 1)
    return reach.reshape(buffers.shape)


def _reaches_vertices(mesh: Mesh, fragments: Fragments, maps: list[DepthMap]) -> FloatMap:
    """Return the mean over `maps` of the light on each vertex that is seen; the others are 1."""
    used = np.zeros(len(mesh.points), np.bool_)
    used[fragments.corners] = True
    places, normals = mesh.points[used], mesh.normals[used]
    reach = np.ones(len(mesh.points), np.float32)
    reach[used] = sum(lit(places, normals, seen) for seen in maps) / np.float32(len(maps))
    return reach


def _over_disc(light: SceneLight) -> FloatMap:
    """Spread a few directions over the light's disc, (k, 3)."""
    if light.size_deg < 3:
        return light.way[None]
    side = np.cross((0, 1, 0) if abs(light.way[1]) < 0.95 else (0, 0, 1), light.way)
    side = side / np.linalg.norm(side)
    up = np.cross(light.way, side)
    radius = np.tan(np.radians(min(light.size_deg, 100) / 2)) * 0.7
    turn = np.arange(4) * np.pi / 2 + np.pi / 4
    ring = light.way + radius * (np.cos(turn)[:, None] * side + np.sin(turn)[:, None] * up)
    ways = np.concatenate([light.way[None], ring])
    return np.asarray(ways / np.linalg.norm(ways, axis=1, keepdims=True), np.float32)


STUDIO: tuple[SceneLight, ...] = (
    SceneLight(towards=(-0.68, 0.25, 0.69), size_deg=22, strength=0.5),
    SceneLight(towards=(0.68, 0.25, 0.69), size_deg=22, strength=0.5),
    SceneLight(towards=(0.0, 0.6, 0.8), size_deg=180, strength=0.18),
)
"""Two soft lamps at 45 degrees, as clinics and line scanners have them, and what the room sends back."""


def draw_lamps(rng: np.random.Generator, kind: str) -> tuple[SceneLight, ...]:
    """Return the lamps of one photo under a `kind` of light; studio lamps for any that is not in `LIGHT_KINDS`.

    Their strengths sum to about 1 for a face turned to the key light.
    """
    if kind not in ILLUMINANT_KINDS:
        return STUDIO
    if kind == "mixed":
        first, second = _key(rng, "window"), _key(rng, "led")
        return (_dimmed(first, 0.55), _dimmed(second, 0.45), _room(rng, 0.3))
    fill = {"sun": 0.3, "overcast": 0.75, "shade": 0.7, "window": 0.28, "flash": 0.15}.get(kind, 0.38)
    fill *= float(rng.uniform(0.8, 1.25))
    return (_dimmed(_key(rng, kind), 1.05 - fill), _room(rng, fill))


def _key(rng: np.random.Generator, kind: str) -> SceneLight:
    # kind: (side, height) in degrees from the camera's axis, (smallest, largest) lamp.
    side, height, size = {
        "sun": (65.0, (15.0, 60.0), (1.0, 6.0)),
        "overcast": (40.0, (35.0, 75.0), (90.0, 120.0)),
        "shade": (50.0, (20.0, 60.0), (80.0, 120.0)),
        "window": (70.0, (0.0, 35.0), (40.0, 80.0)),
        "flash": (6.0, (0.0, 8.0), (2.0, 6.0)),
    }.get(kind, (45.0, (30.0, 70.0), (20.0, 50.0)))
    azimuth = np.radians(rng.uniform(-side, side))
    elevation = np.radians(rng.uniform(*height))
    return SceneLight(
        towards=_way(float(azimuth), float(elevation)),
        size_deg=float(rng.uniform(*size)),
        strength=1.0,
    )


def _way(azimuth: float, elevation: float) -> tuple[float, float, float]:
    level = np.cos(elevation)
    return float(np.sin(azimuth) * level), float(np.sin(elevation)), float(np.cos(azimuth) * level)


def _room(rng: np.random.Generator, strength: float) -> SceneLight:
    return SceneLight(towards=(float(rng.normal(0, 0.3)), 0.8, 0.6), size_deg=180.0, strength=strength)


def _dimmed(lamp: SceneLight, strength: float) -> SceneLight:
    return SceneLight(towards=lamp.towards, size_deg=lamp.size_deg, strength=float(strength))
