"""What may be in one of two photos alone: which boxes are asked, and what each is held against."""

from dataclasses import replace

import numpy as np
import pytest

import dermis
from dermis.core import Analysis, Provenance, Quality
from dermis.errors import InputError
from dermis.face.crop import crop
from dermis.face.find import find_face
from dermis.face.regions import face_width_px
from dermis.pipeline.alignment import Alignment
from dermis.pipeline.analyse import measure_skin
from dermis.pipeline.lesion_fates import BOX_OFF, NEAR, candidates, fates, visit_of
from dermis.tasks.acne.assign import place_lesions
from dermis.tasks.acne.change_link import LEAST_SCORE, lesion_logit
from fakes.pipeline_lesions import SCORE_CURVE, lesions_at, with_spots

CHEEK, OTHER_CHEEK, EYE = 50, 280, 159
AS_IT_IS = Alignment(moved=lambda points: points, off_face_widths=0.006, textured=1.0, by="hand")


@pytest.fixture(scope="module")
def bare(selfie):
    photo = dermis.read_photo(selfie)
    return photo, find_face(photo)


def seen(photo, face, places, **changes):
    skin = measure_skin(crop(photo, face.frame), photo, face)
    lesions = place_lesions(lesions_at(places, photo, **changes), face, skin)
    told = Analysis(name="a.jpg", photo=photo, quality=Quality(), provenance=Provenance(dermis="0"), face=face)
    return visit_of(replace(told, skin=skin, lesions=lesions))


def glaring(visit, place, reach_px):
    """The visit with glare over the places in reach (from, to) of a place."""
    frame, skin = visit.face.frame, visit.skin
    rows, columns = np.indices((frame.height, frame.width))
    x, y = (columns + 0.5) * frame.factor + frame.x_px, (rows + 0.5) * frame.factor + frame.y_px
    apart = np.hypot(x - place[0], y - place[1])
    glare = (apart >= reach_px[0]) & (apart < reach_px[1])
    return replace(visit, skin=replace(skin, excluded={**skin.excluded, "specular": glare}))


def test_boxes_on_the_face_are_asked_whether_called_or_not(bare):
    photo, face = bare
    places = face.landmarks[[CHEEK, OTHER_CHEEK, EYE, CHEEK], :2] + np.array([[0, 0], [0, 0], [0, 0], [30, 0]])
    scores = [0.9, LEAST_SCORE, 0.5, LEAST_SCORE - 0.01]
    here = seen(photo, face, places, scores=scores, score_threshold=0.4)
    there = glaring(seen(photo, face, []), places[0], (0.0, 0.0))
    asked = candidates(glaring(here, places[0], (0.0, 0.0)), there, AS_IT_IS)
    assert asked.rows.tolist() == [0, 1]  # no eye, and nothing fainter
    assert asked.here == pytest.approx([lesion_logit(score, SCORE_CURVE) for score in scores[:2]])
    assert asked.there == pytest.approx(lesion_logit(0.0, SCORE_CURVE))
    assert asked.visible.all()


@pytest.mark.parametrize(("share", "echoes"), [(0.9, True), (1.1, False)])
def test_an_echo_is_looked_for_as_far_as_a_box_may_be_off(bare, share, echoes):
    photo, face = bare
    place = face.landmarks[[CHEEK], :2].astype(np.float64)
    far = share * NEAR * np.hypot(AS_IT_IS.off_face_widths, BOX_OFF) * face_width_px(face)
    here, there = (seen(photo, face, where, scores=[0.6]) for where in (place, place + np.array([far, 0])))
    (told,) = candidates(here, there, AS_IT_IS).there
    assert told == pytest.approx(lesion_logit(0.6 if echoes else 0.0, SCORE_CURVE), abs=1e-5)


def test_a_place_that_the_other_photo_does_not_show_has_no_fate(bare):
    photo, face = bare
    place = face.landmarks[[CHEEK], :2]
    spotted = with_spots(photo, place)
    here, there = seen(spotted, face, place), seen(photo, face, [])
    (shown,) = fates(here, there, AS_IT_IS, set())
    assert shown.probability > 0.9
    away = replace(AS_IT_IS, moved=lambda points: points + 1e5)
    (hidden,) = fates(here, there, away, set())
    assert (hidden.probability, hidden.elsewhere) == (0.0, None)


def test_glare_over_a_place_hides_what_is_there_and_around_it_makes_it_stand_out(bare):
    photo, face = bare
    place = face.landmarks[[CHEEK], :2].astype(np.float64)
    spotted = with_spots(photo, place)
    here, there = seen(spotted, face, place), seen(photo, face, [])
    side = float(np.ptp(here.lesions.found.boxes_px[0][[0, 2]]))
    inside, ring = (0.0, 0.4 * side), (0.5 * side, 2 * side)
    plain = [glaring(visit, place[0], (0.0, 0.0)) for visit in (here, there)]
    assert candidates(*plain, AS_IT_IS).visible.all()
    assert not candidates(plain[0], glaring(there, place[0], inside), AS_IT_IS).visible.any()
    assert not candidates(glaring(here, place[0], ring), plain[1], AS_IT_IS).visible.any()
    assert candidates(glaring(here, place[0], inside), plain[1], AS_IT_IS).visible.all()  # a lesion may shine itself
    everywhere = (0.0, 1e5)  # in both alike: it hides nothing of what differs
    assert candidates(*(glaring(visit, place[0], everywhere) for visit in (here, there)), AS_IT_IS).visible.all()
    (hidden,) = fates(plain[0], glaring(there, place[0], inside), AS_IT_IS, set())
    assert (hidden.probability, hidden.elsewhere) == (0.0, None)


def test_a_photo_without_lesions_looked_for_is_refused(bare):
    photo, face = bare
    told = Analysis(name="a.jpg", photo=photo, quality=Quality(), provenance=Provenance(dermis="0"), face=face)
    with pytest.raises(InputError, match=r"a\.jpg cannot be compared: lesions were not looked for"):
        visit_of(told)
