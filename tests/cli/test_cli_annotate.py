"""Drafts out, labels in, disagreements listed; the network finds what the test put there."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dermis.cli import app
from dermis.core import Box, Lesions
from dermis.errors import InputError, ModelMissing, UsageError
from dermis.formats.annotations.annotations import FORMATS, read_annotations
from dermis.models import weights
from dermis.pipeline import products


@pytest.fixture
def with_network(monkeypatch):
    def find(photo, face):
        places = face.landmarks[[50, 280, 151, 199], :2]
        density = np.full((photo.height_px // 8 + 1, photo.width_px // 8 + 1), 1e-4, np.float32)
        height, width = density.shape
        for x, y in places[:3]:
            density[int(y) // 8, int(x) // 8] = 3.0  # so many that nobody doubts them
        return Lesions(
            boxes_px=np.concatenate([places - 9, places + 9], axis=1).astype(np.float32),
            scores=np.float32([0.9, 0.8, 0.7, 0.3]),
            density=density,
            density_inclusive=density,
            area=Box(x_px=0, y_px=0, width_px=8 * width, height_px=8 * height),
            model="hand-made@1",
            grade_probabilities=np.float32([0.9, 0.08, 0.01, 0.01]),
        )

    monkeypatch.setattr(products, "find_lesions", find)


def run(*arguments):
    return CliRunner(env={"COLUMNS": "120"}).invoke(app, ["annotate", *(str(one) for one in arguments)])


@pytest.mark.parametrize("form", FORMATS)
def test_drafts_go_out_and_come_back(with_network, selfie, tmp_path, form):
    result = run("export", selfie, "--out", tmp_path / "drafts", "--format", form)
    assert result.exit_code == 0, result.output
    assert "3 lesions drafted on 1 photos" in result.output
    files = {"coco": "annotations.json", "label-studio": "tasks.json", "voc": "", "csv": "boxes.csv"}
    (one,) = read_annotations(tmp_path / "drafts" / files[form])
    assert (one.photo, len(one.marked)) == (selfie.name, 3)
    shown = run("read", tmp_path / "drafts" / files[form])
    assert "comedo" in shown.output
    assert json.loads(run("read", tmp_path / "drafts" / files[form], "--json").output)[0]["photo"] == selfie.name


def labels(path, selfie, rows):
    lines = [f"{selfie.name},lesion,{x},{y},18,18" for x, y in rows]
    path.write_text("\n".join(["photo,class,x_px,y_px,width_px,height_px", *lines]) + "\n")
    return path


def test_what_the_label_lacks_and_what_the_model_does_not_see(with_network, selfie, tmp_path):
    run("export", selfie, "--out", tmp_path / "drafts", "--format", "csv")
    (draft,) = read_annotations(tmp_path / "drafts" / "boxes.csv")
    first = draft.marked[0].box
    given = labels(tmp_path / "labels.csv", selfie, [(first.x_px, first.y_px), (5, 5)])
    grades = tmp_path / "grades.csv"
    grades.write_text(f"photo,grade\n{selfie.name},3\n")
    result = run("disagreements", given, selfie, "--out", tmp_path / "doubts", "--grades", grades)
    assert result.exit_code == 0, result.output
    with (tmp_path / "doubts" / "disagreements.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["kind"] for row in rows) == ["grade", "unlabelled", "unlabelled", "unseen"]
    evidence = [float(row["evidence"]) for row in rows]
    assert evidence == sorted(evidence, reverse=True)
    page = (tmp_path / "doubts" / "disagreements.html").read_text()
    assert page.count('class="doubt"') == 4
    assert "Label: 3; model: 0" in page


def test_predictions_from_a_file_need_no_network(monkeypatch, selfie, tmp_path):
    monkeypatch.setattr(weights, "WEIGHTS", Path("nowhere"))
    predictions = tmp_path / "predictions.csv"
    predictions.write_text(f"photo,x_px,y_px,width_px,height_px,score\n{selfie.name},50,60,20,20,0.97\n")
    given = labels(tmp_path / "labels.csv", selfie, [(300, 300)])
    result = run("disagreements", given, selfie, "--out", tmp_path / "doubts", "--predictions", predictions)
    assert "2 disagreements on 1 pictures" in result.output
    assert isinstance(run("disagreements", given, selfie, "--out", tmp_path / "doubts").exception, ModelMissing)


def test_refusals_say_what_to_do(with_network, selfie, tmp_path):
    given = tmp_path / "labels.csv"
    given.write_text("photo,x_px,y_px,width_px,height_px\nother.jpg,1,2,3,4\n")
    assert isinstance(run("disagreements", given, selfie, "--out", tmp_path).exception, InputError)
    assert isinstance(run("export", selfie, "--out", tmp_path, "--format", "yolo").exception, UsageError)
    assert isinstance(run("read", tmp_path / "none.json").exception, InputError)
    bare = tmp_path / "bare.csv"
    bare.write_text(f"photo,x_px,y_px,width_px,height_px\n{selfie.name},1,2,3,4\n")
    refusal = run("disagreements", bare, selfie, "--out", tmp_path, "--predictions", bare).exception
    assert "need scores" in refusal.advice


def test_a_dataset_is_checked(tmp_path):
    from fakes import graded_folders

    graded_folders.make(tmp_path)
    runner = CliRunner(env={"COLUMNS": "120"})
    said = runner.invoke(app, ["datasets", "check", "graded-folders", str(tmp_path)]).output
    assert "3 photos of 2 subjects" in said
    assert "0 pairs show the same" in said
    held = json.loads(runner.invoke(app, ["datasets", "check", "graded-folders", str(tmp_path), "--json"]).output)
    assert held["values"] == {"acne_severity by reference": "1: 1, 3: 2"}
    names = {row["name"] for row in json.loads(runner.invoke(app, ["datasets", "--json"]).output)}
    assert {"acne04", "acne04-v2", "ffhq-acne", "graded-folders", "photo-table", "coco"} <= names
