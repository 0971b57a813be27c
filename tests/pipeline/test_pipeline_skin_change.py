"""What a place of the skin gained from one photo to another: told in what differs where nothing changed."""

from dataclasses import replace

import numpy as np
import pytest

import dermis
from dermis.core import Encoding, Photo
from dermis.face.find import find_face
from dermis.face.regions import face_width_px
from dermis.pipeline.alignment import Alignment
from dermis.pipeline.skin_change import gained_contrast
from fakes.pipeline_lesions import with_spots

CHEEKS = (50, 280, 205, 425)
AS_IT_IS = Alignment(moved=lambda points: points, off_face_widths=0.006, textured=1.0, by="hand")


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
    assert not gained_contrast(here, there, away, places, np.full(len(places), 20.0)).any()
    assert face_width_px(face) > 0
