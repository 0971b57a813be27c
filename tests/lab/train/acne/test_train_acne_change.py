"""What is taught of two photos of one skin: boxes on drawn papules are new, all others are not."""

from types import SimpleNamespace

import numpy as np
import pytest

from dermis.core import Box
from dermis.lab.train.acne import change
from dermis.pipeline.lesion_fates import Candidates
from dermis.tasks.acne.change_link import ChangeLink


def boxes(places, *, visible=True):
    places = np.array(places, np.float64).reshape(-1, 2)
    count = len(places)
    return Candidates(
        rows=np.arange(count), elsewhere=places, sides_px=np.full(count, 10.0), visible=np.full(count, visible),
        here=np.arange(count) * 1.0, there=np.full(count, -9.0), contrast=np.full(count, 20.0),
        left=np.full(count, -9.0),
    )  # fmt: skip


def mark(x, y):
    return SimpleNamespace(box=Box(x_px=x - 5, y_px=y - 5, width_px=10, height_px=10))


def test_a_box_is_of_the_mark_that_it_lies_on():
    own = change.at_marks(boxes([(20, 20), (26, 20), (29, 20), (60, 60)]), [mark(20, 20), mark(61, 58)])
    assert own.tolist() == [0, 0, -1, 1]
    assert change.at_marks(boxes([]), [mark(20, 20)]).tolist() == []


def test_a_photo_teaches_with_and_without_papules_in_both_directions(monkeypatch):
    monkeypatch.setattr(change, "looked_at", lambda photo: SimpleNamespace(face="face", photo=photo))
    monkeypatch.setattr(change, "with_papules", lambda photo, face, seed: (photo, (mark(20, 20),)))
    monkeypatch.setattr(change, "photographed_again", lambda photo, seed: photo)
    monkeypatch.setattr(change, "with_gloss", lambda photo, face, seed: photo)
    pair = boxes([(20, 20), (80, 80)]), boxes([(20, 20)])
    monkeypatch.setattr(change, "_both_ways", lambda before, after: pair)
    drawn, lost, same, lost_again, *glossed = change.lessons_of("photo", "a", "a.jpg")
    assert (drawn.mark.tolist(), drawn.drawn) == ([0, -1], 1)
    assert [one.mark.tolist() for one in (lost, same, lost_again)] == [[-1], [-1, -1], [-1]]
    assert drawn.clues.tolist() == [[0.0, -9.0, 8.0, -2.0], [1.0, -9.0, 8.0, -2.0]]
    assert [one.drawn for one in glossed] == [1, 0, 0, 0, 1, 0]
    assert [one.gloss for one in (drawn, lost, same, lost_again, *glossed)] == [False] * 4 + [True] * 6
    monkeypatch.setattr(change, "_both_ways", lambda before, after: None)
    assert not list(change.lessons_of("photo", "a", "a.jpg"))


def test_what_the_other_photo_does_not_show_teaches_nothing_and_is_not_told():
    link = ChangeLink(start=0.0, here=1.0, there=0.0, contrast=0.0, left=0.0)
    assert boxes([(1, 1)]).probabilities(link) == pytest.approx(0.5)
    assert boxes([(1, 1)], visible=False).probabilities(link) == 0
    assert change._clues(boxes([(1, 1)], visible=False)).shape == (0, 4)
