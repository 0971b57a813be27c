"""Render a cube as a camera sees it: RGB under a light, with the band at 960 nm beside it where asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import xyz_to_linear
from dermis.core import Cube
from dermis.core.arrays import FloatMap
from dermis.errors import InputError
from dermis.optics.camera import Camera, response, white_raw
from dermis.optics.illuminant import Illuminant, to_xyz

__all__ = ["EXTRA_NM", "camera_rgb", "eye_rgb", "min_max", "msi"]

EXTRA_NM = 960.0
"""The near-infrared band that Hyper-Skin sets beside RGB."""
_FARTHEST_NM = 15.0


def camera_rgb(cube: Cube, camera: Camera, light: Illuminant, *, balanced: bool = True) -> FloatMap:
    """Return the linear RGB (h, w, 3) that `camera` gives of `cube` under `light`.

    balanced: greys come out grey, 1 for the perfect diffuser in every channel; otherwise the raw signal, in which it
    is 1 in its brightest channel. Raises InputError where the cube leaves out 450-650 nm.
    """
    nm = _visible(cube)
    weights = response(camera, light, nm)
    if balanced:
        weights = weights / white_raw(camera, light)
    rgb: FloatMap = cube.values @ weights.astype(np.float32)
    return rgb


def eye_rgb(cube: Cube, light: Illuminant) -> FloatMap:
    """Return the linear sRGB (h, w, 3) of what the CIE 1931 observer sees of `cube` under `light`.

    Nothing is adapted: under a warm lamp greys come out warm. Raises InputError as `camera_rgb`.
    """
    rgb: FloatMap = np.asarray(xyz_to_linear(to_xyz(cube.values, _visible(cube), light)), dtype=np.float32)
    return rgb


def _visible(cube: Cube) -> NDArray[np.float64]:
    """Return the wavelengths of a cube that shows the visible."""
    nm = cube.wavelengths_nm
    seen = nm[(nm >= 400) & (nm <= 720)]
    if seen.size < 5 or seen[0] > 450 or seen[-1] < 650:
        raise InputError(
            f"The cube covers {nm[0]:g}-{nm[-1]:g} nm in {nm.size} bands.",
            advice="A picture in colour needs five bands over 450-650 nm at least.",
        )
    return nm


def min_max(rgb: FloatMap) -> FloatMap:
    """Return a picture stretched from 0 to 1, all channels by the same numbers, as the challenge stores it.

    Its exposure is lost: two pictures made so cannot be compared in brightness.
    """
    kept = rgb[np.isfinite(rgb)]
    if not kept.size:
        return rgb
    darkest, brightest = float(kept.min()), float(kept.max())
    return (rgb - np.float32(darkest)) / np.float32(max(brightest - darkest, 1e-6))


def msi(cube: Cube, rgb: FloatMap) -> NDArray[np.float32]:
    """Return RGB and the band nearest to 960 nm, (h, w, 4); InputError where the cube has none near it."""
    at = int(np.argmin(np.abs(cube.wavelengths_nm - EXTRA_NM)))
    if abs(float(cube.wavelengths_nm[at]) - EXTRA_NM) > _FARTHEST_NM:
        raise InputError(
            f"The cube ends at {cube.wavelengths_nm[-1]:g} nm.", advice="RGB + 960 nm needs a band at 960 nm."
        )
    return np.concatenate([rgb, cube.values[:, :, at : at + 1]], axis=2)
