"""What each way of keeping acne photos holds, and what is said where it is wrong."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from dermis.core import Box, Origin
from dermis.errors import InputError
from dermis.lab.datasets import DATASETS
from dermis.lab.datasets.graded_folders import grade_of
from dermis.models.preprocess import Input, preprocess
from fakes import acne04, acne04_v2, coco, ffhq_acne, graded_folders, pictures, table_csv

FAKES = {
    "acne04": acne04, "acne04-v2": acne04_v2, "coco": coco, "ffhq-acne": ffhq_acne, "graded-folders": graded_folders,
    "photo-table": table_csv,
}  # fmt: skip


def samples_of(name, root):
    FAKES[name].make(root)
    return DATASETS[name].index(root)


def said(sample):
    return {(label.task, label.grader): label.value for label in sample.labels}


def test_circles_become_squares_inside_the_photo(tmp_path):
    first, second = sorted(samples_of("acne04-v2", tmp_path), key=lambda one: one.key.subject, reverse=True)
    assert said(first) == {("acne_lesions", "second team"): 2.0, ("acne_grade", "reference"): 1.0}
    assert first.items[0].box == Box(x_px=14, y_px=24, width_px=12, height_px=12)
    assert first.items[1].box == Box(x_px=87, y_px=62, width_px=9, height_px=16)
    np.testing.assert_array_equal(first.beside["circles"](), [[20, 30, 6], [95, 70, 8]])
    assert said(second)["acne_lesions", "second team"] == 0


def test_photos_of_acne04_may_lie_in_its_own_folders(tmp_path):
    samples_of("acne04-v2", tmp_path)
    (tmp_path / "Classification").mkdir()
    (tmp_path / "images").rename(tmp_path / "Classification" / "JPEGImages")
    assert len(DATASETS["acne04-v2"].index(tmp_path)) == 2
    shutil.rmtree(tmp_path / "Classification")
    with pytest.raises(InputError, match="none of the photos"):
        DATASETS["acne04-v2"].index(tmp_path)
    (tmp_path / "Acne04-v2_annotations.json").write_text(json.dumps({"images": []}))
    with pytest.raises(InputError, match="lacks or misstates 'annotations'"):
        DATASETS["acne04-v2"].index(tmp_path)


def test_several_graders_of_one_portrait(tmp_path):
    one, two = samples_of("ffhq-acne", tmp_path)
    assert (one.key.subject, two.key.subject) == ("00012", "01007")
    assert said(one) == {("acne_presence", "dr-a"): 1.0, ("acne_severity", "dr-a"): 2.0}
    assert said(two) == {
        ("acne_presence", "dr-a"): 0.0, ("acne_presence", "dr-b"): 1.0, ("acne_severity", "dr-b"): 1.0,
    }  # fmt: skip


def test_a_judged_portrait_that_is_missing_is_named(tmp_path):
    samples_of("ffhq-acne", tmp_path)
    (tmp_path / "images1024x1024" / "00000" / "00012.png").unlink()
    with pytest.raises(InputError, match="judges image 00012"):
        DATASETS["ffhq-acne"].index(tmp_path)
    (tmp_path / "acne.csv").write_text("image,acne\n1007,maybe\n")
    with pytest.raises(InputError, match="acne is 'maybe'"):
        DATASETS["ffhq-acne"].index(tmp_path)


@pytest.mark.parametrize(
    ("name", "grade"),
    [("0", 0), ("1-Clear", 1), ("2.5", 2.5), ("grade_3", 3), ("levle2", 2), ("Almost Clear", 1), ("very_severe", 5),
     ("not-acne", 0), ("spots", None), ("", None)],
)  # fmt: skip
def test_the_grade_a_folder_says(name, grade):
    assert grade_of(name) == grade


def test_a_person_in_two_grades_is_one_subject(tmp_path):
    samples = samples_of("graded-folders", tmp_path)
    assert sorted((one.key.subject, said(one)["acne_severity", "reference"]) for one in samples) == [
        ("3 moderate/bela", 3.0), ("s001", 1.0), ("s001", 3.0),
    ]  # fmt: skip
    pictures.photo(tmp_path / "spots" / "a.jpg", 1)
    with pytest.raises(InputError, match="says no grade"):
        DATASETS["graded-folders"].index(tmp_path)


def test_a_table_with_graders_in_columns_and_in_rows(tmp_path):
    front, left, bela = samples_of("photo-table", tmp_path)
    assert said(front) == {("acne_grade", "dr_a"): 1.0, ("acne_grade", "dr_b"): 2.0}
    assert said(left) == {("acne_grade", "dr_b"): 1.5}
    assert said(bela) == {("acne_grade", "dr_a"): 3.0, ("acne_grade", "dr_c"): 2.0}
    assert (bela.traits, len(bela.items), len(front.items)) == ({"camera": "studio"}, 1, 0)
    assert (front.key.subject, front.key.view) == ("anna", "front")


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("labels.csv", "photo,grade\nnone.jpg,1\n", "names none.jpg"),
        ("labels.csv", "photo,subject,grade\nb.png,a,1\nb.png,b,2\n", "two subjects"),
        ("labels.csv", "photo,grade\n", "no rows"),
        ("boxes.csv", "photo,x_px,y_px,width_px,height_px\nz.jpg,1,2,3,4\n", "no photo of the table"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path, file, text, words):
    samples_of("photo-table", tmp_path)
    (tmp_path / "boxes.csv").unlink()
    (tmp_path / file).write_text(text)
    with pytest.raises(InputError, match=words):
        DATASETS["photo-table"].index(tmp_path)


def test_an_export_keeps_its_parts_and_names(tmp_path):
    train, test = samples_of("coco", tmp_path)
    assert (train.traits, test.traits) == ({"part": "train"}, {"part": "test"})
    assert [(one.kind, one.box.x_px, one.box.width_px) for one in train.items] == [
        ("pustule", 10, 8),
        ("pustule", 1, 4),
    ]
    assert said(test)["acne_lesions", "reference"] == 0
    (tmp_path / "train" / "train-a.jpg").unlink()
    with pytest.raises(InputError, match=r"lacks the photo train-a\.jpg"):
        DATASETS["coco"].index(tmp_path)


@pytest.mark.parametrize("name", FAKES)
def test_names_of_files_and_folders_are_no_features(name, tmp_path):
    """A network is shown the same picture and numbers whatever the file is called."""
    shown = Input(size_px=32, features=("mean_colour", "exposure"))
    for sample in samples_of(name, tmp_path):
        photo = sample.read()
        other = replace(photo, origin=Origin(name="levle3_very_severe.jpg", sha256="0" * 64))
        one, renamed = preprocess(photo, shown, None), preprocess(other, shown, None)
        np.testing.assert_array_equal(one.picture, renamed.picture)
        np.testing.assert_array_equal(one.numbers, renamed.numbers)


def test_renamed_files_give_the_same_labels_boxes_and_groups(tmp_path):
    """The tables of ACNE04 with every file renamed, away from its grade."""
    acne04.make_tables(tmp_path)
    before = DATASETS["acne04"].index(tmp_path)
    table = (tmp_path / "images.csv").read_text()
    for number, path in enumerate(sorted((tmp_path / "images").iterdir())):
        new = f"images/photo-{number}.jpg"
        table = table.replace(f"images/{path.name},", f"{new},")
        path.rename(tmp_path / new)
    (tmp_path / "images.csv").write_text(table)
    after = DATASETS["acne04"].index(tmp_path)
    assert [(one.key, one.labels, one.items) for one in after] == [(one.key, one.labels, one.items) for one in before]
    for one, other in zip(before, after, strict=True):
        assert one.traits.get("original_width_px") == other.traits.get("original_width_px")
        assert other.read().origin.name.startswith("photo-")


def test_groups_that_are_one_persons_are_joined(tmp_path):
    acne04.make_tables(tmp_path)
    table = tmp_path / "images.csv"
    rows = table.read_text().replace("levle0_4,0,7,", "levle3_127,0,70,").replace("levle2_11,2,8,", "levle3_31,2,8,")
    table.write_text(rows)
    subjects = {sample.key.view: sample.key.subject for sample in DATASETS["acne04"].index(tmp_path)}
    assert subjects["levle3_127"] == subjects["levle3_31"] != subjects["levle0_3"]
