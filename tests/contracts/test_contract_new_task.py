"""A new question is one file and one line: its record alone brings it everywhere."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dermis.cli import app
from dermis.core import Finding, Measure, Region, Task
from dermis.pipeline.api import analyse
from dermis.tasks import TASKS

sys.path.insert(0, str(Path(__file__).parent))
import wrinkles

sys.path.pop(0)


@pytest.fixture
def added(monkeypatch):
    """Add the task to the visible table, as one line in `dermis/tasks/__init__.py` does."""
    monkeypatch.setitem(TASKS, "wrinkles", wrinkles.TASK)


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_the_command_line_lists_and_answers_it(added, selfie, tmp_path):
    assert "wrinkles" in run("tasks", "--json").output
    done = run("analyse", selfie, "--tasks", "wrinkles", "--json", "--out", tmp_path)
    assert done.exit_code == 0
    findings = json.loads(done.output.strip().splitlines()[0])["findings"]
    assert {one["task"] for one in findings} == {"wrinkles"}
    assert Region.FACE in {one["region"] for one in findings}
    assert (tmp_path / "overlay_wrinkles.png").is_file()
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert wrinkles.TASK.title in page
    assert "Light from the side makes lines look deeper." in page
    assert 'id="map-wrinkles"' in page


def test_the_reference_page_holds_it(added):
    script = Path(__file__).parents[2] / "docs" / "generate.py"
    spec = importlib.util.spec_from_file_location("generate", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert f"| `wrinkles` | {wrinkles.TASK.question}" in module.tasks_page()


def test_the_trainer_takes_its_head_and_the_evaluation_its_metrics(added, tmp_path):
    pytest.importorskip("torch")
    from dermis.lab.evaluate.evaluate import metrics_of_task
    from dermis.lab.train.recipe import read_recipe

    recipe = tmp_path / "lines.toml"
    recipe.write_text('name = "lines"\n[head.wrinkles]\n', encoding="utf-8")
    head = read_recipe(recipe).head["wrinkles"]
    assert (head.kind, head.unit) == ("map", "contrast")
    assert set(wrinkles.TASK.metrics) <= set(metrics_of_task("wrinkles", "measure"))


def test_a_task_with_a_network_of_its_own(monkeypatch, selfie):
    def measure(output):
        shares = output["lesion_type_shares"]
        return (
            Finding(task="own_network", region=Region.FACE, value=float(shares[0]), unit="share", model="acne-types"),
        )

    task = Task(
        name="own_network",
        title="Own network",
        question="What does the network say?",
        scale=Measure(unit="share", low=0.0, high=1.0),
        regions=(Region.FACE,),
        metrics=("mae",),
        reference="an example",
        measure=measure,
        needs=("output:acne-types",),
    )
    monkeypatch.setitem(TASKS, "own_network", task)
    found = analyse(selfie, tasks="own_network")
    assert [one.task for one in found.findings] == ["own_network"]
    assert np.isfinite(found["own_network"].value)
    assert found.provenance.models["acne-types"] == "acne-types"
    assert found.to_rows()[0]["task"] == "own_network"
