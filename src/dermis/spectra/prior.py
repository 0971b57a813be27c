"""The prior over skin spectra, and the simulated captures that it is fitted on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import decode
from dermis.core import Encoding
from dermis.core.arrays import hold
from dermis.models.weights import WEIGHTS, checked
from dermis.optics.camera import Camera, CameraPopulation, draw_camera, response, white_raw
from dermis.optics.illuminant import Illuminant
from dermis.optics.isp import IspSettings, render
from dermis.optics.populations import colour_matrix, draw_illuminant, draw_isp

__all__ = [
    "PRIOR_FILE",
    "SITES",
    "CaptureModel",
    "SimulatedPixels",
    "SkinPrior",
    "at_site",
    "draw_skin",
    "photographed",
    "read_prior",
    "simulate_capture",
]

Floats = NDArray[np.float64]

PRIOR_FILE = WEIGHTS / "skin-spectra" / "prior.npz"
SITES = ("face", "forearm")
"""Where skin may be: the faces were measured by instruments with a small opening, the forearms by a sphere."""
SITE_SHARE = 0.95
"""What forearms count where skin is known to be of one; the rest keeps other colours of skin known."""
REACH = 2.5
"""Deviations beyond which no draw goes: a normal tail of a logarithm is no skin any more."""
BRIGHTEST = 0.95
SHADING = 0.04
"""Spread of the logarithm of the light that a patch of skin gets, for its tilt and the level of the white."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinPrior:
    """Sets of skin that was measured alike, on `wavelengths_nm` (band,).

    means: (set, band) of the natural logarithm of the reflectance. axes: (set, rank, band), its principal axes, each
    as long as one deviation. weights: (set,), how much each counts, summing to 1. sites: (set,) of `SITES`, "" where
    nobody wrote it down.
    """

    wavelengths_nm: Floats
    means: Floats
    axes: Floats
    weights: Floats
    sites: NDArray[np.str_]

    def __post_init__(self) -> None:
        hold(self, "wavelengths_nm", dtype=np.float64, shape=(None,))
        bands, sets = len(self.wavelengths_nm), len(self.means)
        hold(self, "means", dtype=np.float64, shape=(None, bands))
        hold(self, "axes", dtype=np.float64, shape=(sets, None, bands))
        hold(self, "weights", dtype=np.float64, shape=(sets,))


@cache
def read_prior() -> SkinPrior:
    """Return the prior that comes with the package."""
    with np.load(checked(PRIOR_FILE)) as held:
        numbers = {name: held[name].astype(np.float64) for name in SkinPrior.__slots__ if name != "sites"}
        return SkinPrior(**numbers, sites=held["sites"])


def at_site(prior: SkinPrior, site: str) -> SkinPrior:
    """Return the prior of skin at one of `SITES`; for a face the prior as it is, which holds faces in the main."""
    if site == "face":
        return prior
    theirs = np.where(prior.sites == site, prior.weights, 0.0)
    return replace(prior, weights=SITE_SHARE * theirs / theirs.sum() + (1.0 - SITE_SHARE) * prior.weights)


def draw_skin(
    prior: SkinPrior, per_set: int, rng: np.random.Generator, *, shading: float = SHADING
) -> tuple[Floats, Floats]:
    """Return reflectances (set x per_set, band) and their weights, summing to 1: the same number from each set."""
    sets, rank = prior.axes.shape[:2]
    deviations = np.clip(rng.standard_normal((sets, per_set, rank)), -REACH, REACH)
    logs = prior.means[:, None, :] + deviations @ prior.axes
    logs += shading * rng.standard_normal((sets, per_set, 1))
    np.minimum(logs, np.log(BRIGHTEST), out=logs)
    return np.exp(logs).reshape(-1, logs.shape[-1]), np.repeat(prior.weights / per_set, per_set)


PER_SET, PER_SET_UNKNOWN = 80, 150
PER_SET_AT_SITE = 200
"""Draws of a set where few sets count."""
SIGHTS = 240
SEED = 20
NOISE = 0.003
"""Relative noise of a pixel, beside the step of its whole numbers."""
PLAIN_SHARE = 0.65
"""How many developments are plain sRGB; the rest have the tone curves, tints and balance errors of phones."""
BALANCE_ERROR = (0.025, 0.01, 0.025)
"""Spread of the logarithm of a plain development's gains: red, green, blue."""
DIMMEST_WHITE = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureModel:
    """What is known of how a photo was taken; None where it is not.

    balanced: whether a patch of known colour set the white of every channel. white_known: whether an sRGB photo's
    pixels are over those of a white in its light. bits: of a pixel's whole number. site: of `SITES`.
    """

    encoding: Encoding
    camera: Camera | None = None
    light: Illuminant | None = None
    balanced: bool = False
    white_known: bool = False
    bits: int = 8
    site: str = "face"

    @property
    def level_known(self) -> bool:
        """Whether the level is anchored: what sRGB says of it went through a tone curve and an unknown exposure."""
        return self.balanced or self.encoding is Encoding.CAMERA_LINEAR

    @property
    def response_known(self) -> bool:
        """Whether one camera under one light made the pixels, and nothing else."""
        known = self.camera is not None and self.light is not None
        return known and self.encoding is Encoding.CAMERA_LINEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPixels:
    """Drawn skin: pixels (n, 3), spectra (n, band), how much each counts (n,), summing to 1, and of which set (n,)."""

    pixels: Floats
    spectra: Floats
    weights: Floats
    kind: NDArray[np.intp]

    def __post_init__(self) -> None:
        hold(self, "pixels", dtype=np.float64, shape=(None, 3))
        hold(self, "spectra", dtype=np.float64, shape=(len(self.pixels), None))
        hold(self, "weights", dtype=np.float64, shape=(len(self.pixels),))
        hold(self, "kind", dtype=np.intp, shape=(len(self.pixels),))


