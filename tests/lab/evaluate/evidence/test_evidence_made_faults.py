"""Each fault of a photo is named on the darkest and on the lightest skin, and not where nobody made it."""

import pytest

from dermis.face.crop import crop
from dermis.face.find import find_face
from dermis.lab.evaluate.evidence.made_faults import FAULTS, PLAIN, faults_table, faulty
from dermis.lab.evaluate.evidence.out_of_scope import made_faces
from dermis.lab.evaluate.evidence.readings import Reading
from dermis.pipeline.analyse import measure_skin
from dermis.pipeline.quality.measures import quality_measures
from dermis.pipeline.quality.verdict import assess

TONES = ("dark", "very light")
TILTED = "head tilted back"
NEW_FACE = ("head leant to the shoulder", TILTED)
MADE_UNEVEN = {"uneven_light", "clipped"}
"""The made photo of the dark face has a lamp at one side, whose gloss clips."""


@pytest.fixture(scope="module")
def said(models):
    """The codes by tone and fault; the face is looked for anew where the fault moves it."""
    found = {}
    tilted = dict(made_faces(6, pitch_deg=42.0, tones=TONES))
    for tone, photo in made_faces(6, tones=TONES):
        face = find_face(photo)
        shown = {PLAIN: photo, **dict(faulty(photo, face)), TILTED: tilted[tone]}
        found[tone] = {name: codes(one, find_face(one) if name in NEW_FACE else face) for name, one in shown.items()}
    return found


def codes(photo, face):
    encoded = crop(photo, face.frame)
    measures = quality_measures(face, measure_skin(encoded, photo, face), encoded, photo.capture)
    return {one.code for one in assess(measures, face).problems}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("tone", TONES)
def test_a_fault_is_named_on_dark_and_light_skin(said, tone, name):
    assert set(FAULTS[name]) & said[tone][name]


@pytest.mark.parametrize("tone", TONES)
def test_no_fault_is_named_that_nobody_made(said, tone):
    every = {code for codes_of in FAULTS.values() for code in codes_of}
    assert (every & said[tone][PLAIN]) <= MADE_UNEVEN


def test_the_table_counts_faults_by_tone_and_false_alarms_by_set():
    dark = Reading(source="made people, dark", person="1", shot="wet skin", problems=("wet_shine",))
    light = Reading(source="made people, light", person="2", shot="wet skin")
    real = Reading(source="faces", person="3", shot="a.jpg", problems=("wet_shine",))
    row = next(line for line in faults_table([dark, light], [real]).splitlines() if line.startswith("| wet skin"))
    assert row == "| wet skin | `wet_shine` | 1 of 1 | 0 of 0 | 0 of 1 | 0 of 0 | 1 of 1 |"
