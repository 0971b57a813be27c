"""Marks as tools export them: each is found, brought onto its photo, or counted as one that could not be read."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dermis.cli import app
from dermis.core import Box
from dermis.errors import InputError
from dermis.formats.annotations.annotations import read_annotations, write_annotations
from dermis.formats.annotations.marks import AnnotatedPhoto
from dermis.formats.annotations.on_photos import fit_to_photo, match_photos, turned_box
from dermis.formats.annotations.voc import Marked
from dermis.formats.images.decode import ImageFrame
from dermis.lab.datasets import DATASETS

DATA = Path(__file__).parent / "data"


def run(*arguments):
    result = CliRunner(env={"COLUMNS": "160"}).invoke(app, [str(one) for one in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def boxes_of(one):
    return [(box.x_px, box.y_px, box.width_px, box.height_px) for box in (thing.box for thing in one.marked)]


def test_ellipses_and_polygons_become_the_boxes_around_them():
    (one,) = read_annotations(DATA / "ls-ellipses" / "export.json")
    assert [thing.name for thing in one.marked] == ["papule", "pustule", "nodule"]
    width, height = 215, 320
    assert boxes_of(one)[0] == pytest.approx((0.385 * width, 0.488 * height, 0.03 * width, 0.024 * height))
    assert boxes_of(one)[2] == pytest.approx((0.30 * width, 0.40 * height, 0.02 * width, 0.03 * height))
    assert (one.width_px, one.height_px, one.unread) == (215, 320, 0)


def test_a_second_class_and_a_turned_picture_are_told():
    (one,) = read_annotations(DATA / "ls-empty-label" / "export.json")
    assert [thing.name for thing in one.marked] == ["lesion", "pustule"]
    assert any("pustule, papule" in line for line in one.left_out)
    (one,) = read_annotations(DATA / "ls-image-rotation" / "export.json")
    assert (one.marked, one.unread) == ((), 1)
    assert any("turned the picture" in line for line in one.left_out)


def label_studio(tmp_path, *results):
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{"data": {"image": "a.jpg"}, "annotations": [{"result": list(results)}]}]))
    return read_annotations(path)[0]


def test_a_rectangle_and_its_labels_are_one_mark(tmp_path):
    size = {"original_width": 100, "original_height": 100, "id": "r1"}
    shape = {"x": 10, "y": 10, "width": 5, "height": 5, "rotation": 0}
    one = label_studio(
        tmp_path,
        {"type": "rectangle", "value": shape} | size,
        {"type": "labels", "value": shape | {"labels": ["papule"]}} | size,
        {"type": "brushlabels", "value": {"format": "rle", "rle": [1, 2], "brushlabels": ["nodule"]}}
        | size
        | {"id": "b"},
        {"type": "choices", "value": {"choices": ["mild"]}},
    )
    assert [(thing.name, thing.box.x_px) for thing in one.marked] == [("papule", 10)]
    assert one.unread == 1


def test_coco_boxes_are_set_right():
    (one,) = read_annotations(DATA / "coco-negative-and-zero" / "annotations.json")
    assert boxes_of(one) == [(51, 53, 7, 7), (212, 317, 3, 3)]
    assert any("1 box without area" in line for line in one.left_out)
    (sample,) = DATASETS["coco"].index(DATA / "coco-negative-and-zero")
    assert [label.value for label in sample.labels] == [2]


def test_voc_boxes_are_set_right():
    (one,) = read_annotations(DATA / "voc-zero-area" / "anna.xml")
    assert boxes_of(one) == [(30, 44, 10, 6), (0, 0, 9, 9), (210, 315, 5, 5)]
    (one,) = read_annotations(DATA / "voc-polygon" / "anna.xml")
    assert boxes_of(one) == [(10, 20, 8, 6), (30, 40, 6, 6)]


@pytest.mark.parametrize("case", ["coco-backslash", "coco-same-name-in-folders"])
def test_coco_names_are_paths(case):
    samples = DATASETS["coco"].index(DATA / case)
    subjects = {sample.key.subject for sample in samples}
    assert len(subjects) == len(samples) == (2 if case.endswith("folders") else 1)
    for sample in samples:
        assert sample.read().width_px > 0


def coco(folder, **changes):
    held = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 80}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],
        "categories": [{"id": 1, "name": "papule"}],
    }
    path = folder / "annotations.json"
    path.write_text(json.dumps(held | changes), encoding="utf-8-sig")
    return path


def test_coco_with_an_id_twice_is_refused(tmp_path):
    twice = [{"id": 1, "file_name": "a.jpg"}, {"id": 1, "file_name": "b.jpg"}]
    with pytest.raises(InputError, match="two images have the id 1"):
        read_annotations(coco(tmp_path, images=twice))


def test_coco_of_segmentations_alone(tmp_path):
    marks = [
        {"image_id": 1, "category_id": 1, "segmentation": [[10, 10, 20, 10, 20, 30]]},
        {"image_id": 1, "category_id": 1, "segmentation": {"counts": "abc", "size": [80, 100]}},
    ]
    (one,) = read_annotations(coco(tmp_path, annotations=marks))
    assert (boxes_of(one), one.unread) == ([(10, 10, 10, 20)], 1)


def test_a_photo_with_unread_marks_has_no_number_of_lesions(tmp_path):
    shutil.copy(DATA / "coco-negative-and-zero" / "anna.jpg", tmp_path / "a.jpg")
    marks = [{"image_id": 1, "category_id": 1, "segmentation": {"counts": "abc", "size": [1, 1]}}]
    image = [{"id": 1, "file_name": "a.jpg", "width": 215, "height": 320}]
    coco(tmp_path, annotations=marks, images=image)
    (sample,) = DATASETS["coco"].index(tmp_path)
    assert sample.labels == ()
    assert any("1 mark not read" in line for line in DATASETS["coco"].notes(tmp_path))


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "utf-16", "gb2312"])
def test_voc_in_a_declared_encoding(tmp_path, encoding):
    letters = "\u76ae" if encoding == "gb2312" else "ä"
    box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>4</xmax><ymax>6</ymax></bndbox>"
    text = f"<?xml version='1.0' encoding='{encoding}'?><annotation><filename>C:\\study\\v1\\{letters}.jpg</filename>"
    text += f"<object><name>{letters}</name>{box}</object></annotation>"
    (tmp_path / "a.xml").write_bytes(text.encode(encoding))
    (one,) = read_annotations(tmp_path / "a.xml")
    assert one.photo == f"study/v1/{letters}.jpg"
    assert one.marked[0].name == letters


@pytest.mark.parametrize("labels", ["raw_pixels", "upright_pixels"])
def test_boxes_on_the_unturned_photo_are_turned(labels, tmp_path):
    case = DATA / "boxes-on-unturned-photo"
    said = run("annotate", "disagreements", case / f"{labels}.json", case, "--out", tmp_path, "--predictions",
               case / "predicted.json")  # fmt: skip
    assert "0 disagreements on 1 pictures" in said.output


STORED = AnnotatedPhoto(
    photo="a.jpg",
    width_px=40,
    height_px=30,
    marked=(Marked(name="x", box=Box(x_px=4, y_px=3, width_px=8, height_px=6)),),
)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_goes_where_its_pixels_go(orientation):
    import numpy as np

    from dermis.formats.images.rasters import upright

    plane = np.zeros((30, 40), np.uint8)
    plane[3:9, 4:12] = 1
    box = turned_box(STORED.marked[0].box, (40, 30), orientation)
    rows, columns = np.nonzero(upright(plane, orientation))
    assert (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1) == (
        box.x_px, box.y_px, box.width_px, box.height_px,
    )  # fmt: skip


def test_a_reduced_copy_is_scaled_and_another_shape_is_unread():
    fitted = fit_to_photo(STORED, ImageFrame(width_px=400, height_px=301, orientation=1))
    assert boxes_of(fitted)[0] == pytest.approx((40, 30.1, 80, 60.2))
    assert any("scaled from 40 x 30" in line for line in fitted.left_out)
    for width, height in ((400, 200), (30, 40)):
        other = fit_to_photo(STORED, ImageFrame(width_px=width, height_px=height, orientation=1))
        assert (other.marked, other.unread) == ((), 1)
        assert any("drawn at 40 x 30 px" in line for line in other.left_out)


def test_names_are_matched_by_path():
    files = [Path("in/visit1/front.jpg"), Path("in/visit2/front.jpg"), Path("in/visit1/left.JPG")]
    assert match_photos(["visit2/front.jpg", "visit1\\front.jpg"], files, "x") == {
        "visit2/front.jpg": files[1], "visit1\\front.jpg": files[0],
    }  # fmt: skip
    assert match_photos(["other.jpg", "a/front.jpg", "b/front.jpg"], files, "x") == {}
    assert match_photos(["left"], files, "x") == {"left": files[2]}
    with pytest.raises(InputError, match=r"front\.jpg may be any of 2 photos"):
        match_photos(["front.jpg"], files, "x")


def test_two_visits_of_one_name_are_two_photos(tmp_path):
    case = DATA / "same-name-two-visits"
    said = run("annotate", "disagreements", case / "graded.json", case / "visit1", case / "visit2", "--out", tmp_path,
               "--predictions", case / "predicted.json")  # fmt: skip
    assert "0 disagreements on 2 pictures" in said.output


@pytest.mark.parametrize("form", ["voc", "csv", "coco", "label-studio"])
def test_two_visits_of_one_name_come_back_as_two(form, tmp_path):
    held = [
        AnnotatedPhoto(photo=f"{visit}/front.jpg", width_px=90, height_px=80, marked=STORED.marked, grader="anna")
        for visit in ("visit1", "visit2")
    ]
    back = read_annotations(write_annotations(tmp_path / "out", held, form))
    assert [one.photo for one in back] == ["visit1/front.jpg", "visit2/front.jpg"]


def test_a_name_without_its_ending_is_found(tmp_path):
    predicted = tmp_path / "p.csv"
    predicted.write_text("photo,x_px,y_px,width_px,height_px,score\nanna.jpg,1,2,3,4,0.9\n")
    case = DATA / "voc-no-ending"
    said = run("annotate", "disagreements", case / "anna.xml", case, "--out", tmp_path, "--predictions", predicted)
    assert "on 1 pictures" in said.output


def test_untouched_drafts_agree_and_each_change_is_found(tmp_path):
    shutil.copy(DATA / "voc-no-ending" / "anna.jpg", tmp_path / "anna.jpg")
    rows = [(10 + 20 * place, 30, 12, 12, score) for place, score in enumerate((0.9, 0.31, 0.5, 0.3, 0.44))]

    def table(name, kept):
        lines = [f"anna.jpg,lesion,{x},{y},{w},{h},{score}" for x, y, w, h, score in kept]
        (tmp_path / name).write_text("\n".join(["photo,class,x_px,y_px,width_px,height_px,score", *lines]) + "\n")
        return tmp_path / name

    draft = table("draft.csv", rows)
    for kept, kinds in (
        (rows, []),
        (rows[1:], ["unlabelled"]),
        ([*rows[:3], rows[4]], ["unlabelled"]),
        ([*rows, (150, 150, 12, 12, "")], ["unseen"]),
    ):
        run("annotate", "disagreements", table("labels.csv", kept), tmp_path / "anna.jpg", "--out", tmp_path / "o",
            "--predictions", draft)  # fmt: skip
        with (tmp_path / "o" / "disagreements.csv").open() as file:
            assert [row["kind"] for row in csv.DictReader(file)] == kinds


@pytest.mark.parametrize("form", ["voc", "csv", "coco"])
def test_no_name_leads_out_of_the_folder(form, tmp_path):
    held = read_annotations(DATA / "hostile" / "08-voc-traversal" / "x.csv")
    assert {one.photo for one in held} == {"evil.jpg", "absolute/abs.jpg", "=cmd|' /C calc'!A0"}
    inside = tmp_path / "a" / "b"
    write_annotations(inside, [*held, AnnotatedPhoto(photo="../../up.jpg", width_px=9, height_px=9, marked=())], form)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and inside not in path.parents] == []
    if form == "csv":
        assert "\n=" not in (inside / "boxes.csv").read_text()


def test_what_nobody_graded_or_could_place_is_no_clear_photo(tmp_path):
    path = tmp_path / "export.json"
    size = {"original_width": 100, "original_height": 100}
    box = {"x": 150, "y": 10, "width": 5, "height": 5, "rotation": 0, "rectanglelabels": ["papule"]}
    tasks = [
        {"data": {"image": "skipped.jpg"}, "annotations": [{"was_cancelled": True, "result": []}]},
        {"data": {"picture": "s3://bucket/new.jpg", "id": "7"}, "annotations": []},
        {"data": {"image": "outside.jpg"}, "annotations": [{"result": [{"value": box} | size]}]},
        {"data": {"image": "clear.jpg"}, "annotations": [{"result": []}]},
    ]
    path.write_text(json.dumps(tasks))
    assert {one.photo: one.unread for one in read_annotations(path)} == {
        "skipped.jpg": 1,
        "new.jpg": 1,
        "outside.jpg": 1,
        "clear.jpg": 0,
    }


def test_coco_turned_boxes_and_ids_as_text(tmp_path):
    turned = {"image_id": "1", "category_id": "1", "bbox": [10, 20, 20, 10], "attributes": {"rotation": 90.0}}
    (one,) = read_annotations(coco(tmp_path, annotations=[turned]))
    assert boxes_of(one) == [pytest.approx((15, 15, 10, 20))]
    assert one.marked[0].name == "papule"


def test_voc_in_a_namespace_and_what_was_deleted(tmp_path):
    box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>4</xmax><ymax>6</ymax></bndbox>"
    (tmp_path / "a.xml").write_text(
        f'<annotation xmlns="http://example.org/voc"><object><name>papule</name>{box}</object>'
        f"<object><name>nodule</name><deleted>1</deleted>{box}</object></annotation>"
    )
    (one,) = read_annotations(tmp_path / "a.xml")
    assert [thing.name for thing in one.marked] == ["papule"]
    assert boxes_of(one) == [(1, 2, 3, 4)]
