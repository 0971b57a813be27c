"""The loop as a whole: same seed, same figures, also after a kill, also on several processes."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch

from dermis.errors import UsageError
from dermis.lab.evaluate.predict import predict
from dermis.lab.networks.model import Model
from dermis.lab.train.build import load_model, new_model
from dermis.lab.train.objectives import samples as in_samples
from dermis.lab.train.objectives.frozen_features import said_of
from dermis.lab.train.objectives.samples import prepared, train
from dermis.lab.train.pools import in_order
from dermis.lab.train.recipe import recipe_from
from dermis.lab.train.recipe.toml_records import toml_of
from dermis.lab.train.run import find_run, run_folder

TESTS = Path(__file__).parents[2]
TABLES = {
    "name": "tiny",
    "seed": 3,
    "input": {"size_px": 16, "features": ["mean_colour", "exposure", "camera"]},
    "network": {"fusion": "concat", "width": 32},
    "head": {"tone": {"kind": "measure", "targets": ["l", "a", "b"]}, "dots": {"kind": "count"}},
    "loss": {"tone": {"name": "delta_e_00"}},
    "augment": {"flip": 0.5, "noise": 0.02},
    "train": {"epochs": 4, "batch": 8, "watch": "tone", "ema": 0.9},
    "machine": {"accelerator": "cpu", "threads": 1, "tensorboard": False},
}


def recipe(*settings):
    return recipe_from(TABLES, settings)


def figures(run):
    with (run.folder / "metrics.csv").open() as file:
        return [
            {name: float(value) for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)
        ]


def test_the_same_seed_gives_the_same_figures(fake_samples, tmp_path):
    told = recipe()
    samples = fake_samples(told)
    first = train(told, samples, tmp_path / "first")
    second = train(told, samples, tmp_path / "second")
    assert figures(first) == figures(second)
    weights = [torch.load(run.best, weights_only=True) for run in (first, second)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    other = train(recipe("seed=4"), samples, tmp_path / "first")
    assert figures(other) != figures(first)


def test_a_run_keeps_what_it_was(fake_samples, tmp_path):
    told = recipe("train.epochs=2", "machine.tensorboard=true")
    samples = fake_samples(told)
    run = train(told, samples, tmp_path)
    assert run.folder == run_folder(told, tmp_path)
    names = {"recipe.toml", "data.json", "versions.json", "log.txt", "metrics.csv", "model.json", "result.json"}
    assert names <= {path.name for path in run.folder.iterdir()}
    assert list((run.folder / "tensorboard").iterdir())
    assert (run.folder / "recipe.toml").read_text() == toml_of(told)
    assert find_run(run.folder).recipe == told
    parts = json.loads((run.folder / "data.json").read_text())["parts"]
    assert sorted(chain(*parts.values())) == sorted(str(sample.key) for sample in samples)
    subjects = [subject for keys in parts.values() for subject in {key.split("/")[1] for key in keys}]
    assert len(subjects) == len(set(subjects))
    assert len(figures(run)) == 2
    assert (run.folder / "log.txt").read_text().count("epoch") == 2
    before = (run.folder / "metrics.csv").stat().st_mtime_ns
    assert train(told, samples, tmp_path).finished  # and does nothing
    assert (run.folder / "metrics.csv").stat().st_mtime_ns == before


def test_it_learns(fake_samples, tmp_path):
    told = recipe(
        "train.epochs=25", "train.lr=5e-3", "head.tone.residual=mean_colour", "network.dropout=0", "train.ema=0"
    )
    samples = fake_samples(told, 48)
    table = predict(train(told, samples, tmp_path), samples)
    rows = table[table["part"] == "test"]
    assert len(rows) >= 6
    off = (rows["predicted.tone.l"] - rows["target.tone.l"]).abs().mean()
    spread = (rows["target.tone.l"] - table["target.tone.l"].mean()).abs().mean()
    assert off < 0.35 * spread


KILLED = """
import sys
def offline(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise RuntimeError(f"{event} {arguments}")
if sys.argv[-1] == "offline":
    sys.addaudithook(offline)
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from fakes.samples import fake_sample
from dermis.lab.train.objectives import samples as in_samples
from dermis.lab.train.objectives.samples import train
from dermis.lab.train.recipe import read_recipe
told = read_recipe(Path(sys.argv[2]))
train(told, [fake_sample(place, told) for place in range(16)], Path(sys.argv[3]))
"""


def test_a_killed_run_goes_on_as_if_nothing_had_been(fake_samples, tmp_path):
    told = recipe("train.epochs=40", "train.patience=0", "machine.cache=none")
    (tmp_path / "tiny.toml").write_text(toml_of(told))
    command = [
        sys.executable,
        "-c",
        KILLED,
        str(TESTS),
        str(tmp_path / "tiny.toml"),
        str(tmp_path / "killed"),
        "offline",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    table = run_folder(told, tmp_path / "killed") / "metrics.csv"
    while process.poll() is None and (not table.exists() or table.read_text().count("\n") < 4):
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, process.stderr.read().decode()
    process.stderr.close()
    assert not (table.parent / "result.json").exists()
    done = table.read_text().count("\n") - 1
    assert 3 <= done < 40
    samples = fake_samples(told)
    gone_on = train(told, samples, tmp_path / "killed")
    whole = train(told, samples, tmp_path / "whole")
    assert figures(gone_on) == figures(whole)
    assert len(figures(whole)) == 40
    weights = [torch.load(run.best, weights_only=True) for run in (gone_on, whole)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_run_stands_for_its_data(fake_samples, tmp_path):
    told = recipe("train.epochs=2")
    samples = fake_samples(told)
    run = train(told, samples, tmp_path)
    other = [*samples[:-1], replace(samples[-1], labels=())]
    with pytest.raises(UsageError, match="data changed"):
        train(told, other, tmp_path)
    (run.folder / "result.json").unlink()
    with pytest.raises(UsageError, match="data changed"):
        train(told, other, tmp_path)


def test_it_stops_when_nothing_gets_better(fake_samples, tmp_path):
    told = recipe("train.epochs=30", "train.patience=2", "train.min_delta=1e6")
    run = train(told, fake_samples(told), tmp_path)
    assert run.result()["epochs"] == 3
    assert run.result()["epoch"] == 0


def test_a_loss_that_is_no_number_is_said(fake_samples, tmp_path):
    told = recipe("train.lr=1e30", "train.clip=0", "optimiser.name=sgd")
    with pytest.raises(UsageError, match=r"train\.lr"):
        train(told, fake_samples(told), tmp_path)


def test_frozen_layers_stay_as_they_were(fake_samples, tmp_path):
    told = recipe("network.frozen_epochs=-1", "train.epochs=2", "train.ema=0")
    samples = fake_samples(told)
    learnt, _ = load_model(train(told, samples, tmp_path))
    torch.manual_seed(told.seed)
    from dermis.lab.networks.registry import backbone

    drawn = backbone("small_cnn").state_dict()
    assert all(torch.equal(drawn[name], value) for name, value in learnt.backbone.state_dict().items())


@pytest.mark.parametrize("settings", [["train.precision=bf16"], ["train.channels_last=false"], ["train.balance=dots"],
                                      ["train.balance=light"], ["optimiser.name=sgd"], ["data.limit=10"]])  # fmt: skip
def test_the_other_ways_run_too(settings, fake_samples, tmp_path):
    told = recipe("train.epochs=1", *settings)
    run = train(told, fake_samples(told), tmp_path)
    assert np.isfinite(run.result()["train_loss"])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["train.balance=nothing"], "trait"),
        (["split.by=light"], "parts"),
        (['head.tone.targets=["x","y","z"]'], "no sample"),
        (["machine.accelerator=gpu"], "machine"),
        (["split.by=weather"], "weather"),
    ],
)
def test_recipes_that_do_not_fit_the_data_are_refused(settings, words, fake_samples, tmp_path):
    if settings == ["machine.accelerator=gpu"] and torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    told = recipe(*settings)
    with pytest.raises(UsageError, match=words):
        train(told, fake_samples(recipe()), tmp_path)


# Norms that learn see half a batch in each process, and what is drawn for a picture differs; without both all is one.
ALIKE = ("network.frozen_stages=4", "network.dropout=0", "augment.flip=0", "augment.noise=0", "train.epochs=2")


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(fake_samples, tmp_path):
    told = recipe(*ALIKE, "machine.devices=2", "machine.cache=none")
    (tmp_path / "tiny.toml").write_text(toml_of(told))
    script = tmp_path / "both.py"
    script.write_text(KILLED)
    command = [sys.executable, str(script), str(TESTS), str(tmp_path / "tiny.toml"), str(tmp_path / "both")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    both = find_run(run_folder(told, tmp_path / "both"))
    alone = train(recipe(*ALIKE), fake_samples(told), tmp_path / "alone")
    for row, other in zip(figures(both), figures(alone), strict=True):
        assert row == pytest.approx(other, rel=1e-4)
    weights = [torch.load(run.best, weights_only=True) for run in (both, alone)]
    assert weights[0].keys() == weights[1].keys()
    for name, value in weights[0].items():
        torch.testing.assert_close(value, weights[1][name], rtol=1e-4, atol=1e-5)
    start = train(recipe(*ALIKE, "train.epochs=1", "train.lr=1e-9"), fake_samples(told), tmp_path / "start")
    learnt = torch.load(start.best, weights_only=True)
    assert any(not torch.allclose(value, learnt[name], atol=1e-4) for name, value in weights[1].items())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
def test_a_gpu_learns_what_a_processor_learns(fake_samples, tmp_path):
    runs = [
        train(
            recipe(*ALIKE, "machine.cache=none", f"machine.accelerator={one}"), fake_samples(recipe()), tmp_path / one
        )
        for one in ("gpu", "cpu")
    ]
    for row, other in zip(*map(figures, runs), strict=True):
        assert row == pytest.approx(other, rel=1e-2)


STILL = ("network.frozen_epochs=-1", "network.dropout=0", "augment.flip=0", "augment.noise=0", "train.epochs=2")


def test_a_frozen_network_is_asked_once_and_learns_the_same(fake_samples, tmp_path, monkeypatch):
    told, asked, pooled = recipe(*STILL), [], Model.pooled
    samples = fake_samples(told)
    monkeypatch.setattr(Model, "pooled", lambda self, image: (asked.append(len(image)), pooled(self, image))[1])
    once = train(told, samples, tmp_path / "once")
    assert sum(asked) == len(samples)
    monkeypatch.setattr(in_samples, "is_frozen", lambda recipe: False)
    always = train(told, samples, tmp_path / "always")
    assert sum(asked) == len(samples)
    for mine, theirs in zip(figures(once), figures(always), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4)


def test_features_of_a_frozen_network_are_kept_for_other_runs(fake_samples, tmp_path, monkeypatch):
    """Of the pictures as they are and of two changed looks; a run of another head asks nothing."""
    told = recipe(*STILL, "augment.flip=0.5", "augment.roll=1.0", "network.frozen_looks=2", f"machine.cache={tmp_path}")
    samples, asked, pooled = fake_samples(told), [], Model.pooled
    root = tmp_path / "data"
    root.mkdir()
    monkeypatch.setattr(Model, "pooled", lambda self, image: (asked.append(len(image)), pooled(self, image))[1])
    run = train(told, samples, tmp_path / "runs", root=root)
    assert sum(asked) == 3 * len(samples)
    kept = [np.load(path)["said"] for path in tmp_path.glob("*/features-*.npz")]
    assert len(kept) == 3
    assert not np.allclose(kept[0], kept[1])
    train(replace(told, network=replace(told.network, width=8)), samples, tmp_path / "runs", root=root)
    assert sum(asked) == 3 * len(samples)
    told = predict(run, samples, root=root)
    assert sum(asked) == 3 * len(samples)
    alone = predict(run, samples)
    assert sum(asked) == 4 * len(samples)
    assert told["predicted.dots"].to_numpy() == pytest.approx(alone["predicted.dots"].to_numpy(), rel=1e-4)


def test_what_a_frozen_network_says_of_a_picture_does_not_depend_on_those_beside_it(fake_samples):
    told = recipe(*STILL)
    decoded, parts = prepared(told, fake_samples(told))
    model = new_model(told, decoded, parts.train)
    said = said_of(model, told, decoded, looks=0)[0]
    with torch.inference_mode():
        alone = model.pooled(next(iter(in_order(decoded, np.array([3]), 1))).shown(channels_last=False))
    assert said[3].numpy() == pytest.approx(alone[0].numpy(), rel=1e-4, abs=1e-6)


def test_resnet_152_learns_a_step(fake_samples, tmp_path):
    told = recipe("network.name=resnet152", "train.epochs=1", "train.batch=4", "input.size_px=32", "input.features=[]")
    run = train(told, fake_samples(told, count=6), tmp_path)
    assert np.isfinite(run.result()["train_loss"])
