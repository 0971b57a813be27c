"""A ColorChecker drawn into a picture, under a light and through a camera that are known."""

import numpy as np

from dermis.colour.chart import COLUMNS, ROWS, chart_linear
from dermis.colour.srgb import encode

PATCH, GAP = 30, 8


def chart_picture(*, matrix=None, offset=0.0, noise=0.0, seed=0, turn_deg=0.0, mirrored=False, shape=(600, 800)):
    """Return sRGB pixels (h, w, 3) and the centres (24, 2) of the patches."""
    rng = np.random.default_rng(seed)
    height, width = shape
    linear = np.full((height, width, 3), 0.25) * rng.uniform(0.8, 1.0, (height, width, 1))
    rows, columns = np.mgrid[:height, :width]
    angle = np.deg2rad(turn_deg)
    x, y = columns - width / 2, rows - height / 2
    u, v = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
    step = PATCH + GAP
    u, v = u + COLUMNS * step / 2, v + ROWS * step / 2
    board = (u > -GAP) & (u < COLUMNS * step) & (v > -GAP) & (v < ROWS * step)
    linear[board] = 0.02
    column, row = np.floor(u / step).astype(int), np.floor(v / step).astype(int)
    inside = (u % step < PATCH) & (v % step < PATCH) & (column >= 0) & (column < COLUMNS) & (row >= 0) & (row < ROWS)
    linear[inside] = chart_linear()[row[inside] * COLUMNS + column[inside]]
    centres = np.array(
        [((c + 0.5) * step - GAP / 2, (r + 0.5) * step - GAP / 2) for r in range(ROWS) for c in range(COLUMNS)]
    )
    centred = centres - (COLUMNS * step / 2, ROWS * step / 2)
    places = np.stack(
        [
            centred[:, 0] * np.cos(angle) - centred[:, 1] * np.sin(angle) + width / 2,
            centred[:, 0] * np.sin(angle) + centred[:, 1] * np.cos(angle) + height / 2,
        ],
        axis=1,
    )
    seen = linear @ (np.eye(3) if matrix is None else np.asarray(matrix)).T + offset
    pixels = np.asarray(encode(np.clip(seen + rng.normal(0, noise, seen.shape), 0, 1)), np.float32)
    if mirrored:
        return np.ascontiguousarray(pixels[:, ::-1]), np.stack([width - 1 - places[:, 0], places[:, 1]], axis=1)
    return pixels, places
