"""Rendering: radiance of each pixel, as colour or spectra."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.colour.srgb import xyz_to_linear
from dermis.core import SegmentationClass
from dermis.core.arrays import BoolMap, FloatMap, LabelMap, hold, read_only
from dermis.lab.synth.camera.paint import Surface, paint_glasses, paint_hair, paint_skin
from dermis.lab.synth.camera.viewpoint import Viewpoint, focal_px, project, rotation
from dermis.lab.synth.head.accessories import PLAIN, Clothing, backdrop
from dermis.lab.synth.head.anatomy import region_codes
from dermis.lab.synth.head.head import HeadGeometry
from dermis.lab.synth.head.mesh import Fragments, Mesh, rasterise
from dermis.lab.synth.head.uv_atlas import places
from dermis.optics.illuminant import xyz_weights
from dermis.optics.spectral_grid import WORKING_NM, interpolation

__all__ = ["Buffers", "paint_basis", "paint_spectra", "render", "sample"]

_NIR = {
    SegmentationClass.HAIR: 0.62,
    SegmentationClass.FACIAL_HAIR: 0.62,
    SegmentationClass.BACKGROUND: 0.5,
    SegmentationClass.EYES: 0.25,
}
"""What a part reflects deep in the near infrared: melanin and most dyes are clear there (chosen)."""
_NIR_START_NM, _NIR_RISE_NM = 690.0, 130.0


@cache
def _primaries() -> NDArray[np.float64]:
    """Return (125, 3) on the working grid: the smoothest spectra whose colours under D65 are red, green and blue.

    Smoothest in the sum of squared first differences. As white's is 1 everywhere, the three sum to 1.
    """
    weights = np.asarray(xyz_to_linear(xyz_weights(WORKING_NM, "D65")))
    slope = np.diff(np.eye(len(WORKING_NM)), axis=0)
    stiffness = slope.T @ slope
    system = np.block([[stiffness, weights], [weights.T, np.zeros((3, 3))]])
    target = np.concatenate([np.zeros((len(WORKING_NM), 3)), np.eye(3)])
    found: NDArray[np.float64] = np.linalg.lstsq(system, target, rcond=None)[0][: len(WORKING_NM)]
    return read_only(found)


def paint_basis(wavelengths_nm: ArrayLike) -> NDArray[np.float64]:
    """Return (3, band): `paint @ basis` is a reflectance whose colour under D65 is `paint` (..., 3), linear sRGB.

    Smooth, and constant beyond the visible. Strong colours may leave [0, 1] a little: clip.
    """
    return (interpolation(WORKING_NM, np.atleast_1d(np.asarray(wavelengths_nm, dtype=np.float64))) @ _primaries()).T


def paint_spectra(paint: FloatMap, parts: LabelMap, wavelengths_nm: ArrayLike) -> FloatMap:
    """Return reflectance (n, band) of `paint` (n, 3) linear sRGB on `parts` (n,), which decide the near infrared."""
    grid = np.asarray(wavelengths_nm, dtype=np.float64)
    visible = np.clip(paint @ paint_basis(grid).astype(np.float32), 0.003, 0.97)
    table = np.full(max(SegmentationClass) + 1, 0.5, np.float32)
    for part, value in _NIR.items():
        table[part] = value
    risen = 1 - np.exp(-np.clip(grid - _NIR_START_NM, 0, None) / _NIR_RISE_NM)
    top = np.maximum(table[parts][:, None], visible)
    return np.asarray(visible + (top - visible) * risen.astype(np.float32), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffers:
    """Everything about a picture but its light; maps are (h, w), left and right the person's own.

    parts: uint8 of `SegmentationClass`. regions: uint8 of `Region.code` on visible skin, 0 elsewhere. uv: (h, w, 2)
    float32, NaN where there is neither skin nor what grows on it. normals: (h, w, 3) float32 of length 1, x right, y
    up, z to the camera; (0, 0, 1) in the background. depth_mm: distance along the camera's axis, infinite in the
    background. mm_per_px: true size of a pixel that faces the camera, 0 in the background. along_u, along_v:
    (h, w, 3), the way in mm that one unit of u or v goes on the skin, in the picture's axes.
    cover: 0 bare skin to 1, how much of a pixel is `paint`, (h, w, 3) linear sRGB reflectance of hair, eyes,
    cloth and background. lips: 0 to 1, how much of it is the red of the lips. gloss: roughness of the shiny
    surface, 1 where nothing shines. open_sky: part of the light from everywhere that arrives.
    landmarks: (n, 3) float32, x and y in pixels and depth in mm, in the order of `LANDMARKS`; visible: (n,).
    layers: each mesh of the picture with its fragments, hidden ones too.
    """

    parts: LabelMap
    regions: LabelMap
    uv: FloatMap
    normals: FloatMap
    along_u: FloatMap
    along_v: FloatMap
    depth_mm: FloatMap
    mm_per_px: FloatMap
    cover: FloatMap
    paint: FloatMap
    lips: FloatMap
    gloss: FloatMap
    open_sky: FloatMap
    landmarks: FloatMap
    visible: BoolMap
    head: HeadGeometry
    viewpoint: Viewpoint
    layers: tuple[tuple[Mesh, Fragments], ...]

    def __post_init__(self) -> None:
        shape = self.parts.shape
        for name in ("parts", "regions"):
            hold(self, name, dtype=np.uint8, shape=(shape[0], shape[1]))
        for name in ("depth_mm", "mm_per_px", "cover", "lips", "gloss", "open_sky"):
            hold(self, name, dtype=np.float32, shape=(shape[0], shape[1]))
        for name in ("normals", "along_u", "along_v", "paint"):
            hold(self, name, dtype=np.float32, shape=(shape[0], shape[1], 3))
        hold(self, "uv", dtype=np.float32, shape=(shape[0], shape[1], 2))

    @property
    def shape(self) -> tuple[int, int]:
        """(h, w)."""
        return self.parts.shape[0], self.parts.shape[1]

    @property
    def skin(self) -> BoolMap:
        """(h, w), visible skin of the person: face, nose, ears, neck."""
        return np.isin(self.parts, (SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN, SegmentationClass.NOSE))


def render(head: HeadGeometry, viewpoint: Viewpoint, shape: tuple[int, int], dress: Clothing = PLAIN) -> Buffers:
    """Return what a camera at `viewpoint` sees of `head` in a picture of `shape` (h, w)."""
    turn = rotation(viewpoint.pose)

    def look(mesh: Mesh, *, both_sides: bool = False) -> Fragments:
        points, depth = project(mesh.points, viewpoint, shape)
        return rasterise(points, depth, mesh.triangles, shape, both_sides=both_sides)

    skin = look(head.skin)
    layers = [_Layer(head.skin, skin, paint_skin(head, dress, skin, turn), 0.0)]
    if head.hair is not None:
        hair, surface = paint_hair(head, look(head.hair, both_sides=True), skin, turn)
        # At its border the shell lies on the skin: let it win there.
        layers.append(_Layer(head.hair, hair, surface, 1.0))
    if head.glasses is not None:
        frame = look(head.glasses)
        layers.append(_Layer(head.glasses, frame, paint_glasses(head, frame, turn), 0.0))
    return _lay_out(head, viewpoint, shape, dress, layers)


class _Layer(NamedTuple):
    """One mesh of a picture, what it shows, and by how many mm it counts as nearer than it is."""

    mesh: Mesh
    fragments: Fragments
    surface: Surface
    nearer_mm: float


def sample(values: FloatMap, buffers: Buffers) -> FloatMap:
    """Carry `values` (H, W) on the skin's square into the picture: (h, w) float32, 0 where there is no skin.

    Between texels it is bilinear; where a pixel covers several texels, `values` is averaged down first.
    """
    here = np.isfinite(buffers.uv[..., 0])
    out = np.zeros(buffers.shape, np.float32)
    if here.any():
        small = _averaged(values, buffers, here)
        out[here] = _bilinear(small, buffers.uv[here])
    return out


def _averaged(values: FloatMap, buffers: Buffers, here: BoolMap) -> FloatMap:
    reach = np.linalg.norm(buffers.along_v[here][::7], axis=1)
    texels = float(np.median(buffers.mm_per_px[here][::7] / np.maximum(reach, 1e-3))) * values.shape[0]
    while texels >= 1.6 and min(values.shape) >= 64:
        rows, columns = values.shape[0] // 2 * 2, values.shape[1] // 2 * 2
        values = values[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3))
        texels /= 2
    return values


def _bilinear(values: FloatMap, uv: FloatMap) -> FloatMap:
    height, width = values.shape
    column = np.clip(uv[:, 0] * width - 0.5, 0, width - 1)
    row = np.clip(uv[:, 1] * height - 0.5, 0, height - 1)
    c0, r0 = column.astype(np.int32), row.astype(np.int32)
    right, down = column - c0, row - r0
    c1, r1 = np.minimum(c0 + 1, width - 1), np.minimum(r0 + 1, height - 1)
    upper = values[r0, c0] * (1 - right) + values[r0, c1] * right
    lower = values[r1, c0] * (1 - right) + values[r1, c1] * right
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


_REGION_TEXELS = 512


@cache
def _regions() -> LabelMap:
    """Return the regions on the skin's square, (512, 512)."""
    return region_codes(places(_REGION_TEXELS, _REGION_TEXELS))


