"""A run beside weights: its own export is as good as the run, on the people it kept aside."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from dermis.core import SegmentationClass
from dermis.errors import UsageError
from dermis.lab.evaluate import beside
from dermis.lab.train.export import export
from dermis.lab.train.lesion_views import Example as LesionExample
from dermis.lab.train.objectives import lesions
from dermis.lab.train.objectives.face_parts import train_pools
from dermis.lab.train.objectives.samples import train
from dermis.lab.train.parser_views import Example, of_parts
from dermis.lab.train.recipe import find_recipe, read_recipe
from dermis.metrics.evaluation import BootstrapConfig

QUICK = ["machine.accelerator=cpu", "machine.threads=1", "machine.tensorboard=false", "machine.cache=none"]
FEW = BootstrapConfig(resamples=40)


def gains(text):
    """Return the gains that a table tells, by figure."""
    rows = re.findall(r"^\| (\S[^|]*) \| [^|]+ \| [^|]+ \| (\S+) \[", text, re.MULTILINE)
    return {name.strip(): float(value) for name, value in rows}


def face(place, size=48):
    parts = np.zeros((size, size), np.uint8)
    parts[10 : 30 + place, 12:36] = SegmentationClass.FACE_SKIN
    pixels = np.random.default_rng(place).integers(0, 256, (size, size, 3), dtype=np.uint8)
    return Example(name=f"photo {place}", person=f"p{place}", pixels=pixels, sets=of_parts(parts))


def test_a_parser_beside_its_own_export(tmp_path, monkeypatch):
    stages = [f"stage.{name}.{key}={value}" for name in ("1_heads", "2_teachers", "3_hand_made")
              for key, value in (("epochs", 1), ("size_px", 48), ("examples", 2))]  # fmt: skip
    settings = [*QUICK, *stages, "network.pretrained=", "train.batch=2", "train.precision=32", "input.size_px=64"]
    recipe = read_recipe(find_recipe("face-parser"), [*settings, "split.test=0.5"])
    pools = {name: [face(place) for place in range(8)] for name in recipe.pool}
    run = train_pools(recipe, pools, tmp_path / "runs")
    folder = export(run, "twin", home=tmp_path / "weights")
    monkeypatch.setattr(beside, "gather", lambda recipe, roots: pools)
    text = beside.beside_weights(run, str(folder), {}, draws=FEW)
    assert " of 4 people" in text
    told = gains(text)
    assert told
    assert max(map(abs, told.values())) < 0.02
    assert (run.folder / "evaluation" / "beside-twin.md").read_text().strip() == text


def spotted(place, size=64):
    pixels = np.random.default_rng(place).integers(150, 200, (size, size, 3), dtype=np.uint8)
    corners = np.array([[8 + 12 * one, 20, 14 + 12 * one, 26] for one in range(place % 4 + 1)], np.float32)
    for left, top, right, bottom in corners.astype(int):
        pixels[top:bottom, left:right] = (200, 30, 30)
    return LesionExample(
        name=f"photo {place}", person=f"p{place}", pixels=pixels, skin=np.full((16, 16), 255, np.uint8),
        face=(0, 0, size, size), boxes=corners, grade=float(place % 4), count_all=float(len(corners)),
    )  # fmt: skip


def test_a_network_of_lesions_beside_its_own_export_on_the_people_who_chose_nothing(tmp_path, monkeypatch):
    stages = [f"stage.{name}.{key}={value}" for name in ("1_small", "2_larger", "3_whole")
              for key, value in (("epochs", 1), ("size_px", 64))]  # fmt: skip
    settings = [*QUICK, *stages, "network.pretrained=", "train.batch=4", "train.precision=32", "input.size_px=64"]
    recipe = read_recipe(find_recipe("acne"), [*settings, "split.validate=0.4"])
    pools = {"graded": [spotted(place) for place in range(12)]}
    run = lesions.train_pools(recipe, pools, tmp_path / "runs")
    folder = export(run, "twin", home=tmp_path / "weights", half=False)
    monkeypatch.setattr(beside, "gather", lambda recipe, roots: pools)
    text = beside.beside_weights(run, str(folder), {}, part="validate")
    assert re.search(r"^\d photos of \d people", text, re.MULTILINE)
    told = gains(text)
    assert set(told) >= {"grade, RMSE", "lesions, MAE"}
    assert max(abs(told[name]) for name in ("grade, RMSE", "lesions, MAE")) < 0.1
    assert "12 photos of 12 people" in beside.beside_weights(run, str(folder), {}, part="all")
    with pytest.raises(UsageError, match="kept nobody aside of test"):
        beside.beside_weights(run, str(folder), {})


def test_a_network_on_samples_beside_its_own_export_and_beside_what_answers_something_else(
    tmp_path, monkeypatch, fake_samples
):
    recipe = read_recipe(find_recipe("acne-types"), [*QUICK, "train.epochs=1", "train.batch=8"])
    samples = fake_samples(recipe)
    run = train(recipe, samples, tmp_path / "runs")
    folder = export(run, "twin", home=tmp_path / "weights")
    monkeypatch.setattr(beside, "find_dataset", lambda name: SimpleNamespace(index=lambda root: samples))
    monkeypatch.setattr(beside, "folder_of_data", lambda recipe, roots: tmp_path)
    text = beside.beside_weights(run, str(folder), {}, draws=FEW)
    assert "## lesion_type" in text
    assert max(map(abs, gains(text).values())) < 0.05
    with pytest.raises(UsageError, match="do not answer 'lesion_type'"):
        beside.beside_weights(run, "face-parser", {})
