import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermis.core import Box
from dermis.errors import InputError, UsageError
from dermis.formats.annotations.annotations import FORMATS, read_annotations, write_annotations
from dermis.formats.annotations.marks import AnnotatedPhoto
from dermis.formats.annotations.voc import Marked

DRAFT = AnnotatedPhoto(
    photo="anna.jpg", width_px=640, height_px=480, grader="acne@1",
    marked=(
        Marked(name="papule", box=Box(x_px=10.25, y_px=20.5, width_px=30, height_px=15.75, score=0.8125)),
        Marked(name="lesion", box=Box(x_px=600, y_px=400, width_px=40, height_px=80, score=0.25)),
    ),
)  # fmt: skip
CLEAR = AnnotatedPhoto(photo="bela.png", width_px=320, height_px=200, grader="acne@1", marked=())


def graded(one):
    """The same boxes as a grader gives them: without scores."""
    marked = tuple(
        Marked(name=thing.name, box=Box(x_px=thing.box.x_px, y_px=thing.box.y_px, width_px=thing.box.width_px,
                                        height_px=thing.box.height_px))
        for thing in one.marked
    )  # fmt: skip
    return AnnotatedPhoto(photo=one.photo, width_px=one.width_px, height_px=one.height_px, marked=marked, grader="dr-b")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "held", [[DRAFT, CLEAR], [graded(DRAFT), graded(CLEAR)], [CLEAR]], ids=["draft", "graded", "clear"]
)
def test_what_is_written_is_read_back(form, held, tmp_path):
    back = read_annotations(write_annotations(tmp_path / "out", held, form))
    assert [one.photo for one in back] == [one.photo for one in held]
    for one, wanted in zip(back, held, strict=True):
        assert [thing.name for thing in one.marked] == [thing.name for thing in wanted.marked]
        for thing, other in zip(one.marked, wanted.marked, strict=True):
            near = 2.0 if form == "voc" else 0.01
            for side in ("x_px", "y_px", "width_px", "height_px"):
                assert getattr(thing.box, side) == pytest.approx(getattr(other.box, side), abs=near)
            if form != "voc":
                assert thing.box.score == other.box.score
        if form != "voc" and wanted.marked:
            assert one.grader == wanted.grader
            assert (one.width_px, one.height_px) == (wanted.width_px, wanted.height_px)


@given(
    x=st.floats(0, 500), y=st.floats(0, 300), width=st.floats(1, 140), height=st.floats(1, 100),
    score=st.floats(0, 1),
)  # fmt: skip
def test_boxes_survive_percent_and_pixels(x, y, width, height, score):
    from dermis.formats.annotations.coco import coco_object, from_coco
    from dermis.formats.annotations.label_studio import from_label_studio, label_studio_tasks

    box = Box(x_px=x, y_px=y, width_px=width, height_px=height, score=score)
    held = [AnnotatedPhoto(photo="a.jpg", width_px=640, height_px=400, marked=(Marked(name="nodule", box=box),))]
    for back in (
        from_coco(json.loads(json.dumps(coco_object(held))), "a.json"),
        from_label_studio(json.loads(json.dumps(label_studio_tasks(held))), "b.json"),
    ):
        found = back[0].marked[0].box
        for side in ("x_px", "y_px", "width_px", "height_px"):
            assert getattr(found, side) == pytest.approx(getattr(box, side), abs=0.006)
        assert found.score == pytest.approx(score, abs=1e-4)


def result(**value):
    value = {"x": 10, "y": 20, "width": 5, "height": 10, "rotation": 0, "rectanglelabels": ["papule"]} | value
    return {"type": "rectanglelabels", "original_width": 200, "original_height": 100, "value": value}


def exported(tmp_path, **task):
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{"data": {"image": "/data/upload/3/0a1b2c3d-anna.jpg"}} | task]))
    return read_annotations(path)


def test_each_grader_of_label_studio_is_one(tmp_path):
    found = exported(
        tmp_path,
        annotations=[
            {"completed_by": 4, "result": [result()]},
            {"completed_by": {"email": "b@clinic"}, "result": []},
            {"completed_by": 5, "was_cancelled": True, "result": [result()]},
        ],
        predictions=[{"model_version": "acne@1", "result": [result()]}],
    )
    assert [(one.photo, one.grader, len(one.marked)) for one in found] == [
        ("anna.jpg", "4", 1), ("anna.jpg", "b@clinic", 0),
    ]  # fmt: skip
    assert found[0].marked[0].box == Box(x_px=20, y_px=20, width_px=10, height_px=10)


def test_what_nobody_graded_is_its_draft(tmp_path):
    (one,) = exported(tmp_path, annotations=[], predictions=[{"model_version": "acne@1", "result": [result()]}])
    assert (one.grader, len(one.marked)) == ("acne@1", 1)


def test_a_turned_box_becomes_the_upright_one_around_it(tmp_path):
    (one,) = exported(tmp_path, annotations=[{"result": [result(rotation=90)]}])
    box = one.marked[0].box
    assert (box.x_px, box.y_px, box.width_px, box.height_px) == pytest.approx((10, 20, 10, 10))


def test_other_marks_than_boxes_are_passed_over(tmp_path):
    (one,) = exported(
        tmp_path, annotations=[{"result": [{"type": "choices", "value": {"choices": ["mild"]}}, result()]}]
    )
    assert len(one.marked) == 1


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "{", "is no JSON"),
        ("a.json", '{"images": [{"id": 1}], "annotations": []}', "is no COCO"),
        ("a.json", '{"images": [], "annotations": [{"image_id": 9, "bbox": [1, 2, 3, 4]}]}', "of image 9"),
        (
            "a.json",
            '{"images": [{"id": 1, "file_name": "x"}], "annotations": [{"image_id": 1, "bbox": [1, 2]}]}',
            "no box",
        ),
        ("a.json", "3", "is no list of tasks"),
        ("a.json", '[{"data": {}}]', "is no Label Studio"),
        ("a.csv", "photo,x_px,y_px,width_px,height_px\na.jpg,1,2,3,\n", "line 2: a side"),
        ("a.csv", "photo,x_px\na.jpg,1\n", "no column"),
        ("a.txt", "", "no known format"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=said) as refusal:
        read_annotations(tmp_path / name)
    assert refusal.value.advice


def test_an_empty_folder_and_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="no XML"):
        read_annotations(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        read_annotations(tmp_path / "no.json")


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(UsageError, match="yolo"):
        write_annotations(tmp_path, [CLEAR], "yolo")


def test_label_studio_needs_the_size(tmp_path):
    unknown = AnnotatedPhoto(photo="a.jpg", width_px=0, height_px=0, marked=())
    with pytest.raises(InputError, match=r"size of a\.jpg"):
        write_annotations(tmp_path, [unknown], "label-studio")
