"""A calibrated device: how its photos, or the light that its flash adds, become colours under D65."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import hold

__all__ = ["MID_GREY", "STRAIGHT", "DeviceProfile", "fit_tone_curve", "straighten"]

_Floats = NDArray[np.float64]

MID_GREY = 0.18
STRAIGHT = (1.0, 0.0, 0.0)
"""The tone curve of a camera that writes plain sRGB."""
_DARKEST, _BRIGHTEST = 0.003, 0.97
_RANGE_EV = (-8.0, 2.6)
_GIVE = (0.15, 0.05, 0.02)
"""How far, as standard deviations, tone curves of cameras lie from the straight one."""
_NOISE_EV = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceProfile:
    """What a chart or a grey patch told of a device.

    kind: "flash", the difference of two frames; "rig", single photos in fixed light. make, model: of the camera.
    matrix: (3, 3), offset: (3,); corrected = matrix @ linear sRGB + offset, at the exposure and distance of the
    calibration. tone_curve: (3,) of `straighten`. exposure: seconds x ISO / f-number squared, None where the photo did
    not tell. scale: pixels a millimetre at the chart over the photo's long side, None where its size was not known;
    with it the light of a flash is known at other distances. delta_e_after: of the chart's patches, each by a fit
    without it; of one patch, its two halves. falloff: by which factor the light differs over the chart. patches: how
    many took part.
    """

    kind: str
    make: str = ""
    model: str = ""
    matrix: _Floats = field(default_factory=lambda: np.eye(3))
    offset: _Floats = field(default_factory=lambda: np.zeros(3))
    tone_curve: tuple[float, float, float] = STRAIGHT
    exposure: float | None = None
    scale: float | None = None
    delta_e_after: float = 0.0
    falloff: float = 1.0
    patches: int = 1

    def __post_init__(self) -> None:
        hold(self, "matrix", dtype=np.float64, shape=(3, 3))
        hold(self, "offset", dtype=np.float64, shape=(3,))

    @property
    def name(self) -> str:
        """Make and model, or "a device" for one that does not say."""
        return f"{self.make} {self.model}".strip() or "a device"


def straighten(linear: NDArray[np.floating], tone_curve: tuple[float, float, float]) -> NDArray[np.float32]:
    """Return light (...) from decoded sRGB values (...), with the camera's own tone curve undone.

    In stops about mid grey: y = a x + b x^2 + c x^3, tone_curve = (a, b, c).
    """
    values = np.asarray(linear, dtype=np.float32)
    if tone_curve == STRAIGHT:
        return values
    stops = np.clip(np.log2(np.maximum(values, 1e-6) / MID_GREY), *_RANGE_EV)
    a, b, c = tone_curve
    return np.asarray(MID_GREY * np.exp2(stops * (a + stops * (b + stops * c))), dtype=np.float32)


def fit_tone_curve(greys: list[tuple[_Floats, _Floats]]) -> tuple[float, float, float]:
    """Fit the tone curve to grey ramps: pairs of decoded sRGB (n, 3) and true reflectance (n,), one a photo.

    Each photo and channel has a level of its own, so neither exposure nor white balance counts. Ramps of too few
    usable steps leave the curve straight, towards which the fit leans.
    """
    rows: list[_Floats] = []
    wanted: list[float] = []
    ramps = [(seen[:, channel], true) for seen, true in greys for channel in range(3)]
    for number, (seen, true) in enumerate(ramps):
        used = (seen > _DARKEST) & (seen < _BRIGHTEST)
        if used.sum() < 3:
            continue
        stops = np.log2(seen[used] / MID_GREY)
        level = np.zeros((len(stops), len(ramps)))
        level[:, number] = -1.0
        rows.append(np.hstack([np.stack([stops, stops**2, stops**3], axis=1), level]) / _NOISE_EV)
        wanted += (np.log2(true[used]) / _NOISE_EV).tolist()
    if not rows:
        return STRAIGHT
    lean = np.hstack([np.diag(1 / np.asarray(_GIVE)), np.zeros((3, len(ramps)))])
    towards = [1 / _GIVE[0], 0.0, 0.0]
    found = np.linalg.lstsq(np.vstack([*rows, lean]), np.array([*wanted, *towards]), rcond=None)[0]
    return float(found[0]), float(found[1]), float(found[2])
