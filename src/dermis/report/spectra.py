"""Pages and pictures of spectra and cubes."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import encode, xyz_to_linear
from dermis.core import Cube, Encoding, Photo, Quantity
from dermis.core.arrays import FloatMap
from dermis.formats.images.masks import encode_png, reduce_by
from dermis.metrics.spectral import BandErrors
from dermis.optics.camera import find_camera, response
from dermis.optics.camera_inverse import Estimate, from_rgb
from dermis.optics.illuminant import find_illuminant, to_xyz
from dermis.report.formatting import PLAIN_COLOURS, colour_table, map_colours
from dermis.report.page import rendered, write
from dermis.report.pictures import Window, data_uri, levels_of, shown
from dermis.report.plots import drawn_png
from dermis.spectra.reconstruct import Reconstruction

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "band_errors_png",
    "band_grid_png",
    "map_png",
    "preview",
    "scale_of",
    "spectra_page",
    "spectra_png",
    "write_spectra_page",
]

Floats = NDArray[np.float64]

GRID_PX = 192
PICTURE_PX = 768
COMPONENTS = 12
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
    planes = [*scores.T, *scale[mask].T]
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
        "half_width": [_listed(side) for side in found.interval_half_width],
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
    seen = response(find_camera("CIE 1931"), find_illuminant("D65"), found.wavelengths_nm)
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
    from dermis.formats.images.masks import encode_jpeg  # late, as in `pictures`

    window = Window(x_px=0, y_px=0, width_px=photo.width_px, height_px=photo.height_px)
    return data_uri("jpeg", encode_jpeg(shown(photo, window, PICTURE_PX), 85))


def _listed(values: NDArray[Any], digits: int = 6) -> list[float]:
    return [round(float(value), digits) for value in values]


_BANDS_NM = (640.0, 550.0, 460.0)
_TILE_PX, _COLUMNS, _CAPTION_PX, _MOST_TILES = 160, 8, 14, 64
_LINES = ("#08685a", "#b5651d", "#5b6fa8", "#a03e6c", "#8a8f8c", "#3f8fd2", "#c4485c", "#5b4a7d")
_BAR_PX, _PAPER, _INK = 56, (250, 250, 250), (40, 40, 40)


def preview(cube: Cube) -> NDArray[np.uint8]:
    """Return the cube as the eye sees it under D65, sRGB (h, w, 3) uint8.

    What is no reflectance, or leaves out part of the visible, is shown by the bands nearest to 640, 550 and 460 nm,
    its brightest percent as white.
    """
    nm = cube.wavelengths_nm
    if cube.quantity is Quantity.REFLECTANCE and nm[0] <= 450 and nm[-1] >= 650 and np.count_nonzero(nm <= 720) >= 5:
        linear = np.asarray(xyz_to_linear(to_xyz(cube.values, nm)))
    else:
        linear = cube.values[:, :, [int(np.argmin(np.abs(nm - band))) for band in _BANDS_NM]]
        linear = linear / (_white_level(linear) or 1.0)
    return np.round(255 * np.asarray(encode(np.clip(np.nan_to_num(linear), 0, 1)))).astype(np.uint8)


def _white_level(values: NDArray[np.floating]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.quantile(finite, 0.99)) if finite.size else 0.0


def band_grid_png(cube: Cube) -> bytes:
    """Draw the bands side by side in grey, each with its wavelength and one scale for all; of many, every nth."""
    from PIL import Image, ImageDraw  # late: it costs a tenth of the start

    step = -(-cube.values.shape[2] // _MOST_TILES)
    nm, values = cube.wavelengths_nm[::step], np.nan_to_num(cube.values[:, :, ::step])
    factor = min(max(1, max(values.shape[:2]) // _TILE_PX), *values.shape[:2])
    small = reduce_by(values, factor)
    white = _white_level(small) or 1.0
    high, wide = small.shape[0], small.shape[1]
    columns = min(_COLUMNS, nm.size)
    rows = -(-nm.size // columns)
    sheet = Image.new("RGB", (columns * (wide + 4), rows * (high + _CAPTION_PX)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for place, wavelength in enumerate(nm):
        left, top = place % columns * (wide + 4), place // columns * (high + _CAPTION_PX)
        level = np.clip(small[:, :, place, None] / white, 0, 1).repeat(3, axis=2)
        grey = np.round(255 * np.asarray(encode(level))).astype(np.uint8)
        sheet.paste(Image.fromarray(grey), (left, top + _CAPTION_PX))
        draw.text((left + 2, top + 1), f"{wavelength:.0f} nm", fill=_INK)
    return encode_png(np.asarray(sheet))


def spectra_png(wavelengths_nm: Floats, spectra: Mapping[str, Floats], label: str) -> bytes:
    """Draw spectra (band,) by name."""

    def draw(axes: Axes) -> None:
        for at, (name, spectrum) in enumerate(spectra.items()):
            marker = "o" if len(wavelengths_nm) < 12 else None
            axes.plot(
                wavelengths_nm, spectrum, color=_LINES[at % len(_LINES)], label=name, linewidth=1.6, marker=marker
            )
        axes.set(xlabel="Wavelength, nm", ylabel=label)
        if len(spectra) <= 12:
            axes.legend(frameon=False)

    return drawn_png(draw)


def band_errors_png(wavelengths_nm: Floats, errors: BandErrors) -> bytes:
    """Draw RMSE and bias of each band."""

    def draw(axes: Axes) -> None:
        axes.axhline(0, color=_LINES[4], linewidth=0.8)
        axes.plot(wavelengths_nm, errors.rmse, color=_LINES[0], label="RMSE", linewidth=1.6)
        axes.plot(wavelengths_nm, errors.bias, color=_LINES[1], label="bias", linewidth=1.6)
        axes.set(xlabel="Wavelength, nm", ylabel="Error")
        axes.legend(frameon=False)

    return drawn_png(draw)


def map_png(values: FloatMap, low: float, high: float, label: str, anchors: Sequence[str] = PLAIN_COLOURS) -> bytes:
    """Draw a map (h, w) in colours from `low` to `high` with its scale at the right; NaN is left white.

    anchors: the colours #RRGGBB that it runs through.
    """
    from PIL import Image, ImageDraw  # late: it costs a tenth of the start

    count = 255
    colours = np.concatenate([[[255, 255, 255]], colour_table(map_colours(anchors, count))]).astype(np.uint8)
    span = (low, high) if high > low else (low, low + 1.0)
    picture = colours[levels_of(values, *span, count)]
    height, width = max(picture.shape[0], 80), picture.shape[1]
    sheet = np.full((height + 2 * _CAPTION_PX, max(width, 120) + _BAR_PX, 3), _PAPER, np.uint8)
    sheet[_CAPTION_PX : _CAPTION_PX + picture.shape[0], :width] = picture
    ramp = colours[np.linspace(count, 1, height).round().astype(int)]
    sheet[_CAPTION_PX : _CAPTION_PX + height, -_BAR_PX + 8 : -_BAR_PX + 20] = ramp[:, None]
    image = Image.fromarray(sheet)
    draw = ImageDraw.Draw(image)
    draw.text((2, 1), label, fill=_INK)
    for value, y in zip(np.linspace(span[1], span[0], 3), np.linspace(_CAPTION_PX, height + 2, 3), strict=True):
        draw.text((sheet.shape[1] - _BAR_PX + 23, int(y)), f"{value:.2g}", fill=_INK)
    return encode_png(np.asarray(image))


def scale_of(values: Sequence[FloatMap]) -> tuple[float, float]:
    """Return the 2nd and 98th percentile of maps together, for `map_png`; (0, 1) without a number."""
    finite = np.concatenate([one[np.isfinite(one)] for one in values])
    if not finite.size:
        return 0.0, 1.0
    low, high = np.quantile(finite, [0.02, 0.98])
    return float(low), float(high)
