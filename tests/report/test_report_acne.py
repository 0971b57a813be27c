from dataclasses import replace

import numpy as np
import pytest

from dermis.core import Box, Detection, Finding, Photo, Region, ValueMap
from dermis.report.acne import MOST_CROPS, acne_of, around, see_someone, worst_items
from dermis.report.page import report_page
from dermis.tasks import TASKS


def item(size=0.05, redness=5.0, kind="lesion", x=100.0, y=150.0):
    box = Box(x_px=x, y_px=y, width_px=10, height_px=8)
    return Detection(kind=kind, box=box, region=Region.RIGHT_CHEEK, score=0.8, size_face_widths=size, redness=redness)


def finding(task, value, **more):
    given = {"region": Region.FACE, "unit": "", "model": "hand-made@1", "label": ""}
    return Finding(task=task, value=value, **(given | more))


@pytest.fixture
def acne_analysis(analysis, face):
    heat = ValueMap(values=np.full(face.skin.shape, 0.5, np.float32), unit="lesions", low=0.0, high=4.0)
    items = tuple(item(size=0.03 + 0.005 * place, x=90.0 + 6 * place) for place in range(12))
    found = (
        finding("acne_lesions", 12.0, items=items, evidence=heat, detail={"count_all": 30.0}, interval=(8.0, 17.0)),
        finding("acne_grade", 1.2, label="moderate", detail={"counted": "the worse half"}, interval=(0.8, 1.7)),
        finding("acne_gags", 9.0, interval=(5.0, 15.0), detail={"types_are": "not known: each counts as a papule",
                                                               "interval_is": "all comedones to all nodules"}),
    )  # fmt: skip
    return replace(analysis, findings=found)


def test_the_report_shows_the_worst_lesions_and_says_how_it_counted(acne_analysis):
    page = report_page(acne_analysis, TASKS)
    assert page.count("<li><figure>") == MOST_CROPS
    assert "the worse one graded" in page
    assert "would count about 30" in page
    assert 'data-layer="acne_lesions-marks"' in page
    assert 'id="map-acne_lesions"' in page
    assert "from all comedones to all nodules" in page
    assert "the from all" not in page
    assert "dermatologist" not in page


def test_no_acne_asked_for_no_section(analysis):
    assert acne_of(analysis) is None


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
    words = see_someone({"acne_grade": finding("acne_grade", grade, label="severe")}, items)
    assert (said in words) if said else words == ""


def test_the_worst_come_first():
    small, red, large = item(0.03, 2.0), item(0.05, 12.0), item(0.2, 0.0)
    assert worst_items([small, red, large]) == [large, red, small]


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
