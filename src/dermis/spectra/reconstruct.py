"""From pixels to reflectance spectra with intervals."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import decode
from dermis.core import Cube, Encoding, Photo, Quantity
from dermis.core.arrays import BoolMap, FloatMap, hold
from dermis.errors import UsageError
from dermis.formats.files import write_with
from dermis.models.weights import checked
from dermis.optics.camera import Camera, CameraPopulation
from dermis.optics.illuminant import Illuminant
from dermis.spectra.estimator import (
    BLOCK,
    LEVEL,
    Estimator,
    add_band,
    band_gain,
    fit_estimator,
    on_bands,
    spectra_of,
    terms_of,
)
from dermis.spectra.prior import PRIOR_FILE, SITES, CaptureModel, SkinPrior, read_prior, simulate_capture

__all__ = [
    "WAVELENGTHS_NM",
    "MeasuredBand",
    "Reconstruction",
    "estimator_for",
    "learn_estimator",
    "reconstruct_skin",
    "write_pretrained",
]

Floats = NDArray[np.float64]


def estimator_for(sight: CaptureModel) -> Estimator:
    """Return what is learnt for `sight`: kept, or learnt now in under a second for known cameras and lights."""
    unknown = sight.encoding is Encoding.SRGB and sight.camera is None and sight.light is None
    if unknown and sight.site == "face":
        return _read(_file(sight))
    return learn_estimator(read_prior(), sight)


def write_pretrained(prior: SkinPrior, folder: Path = PRIOR_FILE.parent) -> None:
    """Learn and write the estimators for sRGB photos: as they come, over a white, with a patch of known colour."""
    for balanced, white_known in ((False, False), (False, True), (True, False)):
        sight = CaptureModel(encoding=Encoding.SRGB, balanced=balanced, white_known=white_known)
        learnt = learn_estimator(prior, sight)
        held: dict[str, Any] = {field.name: np.asarray(getattr(learnt, field.name)) for field in fields(learnt)}
        write_with(folder / _file(sight).name, partial(np.savez_compressed, **held))


def learn_estimator(prior: SkinPrior, sight: CaptureModel, cameras: CameraPopulation | None = None) -> Estimator:
    """Return what skin drawn from `prior` teaches at `sight`.

    The intervals of sRGB photos are made to hold on every tone in photos that are all developed as phones do.
    cameras: that unknown cameras are drawn from, by default the population that comes with the package.
    """
    seen = simulate_capture(prior, sight, cameras=cameras)
    judged = None
    if sight.encoding is Encoding.SRGB:
        judged = simulate_capture(
            prior, sight, seed=JUDGED_SEED, cameras=cameras, plain_share=0.0, sights=JUDGED_SIGHTS
        )
    return fit_estimator(seen, prior.wavelengths_nm, judged=judged)


def _file(sight: CaptureModel) -> Path:
    if sight.balanced:
        return PRIOR_FILE.with_name("srgb-balanced.npz")
    return PRIOR_FILE.with_name("srgb-white.npz" if sight.white_known else "srgb.npz")


@cache
def _read(file: Path) -> Estimator:
    with np.load(checked(file)) as held:
        arrays = {name: held[name] for name in held.files if name != "known_within"}
        return Estimator(**arrays, known_within=float(held["known_within"]))


JUDGED_SEED, JUDGED_SIGHTS = 21, 480
THREADS = 2
WAVELENGTHS_NM = np.arange(400.0, 1001.0, 10.0)
"""The bands of a reconstruction unless others are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredBand:
    """A further picture of the same pixels, through one narrow band: `reflectance` (h, w), 0 to 1, at a wavelength."""

    wavelength_nm: float
    reflectance: FloatMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconstruction(Cube):
    """A cube of reflectances that were estimated; NaN outside `mask`.

    The interval of a band holds the truth with probability `level` and goes from `low` to `high`: below and above the
    value by `interval_scale` (h, w, 2) times `interval_half_width` (2, band), the lower side first.
    mask: (h, w) bool, where spectra were estimated.
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
        hold(self, "interval_scale", dtype=np.float32, shape=(*size, 2))
        hold(self, "interval_half_width", dtype=np.float32, shape=(2, len(self.wavelengths_nm)))
        hold(self, "mask", dtype=np.bool_, shape=size)
        hold(self, "known", dtype=np.bool_, shape=size)

    @property
    def known_share(self) -> float:
        """How much of the mask has colours of skin; 0 where the mask is empty."""
        return float(self.known[self.mask].mean()) if self.mask.any() else 0.0

    @property
    def low(self) -> FloatMap:
        """Lower ends of the intervals, (h, w, band), none below 0; made when asked for."""
        return np.asarray(np.maximum(self.values - self.interval_scale[..., :1] * self.interval_half_width[0], 0))

    @property
    def high(self) -> FloatMap:
        """Upper ends of the intervals, (h, w, band); made when asked for."""
        return np.asarray(self.values + self.interval_scale[..., 1:] * self.interval_half_width[1])


def reconstruct_skin(
    photo: Photo,
    mask: BoolMap,
    *,
    camera: Camera | None = None,
    light: Illuminant | None = None,
    white: float | None = None,
    balance: Floats | None = None,
    wavelengths_nm: Floats = WAVELENGTHS_NM,
    band: MeasuredBand | None = None,
    site: str = "face",
) -> Reconstruction:
    """Return the spectra of the pixels in `mask` (h, w).

    camera, light: where known. white: the pixel value, as in the photo, of a perfect diffuser in its brightest channel;
    None for 1 in a linear photo, and for a level nobody knows in another. balance: (3, 3) from linear pixels to those
    whose diffuser is 1 in every channel, by a patch of known colour; `white` takes no part then. wavelengths_nm:
    (band,), increasing, within 400-1000 nm. band: a further band that was measured, where the level of the pixels is
    known. site: "face" or "forearm", whose skin was measured by instruments of other kinds.
    Raises UsageError for a white, wavelengths, a band or a site that cannot be.
    """
    if white is not None and not 0.0 < white <= 1.0:
        raise UsageError(f"The white is {white:g}.", advice="Give a pixel value over 0 and up to 1.")
    if site not in SITES:
        raise UsageError(f"Nobody measured skin at the site {site!r}.", advice=f"Choose one of {', '.join(SITES)}.")
    grid = _checked(wavelengths_nm)
    camera_linear = photo.encoding is Encoding.CAMERA_LINEAR
    sight = CaptureModel(
        encoding=Encoding.CAMERA_LINEAR if camera_linear else Encoding.SRGB,
        camera=camera,
        light=light,
        balanced=balance is not None,
        white_known=white is not None,
        bits=photo.origin.bits,
        site=site,
    )
    if band is not None:
        _check_band(band, mask, level_known=sight.level_known)
    estimator = estimator_for(sight)
    weights, half_width = on_bands(estimator, grid)
    size = mask.shape
    values = np.empty((mask.size, len(grid)), dtype=np.float32)
    if not mask.all():
        values[~mask.reshape(-1)] = np.nan
    scale, known = np.zeros((mask.size, 2), dtype=np.float32), np.zeros(mask.size, dtype=np.bool_)
    rows = np.flatnonzero(mask)
    flat = photo.pixels.reshape(-1, 3)
    gain = None if band is None else band_gain(estimator, band.wavelength_nm, grid)

    def fill(at: int) -> None:
        part = rows[at : at + BLOCK]
        # A run without gaps is written where it lies.
        place = slice(part[0], part[-1] + 1) if part[-1] - part[0] + 1 == len(part) else part
        found = terms_of(estimator, _relative(flat[place], photo.encoding, white or 1.0, balance))
        scale[place], known[place] = found.scale, found.known
        if isinstance(place, slice):
            spectra_of(found.terms, weights, values[place])
        else:
            values[place] = spectra_of(found.terms, weights)
        if band is not None and gain is not None:
            values[place] = add_band(values[place], found.terms, band.reflectance.reshape(-1)[place], gain)

    # numpy and scipy leave the interpreter free while they count, so two blocks at a time take half as long.
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(fill, range(0, len(rows), BLOCK)):
            pass
    return Reconstruction(
        values=values.reshape(*size, len(grid)),
        wavelengths_nm=grid,
        quantity=Quantity.REFLECTANCE,
        interval_scale=scale.reshape(*size, 2),
        interval_half_width=(half_width if gain is None else gain.half_width).astype(np.float32),
        mask=mask,
        known=known.reshape(size),
        level_known=sight.level_known,
        camera=None if camera is None else camera.name,
        light=None if light is None else light.name,
    )


def _check_band(band: MeasuredBand, mask: BoolMap, *, level_known: bool) -> None:
    if band.reflectance.shape != mask.shape:
        raise UsageError(
            f"The band at {band.wavelength_nm:g} nm is {band.reflectance.shape}, the photo {mask.shape}.",
            advice="Give a picture of the same pixels.",
        )
    if not 400.0 <= band.wavelength_nm <= 1000.0:
        raise UsageError(f"A band at {band.wavelength_nm:g} nm.", advice="Give one within 400-1000 nm.")
    if not level_known:
        raise UsageError(
            "A further band was given, and the photo does not tell its level.",
            advice="Give linear pixels with their white, or a grey card (reference).",
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
