"""Every shipped recipe trains, answers and exports one step on tiny data."""

import numpy as np
import pytest

from dermis.lab.evaluate.predict import predict
from dermis.lab.train.export import export
from dermis.lab.train.objectives.samples import train
from dermis.lab.train.recipe import RECIPES, read_recipe
from dermis.lab.train.recipe.learners import LEARNERS
from dermis.models.weights import open_weights

SMALLER = (
    "train.epochs=1",
    "train.batch=8",
    "machine.accelerator=cpu",
    "machine.threads=1",
    "machine.tensorboard=false",
)


HEADS = [path for path in sorted(RECIPES.glob("*.toml")) if LEARNERS[read_recipe(path).learner].heads]
"""Recipes on samples; those on pools are tried with examples of their own, in the tests of their learners."""


@pytest.mark.parametrize("path", HEADS, ids=lambda path: path.stem)
def test_a_recipe_trains_answers_and_exports(path, fake_samples, tmp_path):
    whole = read_recipe(path)
    cubes = any(head.kind == "spectrum" for head in whole.head.values())
    size = min(whole.input.size_px, 16 if cubes else 64)
    crop = min(whole.train.crop_px, size // 2)
    recipe = read_recipe(path, [*SMALLER, f"input.size_px={size}", f"train.crop_px={crop}"])
    samples = fake_samples(recipe)
    run = train(recipe, samples, tmp_path / "runs")
    assert np.isfinite(run.result()["train_loss"])
    table = predict(run, samples)
    assert len(table) == len(samples)
    assert set(table["part"]) == {"train", "validate", "test"}
    export(run, "tiny", home=tmp_path / "weights")
    weights = open_weights("tiny", tmp_path / "weights")
    instead = samples[0].beside[recipe.input.beside]() if recipe.input.beside else None
    answers = weights.ask(samples[0].read(), beside=instead)
    assert set(answers) == set(weights.answers)
    assert all(np.isfinite(held).all() for held in answers.values())
    assert path.stem in weights.card
