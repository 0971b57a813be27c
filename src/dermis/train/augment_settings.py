"""What may happen to a picture while learning; plain numbers, no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

__all__ = ["Augment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Augment:
    """Each is the widest change; 0 leaves it out. Maps move with their picture."""

    flip: Annotated[float, "chance of a mirror image"] = 0.0
    rotate_deg: Annotated[float, "turned by up to so many degrees"] = 0.0
    zoom: Annotated[float, "shown larger or smaller by a factor of up to 1 + this"] = 0.0
    shift: Annotated[float, "moved by up to this share of its side"] = 0.0
    roll: Annotated[float, "chance that what leaves on one side comes back on the other, across or down"] = 0.0
    light_stops: Annotated[float, "brighter or darker by up to so many stops"] = 0.0
    cast: Annotated[float, "each colour channel's light changed by a factor of up to 1 + this"] = 0.0
    gamma: Annotated[float, "contrast curve: exponent between 1 / (1 + this) and 1 + this"] = 0.0
    blur_px: Annotated[float, "blurred with a bell of up to this width"] = 0.0
    noise: Annotated[float, "noise of up to this standard deviation"] = 0.0
    jpeg: Annotated[float, "compressed by 8 x 8 blocks: chance of it"] = 0.0
    erase: Annotated[float, "chance that a random rectangle is painted over"] = 0.0
