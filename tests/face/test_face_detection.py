"""A plain face is found at first sight; which of the views is believed where landmarks do not hold."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.face import detection
from dermis.face.detection import _agreed, detect_faces
from dermis.face.detector import Candidate
from dermis.formats.images.photo import read_photo
from dermis.models import registry


def seen(score, lean_deg, x=100.0, turn_deg=0.0):
    """A face of 80 px at (x, 100) whose eyes stand over its mouth when the picture is turned by `lean_deg`."""
    down = np.array([-np.sin(np.deg2rad(lean_deg)), np.cos(np.deg2rad(lean_deg))])
    middle = np.array([x, 100.0])
    points = np.stack([middle, middle, middle + 15 * down, middle + 30 * down, middle, middle])
    return Candidate(x_px=x, y_px=100.0, side_px=80.0, score=score, turn_deg=turn_deg, points=points)


@pytest.mark.parametrize("lean_deg", [0.0, 90.0, 175.0])
def test_the_way_up_that_most_views_share_is_taken(lean_deg):
    agreeing = [seen(score, lean_deg + off, turn_deg=lean_deg) for score, off in ((0.7, -8), (0.75, 5), (0.65, 12))]
    alone = seen(0.9, lean_deg + 120, turn_deg=lean_deg + 120)
    [kept] = _agreed([alone, *agreeing])
    assert kept is agreeing[1]


def test_each_place_keeps_its_own():
    left, right = seen(0.8, 0), seen(0.7, 90, x=400, turn_deg=90)
    assert _agreed([right, left]) == [left, right]
    assert _agreed([]) == []


@pytest.fixture
def looks(monkeypatch):
    """The sides of the detector's views, in the order it looked."""
    sides, look = [], detection.run_detector
    monkeypatch.setattr(
        detection, "run_detector", lambda one, square: sides.append(square.side_px) or look(one, square)
    )
    return sides


def test_a_plain_portrait_is_found_at_first_sight(models, looks):
    photo = read_photo(registry.fetch("P005_selfie"))
    [face] = detect_faces(photo)
    assert looks == [max(photo.width_px, photo.height_px)]
    assert face.landmarks is not None
    overview = detection._overview(photo, 1024)
    [swept] = detection._confirmed(overview, detection._sweep(photo, overview, (1.0,)))
    assert np.abs(face.landmarks - swept.landmarks)[:, :2].mean() < 0.003 * face.square.side_px


def test_a_face_in_doubt_is_swept_for(models, looks):
    photo = read_photo(registry.fetch("P005_selfie"))
    upside_down = replace(photo, pixels=np.ascontiguousarray(photo.pixels[::-4, ::4]))
    assert len(detect_faces(upside_down)) == 1
    assert len(looks) > 1
