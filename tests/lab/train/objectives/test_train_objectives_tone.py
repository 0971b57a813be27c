"""The tone network: trained for some steps on drawn clues, calibrated, exported, asked as `dermis analyse` does."""

import json

import numpy as np
import pytest

from dermis.lab.train.examples.tone import CLUES, Clues
from dermis.lab.train.export import export
from dermis.lab.train.objectives.tone import ask, open_network, train_pools
from dermis.lab.train.recipe import find_recipe, read_recipe
from dermis.models.runtime import load


def drawn(count, seed, people):
    rng = np.random.default_rng(seed)
    rows = []
    for place in range(count):
        lab = rng.uniform((30, 5, 8), (75, 20, 25))
        clues = rng.normal(0, 3, len(CLUES)).astype(np.float32)
        clues[:3] = lab - (8, 2, 4) + rng.normal(0, 1, 3)
        clues[-1] = np.nan if place % 3 else 1.0
        light = ("sun", "window", "flash", "led", "shade")[place % 5]
        rows.append(Clues(name=str(place), person=f"{seed}-{place % people}", pixels=clues, lab=lab, light=light))
    return rows


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    settings = ["train.epochs=3", "schedule.warmup_epochs=1.0", "machine.tensorboard=false", "machine.threads=1",
                "machine.accelerator=cpu"]  # fmt: skip
    recipe = read_recipe(find_recipe("skin-tone"), settings)
    pools = {"learn": drawn(400, 1, 40), "judge": drawn(60, 2, 12)}
    return train_pools(recipe, pools, tmp_path_factory.mktemp("runs"))


def test_a_few_epochs_beat_the_photographed_colour(run):
    judge = drawn(60, 2, 12)
    clues, lab = np.array([one.pixels for one in judge]), np.array([one.lab for one in judge])
    said, scale = ask(open_network(run), clues)
    assert np.abs(said - lab).mean() < 0.5 * np.abs(clues[:, :3] - lab).mean()
    assert (scale > 0).all()


def test_intervals_come_from_people_and_lights_left_out(run):
    calibration = json.loads((run.folder / "calibration.json").read_text())
    assert calibration["clues"] == list(CLUES)
    assert calibration["people"] == 40
    assert calibration["factor"] > 0
    data = json.loads((run.folder / "data.json").read_text())
    assert data["pools"]["judge"]["test"] == {"examples": 60, "people": 12}


def test_what_ships_answers_as_what_was_trained(run, tmp_path):
    folder = export(run, "skin-tone", home=tmp_path)
    clues = drawn(1, 5, 1)[0].pixels[None]
    theirs = load(folder / "model.onnx").run(clues)
    mine, _ = ask(open_network(run), clues)
    np.testing.assert_allclose(theirs["lab"], mine, atol=1e-3)
    meta = json.loads((folder / "meta.json").read_text())
    assert meta["schema"] == "dermis.weights/1"
    assert meta["calibration"]["level"] == 0.9
    assert "12 people to test" in (folder / "card.md").read_text()
