"""Lesions put on a face by hand, as the network would hand them over."""

from dataclasses import replace

import numpy as np

from dermis.core import Box, Lesions

CELL_PX = 8
SCORE_CURVE = (2.87, 3.04)
"""Boxes with a score of 0.28 hold a lesion every second time."""


def lesions_at(places_px, photo, *, side_px=20.0, scores=None, **changes):
    """Boxes around photo points (n, 2), and maps with one lesion in the cell of each."""
    places = np.asarray(places_px, np.float64).reshape(-1, 2)
    density = np.zeros((-(-photo.height_px // CELL_PX), -(-photo.width_px // CELL_PX)), np.float32)
    for x, y in places:
        density[int(y) // CELL_PX, int(x) // CELL_PX] += 1
    area = Box(x_px=0, y_px=0, width_px=density.shape[1] * CELL_PX, height_px=density.shape[0] * CELL_PX)
    given = {
        "boxes_px": np.concatenate([places - side_px / 2, places + side_px / 2], axis=1).astype(np.float32),
        "scores": np.full(len(places), 0.9, np.float32) if scores is None else np.asarray(scores, np.float32),
        "density": density,
        "density_inclusive": 2 * density,
        "area": area,
        "model": "hand-made@1",
        "score_curve": SCORE_CURVE,
    }
    return Lesions(**(given | changes))


def with_spots(photo, places_px, *, radius_px=5.0, share=0.75):
    """The photo with a soft red spot at each point: green and blue light there falls to a share."""
    rows, columns = np.indices(photo.pixels.shape[:2])
    fall = np.zeros(photo.pixels.shape[:2])
    for x, y in np.asarray(places_px, np.float64).reshape(-1, 2):
        fall = np.maximum(fall, np.exp(-0.5 * ((columns + 0.5 - x) ** 2 + (rows + 0.5 - y) ** 2) / radius_px**2))
    light = 1 - (1 - share) * fall[..., None] * np.array([0.2, 1.0, 0.8])
    return replace(photo, pixels=(photo.pixels * light).astype(np.float32))
