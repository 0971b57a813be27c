"""Acne on the command line, with a network that finds what the test put there."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dermis.cli import app
from dermis.core import Box, Lesions
from dermis.models import weights
from dermis.pipeline import products
from dermis.tasks import TASKS
from fakes.products import LESION_TASKS


@pytest.fixture
def with_network(monkeypatch):
    import numpy as np

    def find(photo, face):
        places = face.landmarks[[50, 280, 151, 199], :2]
        density = np.zeros((photo.height_px // 8 + 1, photo.width_px // 8 + 1), np.float32)
        for x, y in places:
            density[int(y) // 8, int(x) // 8] += 1
        height, width = density.shape
        return Lesions(
            boxes_px=np.concatenate([places - 9, places + 9], axis=1).astype(np.float32),
            scores=np.float32([0.9, 0.8, 0.7, 0.6]),
            density=density,
            density_inclusive=2 * density,
            area=Box(x_px=0, y_px=0, width_px=8 * width, height_px=8 * height),
            model="hand-made@1",
            grade=1.7,
            grade_interval=(1.2, 2.2),
            count_interval=(3.0, 6.0),
        )

    monkeypatch.setattr(products, "find_lesions", find)


def run(*arguments):
    return CliRunner(env={"COLUMNS": "120"}).invoke(app, [str(one) for one in arguments])


def test_acne_in_the_terminal_and_in_the_report(with_network, selfie, tmp_path):
    result = run("analyse", selfie, "--out", tmp_path)
    assert result.exit_code == 0
    assert "acne_grade" in result.output
    page = (tmp_path / "report.html").read_text()
    assert "Acne lesions, each" in page
    assert (tmp_path / "overlay_acne_lesions.png").is_file()


@pytest.mark.parametrize("columns", ["80", "160"])
def test_no_number_is_cut_off_in_a_terminal(with_network, selfie, columns):
    output = CliRunner(env={"COLUMNS": columns}).invoke(app, ["analyse", str(selfie)]).output
    tone = next(line for line in output.splitlines() if line.startswith("face"))
    assert "…" not in output
    assert (" to " in tone) == (columns == "160")  # else the interval stands below its value


def test_a_person_is_one_more_answer(with_network, selfie, tmp_path):
    copy = tmp_path / "again.jpg"
    copy.write_bytes(selfie.read_bytes())
    result = run("analyse", selfie, copy, "--person", "--json", "--tasks", "acne_lesions", "--out", tmp_path / "out")
    *photos, person = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    assert len(photos) == 2
    assert person["schema"] == "dermis.person/2"
    assert person["photos"] == [selfie.name, "again.jpg"]
    assert {finding["task"] for finding in person["findings"]} == set(LESION_TASKS)
    assert json.loads((tmp_path / "out" / "person.json").read_text()) == person


def test_change_between_two_photos(with_network, selfie, tmp_path):
    result = run("change", selfie, selfie, "--out", tmp_path / "change", "--json")
    assert result.exit_code == 0
    held = json.loads(result.stdout)
    assert (len(held["lasting"]), held["gone"], held["new"]) == (4, [], [])
    assert "then-now" in (tmp_path / "change" / "change.html").read_text()
    tone = next(one for one in held["findings"] if one["task"] == "skin_tone")
    assert (tone["difference"], tone["interval"], tone["changed"]) == (0.0, [0.0, 0.0], False)
    assert tone["mdc"] > 0
    usual = {task.name for task in TASKS.values() if not task.on_request}
    assert {one["task"] for one in held["findings"]} == usual
    told = run("change", selfie, selfie).output
    assert "4 lasting, 0 gone, 0 new" in told
    assert re.search(r"Acne lesions .*smallest detectable change [0-9.]+.*: no clear change", " ".join(told.split()))
    assert re.search(r"Skin tone .*smallest detectable change [0-9.]+°: no clear change", told)


def test_without_the_network_the_reason_is_said(monkeypatch, selfie):
    from dermis.errors import ModelMissing

    monkeypatch.setattr(weights, "WEIGHTS", Path("nowhere"))
    assert "Not offered here" in " ".join(run("tasks").output.split())
    for command in (("analyse", selfie, "--tasks", "acne_grade"), ("change", selfie, selfie)):
        assert isinstance(run(*command).exception, ModelMissing)
