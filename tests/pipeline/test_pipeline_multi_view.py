"""Front, left and right of one person, as hand-made views."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.core import (
    Analysis,
    Box,
    CropFrame,
    Detection,
    Face,
    FaceLesions,
    Finding,
    Lesions,
    Provenance,
    Quality,
    Region,
    SegmentationClass,
    View,
)
from dermis.errors import InputError
from dermis.pipeline.multi_view import combine_person, combine_views
from dermis.tasks.acne.hayashi import grade_of_count

FRAME = CropFrame(x_px=0, y_px=0, width=80, height=80, factor=1)
SIDES = {View.LEFT: Region.LEFT_CHEEK, View.RIGHT: Region.RIGHT_CHEEK}


def view(name, seen_from, areas, counts, *, halves=None, grade=None, count_interval=None):
    regions = np.zeros((80, 80), np.uint8)
    for place, (region, rows) in enumerate(areas.items()):
        regions[:rows, place * 10 : place * 10 + 10] = region.code
    face = Face(
        frame=FRAME, box=Box(x_px=0, y_px=0, width_px=80, height_px=80), landmarks=None, pose=None, view=seen_from,
        segmentation=np.full((80, 80), SegmentationClass.FACE_SKIN, np.uint8),
        regions=regions, skin=np.ones((80, 80), bool),
        face_width_px=60.0,
    )  # fmt: skip
    whole = dict.fromkeys(Region, 0.0) | counts
    whole[Region.FACE] = counts.get(Region.FACE, sum(counts.values()))
    items = tuple(
        Detection(kind="lesion", box=Box(x_px=1, y_px=1, width_px=3, height_px=3), region=region, score=0.9,
             size_face_widths=0.05)
        for region, count in counts.items() if region is not Region.FACE for _ in range(round(count))
    )  # fmt: skip
    found = Lesions(
        boxes_px=np.zeros((0, 4), np.float32), scores=np.zeros(0, np.float32), density=np.zeros((1, 1), np.float32),
        density_inclusive=np.zeros((1, 1), np.float32), area=face.box, model="hand-made@1", grade=grade,
        count_interval=count_interval,
    )  # fmt: skip
    lesions = FaceLesions(
        found=found, view=seen_from, items=items, on_right=None, counts=whole, counts_all=whole, halves=halves,
        involved=0.2, heat=np.zeros((80, 80), np.float32), seen=dict.fromkeys(areas, 0.9) | {Region.FACE: 0.9},
    )  # fmt: skip
    return Analysis(name=name, photo=None, quality=Quality(), provenance=Provenance(dermis="0"), face=face,
                    lesions=lesions)  # fmt: skip


@pytest.fixture
def front():
    areas = {Region.FOREHEAD: 60, Region.LEFT_CHEEK: 30, Region.RIGHT_CHEEK: 30, Region.NOSE: 40}
    counts = {Region.FOREHEAD: 4.0, Region.LEFT_CHEEK: 3.0, Region.RIGHT_CHEEK: 1.0, Region.NOSE: 1.0}
    return view("front.jpg", View.FRONT, areas, counts, halves=(4.0, 5.0))


@pytest.fixture
def left():
    areas = {Region.FOREHEAD: 30, Region.LEFT_CHEEK: 70}
    return view("left.jpg", View.LEFT, areas, {Region.FOREHEAD: 2.0, Region.LEFT_CHEEK: 8.0}, count_interval=(5, 15))


@pytest.fixture
def right():
    areas = {Region.FOREHEAD: 30, Region.RIGHT_CHEEK: 70}
    return view("right.jpg", View.RIGHT, areas, {Region.FOREHEAD: 3.0, Region.RIGHT_CHEEK: 2.0})


def values(findings, task):
    return {finding.region: finding.value for finding in findings if finding.task == task}


def test_each_region_comes_from_the_photo_that_shows_most_of_it(front, left, right):
    counts = values(combine_views([front, left, right]), "acne_lesions")
    assert counts == {
        Region.FACE: 15.0, Region.FOREHEAD: 4.0, Region.LEFT_CHEEK: 8.0, Region.RIGHT_CHEEK: 2.0, Region.NOSE: 1.0,
    }  # fmt: skip


def test_the_order_of_the_photos_does_not_matter(front, left, right):
    one = combine_views([front, left, right])
    other = combine_views([right, front, left])
    assert [(f.task, f.region, f.value, f.label) for f in one] == [(f.task, f.region, f.value, f.label) for f in other]


def test_the_worse_half_is_graded_from_its_own_side(front, left, right):
    grade = next(f for f in combine_views([front, left, right]) if f.task == "acne_grade")
    assert grade.value == pytest.approx(grade_of_count(10.0))
    assert grade.detail["worse_half"] == "left"
    assert grade.detail["halves"]["right"]["from"] == "right.jpg"


def test_the_front_stands_in_for_a_side_that_is_missing(front, right):
    grade = next(f for f in combine_views([front, right]) if f.task == "acne_grade")
    assert grade.detail["halves"]["left"] == {
        "grade": round(grade_of_count(5.0), 3), "count": 5.0, "from": "front.jpg",
    }  # fmt: skip
    assert grade.value == pytest.approx(grade_of_count(5.0))


def test_one_photo_alone_is_itself(front):
    findings = combine_views([front])
    assert values(findings, "acne_lesions")[Region.FACE] == 9.0
    assert values(findings, "acne_grade")[Region.FACE] == pytest.approx(grade_of_count(5.0))


def test_what_is_learnt_of_a_side_is_kept(left):
    graded = replace(left, lesions=replace(left.lesions, found=replace(left.lesions.found, grade=1.7)))
    assert values(combine_views([graded]), "acne_grade")[Region.FACE] == 1.7


def test_the_interval_holds_the_sum(left):
    finding = next(f for f in combine_views([left]) if (f.task, f.region) == ("acne_lesions", Region.FACE))
    assert finding.interval == (5.0, 15.0)


def test_photos_without_a_face_are_no_person(front):
    with pytest.raises(InputError, match="No photo"):
        combine_views([replace(front, lesions=None)])


def test_what_a_photo_shows_is_measured_in_its_own_face_widths(front, right):
    near = replace(front, face=replace(front.face, face_width_px=120.0))  # the same pixels on a face twice as wide
    both = values(combine_views([near, right]), "acne_lesions")
    assert both[Region.FOREHEAD] == 3.0
    assert both[Region.NOSE] == 1.0
    enlarged = replace(front, face=replace(front.face, frame=replace(FRAME, factor=2)))
    beside = replace(right, face=replace(right.face, face_width_px=40.0))
    assert values(combine_views([enlarged, beside]), "acne_lesions")[Region.FOREHEAD] == 4.0


def test_photos_without_a_side_are_each_taken_for_a_half(front):
    near = [replace(front, name=name, lesions=replace(front.lesions, view=View.CLOSE_UP,
                                                     counts={**front.lesions.counts, Region.FACE: count}))
            for name, count in (("a.jpg", 3.0), ("b.jpg", 12.0), ("c.jpg", 6.0))]  # fmt: skip
    bare = [replace(one, lesions=replace(one.lesions, halves=None)) for one in near]
    grade = next(one for one in combine_views(bare) if one.task == "acne_grade")
    assert grade.detail["worse_half"] == "in view"
    assert grade.detail["halves"]["in view"]["from"] == "b.jpg"
    assert grade.value == pytest.approx(grade_of_count(12.0))


def test_a_person_is_told_by_tone_and_by_acne_where_it_was_looked_for(front):
    tone = Finding(task="skin_tone", region=Region.FACE, value=30.0, unit="ITA deg", model="",
                   detail={"lab": [60.0, 10.0, 17.0]})  # fmt: skip
    toned = replace(front, findings=(tone,))
    assert {one.task for one in combine_person([toned])} > {"skin_tone", "acne_lesions"}
    assert {one.task for one in combine_person([replace(toned, lesions=None)])} == {"skin_tone"}
    assert "skin_tone" not in {one.task for one in combine_person([front])}
    with pytest.raises(InputError, match="lesions were looked for"):
        combine_person([replace(front, lesions=None)])
