"""Populations to draw from: illuminants and image signal processors; and the unbounded scale of tissue."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import log2, pi
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.colour.srgb import xyz_to_linear
from dermis.core.arrays import read_only
from dermis.optics.camera import Camera, response, white_raw
from dermis.optics.illuminant import (
    DAYLIGHT_K,
    Illuminant,
    cct_duv,
    daylight,
    find_illuminant,
    halogen,
    mixture,
    planck,
    scaled_light,
    to_xyz,
    white_led,
    white_xyz,
)
from dermis.optics.isp import IspSettings
from dermis.optics.spectral_grid import VISIBLE, WORKING_NM, Spectrum
from dermis.optics.tissue import Range, absorbers

__all__ = [
    "ILLUMINANT_KINDS",
    "colour_matrix",
    "draw_illuminant",
    "draw_isp",
    "from_normal",
    "prior",
    "to_normal",
    "training_reflectances",
]

Floats = NDArray[np.float64]


def to_normal(span: Range, value: ArrayLike) -> Floats:
    """Return where `value` lies on the unbounded scale; ValueError on or outside the bounds."""
    share = (_scale(span, value) - _scale(span, span.low)) / (_scale(span, span.high) - _scale(span, span.low))
    if np.any((share <= 0.0) | (share >= 1.0)):
        raise ValueError(f"Values must lie strictly between {span.low:g} and {span.high:g} {span.unit}.")
    return np.log(share / (1.0 - share))


def from_normal(span: Range, position: ArrayLike) -> Floats:
    """Return the value at a position on the unbounded scale."""
    share = 0.5 + 0.5 * np.tanh(0.5 * np.asarray(position, dtype=np.float64))
    low, high = _scale(span, span.low), _scale(span, span.high)
    scaled = low + share * (high - low)
    return np.exp(scaled) if span.logarithmic else scaled


def prior(spans: Sequence[Range]) -> tuple[Floats, Floats]:
    """Return mean (parameter,) and standard deviation (parameter,) of the prior on the unbounded scale."""
    mean = np.array([float(to_normal(span, span.typical)) for span in spans])
    share = 0.5 + 0.5 * np.tanh(0.5 * mean)
    width = np.array([float(_scale(span, span.high) - _scale(span, span.low)) for span in spans])
    slope = share * (1.0 - share) * width
    return mean, np.array([span.spread for span in spans]) / slope


def _scale(span: Range, value: ArrayLike) -> Floats:
    numbers = np.asarray(value, dtype=np.float64)
    return np.log(np.maximum(numbers, math.ulp(0.0))) if span.logarithmic else numbers


_Draw = Callable[[np.random.Generator], Illuminant]
_ROOM_LAMPS = ("FL2", "FL4", "FL7", "FL8", "FL10", "FL11", "FL12", "FL3.4", "FL3.8", "FL3.10", "FL3.13")
_HOME_K = (2700.0, 3000.0, 3500.0, 4000.0, 5000.0, 6500.0)


def draw_illuminant(rng: np.random.Generator, kind: str | None = None) -> Illuminant:
    """Return a light with its illuminance on the face, of `kind` (a name in `LIGHT_KINDS`) or of any.

    What stands around tints it a little (walls, foliage, skin), and one in ten photos has two kinds of light.
    ValueError for an unknown kind.
    """
    chosen = kind or str(rng.choice(list(ILLUMINANT_KINDS), p=[share for share, _, _ in ILLUMINANT_KINDS.values()]))
    if chosen not in ILLUMINANT_KINDS:
        raise ValueError(f"A kind of light is one of {', '.join(ILLUMINANT_KINDS)}, got {chosen!r}.")
    _, (low, high), draw = ILLUMINANT_KINDS[chosen]
    lux = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    light = _tinted(rng, draw(rng))
    cct_k = float(cct_duv(white_xyz(light))[0])
    return replace(light, name=f"{chosen} {cct_k:.0f} K", kind=chosen, illuminance_lux=lux)


def _tinted(rng: np.random.Generator, light: Illuminant) -> Illuminant:
    """Return `light` times a smooth spectrum within some 5 %, level beyond the visible."""
    place = np.clip((WORKING_NM - 380) / 400, 0, 1)
    waves = np.cos(np.pi * np.arange(1, 4)[:, None] * place)
    logarithm = (rng.normal(0, 0.04, 3) / (1, 1, 2)) @ waves
    return scaled_light(light.name, light.power * np.exp(logarithm), kind=light.kind)


def _daylight_between(low_k: float, high_k: float) -> _Draw:
    return lambda rng: daylight(rng.uniform(low_k, high_k))


def _led(rng: np.random.Generator) -> Illuminant:
    return white_led(
        rng.choice(_HOME_K) * rng.normal(1, 0.02),
        rng.normal(0, 0.002),
        peak_nm=rng.uniform(443, 462),
        fwhm_nm=rng.uniform(18, 28),
        phosphor_fwhm_nm=rng.uniform(105, 145),
    )


def _fluorescent(rng: np.random.Generator) -> Illuminant:
    return find_illuminant(str(rng.choice(_ROOM_LAMPS)))


def _flash(rng: np.random.Generator) -> Illuminant:
    """Return a phone's LED flash, or xenon: a black body with its group of lines near 470 nm."""
    if rng.random() < 0.7:
        return white_led(rng.uniform(4500, 6000), rng.normal(0, 0.002), phosphor_fwhm_nm=130)
    black = planck(rng.uniform(5500, 6500))
    lines = 0.12 * np.exp(-0.5 * ((WORKING_NM - 472) / 8) ** 2)
    return scaled_light(f"xenon on {black.name}", black.power * (1 + lines), kind="flash")


