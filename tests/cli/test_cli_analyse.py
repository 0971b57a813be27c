"""The command line as a user meets it: words, files, exit codes, never a traceback."""

import json
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image


def dermis(*arguments, **environment):
    import os

    return subprocess.run(
        [sys.executable, "-m", "dermis", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "100", **environment},
        check=False,
    )


def size_of(path):
    with Image.open(path) as picture:
        return picture.size


def png_header(width, height):
    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    whole = folder / "whole.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)).save(whole)
    content = {
        "text.jpg": b"This is a text.\n",
        "empty.png": b"",
        "huge.png": png_header(40000, 40000),
        "cut.jpg": whole.read_bytes()[:4000],
    }
    for name, data in content.items():
        (folder / name).write_bytes(data)
    Image.new("RGB", (1, 1)).save(folder / "dot.png")
    whole.unlink()
    return folder


@pytest.mark.parametrize("name", ["text.jpg", "empty.png", "huge.png", "cut.jpg", "dot.png", "missing.jpg"])
def test_a_bad_file_is_refused_in_plain_words(models, bad_files, name):
    run = dermis("analyse", bad_files / name, "--json")
    assert run.returncode == 3
    assert "Traceback" not in run.stderr + run.stdout
    line = json.loads(run.stdout)
    assert line["photo"]["file"] == name
    assert line["quality"]["usable"] is False
    [problem] = line["quality"]["problems"]
    assert problem["code"] == "unreadable"
    assert name in problem["message"]
    assert problem["advice"]
    assert line["findings"] == []


def test_a_batch_goes_on_past_bad_files(selfie, bad_files, tmp_path):
    run = dermis(
        "analyse", bad_files / "text.jpg", selfie, bad_files / "empty.png", "--json", "--out", tmp_path / "out"
    )
    assert run.returncode == 0, run.stderr
    usable = [json.loads(line)["quality"]["usable"] for line in run.stdout.splitlines()]
    assert usable == [False, True, False]
    folders = {path.name for path in (tmp_path / "out").iterdir()}
    assert folders == {"text", selfie.stem, "empty", "report.html"}
    overview = (tmp_path / "out" / "report.html").read_text()
    for name in ("text.jpg", selfie.name, "empty.png"):
        assert name in overview


def test_one_photo_writes_its_results_into_the_folder(selfie, tmp_path):
    run = dermis("analyse", selfie, "--out", tmp_path)
    assert run.returncode == 0, run.stderr
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {"report.html", "analysis.json", "skin_mask.png", "measured_mask.png", "parts.png", "regions.png"}
    size = size_of(selfie)
    for name in ("skin_mask.png", "measured_mask.png", "parts.png", "regions.png"):
        assert size_of(tmp_path / name) == size
    assert json.loads((tmp_path / "analysis.json").read_text())["schema"] == "dermis.analysis/2"
    assert "not a diagnosis" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("analyse", "a.jpg", "--tasks", "melanine"), "Did you mean 'melanin'"),
        (("analyse", "a.jpg", "--reference", "grey"), "X,Y,W,H=#RRGGBB"),
        (("analyse", "a.jpg", "b.jpg", "--mask", "m.png"), "one photo"),
        (("analyse",), "dermis analyse selfie.jpg"),
        (("analyze", "a.jpg"), "analyze"),
    ],
)
def test_wrong_usage_is_explained(arguments, words):
    run = dermis(*arguments)
    assert run.returncode == 2
    assert words in run.stderr
    assert "Traceback" not in run.stderr


def test_an_empty_folder_is_said(tmp_path):
    run = dermis("analyse", tmp_path)
    assert run.returncode == 3
    assert "without photos" in run.stderr


def test_a_mask_of_another_size_is_refused(selfie, tmp_path):
    Image.new("L", (80, 50), 255).save(tmp_path / "mask.png")
    run = dermis("analyse", selfie, "--mask", tmp_path / "mask.png", "--json")
    assert run.returncode == 3
    [problem] = json.loads(run.stdout)["quality"]["problems"]
    assert problem["code"] == "unusable_option"
    assert "80 x 50" in problem["message"]


def test_without_models_and_network_the_way_out_is_said(selfie, tmp_path):
    run = dermis("analyse", selfie, DERMIS_CACHE=str(tmp_path / "none"), DERMIS_OFFLINE="1")
    assert run.returncode == 1
    assert str(tmp_path / "none") in run.stderr
    assert "Traceback" not in run.stderr


def test_lists_for_programs_and_people(models):
    tasks = json.loads(dermis("tasks", "--json").stdout)
    assert {task["name"] for task in tasks} >= {"skin_tone", "melanin", "haemoglobin", "redness"}
    listed = json.loads(dermis("models", "--json").stdout)
    others = [model for model in listed if "package" in model]
    assert all(model["licence"] and len(model["sha256"]) == 64 for model in others)
    ours = {model["name"] for model in listed if model.get("whose") == "dermis"}
    assert len(others) >= 3
    assert {"acne", "face-parser"} <= ours
    assert "skin_tone" in dermis("tasks").stdout
    assert "face_landmarks" in dermis("models").stdout


def test_parts_come_back_or_are_refused_in_plain_words(selfie, tmp_path):
    Image.new("P", (80, 50), 1).save(tmp_path / "parts.png")
    run = dermis("analyse", selfie, "--parts", tmp_path / "parts.png", "--json")
    assert run.returncode == 3
    [problem] = json.loads(run.stdout)["quality"]["problems"]
    assert problem["code"] == "unusable_option"
    assert "80 x 50" in problem["message"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a.jpg", "--mask", "m.png", "--parts", "p.png"), "Give one"),
        (("a.jpg", "b.jpg", "--parts", "p.png"), "one photo"),
    ],
)
def test_parts_go_with_one_photo_and_without_a_mask(arguments, words):
    run = dermis("analyse", *arguments)
    assert run.returncode == 2
    assert words in run.stderr
