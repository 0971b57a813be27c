"""From pixels to reflectance spectra with intervals."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import decode
from dermis.core import Cube, Encoding, Photo, Quantity
from dermis.core.arrays import BoolMap, FloatMap, hold
from dermis.errors import UsageError
from dermis.models.weights import checked
from dermis.optics.camera import Camera
from dermis.optics.illuminant import Illuminant
from dermis.optics.log_polynomial import log_terms, term_count
from dermis.optics.spectral_grid import interpolation
from dermis.spectra.prior import PRIOR_FILE, CaptureModel, SimulatedPixels, SkinPrior, read_prior, simulate_capture

__all__ = [
    "LEVEL",
    "WAVELENGTHS_NM",
    "Estimator",
    "Reconstruction",
    "Terms",
    "estimator_for",
    "fit_estimator",
    "on_bands",
    "reconstruct_skin",
    "spectra_of",
    "terms_of",
    "write_pretrained",
]

Floats = NDArray[np.float64]

LEVEL = 0.9
"""How often an interval holds the truth."""
WIDER, WIDER_OF_SHAPE = 1.1, 1.3
"""Intervals over what drawn skin asks, by what skin and cameras that took no part in learning ask. Those of the shape
hold the level of a plainly developed photo, too; see docs/concepts/spectra.md."""
SIGHTED_TO_NM = 700.0  # where cameras look, where skin was measured, and where the level of a shape is taken
WIDER_BEYOND = 1.4
"""Further factor on intervals beyond that, where the prior is a model's."""
LEAST = 1e-4
DEGREE = 4
RIDGE = 1e-8
MIDDLE_LOG = -1.5  # of skin: keeps the logarithms near 0
USUAL = 0.999
BEYOND = 1.3
"""A colour is known up to the squared distance of all but a thousandth of the drawn ones, and so much more."""
BLOCK = 1 << 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimator:
    """What is learnt for one way of taking photos.

    weights: (35, band) from the terms of a pixel to its spectrum. half_width: (band,) of the interval over the level,
    for a pixel of scale 1. scale: (3,), the squared scale as a polynomial of the log level. centre (3,), whitening
    (3, 3): of the log pixels of skin; known_within: the squared distance from there up to which a colour is known.
    level_range: of the log level, as far as the scale was learnt.
    """

    wavelengths_nm: Floats
    weights: Floats
    half_width: Floats
    scale: Floats
    level_range: Floats
    centre: Floats
    whitening: Floats
    known_within: float

    def __post_init__(self) -> None:
        bands = len(self.wavelengths_nm)
        shapes = {
            "wavelengths_nm": (bands,),
            "weights": (term_count(DEGREE), bands),
            "half_width": (bands,),
            "scale": (3,),
        }
        shapes |= {"level_range": (2,), "centre": (3,), "whitening": (3, 3)}
        for name, shape in shapes.items():
            hold(self, name, dtype=np.float64, shape=shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What of each pixel enters: `terms` (n, 35), the `scale` (n,) of its interval, whether its colour is `known`."""

    terms: FloatMap
    scale: FloatMap
    known: BoolMap


def fit_estimator(
    seen: SimulatedPixels, wavelengths_nm: Floats, *, level_known: bool = True, wider: float | None = None
) -> Estimator:
    """Return what drawn skin teaches; errors count relative to the level, so dark skin as much as light.

    level_known: False for intervals of the shape alone, at the photo's own level. wider: factor on the intervals,
    by default what was found to hold on skin that took no part.
    """
    wider = wider or (WIDER if level_known else WIDER_OF_SHAPE)
    logs, level = _logs_and_level(seen.pixels)
    terms = _terms(logs, level)
    weights = _weighted_ridge(terms, seen.spectra, seen.weights / seen.spectra.mean(axis=1) ** 2)
    found = terms @ weights
    if not level_known:
        sighted = wavelengths_nm <= SIGHTED_TO_NM
        shown, true = found[:, sighted], seen.spectra[:, sighted]
        found *= (shown * true).sum(axis=1, keepdims=True) / np.square(shown).sum(axis=1, keepdims=True)
    left = np.abs(seen.spectra - found) / level
    log_level = np.log(level[:, 0])
    half_width = np.maximum(_quantile(left, seen.weights, LEVEL), 1e-6)
    ends = _quantile(log_level[:, None], seen.weights, 0.01), _quantile(log_level[:, None], seen.weights, 0.99)
    level_range = np.concatenate(ends)
    curve = np.vander(np.clip(log_level, *level_range), 3, increasing=True)
    scale = _weighted_ridge(curve, np.square(left / half_width).mean(axis=1, keepdims=True), seen.weights)[:, 0]
    scale /= seen.weights @ (curve @ scale)
    scaled = left / np.sqrt(np.maximum(curve @ scale, 0.1))[:, None]
    widths = wider * np.maximum(_quantile(scaled, seen.weights, LEVEL), 1e-6)
    widths[wavelengths_nm > SIGHTED_TO_NM] *= WIDER_BEYOND
    centre = seen.weights @ logs
    apart = logs - centre
    whitening = np.linalg.inv(np.linalg.cholesky((apart * seen.weights[:, None]).T @ apart + 1e-6 * np.eye(3))).T
    distance = np.square(apart @ whitening).sum(axis=1)
    return Estimator(
        wavelengths_nm=wavelengths_nm,
        weights=weights,
        half_width=widths,
        scale=scale,
        level_range=level_range,
        centre=centre,
        whitening=whitening,
        known_within=BEYOND * float(_quantile(distance[:, None], seen.weights, USUAL)[0]),
    )


def terms_of(estimator: Estimator, pixels: FloatMap) -> Terms:
    """Return what of `pixels` (n, 3) enters; float32 throughout, a block at a time."""
    count = len(pixels)
    terms = np.empty((count, term_count(DEGREE)), dtype=np.float32)
    scale, known = np.empty(count, dtype=np.float32), np.empty(count, dtype=np.bool_)
    single = {name: getattr(estimator, name).astype(np.float32) for name in ("scale", "centre", "whitening")}
    for at in range(0, count, BLOCK):
        part = slice(at, at + BLOCK)
        logs, level = _logs_and_level(pixels[part])
        apart = logs - single["centre"]
        squared = np.square(apart @ single["whitening"]).sum(axis=1)
        further = np.maximum(squared / np.float32(estimator.known_within), 1)
        # Beyond what is known a polynomial goes astray: take the last known colour on the way there.
        inside = single["centre"] + apart / np.sqrt(further)[:, None]
        terms[part] = _terms(inside, level)
        log_level = np.clip(np.log(level[:, 0]), *estimator.level_range.astype(np.float32))
        curve = single["scale"][0] + log_level * (single["scale"][1] + log_level * single["scale"][2])
        scale[part] = level[:, 0] * np.sqrt(np.maximum(curve, np.float32(0.1))) * further
        known[part] = (squared <= estimator.known_within) & (pixels[part].min(axis=1) > 0)
    return Terms(terms=terms, scale=scale, known=known)


def spectra_of(terms: FloatMap, weights: Floats, out: FloatMap | None = None) -> FloatMap:
    """Return the spectra (n, band) of the terms (n, 35), none negative."""
    found = np.matmul(terms, weights.astype(np.float32), out=out)
    np.maximum(found, 0, out=found)
    return found


def on_bands(estimator: Estimator, wavelengths_nm: Floats) -> tuple[Floats, Floats]:
    """Return weights (35, band) and half widths (band,) at other wavelengths, straight between the learnt ones."""
    matrix = interpolation(estimator.wavelengths_nm, wavelengths_nm)
    return estimator.weights @ matrix.T, matrix @ estimator.half_width


def _logs_and_level(pixels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the logarithms (n, 3) and the mean (n, 1) of the channels, in the precision of the pixels."""
    held = np.maximum(pixels, LEAST)
    return np.log(held), held.mean(axis=1, keepdims=True)


def _terms(logs: NDArray[Any], level: NDArray[Any]) -> NDArray[Any]:
    """Return (n, 35): the level times the products of up to four logarithms."""
    products = log_terms(np.ascontiguousarray((logs - np.asarray(MIDDLE_LOG, dtype=logs.dtype)).T), DEGREE)
    products *= level[:, 0]
    return np.asarray(products.T)


def _weighted_ridge(inputs: Floats, targets: Floats, weights: Floats) -> Floats:
    weighted = inputs * weights[:, None]
    curvature, moments = weighted.T @ inputs, weighted.T @ targets
    size = np.sqrt(np.maximum(np.diag(curvature), 1e-30))
    scaled = curvature / size / size[:, None] + RIDGE * np.eye(len(size))
    found: Floats = np.linalg.solve(scaled, moments / size[:, None]) / size[:, None]
    return found


def _quantile(values: Floats, weights: Floats, share: float) -> Floats:
    """Return the weighted quantile (k,) of each column of (n, k)."""
    order = values.argsort(axis=0)
    risen = np.cumsum(weights[order], axis=0)
    place = (risen < share * risen[-1]).sum(axis=0)
    found: Floats = np.take_along_axis(values, np.take_along_axis(order, place[None], axis=0), axis=0)[0]
    return found


def estimator_for(sight: CaptureModel) -> Estimator:
    """Return what is learnt for `sight`: kept, or learnt now in under a second for known cameras and lights."""
    if sight.encoding is Encoding.SRGB and sight.camera is None and sight.light is None:
        return _read(_file(balanced=sight.balanced))
    return _learnt(read_prior(), sight)


def write_pretrained(prior: SkinPrior, folder: Path = PRIOR_FILE.parent) -> None:
    """Learn and write the estimators for sRGB photos, with and without a patch of known colour."""
    for balanced in (False, True):
        learnt = _learnt(prior, CaptureModel(encoding=Encoding.SRGB, balanced=balanced))
        held: dict[str, Any] = {field.name: np.asarray(getattr(learnt, field.name)) for field in fields(learnt)}
        np.savez_compressed(folder / _file(balanced=balanced).name, **held)


def _learnt(prior: SkinPrior, sight: CaptureModel) -> Estimator:
    # What a photo in sRGB says of the level went through a tone curve and an exposure that nobody knows.
    level_known = sight.balanced or sight.encoding is Encoding.CAMERA_LINEAR
    return fit_estimator(simulate_capture(prior, sight), prior.wavelengths_nm, level_known=level_known)


def _file(*, balanced: bool) -> Path:
    return PRIOR_FILE.with_name("srgb-balanced.npz" if balanced else "srgb.npz")


@cache
def _read(file: Path) -> Estimator:
    with np.load(checked(file)) as held:
        arrays = {name: held[name] for name in held.files if name != "known_within"}
        return Estimator(**arrays, known_within=float(held["known_within"]))


WAVELENGTHS_NM = np.arange(400.0, 1001.0, 10.0)
"""The bands of a reconstruction unless others are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconstruction(Cube):
    """A cube of reflectances that were estimated; NaN outside `mask`.

    The interval of a band, which holds the truth with probability `level`, is the value and its half width:
    `interval_scale` (h, w) times `interval_half_width` (band,). mask: (h, w) bool, where spectra were estimated.
    known: (h, w) bool, where the colour is one that skin has at such a sight; elsewhere the spectrum says nothing.
    camera, light: their names, None where they were not known. level_known: whether the level of the spectra is
    anchored, by linear pixels and their white or by a patch; if not, their shape counts and the level is the photo's.
    """

    interval_scale: FloatMap
    interval_half_width: FloatMap
    mask: BoolMap
    known: BoolMap
    level: float = LEVEL
    level_known: bool
    camera: str | None = None
    light: str | None = None

    def __post_init__(self) -> None:
        Cube.__post_init__(self)
        size = self.values.shape[:2]
        hold(self, "interval_scale", dtype=np.float32, shape=size)
        hold(self, "interval_half_width", dtype=np.float32, shape=(len(self.wavelengths_nm),))
        hold(self, "mask", dtype=np.bool_, shape=size)
        hold(self, "known", dtype=np.bool_, shape=size)

    @property
    def known_share(self) -> float:
        """How much of the mask has colours of skin; 0 where the mask is empty."""
        return float(self.known[self.mask].mean()) if self.mask.any() else 0.0

    @property
    def half_width(self) -> FloatMap:
        """Half the width of the intervals, (h, w, band); made when asked for."""
        return np.asarray(self.interval_scale[..., None] * self.interval_half_width)


def reconstruct_skin(
    photo: Photo,
    mask: BoolMap,
    *,
    camera: Camera | None = None,
    light: Illuminant | None = None,
    white: float = 1.0,
    balance: Floats | None = None,
    wavelengths_nm: Floats = WAVELENGTHS_NM,
) -> Reconstruction:
    """Return the spectra of the pixels in `mask` (h, w).

    camera, light: where known. white: the pixel value, as in the photo, of a perfect diffuser in its brightest
    channel. balance: (3, 3) from linear pixels to those whose diffuser is 1 in every channel, by a patch of known
    colour; `white` takes no part then. wavelengths_nm: (band,), increasing, within 400-1000 nm.
    Raises UsageError for a white or wavelengths that cannot be.
    """
    if not 0.0 < white <= 1.0:
        raise UsageError(f"The white is {white:g}.", advice="Give a pixel value over 0 and up to 1.")
    grid = _checked(wavelengths_nm)
    camera_linear = photo.encoding is Encoding.CAMERA_LINEAR
    sight = CaptureModel(
        encoding=Encoding.CAMERA_LINEAR if camera_linear else Encoding.SRGB,
        camera=camera,
        light=light,
        balanced=balance is not None,
        bits=photo.origin.bits,
    )
    estimator = estimator_for(sight)
    weights, half_width = on_bands(estimator, grid)
    size = mask.shape
    values = np.full((mask.size, len(grid)), np.nan, dtype=np.float32)
    scale, known = np.zeros(mask.size, dtype=np.float32), np.zeros(mask.size, dtype=np.bool_)
    rows = np.flatnonzero(mask)
    flat = photo.pixels.reshape(-1, 3)
    for at in range(0, len(rows), BLOCK):
        part = rows[at : at + BLOCK]
        # A run without gaps is written where it lies.
        place = slice(part[0], part[-1] + 1) if part[-1] - part[0] + 1 == len(part) else part
        found = terms_of(estimator, _relative(flat[place], photo.encoding, white, balance))
        values[place] = spectra_of(found.terms, weights)
        scale[place], known[place] = found.scale, found.known
    return Reconstruction(
        values=values.reshape(*size, len(grid)),
        wavelengths_nm=grid,
        quantity=Quantity.REFLECTANCE,
        interval_scale=scale.reshape(size),
        interval_half_width=half_width.astype(np.float32),
        mask=mask,
        known=known.reshape(size),
        level_known=camera_linear or balance is not None,
        camera=None if camera is None else camera.name,
        light=None if light is None else light.name,
    )


def _checked(wavelengths_nm: Floats) -> Floats:
    grid = np.asarray(wavelengths_nm, dtype=np.float64)
    if grid.ndim != 1 or not grid.size or np.any(np.diff(grid) <= 0) or grid[0] < 400 or grid[-1] > 1000:
        raise UsageError("The wavelengths must increase and lie within 400-1000 nm.", advice="For example 400:1000:10.")
    return grid


def _relative(pixels: FloatMap, encoding: Encoding, white: float, balance: Floats | None) -> FloatMap:
    """Return linear pixels over those of the white."""
    if encoding is Encoding.SRGB:
        pixels = np.asarray(decode(pixels), dtype=np.float32)
        white = float(decode(np.full(3, white))[0])
    if balance is not None:
        return np.asarray(pixels @ balance.T.astype(np.float32))
    return pixels / np.float32(white)