def _mixed(rng: np.random.Generator) -> Illuminant:
    first, second = rng.choice(["window", "overcast", "tungsten", "led", "flash"], 2, replace=False)
    share = rng.uniform(0.2, 0.8)
    lights = [ILLUMINANT_KINDS[str(kind)][2](rng) for kind in (first, second)]
    return mixture(lights, [share, 1 - share])


ILLUMINANT_KINDS: Mapping[str, tuple[float, tuple[float, float], _Draw]] = MappingProxyType(
    {
        "sun": (0.15, (10_000.0, 60_000.0), _daylight_between(4800, 6000)),
        "overcast": (0.10, (1_000.0, 15_000.0), _daylight_between(5800, 7500)),
        "shade": (0.10, (1_000.0, 8_000.0), _daylight_between(7000, 11000)),
        "window": (0.15, (80.0, 2_000.0), _daylight_between(5000, 7500)),
        "tungsten": (0.08, (30.0, 400.0), lambda rng: planck(rng.uniform(2500, 2900))),
        "halogen": (0.06, (50.0, 1_000.0), lambda rng: halogen(rng.uniform(2800, 3250))),
        "led": (0.18, (50.0, 1_000.0), _led),
        "fluorescent": (0.05, (100.0, 800.0), _fluorescent),
        "flash": (0.03, (200.0, 5_000.0), _flash),
        "mixed": (0.10, (80.0, 3_000.0), _mixed),
    }
)
"""Kind of light: its share of the photos, the illuminance on the face in lux, and how one is drawn."""


