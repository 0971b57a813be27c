"""A page to look into reconstructed spectra: pick a pixel, see its spectrum, its chromophores, its colour.

The page carries the spectra themselves, on a coarser grid and as a few components of 16 bits each, so it needs no
other file. What it draws, its script computes from them.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import encode, xyz_to_linear
from dermis.core import Encoding, Photo
from dermis.core.arrays import FloatMap
from dermis.optics.camera import response
from dermis.optics.camera_inverse import from_rgb
from dermis.optics.camera_names import find_camera
from dermis.optics.estimate import Estimate
from dermis.optics.light_names import find_light
from dermis.optics.observer import to_xyz
from dermis.report.files import write
from dermis.report.frames import Window
from dermis.report.page import rendered
from dermis.report.pictures import data_uri, shown
from dermis.spectra.reconstruct import Reconstruction

__all__ = ["spectra_page", "write_spectra_page"]

Floats = NDArray[np.float64]

GRID_PX = 192
PICTURE_PX = 768
COMPONENTS = 9
CHROMOPHORES = {"melanosome_fraction": "melanin", "blood_fraction": "blood"}
_TOP = 32767


@dataclass(frozen=True, slots=True, kw_only=True)
class _Packed:
    """Numbers of every pixel shown, as 16 bits: value = offset + step x number; `rows` (plane, pixel) int16."""

    rows: NDArray[np.int16]
    offsets: list[float]
    steps: list[float]


def write_spectra_page(found: Reconstruction, photo: Photo, path: Path) -> Path:
    """Write the page of a reconstruction and its photo as one HTML file without any other; return its path."""
    return write(path, spectra_page(found, photo).encode())


def spectra_page(found: Reconstruction, photo: Photo) -> str:
    """Return the page as HTML.

    Spectra stand on every n-th pixel, so that the longer side has at most `GRID_PX`; they cover 400-700 nm at least
    where the reconstruction does, and the colour under D65 needs that.
    """
    step = max(1, -(-max(found.values.shape[:2]) // GRID_PX))
    values, mask = found.values[::step, ::step], found.mask[::step, ::step]
    known, scale = found.known[::step, ::step], found.interval_scale[::step, ::step]
    state = np.where(mask, np.where(known, 1, 2), 0).astype(np.uint8)
    spectra = values[mask].astype(np.float64)
    mean, basis, scores = _components(spectra)
    tissue = _tissue(spectra, found)
    planes = [*scores.T, scale[mask]]
    for name in CHROMOPHORES:
        planes += [getattr(tissue.tissue, name), tissue.low[name], tissue.high[name]]
    packed = _packed(np.stack([np.nan_to_num(plane) for plane in planes]))
    said = {
        "width": int(values.shape[1]),
        "height": int(values.shape[0]),
        "step": step,
        "wavelengths_nm": _listed(found.wavelengths_nm, 2),
        "mean": _listed(mean),
        "basis": [_listed(row) for row in basis],
        "half_width": _listed(found.interval_half_width),
        "to_linear": [_listed(row, 8) for row in _to_linear(found.wavelengths_nm)],
        "offsets": packed.offsets,
        "steps": packed.steps,
        "chromophores": list(CHROMOPHORES.values()),
        "level": found.level,
    }
    height, width = found.values.shape[:2]
    content = {
        "name": photo.origin.name or "photo",
        "found": found,
        "picture": _picture(photo),
        "frame": {"width": width, "height": height},
        "said": json.dumps(said, allow_nan=False),
        "state": b64encode(state.tobytes()).decode("ascii"),
        "numbers": b64encode(packed.rows.astype("<i2").tobytes()).decode("ascii"),
        "beyond": float(found.wavelengths_nm[-1]) > 720,
    }
    return rendered("spectra.html", content, script="spectra.js")


def _components(spectra: Floats) -> tuple[Floats, Floats, Floats]:
    """Return mean (band,), principal axes (k, band) and scores (pixel, k) of spectra (pixel, band)."""
    if not len(spectra):
        return np.zeros(spectra.shape[1]), np.zeros((0, spectra.shape[1])), np.zeros((0, 0))
    mean = spectra.mean(axis=0)
    apart = spectra - mean
    _, axes = np.linalg.eigh(apart.T @ apart)
    basis = axes[:, ::-1][:, :COMPONENTS].T
    return mean, basis, apart @ basis.T


def _packed(planes: Floats) -> _Packed:
    if not planes.size:
        return _Packed(rows=np.zeros(planes.shape, np.int16), offsets=[0.0] * len(planes), steps=[0.0] * len(planes))
    low, high = planes.min(axis=1), planes.max(axis=1)
    offset, step = (low + high) / 2, np.maximum((high - low) / (2 * _TOP), 1e-12)
    rows = np.rint((planes - offset[:, None]) / step[:, None]).astype(np.int16)
    return _Packed(rows=rows, offsets=[float(x) for x in offset], steps=[float(x) for x in step])


def _tissue(spectra: Floats, found: Reconstruction) -> Estimate:
    """Return melanin and blood by the physical inverse, from the colour that the spectra have under D65."""
    seen = response(find_camera("CIE 1931"), find_light("D65"), found.wavelengths_nm)
    return from_rgb(
        spectra @ seen,
        seen,
        found.wavelengths_nm,
        specular_share=0.5,
        noise=0.02,
        shading_spread=0.05 if found.level_known else 0.3,
    )


def _to_linear(wavelengths_nm: Floats) -> Floats:
    """Return (band, 3): `spectrum @ this` is linear sRGB under D65."""
    weights: Floats = np.asarray(xyz_to_linear(to_xyz(np.eye(len(wavelengths_nm)), wavelengths_nm)))
    return weights


def _picture(photo: Photo) -> str:
    """Return the photo as a screen would show it; camera light gets a grey-world balance."""
    if photo.encoding is Encoding.CAMERA_LINEAR:
        means = np.maximum(photo.pixels.reshape(-1, 3).mean(axis=0), 1e-6)
        pixels: FloatMap = np.clip(photo.pixels * (0.3 / means), 0, 1).astype(np.float32)
        photo = replace(photo, pixels=np.asarray(encode(pixels)), encoding=Encoding.SRGB)
    from dermis.formats.image import encode_jpeg  # late, as in `pictures`

    window = Window(x_px=0, y_px=0, width_px=photo.width_px, height_px=photo.height_px)
    return data_uri("jpeg", encode_jpeg(shown(photo, window, PICTURE_PX), 85))


def _listed(values: NDArray[Any], digits: int = 6) -> list[float]:
    return [round(float(value), digits) for value in values]
