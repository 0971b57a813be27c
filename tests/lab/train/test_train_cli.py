"""The verbs of learning, on a folder of six made-up heads."""

import numpy as np
import pytest
from PIL import Image

from dermis.cli import train_work
from dermis.errors import InputError, UsageError
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


def test_train_export_and_sweep(heads, tmp_path, capsys):
    run = train_work.run_train("parts-small", heads, tmp_path / "runs", SMALL)
    said = capsys.readouterr()
    assert str(run) in said.out
    assert "epoch 1/1" in said.err
    assert train_work.run_train("parts-small", heads, tmp_path / "runs", SMALL) == run
    folder = train_work.run_export(run, "heads", tmp_path / "weights", half=False)
    assert shipped(tmp_path / "weights") == ("heads",)
    assert "none stated" in (folder / "card.md").read_text()  # the licence of the data
    plan = tmp_path / "plan.toml"
    plan.write_text('base = "parts-small"\n[grid]\nseed = [1, 2]\n')
    summary = train_work.run_sweep(plan, heads, tmp_path / "runs", SMALL, "")
    assert "| full | seed | 2 | 1 |" in summary.read_text()


def test_a_recipe_is_described(capsys):
    train_work.run_describe("colour-small", ["train.lr=0.5"])
    said = capsys.readouterr().out
    assert "lr = 0.5 " in said
    assert "[head.tone]" in said


def test_what_is_wrong_is_said_before_anything_runs(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="epochs"):
        train_work.run_train("colour-small", tmp_path, tmp_path, ["train.epoch=3"])
    with pytest.raises(InputError):
        train_work.run_train("parts-small", tmp_path / "absent", tmp_path, SMALL)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"dermis\[lab\]"):
        train_work.run_train("colour-small", tmp_path, tmp_path, [])
