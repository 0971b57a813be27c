from dataclasses import replace

import numpy as np
import pytest

from dermis.core import Box, Detection, Photo, Region, View
from dermis.report.blocks import drawn_blocks, notes_of
from dermis.report.page import report_page
from dermis.report.pictures import around
from dermis.tasks import TASKS
from fakes.lesions import face_lesions, found
from fakes.products import measured


def item(size=0.05, redness=5.0, kind="lesion", x=100.0, y=150.0):
    box = Box(x_px=x, y_px=y, width_px=10, height_px=8)
    return Detection(kind=kind, box=box, region=Region.RIGHT_CHEEK, score=0.8, size_face_widths=size, redness=redness)


@pytest.fixture
def acne_analysis(analysis, face):
    items = [item(size=0.03 + 0.005 * place, x=90.0 + 6 * place) for place in range(12)]
    lesions = face_lesions(
        items, {Region.FACE: 12.0}, halves=(8.0, 4.0), lesions=found(grade=1.2, grade_interval=(0.8, 1.7))
    )
    lesions = replace(lesions, heat=np.full(face.skin.shape, 0.5, np.float32))
    tasks = ("acne_lesions", "acne_grade", "acne_gags")
    return replace(analysis, findings=tuple(one for name in tasks for one in measured(name, lesions=lesions)))


def test_the_report_shows_the_worst_lesions_and_says_how_it_counted(acne_analysis):
    page = report_page(acne_analysis, TASKS)
    assert page.count("<li><figure>") == 8
    assert "the worse one graded" in page
    assert "would count about" in page
    assert 'data-layer="acne_lesions-marks"' in page
    assert 'id="map-acne_lesions"' in page
    assert "what else each lesion may be" in page
    assert "dermatologist" not in page


@pytest.mark.parametrize(
    ("grade", "items", "said"),
    [
        (1.4, [item()], ""),
        (1.6, [item()], "the grade is severe"),
        (0.3, [item(size=0.2)], "1 lesion is large enough to be a nodule"),
        (0.3, [item(kind="nodule"), item(size=0.2), item(size=0.12)], "2 lesions are large"),
    ],
)
def test_a_professional_is_named_where_it_is_severe(grade, items, said):
    lesions = face_lesions(items, view=View.LEFT, lesions=found(grade=grade, grade_interval=(grade, grade)))
    findings = [*measured("acne_lesions", lesions=lesions), *measured("acne_grade", lesions=lesions)]
    urgent = " ".join(note.text for note in notes_of(findings) if note.urgent)
    assert (said in urgent) if said else urgent == ""


def test_the_worst_come_first(analysis):
    small, red, large = item(0.03, 2.0), item(0.05, 12.0), item(0.2, 0.0)
    findings = measured("acne_lesions", lesions=face_lesions([small, red, large]))
    (crops,) = [b.crops for b in drawn_blocks(TASKS["acne_lesions"], findings, analysis) if b.kind == "crops"]
    assert [crop.facts[1] for crop in crops] == [
        f"{100 * size:.1f} % of the face's width" for size in (0.2, 0.05, 0.03)
    ]
    assert "perhaps a nodule" in crops[0].title


@pytest.mark.parametrize("place", [(0, 0), (299, 399), (150, 200), (-20, 900)])
def test_a_crop_stays_inside_the_photo(photo, place):
    window = around(photo, Box(x_px=place[0], y_px=place[1], width_px=12, height_px=6))
    assert window.x_px >= 0
    assert window.y_px >= 0
    assert window.x_px + window.width_px <= photo.width_px
    assert window.y_px + window.height_px <= photo.height_px


def test_a_crop_of_a_tiny_photo_is_the_photo():
    tiny = Photo(pixels=np.zeros((1, 1, 3), np.float32), encoding="srgb")
    window = around(tiny, Box(x_px=0, y_px=0, width_px=1, height_px=1))
    assert (window.width_px, window.height_px) == (1, 1)
