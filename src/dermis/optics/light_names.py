"""Lights by name or by the user's own table."""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from dermis.errors import InputError, UsageError
from dermis.optics.light import Light, daylight, halogen, planck, power_on, scaled_light, white_led
from dermis.optics.spectral import WORKING_NM, Spectrum, onto_working_grid, read_numbers

__all__ = ["find_light", "illuminant", "read_illuminant_csv"]

_D_SERIES_K = {"D50": 5003.0, "D55": 5503.0, "D65": 6504.0, "D75": 7504.0}  # nominal x 1.4388/1.438
_A_K = 2855.54  # CIE 15 defines A with c2 = 14350 um K: 2848 K x 14388/14350
_LAMPS = (
    *(f"FL{number}" for number in range(1, 13)),
    *(f"FL3.{number}" for number in range(1, 16)),
    *(f"HP{number}" for number in range(1, 6)),
    *(f"LED-{code}" for code in ("B1", "B2", "B3", "B4", "B5", "BH1", "RGB1", "V1", "V2")),
)
_MODELS = {"daylight": daylight, "planck": planck, "halogen": halogen, "led": white_led}


def read_illuminant_csv(path: Path) -> Light:
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


def find_light(name_or_path: str | Path) -> Light:
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


def _lamp(name: str) -> Light:
    import colour  # late: it takes most of a second, and few need these lamps

    lamp = colour.SDS_ILLUMINANTS[name]
    power = onto_working_grid(np.asarray(lamp.wavelengths), np.asarray(lamp.values))
    power[lamp.wavelengths[-1] < WORKING_NM] = 0.0
    return scaled_light(name, power, kind="cie")


def _model(text: str) -> Light:
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
    """Return the relative power (band,) of a named light or CSV at `wavelengths_nm`; see `find_light`."""
    return power_on(find_light(name_or_path), wavelengths_nm)
