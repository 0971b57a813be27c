"""Scans as a line-scan camera writes them, whose truth is known."""

from __future__ import annotations

import numpy as np


def write_envi_raw(path, values, wavelengths_nm, *, interleave="bil", tint=None, fwhm=None, code=12):
    """Write `values` (h, w, band) as NAME.hdr and NAME.raw."""
    height, width, bands = values.shape
    axes = {"bil": (0, 2, 1), "bip": (0, 1, 2), "bsq": (2, 0, 1)}[interleave]
    dtype = {12: "<u2", 4: "<f4"}[code]
    lines = [
        "ENVI",
        f"samples = {width}",
        f"lines = {height}",
        f"bands = {bands}",
        f"data type = {code}",
        f"interleave = {interleave}",
        "byte order = 0",
        f"wavelength = {{{', '.join(map(str, wavelengths_nm))}}}",
    ]
    lines += [f"tint = {tint}"] if tint else []
    lines += [f"fwhm = {{{', '.join([str(fwhm)] * bands)}}}"] if fwhm else []
    path.with_suffix(".hdr").write_text("\n".join(lines) + "\n")
    path.with_suffix(".raw").write_bytes(values.transpose(axes).astype(dtype).tobytes())
    return path.with_suffix(".hdr")


class Sensor:
    """A sensor of `bands` and `width` with uneven pixels, its light, its dark."""

    def __init__(self, width=24, bands=60, seed=0, smile_nm=0.0, level=2500.0):
        self.rng = np.random.default_rng(seed)
        self.nm = np.linspace(398, 1002, bands)
        x = np.linspace(-1, 1, width)
        shifted = self.nm[:, None] + smile_nm * (x**2)[None]
        light = level * np.exp(-0.5 * ((shifted - 720) / 170) ** 2) + 120
        light *= 1 + 0.25 * np.tanh((shifted - 560) / 6) + 0.2 * np.exp(-0.5 * ((shifted - 760) / 5) ** 2)
        self.signal = light * (1 - 0.35 * x**2) * self.rng.normal(1, 0.02, (bands, width))
        self.offset = 64 + self.rng.normal(0, 1, (bands, width))

    def frames(self, count, reflectance=1.0, exposure=1.0, noise=1.0):
        """Return raw counts (count, w, band); reflectance broadcasts to them."""
        light = self.signal.T * exposure * np.broadcast_to(reflectance, (count, *self.signal.T.shape))
        raw = self.offset.T + light + noise * self.rng.normal(0, 1.5, light.shape)
        return np.clip(np.round(raw), 0, 4095)
