"""How cameras expose and colour photos of faces: a development drawn for a camera under a light.

What is drawn follows how an automatic camera works; the spreads are chosen by judgement and their effect on
skin is measured in `docs/concepts/camera.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import log2, pi

import numpy as np
from numpy.typing import ArrayLike

from dermis.colour.srgb import xyz_to_linear
from dermis.core.arrays import read_only
from dermis.optics.absorbers import absorbers
from dermis.optics.camera import Camera, response, white_raw
from dermis.optics.development import Development
from dermis.optics.light import DAYLIGHT_K, Light, cct_duv, daylight, planck, white_xyz
from dermis.optics.observer import to_xyz
from dermis.optics.spectral import VISIBLE, WORKING_NM, Spectrum

__all__ = ["colour_matrix", "draw_development", "training_reflectances"]

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


def draw_development(
    rng: np.random.Generator,
    camera: Camera,
    light: Light,
    *,
    binning: int = 4,
    metered_reflectance: float | None = None,
) -> Development:
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
    return Development(
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


def _automatic_balance(rng: np.random.Generator, camera: Camera, light: Light) -> Spectrum:
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


def _preset_balance(camera: Camera, light: Light) -> Spectrum:
    """Return the gains of the preset that comes nearest to `light`."""
    cct_k = float(cct_duv(white_xyz(light))[0])
    preset_k = min(_PRESETS_K, key=lambda preset: abs(1 / preset - 1 / cct_k))
    return _gains(np.log(white_raw(camera, _of_temperature(preset_k))))


def _gains(log_white: Spectrum) -> Spectrum:
    gains: Spectrum = np.exp(log_white.max() - log_white)
    return gains


def _calibrated(light: Light) -> Light:
    """Return the light that the maker's calibration holds for `light`: it knows the temperature alone."""
    return _of_temperature(float(cct_duv(white_xyz(light))[0]))


def _of_temperature(cct_k: float) -> Light:
    return planck(max(cct_k, 1000.0)) if cct_k < DAYLIGHT_K[0] else daylight(min(cct_k, DAYLIGHT_K[1]))


def colour_matrix(
    camera: Camera,
    light: Light,
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
