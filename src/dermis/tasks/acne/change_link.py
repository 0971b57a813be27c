"""How likely a lesion is new, or gone, from what both photos say of its place: one logistic curve of four numbers.

Fitted to papules that were drawn on photos of people who taught the network nothing, photographed again in another
light and by another camera, with and without gloss, and to the same photos with nothing drawn (`dermis train
acne-change`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

__all__ = [
    "CHANGE_LINK",
    "LEAST_SCORE",
    "MOST_CONTRAST",
    "MOST_LEFT",
    "ChangeLink",
    "lesion_logit",
    "shipped_change_link",
]

CHANGE_LINK = Path(__file__).parents[1] / "data" / "acne_change.csv"
"""The numbers of the link, written by `dermis train acne-change` and `dermis export`."""
LEAST_SCORE = 0.03
"""Boxes that the network is less sure of are no candidates."""
FAINTEST = 0.01
"""The score of a place where the network saw nothing; surer than 1 less this it never is."""
MOST_CONTRAST, MOST_LEFT = (-3.0, 8.0), (-2.0, 4.0)
"""Standard deviations beyond these say no more: a shadow or a strand of hair differs by any number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLink:
    """here, there: weights of what the network says of the place in both photos.

    contrast, left: of what the place gained, and of how much it stands out in the other photo.
    """

    start: float
    here: float
    there: float
    contrast: float
    left: float

    def probability(self, here: float, there: float, contrast: float, left: float) -> float:
        """Return the probability that a lesion is here and was not there.

        here, there: logits of the probability of a lesion, of the box here and of the surest at its place there
        (`lesion_logit`). contrast: by how many standard deviations more the place stands out here. left: by how many
        it does in the other photo (`pipeline.skin_change.compared_contrast`).
        """
        value = self.start + self.here * here + self.there * there
        value += self.contrast * _within(contrast, MOST_CONTRAST) + self.left * _within(left, MOST_LEFT)
        return 1 / (1 + math.exp(-max(min(value, 50.0), -50.0)))


def lesion_logit(score: float, curve: tuple[float, float]) -> float:
    """Return the logit of the probability that a box with this score holds a lesion; no score is `FAINTEST`.

    curve: start and slope in the logit of the score, as the network's calibration has them
    (`lab.train.lesion_calibration`).
    """
    start, slope = curve
    held = min(max(score, FAINTEST), 1 - FAINTEST)
    return start + slope * math.log(held / (1 - held))


@cache
def shipped_change_link() -> ChangeLink:
    """Return the link that ships."""
    start, *weights = np.loadtxt(CHANGE_LINK, delimiter=",", skiprows=1, usecols=range(5)).tolist()
    here, there, contrast, left = weights
    return ChangeLink(start=start, here=here, there=there, contrast=contrast, left=left)


def _within(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])
