"""Types of lesions, experimental: learnt from drawn lesions alone, for no photos with types of real ones are at hand.

The network `acne-types` sees one lesion at a time. Who has real types learns it again by the recipe of that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from dermis.core import LESION_TYPES, Box, Photo
from dermis.core.arrays import FloatMap
from dermis.inference.inputs import Window, cut, look
from dermis.inference.lesion_maps import box_of
from dermis.inference.weights import WEIGHTS, Weights, open_weights

__all__ = ["HEAD", "NAME", "TYPE_OF", "about_box", "type_shares"]

NAME = "acne-types"
"""The network's name among the weights that ship with dermis."""
HEAD = "lesion_type"
"""Its answer: types by what they weigh in GAGS, from 0, a comedone, to 3, a nodule."""
TYPE_OF: Mapping[str, int] = {
    **{name: place for place, name in enumerate(LESION_TYPES)},
    "open_comedo": 0, "closed_comedo": 0, "blackhead": 0, "whitehead": 0, "cyst": 3,
}  # fmt: skip
"""What a lesion is called, as a place in `LESION_TYPES`; other words name no type."""

_ROOM = 1.4
_LEAST_PX = 16


def type_shares(photo: Photo, boxes_px: FloatMap) -> FloatMap | None:
    """Return the probability of each of `LESION_TYPES` for boxes (n, 4), left, top, right, bottom: (n, 4) float32.

    None where the network is not installed.
    """
    if not (WEIGHTS / NAME / "meta.json").is_file():
        return None
    if not len(boxes_px):
        return np.zeros((0, len(LESION_TYPES)), np.float32)
    weights = _weights()
    seen = [look(about_box(photo, box), weights.shown).picture for box in map(box_of, boxes_px)]
    shares: FloatMap = weights.run(np.stack(seen))[f"{HEAD}_shares"]
    return shares


def about_box(photo: Photo, box: Box, room: float = 1.0) -> Photo:
    """Return the square about a lesion with the skin around it; beyond the photo its edge goes on.

    room: how much larger to make the square than for a box that was found or drawn by hand, about twice the lesion.
    """
    side = max(_LEAST_PX, round(room * _ROOM * max(box.width_px, box.height_px)))
    top = round(box.y_px + box.height_px / 2 - side / 2)
    left = round(box.x_px + box.width_px / 2 - side / 2)
    rows = np.clip(np.arange(top, top + side), 0, photo.height_px - 1)
    columns = np.clip(np.arange(left, left + side), 0, photo.width_px - 1)
    near = Window(top=int(rows[0]), left=int(columns[0]), height=int(np.ptp(rows)) + 1, width=int(np.ptp(columns)) + 1)
    pixels = cut(photo.pixels, near)[(rows - rows[0])[:, None], (columns - columns[0])[None, :]]
    return Photo(pixels=np.ascontiguousarray(pixels), encoding=photo.encoding, capture=photo.capture)


@lru_cache(maxsize=1)
def _weights() -> Weights:
    return open_weights(NAME)
