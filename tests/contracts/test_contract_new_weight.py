"""The steps of CONTRIBUTING.md, "Add a weight", followed with the recipe that stands there."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermis.lab.train.card import META_SCHEMA
from dermis.lab.train.export import export
from dermis.lab.train.recipe import RECIPES, read_recipe
from dermis.lab.train.train import train_recipe
from dermis.models.weights import WEIGHTS, foreign, shipped
from dermis.pipeline.foreign import foreign_tasks

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"


@pytest.fixture
def recipe_file(tmp_path):
    (text,) = re.findall(r'```toml\n(name = "redness-grade".*?)```', PAGE.read_text(), re.DOTALL)
    path = tmp_path / "redness-grade.toml"
    path.write_text(text)
    return path


@pytest.fixture
def photos(tmp_path):
    draw = np.random.default_rng(0)
    for place in range(16):
        path = tmp_path / "photos" / str(place % 4) / f"p{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (72, 72, 3), dtype=np.uint8)).save(path)
    return tmp_path / "photos"


def test_a_recipe_becomes_a_weight_with_its_card(recipe_file, photos, tmp_path, monkeypatch):
    monkeypatch.setenv("DERMIS_WEIGHTS", str(tmp_path / "own"))
    settings = ["machine.accelerator=cpu", "machine.threads=1", "machine.tensorboard=false", "machine.cache=none"]
    told = read_recipe(recipe_file, settings)
    head = next(iter(told.head))
    labels = f"head.{head}.targets=[{_label(photos)!r}]".replace("'", '"')
    run = train_recipe(read_recipe(recipe_file, [*settings, labels]), {"graded-folders": photos}, tmp_path / "runs")
    folder = export(run, told.name, home=tmp_path / "own")
    assert foreign() == ("redness-grade",)
    written = json.loads((folder / "meta.json").read_text())
    for name in shipped():
        held = json.loads((WEIGHTS / name / "meta.json").read_text())
        assert set(written) - set(held) <= {"weights", "tolerance", "largest_difference"}, name
        assert (held["schema"], held["name"]) == (META_SCHEMA, name)
        assert held["learner"] == read_recipe(RECIPES / f"{name}.toml").learner
        assert held["data"].keys() == written["data"].keys()
        assert held["data"]["samples"]["train"] > 0
        assert held["data"]["licences"]
    card = (folder / "card.md").read_text()
    for words in ("How red a face is", "An example to follow", "never parted: subject", "## Figures"):
        assert words in card
    (task,) = foreign_tasks("redness-grade")
    assert (task.scale.lowest, task.scale.highest) == (0.0, 3.0)


def _label(photos):
    """Return the label that the layout of graded folders gives."""
    from dermis.lab.datasets import find_dataset

    return find_dataset("graded-folders").index(photos)[0].labels[0].task
