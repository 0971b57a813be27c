"""Photos with boxes on them, as they judge a network of lesions, and what a network may say of them."""

import numpy as np

from dermis.lab.train.lesion_calibration import LesionAnswer
from dermis.lab.train.lesion_views import Example


def boxed_photo(place, *, person):
    """A small photo with 1 to 4 boxes, and a grade of one less; both by its number."""
    boxes = np.array([[8 + 6 * one, 20, 13 + 6 * one, 26] for one in range(place % 4 + 1)], np.float32)
    return Example(
        name=str(place), person=person, pixels=np.zeros((60, 60, 3), np.uint8), skin=np.full((15, 15), 255, np.uint8),
        face=(0, 0, 60, 60), boxes=boxes, grade=float(place % 4),
    )  # fmt: skip


def answer_of(*, count, grade, boxes):
    """What is told of a photo: the count, the grade and boxes (n, 4), the first the surest."""
    return LesionAnswer(
        count=count, count_all=1.0, presence=(0.0, 0.0, 0.0), grade=grade, grade_probabilities=np.full(4, 0.25),
        boxes=boxes, scores=np.linspace(0.9, 0.5, len(boxes)).astype(np.float32),
    )  # fmt: skip