def simulate_capture(
    prior: SkinPrior,
    sight: CaptureModel,
    seed: int = SEED,
    cameras: CameraPopulation | None = None,
    plain_share: float = PLAIN_SHARE,
    sights: int = SIGHTS,
) -> SimulatedPixels:
    """Return skin drawn from `prior` as it looks at `sight`; the same for the same seed.

    cameras: that unknown cameras are drawn from, by default the population that comes with the package. plain_share: of
    the developments that are plain sRGB. sights: cameras, lights and developments drawn where they are not known.
    """
    prior = at_site(prior, sight.site)
    rng = np.random.default_rng(seed)
    grid = prior.wavelengths_nm
    if sight.response_known:
        assert sight.camera is not None
        assert sight.light is not None
        spectra, weights = draw_skin(prior, PER_SET if sight.site == "face" else PER_SET_AT_SITE, rng)
        pixels = _raw(spectra, grid, sight.camera, sight.light, balanced=sight.balanced)
    else:
        spectra, weights = draw_skin(prior, PER_SET_UNKNOWN, rng)
        pixels = np.empty((len(spectra), 3))
        for part in np.array_split(rng.permutation(len(spectra)), sights):
            pixels[part] = photographed(rng, spectra[part], grid, sight, cameras, plain_share)
    step = 1.0 / (2**sight.bits - 1)
    noise = np.hypot(NOISE * pixels, step / np.sqrt(12.0))
    return SimulatedPixels(
        pixels=pixels + noise * rng.standard_normal(pixels.shape),
        spectra=spectra,
        weights=weights,
        kind=np.repeat(np.arange(len(prior.means)), len(spectra) // len(prior.means)),
    )


def _raw(spectra: Floats, grid: Floats, camera: Camera, light: Illuminant, *, balanced: bool) -> Floats:
    pixels: Floats = spectra @ response(camera, light, grid)
    return pixels / white_raw(camera, light) if balanced else pixels


def photographed(
    rng: np.random.Generator,
    spectra: Floats,
    grid: Floats,
    sight: CaptureModel,
    cameras: CameraPopulation | None = None,
    plain_share: float = PLAIN_SHARE,
) -> Floats:
    """Return the linear pixels (n, 3) of `spectra` (n, band) at one sight, what is unknown of it drawn."""
    camera = draw_camera(rng, cameras) if sight.camera is None else sight.camera
    light = draw_illuminant(rng) if sight.light is None else sight.light
    if sight.encoding is Encoding.CAMERA_LINEAR:
        return _raw(spectra, grid, camera, light, balanced=sight.balanced)
    drawn = replace(draw_isp(rng, camera, light), denoise=0.0, sharpen=0.0, chroma_px=0.0)
    plain = rng.random() < plain_share
    development = _plain(rng, drawn, camera, light) if plain else drawn
    white = white_raw(camera, light)
    raw = np.concatenate([spectra @ response(camera, light, grid), white[None], 0.18 * white[None]])
    exposed = (raw * rng.uniform(DIMMEST_WHITE, 1.0))[:, None, :].astype(np.float32)
    linear = decode(render(exposed, development)[:, 0].astype(np.float64))
    if sight.balanced:
        return np.asarray(linear[:-2] / (linear[-1] / 0.18))  # a card of mid grey
    # A phone's photo comes as exposed where nobody marks its white.
    return np.asarray(linear[:-2] / linear[-2].max() if plain or sight.white_known else linear[:-2])


def _plain(rng: np.random.Generator, drawn: IspSettings, camera: Camera, light: Illuminant) -> IspSettings:
    """Return a development that is balanced but for an error, without a tone curve of its own."""
    white = np.log(white_raw(camera, light)) + rng.normal(0.0, 1.0, 3) * BALANCE_ERROR
    return replace(
        drawn,
        gamma=1.0,
        contrast=0.0,
        saturation=1.0,
        white_balance=np.exp(white.max() - white),
        colour_matrix=colour_matrix(camera, light),
    )
