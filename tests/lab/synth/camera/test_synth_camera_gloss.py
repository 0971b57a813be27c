"""Gloss pales a lesion as a lamp without a polariser does, and adds light of no colour."""

import numpy as np
import pytest

import dermis
from dermis.colour.srgb import decode
from dermis.face.find import find_face
from dermis.lab.synth.camera.gloss import with_gloss
from dermis.pipeline.alignment import Alignment
from dermis.pipeline.skin_change import compared_contrast
from fakes.pipeline_lesions import with_spots

AS_IT_IS = Alignment(moved=lambda points: points, off_face_widths=0.006, textured=1.0, by="hand")


@pytest.fixture(scope="module")
def spotted(selfie):
    bare = dermis.read_photo(selfie)
    face = find_face(bare)
    places = face.landmarks[[50, 280, 205, 425], :2].astype(np.float64)
    return with_spots(bare, places), face, places


def test_light_of_no_colour_is_added_in_uneven_patches(spotted):
    photo, face, _ = spotted
    glossy = with_gloss(photo, face, 1)
    added = decode(glossy.pixels).astype(np.float64) - decode(photo.pixels)
    dark = (glossy.pixels < 0.99).all(axis=-1)
    assert added.min() > -1e-4
    assert np.ptp(added[dark], axis=-1).max() < 1e-3
    assert added[dark].std() > 0.01
    assert np.array_equal(with_gloss(photo, face, 1).pixels, glossy.pixels)
    assert not np.array_equal(with_gloss(photo, face, 2).pixels, glossy.pixels)


def test_lesions_stand_out_less_under_it(spotted):
    photo, face, places = spotted
    sides = np.full(len(places), 20.0)
    gained, _ = compared_contrast((photo, face), (with_gloss(photo, face, 1), face), AS_IT_IS, places, sides)
    assert np.median(gained) > 1
