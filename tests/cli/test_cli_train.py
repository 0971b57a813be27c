"""The verbs of learning, on a folder of six made-up heads."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermis.cli import app, parser
from dermis.errors import InputError, UsageError
from dermis.lab.synth.recipe import shipped_recipes
from dermis.lab.train.recipe import RECIPES
from dermis.lab.train.run import latest_run
from dermis.models.weights import shipped

SMALL = ("input.size_px=16", "train.epochs=1", "train.batch=4", "network.name=unet_lite", "network.pretrained=",
         "machine.accelerator=cpu", "machine.threads=1", "machine.tensorboard=false")  # fmt: skip


@pytest.fixture
def heads(tmp_path, monkeypatch):
    monkeypatch.setenv("DERMIS_CACHE", str(tmp_path / "cache"))
    draw = np.random.default_rng(0)
    for place in range(8):
        for folder, picture in (
            ("images", draw.integers(0, 256, (80, 72, 3), dtype=np.uint8)),
            ("labels", draw.integers(0, 6, (80, 72), dtype=np.uint8)),
        ):
            path = tmp_path / "fasseg" / "frontal" / folder / f"{place}.{'jpg' if folder == 'images' else 'png'}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(path)
    return tmp_path / "fasseg"


@pytest.fixture
def dermis(capfd):
    def run(*arguments):
        app([*map(str, arguments)], standalone_mode=False)
        said = capfd.readouterr()
        return said.out, said.err

    return run


def changed(settings):
    return [part for setting in settings for part in ("--set", setting)]


def test_train_export_and_sweep(heads, tmp_path, dermis):
    learn = ("train", "parts-small", "--data", heads, "--out", tmp_path / "runs", *changed(SMALL))
    out, err = dermis(*learn)
    assert "epoch 1/1" in err
    assert dermis(*learn)[0] == out
    run = out.strip().removeprefix("Run: ")
    said, _ = dermis("export", run, "heads", "--to", tmp_path / "weights")
    assert said == f"Weights: {tmp_path / 'weights' / 'heads'}\n"
    assert shipped(tmp_path / "weights") == ("heads",)
    assert "none stated" in (tmp_path / "weights" / "heads" / "card.md").read_text()  # the licence of the data
    plan = tmp_path / "plan.toml"
    plan.write_text('base = "parts-small"\n[grid]\nseed = [1, 2]\n')
    said, _ = dermis("sweep", plan, "--data", heads, "--out", tmp_path / "runs", *changed(SMALL))
    assert "| full | seed | 2 | 1 |" in Path(said.strip().removeprefix("Summary: ")).read_text()


def test_a_recipe_is_described(dermis):
    said, _ = dermis("train", "colour-small", "--describe", "--set", "train.lr=0.5")
    assert "lr = 0.5 " in said
    assert "[head.tone]" in said


def test_what_is_wrong_is_said_before_anything_runs(tmp_path, monkeypatch, dermis):
    with pytest.raises(UsageError, match="epochs"):
        dermis("train", "colour-small", "--data", tmp_path, "--set", "train.epoch=3")
    with pytest.raises(UsageError, match="--data tone-chips=DIR"):
        dermis("train", "colour-small")
    with pytest.raises(InputError):
        dermis("train", "parts-small", "--data", tmp_path / "absent", *changed(SMALL))
    monkeypatch.setattr(parser, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"dermis\[lab\]"):
        dermis("train", "colour-small", "--data", tmp_path)


def test_every_recipe_is_listed(dermis):
    listed = json.loads(dermis("recipes", "--json")[0])
    named = {(row["verb"], row["recipe"]) for row in listed}
    assert named == {("train", path.stem) for path in RECIPES.glob("*.toml")} | {
        ("synth", name) for name in shipped_recipes()
    }
    assert all(row["about"] for row in listed)
    assert "colour-small" in dermis("recipes")[0]


def test_own_weights_are_listed_and_no_file_of_the_package_changes(heads, tmp_path, dermis, monkeypatch):
    monkeypatch.setenv("DERMIS_WEIGHTS", str(tmp_path / "own"))
    dermis("train", "parts-small", "--data", f"fasseg={heads}", "--out", tmp_path / "runs", *changed(SMALL))
    before = shipped()
    said, _ = dermis("export", "parts-small", "my-heads", "--runs", tmp_path / "runs")
    assert said == f"Weights: {tmp_path / 'own' / 'my-heads'}\n"
    assert shipped() == before
    rows = {row["name"]: row.get("whose") for row in json.loads(dermis("models", "--json")[0])}
    assert rows["my-heads"] == "foreign: yours"
    assert rows["acne"] == "dermis"


def test_a_recipe_is_written_for_graded_folders_and_runs(tmp_path, dermis):
    draw = np.random.default_rng(1)
    for grade in (1, 2, 3):
        for place in range(5):
            path = tmp_path / "photos" / str(grade) / f"p{grade}{place}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(draw.integers(0, 256, (72, 72, 3), dtype=np.uint8)).save(path)
    text, _ = dermis("train", "--new", "graded-folders", tmp_path / "photos")
    (tmp_path / "mine.toml").write_text(text)
    small = [*SMALL[:3], "network.name=small_cnn", *SMALL[4:]]
    runs = tmp_path / "runs"
    said, _ = dermis("train", tmp_path / "mine.toml", "--data", tmp_path / "photos", "--out", runs, *changed(small))
    assert said.startswith("Run: ")
    # The file is called otherwise than the recipe in it: either name finds the run.
    for name in (tmp_path / "mine.toml", tmp_path / "mine", "photos"):
        assert latest_run(str(name), runs).recipe.name == "photos"
    with pytest.raises(UsageError, match="no finished run of others") as refused:
        latest_run("others", runs)
    assert "There are runs of: photos." in refused.value.advice


def test_a_recipe_without_a_dataset_says_so(tmp_path, dermis):
    (tmp_path / "mine.toml").write_text("")
    with pytest.raises(UsageError, match="names no dataset"):
        dermis("train", tmp_path / "mine.toml", "--data", tmp_path)
