"""Marked lesions as samples of their own: which, what of the photo, and that copies of a person stay together."""

import numpy as np
import pytest

from dermis.core import Box, Detection, Encoding, Label, Photo, Region, Sample, SampleKey
from dermis.errors import InputError
from dermis.lab.train.pools import items_of

PIXELS = np.zeros((100, 80, 3), np.float32)
PIXELS[40:60, 30:50] = (0.8, 0.2, 0.2)


def sample(*items):
    return Sample(
        key=SampleKey(dataset="d", subject="s", visit="W00", view="front"),
        read=lambda: Photo(pixels=PIXELS, encoding=Encoding.SRGB),
        labels=(Label(task="acne_grade", value=2.0, grader="reference"),),
        traits={"camera": "c"},
        items=items,
        beside={"skin": lambda: np.ones((100, 80), bool)},
    )


def item(kind, score=1.0, place=(30, 40)):
    return Detection(
        kind=kind,
        box=Box(x_px=place[0], y_px=place[1], width_px=20, height_px=20),
        region=Region.CHIN,
        score=score,
    )


def test_each_lesion_of_known_type_is_a_square_with_its_type():
    papule, cyst = items_of([sample(item("papule"), item("freckle"), item("cyst"))])
    assert [str(one.key) for one in (papule, cyst)] == ["d/s/W00/front:0", "d/s/W00/front:2"]
    assert [(one.labels[0].task, one.labels[0].value) for one in (papule, cyst)] == [
        ("lesion_type", 1),
        ("lesion_type", 3),
    ]
    assert papule.traits == {"camera": "c", "kind": "papule"}
    pixels = papule.read().pixels
    side = pixels.shape[0]
    assert pixels.shape == (side, side, 3)
    assert 25 <= side <= 68  # 1.4 times the box of 20, times 0.9 to 2.4
    red = np.argwhere(pixels[..., 0] > 0.5)
    assert len(red) == 400
    np.testing.assert_allclose(red.mean(axis=0), (side - 1) / 2, atol=0.6)


def test_rooms_differ_but_never_for_one_item():
    many = [sample(*[item("papule")] * 30)]
    sides = [one.read().pixels.shape[0] for one in items_of(many)]
    assert len(set(sides)) > 10
    assert sides == [one.read().pixels.shape[0] for one in items_of(many)]


def test_what_is_an_item_already_stays():
    once = items_of([sample(item("papule"), item("pustule"))])
    assert items_of(once) == once


def test_what_is_mostly_hidden_or_of_no_type_teaches_nothing():
    # ACNE04's words for its boxes are the grade of the photo in disguise, and no types.
    with pytest.raises(InputError, match="type of lesion"):
        items_of([sample(item("nodule", score=0.4), item("papules"), item("nodules and cysts"))])


@pytest.mark.parametrize("place", [(-10, -10), (70, 90), (200, 200)])
def test_beyond_the_photo_its_edge_goes_on(place):
    (one,) = items_of([sample(item("papule", place=place))])
    height, width, _ = one.read().pixels.shape
    assert height == width >= 25