_METER_K = 12.5  # cd s/m2: the constant of reflected-light meters (ISO 2720), as most cameras have it
_METERED_SIGNAL = 0.127  # share of full scale that a metered surface gets: 10/78 of saturation (ISO 12232)
_PRESETS_K = (2850.0, 4000.0, 5500.0, 6500.0, 7500.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    """A kind of camera: its lens, its pixels, its automatic programme."""

    f_numbers: tuple[float, float]
    focal_lengths_mm: tuple[float, float]
    base_iso: float
    top_iso: float
    well_e: tuple[float, float]
    read_noise_e: tuple[float, float]
    bits: int
    slowest_s: float


_PHONE = _Body(
    f_numbers=(1.6, 2.4),
    focal_lengths_mm=(2.7, 6.9),
    base_iso=50.0,
    top_iso=3200.0,
    well_e=(4000.0, 9000.0),
    read_noise_e=(1.5, 3.5),
    bits=12,
    slowest_s=1 / 30,
)
_CAMERA = _Body(
    f_numbers=(2.8, 8.0),
    focal_lengths_mm=(35.0, 100.0),
    base_iso=100.0,
    top_iso=12800.0,
    well_e=(25000.0, 60000.0),
    read_noise_e=(2.0, 5.0),
    bits=14,
    slowest_s=1 / 80,
)


def draw_isp(
    rng: np.random.Generator,
    camera: Camera,
    light: Illuminant,
    *,
    binning: int = 4,
    metered_reflectance: float | None = None,
) -> IspSettings:
    """Return how `camera` takes and develops one photo under `light`: four in five as a phone.

    binning: sensor pixels along one side of a photo pixel; a photo of 512 pixels from a sensor of 3000 has 6.
    metered_reflectance: mean reflectance of what the meter sees; drawn around 0.18 if not given.
    """
    phone = rng.random() < 0.8
    body = _PHONE if phone else _CAMERA
    metered = 0.18 * 2 ** rng.normal(0, 0.35) if metered_reflectance is None else metered_reflectance
    bias_ev = float(rng.choice([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1 / 3, 2 / 3, -1 / 3, -2 / 3]))
    lux = light.illuminance_lux or float(np.exp(rng.uniform(np.log(80), np.log(5000))))
    f_number = round(rng.uniform(*body.f_numbers), 1)
    exposure_s, iso = _programme(body, f_number, lux * metered / pi, bias_ev)
    noisy = np.clip(log2(iso / body.base_iso) / 6, 0, 1)
    auto = rng.random() > 0.08
    return IspSettings(
        camera=f"{'phone' if phone else 'camera'} {camera.name}",
        exposure=_METERED_SIGNAL / metered * 2**bias_ev,
        exposure_s=exposure_s,
        f_number=f_number,
        iso=iso,
        exposure_bias_ev=bias_ev,
        focal_length_mm=round(rng.uniform(*body.focal_lengths_mm), 1),
        white_balance_auto=auto,
        flash_fired=light.kind == "flash",
        full_well_e=rng.uniform(*body.well_e) * body.base_iso / iso * binning**2,
        read_noise_e=rng.uniform(*body.read_noise_e) * binning,
        black_level=1 / 16,
        bits=body.bits,
        white_balance=_automatic_balance(rng, camera, light) if auto else _preset_balance(camera, light),
        colour_matrix=colour_matrix(camera, _calibrated(light)),
        saturation=rng.normal(1.08 if phone else 1.0, 0.06),
        gamma=rng.normal(0.93 if phone else 1.0, 0.05),
        contrast=rng.uniform(0.05, 0.35) if phone else rng.uniform(0, 0.2),
        denoise=0.2 + 0.6 * noisy,
        sharpen=rng.uniform(0.2, 0.9) if phone else rng.uniform(0, 0.5),
        detail_px=rng.uniform(0.7, 1.3),
        chroma_px=0.5 + 1.5 * noisy,
        jpeg_quality=int(rng.integers(82, 96)),
        jpeg_subsampling=2 if rng.random() < 0.7 else 0,
    )


def _programme(body: _Body, f_number: float, luminance: float, bias_ev: float) -> tuple[float, float]:
    """Return seconds and ISO for a metered luminance (cd/m2).

    The ISO stays low until the hand would shake; the time grows again where the ISO cannot.
    """
    wanted = _METER_K * f_number**2 / luminance * 2**bias_ev  # seconds x ISO
    iso = float(np.clip(wanted / body.slowest_s, body.base_iso, body.top_iso))
    return wanted / iso, iso


def _automatic_balance(rng: np.random.Generator, camera: Camera, light: Illuminant) -> Spectrum:
    """Return white balance gains as an automatic camera finds them.

    It keeps up to a third of the warmth of warm light on purpose, and errs by some 5 % between warm and cold
    and 2 % between green and magenta.
    """
    right = np.log(white_raw(camera, light))
    noon = np.log(white_raw(camera, daylight(5500)))
    cct_k = float(cct_duv(white_xyz(light))[0])
    kept = rng.uniform(0, 0.33) * np.clip((4500 - cct_k) / 1500, 0, 1)
    warm, green = rng.normal(0, 0.05), rng.normal(0, 0.02)
    return _gains(kept * noon + (1 - kept) * right + (warm, green, -warm))


def _preset_balance(camera: Camera, light: Illuminant) -> Spectrum:
    """Return the gains of the preset that comes nearest to `light`."""
    cct_k = float(cct_duv(white_xyz(light))[0])
    preset_k = min(_PRESETS_K, key=lambda preset: abs(1 / preset - 1 / cct_k))
    return _gains(np.log(white_raw(camera, _of_temperature(preset_k))))


def _gains(log_white: Spectrum) -> Spectrum:
    gains: Spectrum = np.exp(log_white.max() - log_white)
    return gains


def _calibrated(light: Illuminant) -> Illuminant:
    """Return the light that the maker's calibration holds for `light`: it knows the temperature alone."""
    return _of_temperature(float(cct_duv(white_xyz(light))[0]))


def _of_temperature(cct_k: float) -> Illuminant:
    return planck(max(cct_k, 1000.0)) if cct_k < DAYLIGHT_K[0] else daylight(min(cct_k, DAYLIGHT_K[1]))


def colour_matrix(
    camera: Camera,
    light: Illuminant,
    reflectances: Spectrum | None = None,
    wavelengths_nm: ArrayLike = WORKING_NM[VISIBLE],
) -> Spectrum:
    """Return the (3, 3) matrix from white-balanced camera colours to linear sRGB, as columns: `m @ colour`.

    Least squares over `reflectances` (n, band), `training_reflectances()` by default, from their colours in
    the camera under `light` to their colours under D65. Dark colours count more, as they do to the eye.
    Rows sum to 1, so greys stay grey.
    """
    samples = training_reflectances() if reflectances is None else reflectances
    seen = samples @ response(camera, light, wavelengths_nm) / white_raw(camera, light)
    xyz = to_xyz(samples, wavelengths_nm)
    weight = (xyz[:, 1:2] + 0.02) ** (-2 / 3)
    # Grey is right whatever the matrix does to the two directions away from it.
    away = np.array([[1.0, -0.5, -0.5], [0.0, 1.0, -1.0]])
    grey = seen.mean(axis=1, keepdims=True)
    found, *_ = np.linalg.lstsq(weight * (seen @ away.T), weight * (xyz_to_linear(xyz) - grey), rcond=None)
    matrix: Spectrum = 1 / 3 + found.T @ away
    return matrix


@cache
def training_reflectances() -> Spectrum:
    """Return (400, 81) made-up reflectances on 380-780 nm by 5: 300 of every colour and 100 of rough skin.

    Of every colour: a Gaussian process with a length of 60 nm, through the logistic function. Skin is there
    because makers see to it; its model is coarser than `tissue`, on purpose. Always the same.
    """
    nm = WORKING_NM[VISIBLE]
    rng = np.random.default_rng(0)
    covariance = np.exp(-0.5 * ((nm[:, None] - nm) / 60) ** 2) + 1e-8 * np.eye(len(nm))
    level, shape = rng.normal(-0.7, 1.0, (300, 1)), rng.standard_normal((300, len(nm)))
    coloured = 1 / (1 + np.exp(-(level + 1.4 * shape @ np.linalg.cholesky(covariance).T)))
    return read_only(np.concatenate([coloured, _rough_skin(rng, 100)]))


def _rough_skin(rng: np.random.Generator, count: int) -> Spectrum:
    """Return (count, 81) reflectances: melanin as a filter before a dermis in diffusion.

    R = exp(-D) exp(-7.8 / sqrt(3 (1 + mus' / mua))), with D melanin's density and mus' as in Jacques 2013.
    """
    nm = WORKING_NM[VISIBLE]
    of = absorbers(nm)
    blood = 10 ** rng.uniform(-2.6, -1.6, (count, 1))
    oxygenation = rng.uniform(0.4, 0.9, (count, 1))
    mu_a = of.baseline_per_cm + blood * (
        oxygenation * of.oxygenated_blood_per_cm + (1 - oxygenation) * of.deoxygenated_blood_per_cm
    )
    dermis = np.exp(-7.8 / np.sqrt(3 * (1 + 45 * (nm / 500) ** -1.3 / mu_a)))
    density = 10 ** rng.uniform(-1.5, 0.2, (count, 1)) * (nm / 500) ** -3.33
    skin: Spectrum = np.exp(-density) * dermis
    return skin
