"""Filled outlines on a frame, from landmarks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dermis.core import Frame
from dermis.core.arrays import BoolMap

__all__ = ["filled"]


def filled(
    outlines: Sequence[NDArray[np.floating]], frame: Frame, *, grow: float = 0.0, shift: tuple[float, float] = (0, 0)
) -> BoolMap:
    """Return where closed outlines cover the frame.

    outlines: (n, 2) each, in frame pixels. grow: by how many pixels they are widened. shift: (x, y) in pixels.
    """
    from PIL import Image, ImageDraw  # late: 30 ms

    canvas = Image.new("L", (frame.width, frame.height))
    draw = ImageDraw.Draw(canvas)
    for outline in outlines:
        # Pillow counts from pixel centres.
        corners = [tuple(corner) for corner in np.asarray(outline)[:, :2] + shift - 0.5]
        draw.polygon(corners, fill=1)
        if grow >= 0.5:
            draw.line([*corners, *corners[:2]], fill=1, width=round(2 * grow), joint="curve")
    return np.asarray(canvas) > 0
