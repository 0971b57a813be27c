"""Statues, masks, paint, drawings, print and screens are no living skin; the face behind them is, dark and light."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.core import Severity
from dermis.face.crop import crop
from dermis.face.find import find_face
from dermis.lab.evaluate.evidence.out_of_scope import DISGUISES, made_faces, parts_on_photo
from dermis.pipeline.analyse import analyse, measure_skin
from dermis.pipeline.quality.measures import quality_measures
from dermis.pipeline.quality.problems import PROBLEMS
from dermis.pipeline.quality.verdict import assess
from dermis.pipeline.trial.deidentify import skin_alone

TONES = ("dark", "very light")
HARD = ("painted black", "statue of dark wood")
"""Not told on every face: black paint through which skin shows, and wood so dark that noise gives it colours."""


@pytest.fixture(scope="module")
def faces(models):
    """A made face of the darkest and of the lightest class, each with its parts."""
    return {tone: (photo, find_face(photo)) for tone, photo in made_faces(6, size_px=320, tones=TONES)}


def codes(photo, face, pixels):
    """Return what is said of the face where its pixels are others."""
    shown = replace(photo, pixels=np.clip(pixels, 0, 1).astype(np.float32))
    encoded = crop(shown, face.frame)
    return [
        one.code for one in assess(quality_measures(face, measure_skin(encoded, shown, face), encoded), face).problems
    ]


@pytest.mark.parametrize("tone", TONES)
def test_a_face_is_living_skin(faces, tone):
    photo, face = faces[tone]
    assert "not_living_skin" not in codes(photo, face, photo.pixels)


@pytest.mark.parametrize("name", [name for name in DISGUISES if name not in HARD])
@pytest.mark.parametrize("tone", TONES)
def test_a_face_in_disguise_is_none(faces, tone, name):
    photo, face = faces[tone]
    said = codes(photo, face, DISGUISES[name](photo.pixels, parts_on_photo(face, photo)))
    assert {"not_living_skin", "no_colour"} & set(said)


@pytest.mark.parametrize("cast", [(1.0, 0.75, 0.5), (0.6, 0.8, 1.0), (0.7, 1.0, 0.7)])
@pytest.mark.parametrize("tone", TONES)
def test_coloured_light_makes_no_statue(faces, tone, cast):
    photo, face = faces[tone]
    assert "not_living_skin" not in codes(photo, face, photo.pixels * np.array(cast, np.float32))


@pytest.mark.parametrize("tone", TONES)
def test_lips_of_a_face_whose_eyes_and_mouth_are_masked_out_are_not_asked(faces, tone):
    photo, face = faces[tone]
    kept = skin_alone(photo, face)[..., None]
    encoded = crop(replace(photo, pixels=(photo.pixels * kept).astype(np.float32)), face.frame)
    measures = quality_measures(face, measure_skin(encoded, photo, face), encoded)
    assert "lip_contrast" not in measures
    assert "not_living_skin" not in codes(photo, face, photo.pixels * kept)


def test_a_statue_gets_no_numbers_unless_its_owner_says_where_its_skin_is(faces):
    photo, face = faces["dark"]
    parts = parts_on_photo(face, photo)
    statue = replace(photo, pixels=DISGUISES["statue of clay"](photo.pixels, parts))
    told = analyse(statue, tasks=())
    assert PROBLEMS["not_living_skin"][0] is Severity.REJECT
    assert not told.quality.usable
    vouched = analyse(statue, tasks=(), mask=(parts == 1))
    assert "not_living_skin" not in [one.code for one in vouched.quality.problems]