def _lay_out(
    head: HeadGeometry, viewpoint: Viewpoint, shape: tuple[int, int], dress: Clothing, layers: list[_Layer]
) -> Buffers:
    depth = np.full(shape[0] * shape[1], np.inf, np.float32)
    maps = _empty(shape, dress)
    for layer in layers:
        near = layer.fragments.depth - np.float32(layer.nearer_mm)
        pixel = layer.fragments.pixel
        first = near < depth[pixel]
        depth[pixel[first]] = near[first]
        for name, values in layer.surface._asdict().items():
            maps[name][pixel[first]] = values[first]
    seen = np.isfinite(depth)
    size = np.where(seen, depth, 0) / focal_px(viewpoint, shape)
    landmarks, visible = _landmarks(head, viewpoint, depth.reshape(shape))
    picture = {name: values.reshape(*shape, *values.shape[1:]) for name, values in maps.items()}
    return Buffers(
        **picture,
        regions=_seen_regions(picture["uv"], picture["parts"]),
        depth_mm=depth.reshape(shape),
        mm_per_px=size.astype(np.float32).reshape(shape),
        landmarks=landmarks,
        visible=visible,
        head=head,
        viewpoint=viewpoint,
        layers=tuple((layer.mesh, layer.fragments) for layer in layers),
    )


