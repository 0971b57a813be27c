"""Cameras as three spectral sensitivities: read from a CSV, and put under a light.

A colour camera sees nothing beyond some 700 nm, because a filter before the sensor cuts the near infrared;
sensitivities are zero outside their table, and never reach past 780 nm.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.core.arrays import hold
from dermis.errors import InputError
from dermis.optics.light import Light
from dermis.optics.spectral import VISIBLE, WORKING_NM, Spectrum, band_weights, numbers, read_rows

__all__ = ["CHANNELS", "Camera", "on_grid", "read_cameras", "response", "white_raw"]

CHANNELS = ("red", "green", "blue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera: relative `sensitivities` (band, 3) float64, red, green, blue, at `wavelengths_nm` (band,).

    Per unit of radiant power, not per photon; zero outside the table. source: where the numbers come from.
    """

    name: str
    wavelengths_nm: Spectrum
    sensitivities: Spectrum
    source: str

    def __post_init__(self) -> None:
        hold(self, "sensitivities", dtype=np.float64, shape=(None, 3))
        hold(self, "wavelengths_nm", dtype=np.float64, shape=(len(self.sensitivities),))
        if self.sensitivities.min() < 0 or np.any(np.diff(self.wavelengths_nm) <= 0):
            raise ValueError("Camera takes sensitivities from 0 up at increasing wavelengths.")


def response(camera: Camera, light: Light, wavelengths_nm: ArrayLike) -> Spectrum:
    """Return (band, 3) weights: `reflectance @ weights` is the raw signal under `light`.

    The perfect diffuser is 1 in its brightest channel; white balance is not applied. Integrated on 380-780 nm
    by 5 nm, whatever the grid of the spectra; see `band_weights`.
    InputError if a channel sees nothing of the light.
    """
    seen = light.power[VISIBLE, None] * on_grid(camera)
    weights: Spectrum = band_weights(wavelengths_nm, seen)
    white = weights.sum(axis=0)
    if white.min() <= 0:
        raise InputError(
            f"A channel of {camera.name} sees nothing under {light.name}.",
            advice="Choose a light that has power all over 400-700 nm.",
        )
    weights /= white.max()
    return weights


def white_raw(camera: Camera, light: Light) -> Spectrum:
    """Return the raw signal (3,) of the perfect diffuser under `light`, 1 in its brightest channel.

    Its reciprocal is the white balance that turns greys grey.
    """
    white: Spectrum = response(camera, light, [560.0])[0]
    return white


def on_grid(camera: Camera) -> Spectrum:
    """Return the sensitivities (81, 3) on 380-780 nm by 5, zero outside the camera's table."""
    columns = [
        np.interp(WORKING_NM[VISIBLE], camera.wavelengths_nm, channel, left=0.0, right=0.0)
        for channel in camera.sensitivities.T
    ]
    return np.stack(columns, axis=1)


def read_cameras(path: Path) -> tuple[Camera, ...]:
    """Read the cameras of a CSV `wavelength_nm,red,green,blue`, with a column `camera` where there are many.

    Raises InputError, which says what to change: not a table, no numbers, gaps in 420-680 nm, a dark channel.
    """
    rows = read_rows(path, CHANNELS)
    by_name: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_name.setdefault((row.get("camera") or path.stem).strip(), []).append(row)
    if not by_name:
        raise InputError(f"{path.name} holds no rows.", advice="Write one row a wavelength.")
    return tuple(_camera_of(name, numbers(rows, CHANNELS, path), path) for name, rows in by_name.items())


def _camera_of(name: str, table: NDArray[np.float64], path: Path) -> Camera:
    nm, values = table[:, 0], table[:, 1:]
    if nm[0] > 420 or nm[-1] < 680:
        raise InputError(
            f"{path.name}: {name} covers {nm[0]:g}-{nm[-1]:g} nm.",
            advice="A camera needs 420-680 nm at least.",
        )
    if values.max(axis=0).min() <= 0 or values.min() < -0.05 * values.max():
        raise InputError(
            f"{path.name}: {name} has a channel that is dark or clearly negative.",
            advice="A camera's sensitivities are 0 or more, in red, green and blue.",
        )
    return Camera(name=name, wavelengths_nm=nm, sensitivities=np.maximum(values, 0.0), source=path.name)
