import numpy as np
import pytest

from dermis.core import Box, Lesions

AREA = Box(x_px=0, y_px=0, width_px=40, height_px=30)


def lesions(**changes):
    given = {
        "boxes_px": np.array([[1, 2, 5, 6]], np.float32),
        "scores": np.array([0.9], np.float32),
        "density": np.full((3, 4), 0.25, np.float32),
        "density_inclusive": np.full((3, 4), 0.5, np.float32),
        "area": AREA,
        "model": "hand-made@1",
    }
    return Lesions(**(given | changes))


def test_the_maps_sum_to_the_counts():
    found = lesions()
    assert (found.count, found.count_all) == (3.0, 6.0)


def test_a_face_without_lesions_is_whole():
    found = lesions(boxes_px=np.zeros((0, 4), np.float32), scores=np.zeros(0, np.float32))
    assert len(found.boxes_px) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"scores": np.zeros(2, np.float32)},
        {"density_inclusive": np.zeros((4, 3), np.float32)},
        {"grade_probabilities": np.zeros(5, np.float32)},
        {"boxes_px": np.zeros((1, 4))},
    ],
)
def test_arrays_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ValueError, match="Lesions"):
        lesions(**wrong)
