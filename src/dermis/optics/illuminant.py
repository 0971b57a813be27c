"""Illuminants: spectra of light, their names, and the CIE observer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.colour.adaptation import White
from dermis.colour.lab import xyz_to_lab
from dermis.core.arrays import hold, read_only
from dermis.errors import InputError, UsageError
from dermis.optics.spectral_grid import (
    VISIBLE,
    WORKING_NM,
    Spectrum,
    band_weights,
    check_wavelengths,
    daylight_components,
    interpolation,
    observer,
    onto_working_grid,
    read_numbers,
)

__all__ = [
    "DAYLIGHT_K",
    "Illuminant",
    "cct_duv",
    "daylight",
    "find_illuminant",
    "halogen",
    "illuminant",
    "lab_under",
    "led",
    "mixture",
    "planck",
    "power_on",
    "read_illuminant_csv",
    "scaled_light",
    "to_xyz",
    "white_led",
    "white_of",
    "white_xyz",
    "xyz_weights",
]

DAYLIGHT_K = (4000.0, 25000.0)
"""Where CIE daylight is defined."""
PLANCK_K = (1000.0, 25000.0)
_SECOND_RADIATION_NM_K = 1.438776877e7  # hc/k, exact SI


@dataclass(frozen=True, slots=True, kw_only=True)
class Illuminant:
    """One light: relative `power` (125,) float64 on `WORKING_NM`.

    kind: a word for what shines (daylight, led, ...). illuminance_lux: on the face, where it is known.
    """

    name: str
    power: Spectrum
    kind: str
    illuminance_lux: float | None = None

    def __post_init__(self) -> None:
        hold(self, "power", dtype=np.float64, shape=(len(WORKING_NM),))


def scaled_light(name: str, power: Spectrum, *, kind: str) -> Illuminant:
    """Return the light of `power` (125,) on the working grid, scaled to the common illuminance.

    ValueError for power that is negative, not finite, or dark to the eye.
    """
    visible = power[VISIBLE] @ observer()[:, 1]
    if not np.isfinite(power).all() or power.min() < 0 or visible <= 0:
        raise ValueError(f"The power of {name} must be finite, not negative, and visible.")
    return Illuminant(name=name, power=power * (observer()[:, 1].sum() / visible), kind=kind)


def planck(temperature_k: float) -> Illuminant:
    """Return a black body of 1000-25000 K (Planck's law)."""
    _check_range("A black body", temperature_k, PLANCK_K)
    return scaled_light(f"planck {temperature_k:.0f} K", _planck(temperature_k), kind="planck")


def _planck(temperature_k: float | Spectrum) -> Spectrum:
    exponent = _SECOND_RADIATION_NM_K / (WORKING_NM * temperature_k)
    reference = _SECOND_RADIATION_NM_K / (560.0 * temperature_k)
    relative: Spectrum = (WORKING_NM / 560.0) ** -5 * np.expm1(reference) / np.expm1(exponent)
    return relative


def halogen(temperature_k: float) -> Illuminant:
    """Return a tungsten filament of 2000-3500 K.

    A black body times tungsten's emissivity, as a straight line falling by a third per micrometre from 450 nm
    (within some 3 % of Larrabee 1957 at 2800 K in the visible), which makes it bluer by about 50 K.
    """
    _check_range("A filament", temperature_k, (2000.0, 3500.0))
    emissivity = 1 - 0.34e-3 * (WORKING_NM - 450)
    return scaled_light(f"halogen {temperature_k:.0f} K", _planck(temperature_k) * emissivity, kind="halogen")


def daylight(cct_k: float) -> Illuminant:
    """Return CIE daylight of 4000-25000 K (CIE 15:2018, 4.1.2).

    The standard ends at 830 nm. Beyond, the black body of the same temperature goes on at the same level,
    without the air's water bands: good enough for a silicon sensor's near infrared, not for a sky model.
    """
    _check_range("CIE daylight", cct_k, DAYLIGHT_K)
    return scaled_light(f"daylight {cct_k:.0f} K", _daylight(cct_k), kind="daylight")


def _daylight(cct_k: float) -> Spectrum:
    t = 1000.0 / cct_k
    if cct_k <= 7000:
        x = ((-4.6070 * t + 2.9678) * t + 0.09911) * t + 0.244063
    else:
        x = ((-2.0064 * t + 1.9018) * t + 0.24748) * t + 0.237040
    y = -3.000 * x * x + 2.870 * x - 0.275
    scale = 0.0241 + 0.2562 * x - 0.7341 * y
    first = round((-1.3515 - 1.7703 * x + 5.9114 * y) / scale, 3)
    second = round((0.0300 - 31.4424 * x + 30.0717 * y) / scale, 3)
    table = daylight_components()
    power = interpolation(table[:, 0], WORKING_NM) @ (table[:, 1:] @ (1.0, first, second))
    black = _planck(cct_k)
    beyond = table[-1, 0] < WORKING_NM
    edge = (WORKING_NM >= 780) & ~beyond
    power[beyond] = black[beyond] * power[edge].mean() / black[edge].mean()
    return np.maximum(power, 0.0)


def led(
    peak_nm: float,
    fwhm_nm: float,
    phosphor_peak_nm: float,
    phosphor_fwhm_nm: float,
    *,
    cct_k: float | None = None,
    blue_ratio: float | None = None,
) -> Illuminant:
    """Return a white LED: a blue die and one phosphor lobe, both Gaussian in photon energy.

    Either `blue_ratio` (height of the blue peak over the phosphor's) or `cct_k`, which is then met by the
    ratio. ValueError if both or none is given, or if no ratio gives that temperature.
    """
    if (cct_k is None) == (blue_ratio is None):
        raise ValueError("Give either cct_k or blue_ratio.")
    die, phosphor = _lobe(peak_nm, fwhm_nm), _lobe(phosphor_peak_nm, phosphor_fwhm_nm)
    if cct_k is not None:
        blue_ratio = _ratio_for(die, phosphor, cct_k)
    assert blue_ratio is not None
    name = f"led {cct_k:.0f} K" if cct_k else f"led {peak_nm:.0f}/{phosphor_peak_nm:.0f} nm"
    return scaled_light(name, blue_ratio * die + phosphor, kind="led")


def _lobe(peak_nm: float, fwhm_nm: float) -> Spectrum:
    offset = (peak_nm / WORKING_NM - 1) * peak_nm / fwhm_nm
    lobe: Spectrum = np.exp(-4 * np.log(2) * offset**2)
    return lobe


def _ratio_for(die: Spectrum, phosphor: Spectrum, cct_k: float) -> float:
    ratios = np.geomspace(0.01, 20, 150)
    xyz = (ratios[:, None] * die + phosphor)[:, VISIBLE] @ observer()
    met = cct_duv(xyz)[0]
    if not met.min() <= cct_k <= met.max():
        raise ValueError(f"These lobes reach {met.min():.0f}-{met.max():.0f} K, not {cct_k:.0f} K.")
    rising = np.maximum.accumulate(met)
    return float(np.interp(cct_k, rising, ratios))


def white_led(
    cct_k: float,
    duv: float = 0.0,
    *,
    peak_nm: float = 450.0,
    fwhm_nm: float = 22.0,
    phosphor_fwhm_nm: float = 125.0,
) -> Illuminant:
    """Return the LED of 2200-8000 K whose white lies `duv` from the Planckian locus.

    Both the height of the blue peak and the place of the phosphor lobe are chosen to meet that white.
    """
    _check_range("A white LED", cct_k, (2200.0, 8000.0))
    ratios, peaks_nm = np.geomspace(0.02, 8, 160), np.arange(530.0, 640.0, 0.5)
    die = _lobe(peak_nm, fwhm_nm)[VISIBLE] @ observer()
    phosphors = np.stack([_lobe(nm, phosphor_fwhm_nm) for nm in peaks_nm])[:, VISIBLE] @ observer()
    apart = _uv(ratios[:, None, None] * die + phosphors) - _uv_at(cct_k, duv)
    ratio, peak = np.unravel_index((apart**2).sum(axis=-1).argmin(), apart.shape[:2])
    light = led(peak_nm, fwhm_nm, float(peaks_nm[peak]), phosphor_fwhm_nm, blue_ratio=float(ratios[ratio]))
    return replace(light, name=f"led {cct_k:.0f} K")


def mixture(lights: Sequence[Illuminant], shares: Sequence[float]) -> Illuminant:
    """Return lights mixed by their shares of the illuminance, which need not sum to 1."""
    if not lights or len(lights) != len(shares) or min(shares) < 0 or sum(shares) <= 0:
        raise ValueError("mixture takes one share a light, none negative, not all zero.")
    power = np.tensordot(np.asarray(shares) / sum(shares), [light.power for light in lights], axes=1)
    return scaled_light(" + ".join(light.name for light in lights), power, kind="mixed")


def power_on(light: Illuminant, wavelengths_nm: ArrayLike) -> Spectrum:
    """Return the relative power (band,) of `light` at `wavelengths_nm`, the ends (380, 1000 nm) held.

    These are samples. For a lamp with lines and a coarse grid use `band_weights`, `response` or `to_xyz`,
    which integrate on 5 nm.
    """
    power: Spectrum = interpolation(WORKING_NM, check_wavelengths(wavelengths_nm)) @ light.power
    return power


def white_xyz(light: Illuminant) -> Spectrum:
    """Return XYZ (3,) of the perfect diffuser under `light`, Y = 1 (CIE 1931, 2 degrees)."""
    xyz: Spectrum = light.power[VISIBLE] @ observer()
    xyz /= xyz[1]
    return xyz


def cct_duv(xyz: ArrayLike) -> tuple[Spectrum, Spectrum]:
    """Return correlated colour temperature (K) and distance from the Planckian locus of (..., 3) XYZ.

    The nearest point of the locus in CIE 1960 uv between 1000 and 25000 K; duv is positive on the green side.
    """
    uv = _uv(np.asarray(xyz, dtype=np.float64))
    temperatures, locus = _locus()
    squared = ((uv[..., None, :] - locus) ** 2).sum(axis=-1)
    best = np.clip(squared.argmin(axis=-1), 1, len(temperatures) - 2)
    low, mid, high = (np.take_along_axis(squared, (best + k)[..., None], axis=-1)[..., 0] for k in (-1, 0, 1))
    offset = np.clip((low - high) / (2 * (low - 2 * mid + high)), -1, 1)
    place = best + offset
    cct = np.exp(np.interp(place, np.arange(len(temperatures)), np.log(temperatures)))
    nearest = np.stack([np.interp(place, np.arange(len(temperatures)), locus[:, k]) for k in (0, 1)], axis=-1)
    apart = uv - nearest
    return cct, np.copysign(np.hypot(apart[..., 0], apart[..., 1]), apart[..., 1])


@cache
def _locus() -> tuple[Spectrum, Spectrum]:
    temperatures = np.geomspace(*PLANCK_K, 1200)
    return read_only(temperatures), read_only(_uv(_planck(temperatures[:, None])[:, VISIBLE] @ observer()))


def _uv_at(cct_k: float, duv: float) -> Spectrum:
    """Return the CIE 1960 uv at `duv` along the normal of the Planckian locus at `cct_k`."""
    before, here, after = _uv(_planck(cct_k * np.array([[0.999], [1.0], [1.001]]))[:, VISIBLE] @ observer())
    along = (after - before) / np.hypot(*(after - before))
    normal = np.array([-along[1], along[0]])
    uv: Spectrum = here + duv * normal * np.sign(normal[1])
    return uv


def _uv(xyz: Spectrum) -> Spectrum:
    total = xyz @ (1.0, 15.0, 3.0)
    uv: Spectrum = np.stack([4 * xyz[..., 0], 6 * xyz[..., 1]], axis=-1) / total[..., None]
    return uv


def _check_range(what: str, value: float, limits: tuple[float, float]) -> None:
    if not limits[0] <= value <= limits[1]:
        raise ValueError(f"{what} is defined for {limits[0]:.0f}-{limits[1]:.0f} K, not {value:.0f} K.")


_D_SERIES_K = {"D50": 5003.0, "D55": 5503.0, "D65": 6504.0, "D75": 7504.0}  # nominal x 1.4388/1.438
_A_K = 2855.54  # CIE 15 defines A with c2 = 14350 um K: 2848 K x 14388/14350
_LAMPS = (
    *(f"FL{number}" for number in range(1, 13)),
    *(f"FL3.{number}" for number in range(1, 16)),
    *(f"HP{number}" for number in range(1, 6)),
    *(f"LED-{code}" for code in ("B1", "B2", "B3", "B4", "B5", "BH1", "RGB1", "V1", "V2")),
)
_MODELS = {"daylight": daylight, "planck": planck, "halogen": halogen, "led": white_led}


def read_illuminant_csv(path: Path) -> Illuminant:
    """Read a light from a CSV with the columns `wavelength_nm,power`, which must cover 420-680 nm.

    Power is per nanometre and relative. Beyond the table its end values are held; lines narrower than 5 nm
    are averaged over 5 nm. Raises InputError, which says what to change.
    """
    table = read_numbers(path, ("power",))
    nm, power = table[:, 0], table[:, 1]
    if nm[0] > 420 or nm[-1] < 680:
        raise InputError(f"{path.name} covers {nm[0]:g}-{nm[-1]:g} nm.", advice="A light needs 420-680 nm at least.")
    if power.min() < -0.01 * power.max() or power.max() <= 0:
        raise InputError(
            f"{path.name} holds negative or no power.", advice="Subtract the dark reading from the light's."
        )
    return scaled_light(path.stem, onto_working_grid(nm, np.maximum(power, 0.0)), kind="file")


def find_illuminant(name_or_path: str | Path) -> Illuminant:
    """Return the light of that name, or of that CSV file.

    Names (case does not matter): A, E, D50, D55, D65, D75; the CIE lamps F1-F12 (or FL1 ...), FL3.1-FL3.15,
    HP1-HP5, LED-B1 ... LED-V2, which are taken as dark beyond their table (780 nm); and a model with its
    temperature: "daylight 5600 K", "planck 2700", "halogen 3000", "led 4000".
    Raises UsageError with the nearest names, or InputError for a file that cannot be used.
    """
    text = str(name_or_path).strip()
    if isinstance(name_or_path, Path) or text.lower().endswith((".csv", ".txt", ".tsv")):
        return read_illuminant_csv(Path(text))
    name = re.sub(r"^F(\d)", r"FL\1", text.upper().replace(" ", "").replace("_", "-"))
    if name == "E":
        return scaled_light("E", np.ones(len(WORKING_NM)), kind="cie")
    if name == "A":
        return scaled_light("A", planck(_A_K).power, kind="cie")
    if name in _D_SERIES_K:
        return replace(daylight(_D_SERIES_K[name]), name=name)
    if name in _LAMPS:
        return _lamp(name)
    return _model(text)


def _lamp(name: str) -> Illuminant:
    import colour  # late: it takes most of a second, and few need these lamps

    lamp = colour.SDS_ILLUMINANTS[name]
    power = onto_working_grid(np.asarray(lamp.wavelengths), np.asarray(lamp.values))
    power[lamp.wavelengths[-1] < WORKING_NM] = 0.0
    return scaled_light(name, power, kind="cie")


def _model(text: str) -> Illuminant:
    match = re.fullmatch(r"([a-z]+)\s*(\d+(?:\.\d+)?)\s*k?", text.lower())
    if match is None or match[1] not in _MODELS:
        known = ["A", "E", *_D_SERIES_K, *_LAMPS]
        near = get_close_matches(text.upper(), known, n=3, cutoff=0.5) or ["D65", "A", "F11", "LED-B3"]
        raise UsageError(
            f"No light is called {text!r}.",
            advice=f"Did you mean {', '.join(near)}? A model with its temperature (daylight 5600) or a CSV "
            "with wavelength_nm,power works, too.",
        )
    try:
        return _MODELS[match[1]](float(match[2]))
    except ValueError as fault:
        raise UsageError(f"{text!r}: {fault}", advice="Choose a temperature inside that range.") from None


def illuminant(name_or_path: str | Path, wavelengths_nm: ArrayLike) -> Spectrum:
    """Return the relative power (band,) of a named light or CSV at `wavelengths_nm`; see `find_illuminant`."""
    return power_on(find_illuminant(name_or_path), wavelengths_nm)


def xyz_weights(wavelengths_nm: ArrayLike, light: Illuminant | str | Path = "D65") -> Spectrum:
    """Return (band, 3) weights: `reflectance @ weights` is XYZ under `light`, Y = 1 for the perfect diffuser.

    Integrated on 380-780 nm by 5 nm (CIE 15:2018, 7.1), whatever the grid of the spectra; see `band_weights`.
    """
    power = _as_light(light).power[VISIBLE]
    weights: Spectrum = band_weights(wavelengths_nm, power[:, None] * observer())
    weights /= weights[:, 1].sum()
    return weights


def to_xyz(
    reflectance: NDArray[Any], wavelengths_nm: ArrayLike, light: Illuminant | str | Path = "D65"
) -> NDArray[Any]:
    """Return XYZ (..., 3) of reflectance (..., band) under `light`, Y = 1 for the perfect diffuser."""
    xyz: NDArray[Any] = reflectance @ xyz_weights(wavelengths_nm, light).astype(reflectance.dtype)
    return xyz


def lab_under(
    reflectance: NDArray[Any], wavelengths_nm: ArrayLike, light: Illuminant | str | Path = "D65"
) -> NDArray[Any]:
    """Return L*a*b* (..., 3) of reflectance (..., band) under `light`, relative to that light's own white.

    A perfect diffuser is L* 100, a* 0, b* 0 under every light; nothing is adapted to another white.
    """
    source = _as_light(light)
    lab: NDArray[Any] = xyz_to_lab(to_xyz(reflectance, wavelengths_nm, source), white_of(source))
    return lab


def white_of(light: Illuminant) -> White:
    """Return the white of `light` as the colour room takes it."""
    x, y, z = (float(value) for value in white_xyz(light))
    return x, y, z


def _as_light(light: Illuminant | str | Path) -> Illuminant:
    return light if isinstance(light, Illuminant) else find_illuminant(light)
