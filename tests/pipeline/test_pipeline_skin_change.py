"""What a place of the skin gained from one photo to another: told in what differs where nothing changed."""

from dataclasses import replace

import numpy as np
import pytest

import dermis
from dermis.core import Encoding, Photo
from dermis.face.find import find_face
from dermis.face.regions import face_width_px
from dermis.pipeline.alignment import Alignment
from dermis.pipeline.skin_change import compared_contrast, hidden_shares
from fakes.pipeline_lesions import with_spots

CHEEKS = (50, 280, 205, 425)
AS_IT_IS = Alignment(moved=lambda points: points, off_face_widths=0.006, textured=1.0, by="hand")


def gained_contrast(*given):
    return compared_contrast(*given)[0]


@pytest.fixture(scope="module")
def faces(selfie):
    """A photo, its face, the photo with two spots in another light with noise, and all four places."""
    bare = dermis.read_photo(selfie)
    face = find_face(bare)
    places = face.landmarks[list(CHEEKS), :2].astype(np.float64)
    spotted = with_spots(bare, places[:2])
    noise = np.random.default_rng(0).normal(0, 0.01, bare.pixels.shape)
    lit = np.clip(spotted.pixels**1.1 * (1.0, 0.96, 1.03) + noise, 0, 1).astype(np.float32)
    return bare, face, Photo(pixels=lit, encoding=Encoding.SRGB), places


def test_new_spots_stand_out_and_the_rest_does_not(faces):
    bare, face, spotted, places = faces
    sides = np.full(len(places), 20.0)
    gained = gained_contrast((spotted, face), (bare, face), AS_IT_IS, places, sides)
    lost = gained_contrast((bare, face), (spotted, face), AS_IT_IS, places, sides)
    assert (gained[:2] > 5).all()
    assert (np.abs(gained[2:]) < 3).all()
    assert (lost[:2] < -5).all()


def test_what_is_left_in_the_other_photo_is_told_beside_it(faces):
    bare, face, spotted, places = faces
    sides = np.full(len(places), 20.0)
    gained, left = compared_contrast((bare, face), (spotted, face), AS_IT_IS, places, sides)
    without = compared_contrast((spotted, face), (bare, face), AS_IT_IS, places, sides)[1]
    assert (left[:2] > without[:2] + 2).all()
    assert left[2:] == pytest.approx(without[2:], abs=0.5)
    assert (gained[:2] < 0).all()


def test_it_follows_the_way_from_photo_to_photo(faces):
    bare, face, spotted, places = faces
    off = np.array([40.0, 24.0])
    moved = Photo(pixels=np.roll(spotted.pixels, (24, 40), (0, 1)), encoding=Encoding.SRGB)
    frame = replace(face.frame, x_px=face.frame.x_px + 40, y_px=face.frame.y_px + 24)
    there = replace(face, frame=frame, landmarks=None, box=None, pose=None, confidence=None)
    laid = Alignment(moved=lambda points: points + off, off_face_widths=0.006, textured=1.0, by="hand")
    straight = gained_contrast((bare, face), (spotted, face), AS_IT_IS, places, np.full(len(places), 20.0))
    gained = gained_contrast((bare, face), (moved, there), laid, places, np.full(len(places), 20.0))
    assert gained == pytest.approx(straight, abs=0.6)


def test_camera_light_is_read_as_it_is(faces):
    from dermis.colour.srgb import decode

    bare, face, spotted, places = faces
    sides = np.full(len(places), 20.0)
    pixels = (np.asarray(decode(one.pixels), np.float32) for one in (bare, spotted))
    linear = [Photo(pixels=one, encoding=Encoding.LINEAR_SRGB) for one in pixels]
    raw = gained_contrast((linear[1], face), (linear[0], face), AS_IT_IS, places, sides)
    assert raw == pytest.approx(gained_contrast((spotted, face), (bare, face), AS_IT_IS, places, sides), abs=1e-3)


def test_no_place_and_no_skin_in_common_give_nothing(faces):
    bare, face, spotted, places = faces
    here, there = (spotted, face), (bare, face)
    assert gained_contrast(here, there, AS_IT_IS, places[:0], np.zeros(0)).shape == (0,)
    away = Alignment(moved=lambda points: points + 1e5, off_face_widths=0.006, textured=1.0, by="hand")
    assert not np.any(compared_contrast(here, there, away, places, np.full(len(places), 20.0)))
    assert face_width_px(face) > 0


def test_what_is_in_both_is_found_though_the_alignment_is_a_little_off(faces):
    bare, face, spotted, places = faces
    sides = np.full(len(places), 20.0)
    off = 1.5 * AS_IT_IS.off_face_widths * face_width_px(face)
    laid = replace(AS_IT_IS, moved=lambda points: points + np.array([off, 0.0]))
    again = Photo(pixels=np.clip(spotted.pixels**0.9, 0, 1), encoding=Encoding.SRGB)
    lasting = gained_contrast((spotted, face), (again, face), laid, places, sides)
    new = gained_contrast((spotted, face), (bare, face), laid, places, sides)
    assert (np.abs(lasting[:2]) < 3).all()
    assert (new[:2] > 5).all()


def test_the_share_that_is_hidden_is_that_of_the_place_and_of_its_ring(faces):
    bare, face, _, places = faces
    frame, side = face.frame, np.array([80.0])
    rows, columns = np.indices((frame.height, frame.width))
    x, y = (columns + 0.5) * frame.factor + frame.x_px, (rows + 0.5) * frame.factor + frame.y_px
    apart = np.hypot(x - places[0][0], y - places[0][1])
    inside, ring, none = apart < 0.4 * side, apart > 0.5 * side, apart < 0
    for glare, wanted in ((inside, (1, 0)), (ring, (0, 1)), (none, (0, 0))):
        assert hidden_shares((bare, face), glare, places[:1], side) == pytest.approx(np.array([wanted]))
    moved = replace(AS_IT_IS, moved=lambda points: points + places[0] - places[1])
    assert hidden_shares((bare, face), inside, places[1:2], side, moved) == pytest.approx(np.array([[1, 0]]))
    edge = replace(AS_IT_IS, moved=lambda points: points - places[0] + (2.0, 300.0))
    ((place, around),) = hidden_shares((bare, face), none, places[:1], side, edge)
    assert 0.25 < place < 0.35  # the middle, a third of the points, lies inside
    assert 0.4 < around < 0.5
