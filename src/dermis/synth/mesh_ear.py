"""The average ear as a grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermis.synth.mesh_atlas import EAR_CORNER

__all__ = ["EAR_ROOT", "ear"]

Values = NDArray[np.floating]

EAR_ROOT = (69.5, -6.0, -9.0)
"""Where the left ear sits, in mm."""

_ROWS, _COLUMNS = 27, 49


def ear(flare_deg: float = 26.0, scale: float = 1.0) -> tuple[Values, Values]:
    """Return the left ear: points (r, c, 3) in mm and uv (r, c, 2); the first and last column are one line.

    flare_deg: how far the ear stands off the head. scale: 1 is 62 mm high.
    """
    reach = np.concatenate([np.linspace(0, 1, _ROWS - 4), [1.03, 1.0, 0.86, 0.6]])[:, None]
    depth_behind = np.concatenate([np.zeros(_ROWS - 4), [-2.2, -5.0, -8.0, -12.0]])[:, None]
    turn = np.linspace(0, 2 * np.pi, _COLUMNS)[None, :]
    back = 17.5 * np.cos(turn) * (1 + 0.22 * np.sin(turn)) * reach
    up = 31 * np.sin(turn) * reach + 1.5 * np.cos(2 * turn) * reach
    front_side = np.where(np.arange(_ROWS)[:, None] < _ROWS - 4, 1.0, 0.0)
    out = _relief(back, up, np.minimum(reach, 1.0)) * front_side
    out = np.where(front_side > 0, out, out[_ROWS - 5] + depth_behind)
    points = _place(back * scale, up * scale, out * scale, flare_deg)
    uv = np.stack([0.5 + back / 40 + 0 * up, 0.5 - up / 68], axis=-1)
    u = 1 - EAR_CORNER[0] * (1 - uv[..., 0])
    v = EAR_CORNER[1] + (1 - EAR_CORNER[1]) * uv[..., 1]
    return points, np.stack([u, v], axis=-1).astype(np.float32)


def _relief(back: Values, up: Values, reach: Values) -> Values:
    """Height of the ear's outer side over its plane, in mm."""

    def hill(b: float, u: float, wide: float, high: float) -> Values:
        return np.exp(-0.5 * (((back - b) / wide) ** 2 + ((up - u) / high) ** 2))

    angle = np.arctan2(up, back)
    rim_here = 1 - hill(-2, -34, 14, 9)  # the lobe has no rim
    rim = 5.0 * np.exp(-0.5 * ((reach - 0.88) / 0.075) ** 2) * rim_here
    behind = np.clip(np.cos(angle - 0.25), 0, 1) ** 0.7
    inner_rim = 4.2 * np.exp(-0.5 * ((reach - 0.55) / 0.10) ** 2) * behind
    scapha = -1.5 * np.exp(-0.5 * ((reach - 0.72) / 0.07) ** 2) * rim_here * behind
    bowl = -9.0 * hill(-4.5, -3.5, 6.5, 8) - 3 * hill(-3, 9, 6, 4)
    crus = 3.0 * hill(-9, 3, 6, 2)
    tragus = 5.5 * hill(-13.5, -5.5, 3.2, 4.2)
    antitragus = 3.2 * hill(-3, -16.5, 4, 3)
    lobe = 1.5 * hill(-3, -25, 8, 6)
    return np.asarray(rim + inner_rim + scapha + bowl + crus + tragus + antitragus + lobe)


def _place(back: Values, up: Values, out: Values, flare_deg: float) -> Values:
    """Stand the ear off the head about its front edge and lean it back."""
    flare, lean = np.radians(flare_deg), np.radians(10.0)
    back, up = back * np.cos(lean) + up * np.sin(lean), up * np.cos(lean) - back * np.sin(lean)
    hinge = back + 15.0
    x = EAR_ROOT[0] + hinge * np.sin(flare) + out * np.cos(flare)
    z = EAR_ROOT[2] + 15.0 - hinge * np.cos(flare) + out * np.sin(flare)
    return np.stack(np.broadcast_arrays(x, EAR_ROOT[1] + up, z), axis=-1).astype(np.float32)