def _empty(shape: tuple[int, int], dress: Clothing) -> dict[str, NDArray[Any]]:
    count = shape[0] * shape[1]
    normals = np.zeros((count, 3), np.float32)
    normals[:, 2] = 1
    return {
        "parts": np.zeros(count, np.uint8),
        "uv": np.full((count, 2), np.nan, np.float32),
        "normals": normals,
        "along_u": np.zeros((count, 3), np.float32),
        "along_v": np.zeros((count, 3), np.float32),
        "cover": np.ones(count, np.float32),
        "paint": _behind(shape, dress).copy(),
        "lips": np.zeros(count, np.float32),
        "gloss": np.ones(count, np.float32),
        "open_sky": np.ones(count, np.float32),
    }


@lru_cache(maxsize=1)  # one person is seen several times in turn
def _behind(shape: tuple[int, int], dress: Clothing) -> FloatMap:
    """Return the background's reflectance (h * w, 3)."""
    row, column = np.divmod(np.arange(shape[0] * shape[1]), shape[1])
    side = min(shape)
    return read_only(backdrop((row / side).astype(np.float32), (column / side).astype(np.float32), dress))


def _seen_regions(uv: FloatMap, parts: LabelMap) -> LabelMap:
    codes = np.zeros(parts.shape, np.uint8)
    skin = (parts == SegmentationClass.FACE_SKIN) | (parts == SegmentationClass.NOSE)
    place = np.clip((uv[skin] * _REGION_TEXELS).astype(np.int32), 0, _REGION_TEXELS - 1)
    codes[skin] = _regions()[place[:, 1], place[:, 0]]
    return codes


def _landmarks(head: HeadGeometry, viewpoint: Viewpoint, depth: FloatMap) -> tuple[FloatMap, BoolMap]:
    """Return the landmarks in the picture, and which of them are what is seen there, within a pixel and 3 mm."""
    height, width = depth.shape
    points, far = project(head.landmarks, viewpoint, (height, width))
    column, row = np.floor(points).astype(np.int32).T
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    gap = np.full(len(far), np.inf, np.float32)
    for down, right in ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)):
        near = depth[np.clip(row + down, 0, height - 1), np.clip(column + right, 0, width - 1)]
        np.minimum(gap, np.abs(near - far), out=gap)
    return np.column_stack([points, far]).astype(np.float32), inside & (gap < 3)
