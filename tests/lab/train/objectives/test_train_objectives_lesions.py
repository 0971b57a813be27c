"""Teaching the network of lesions: views whose marks follow the picture, and courses that can be stopped."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from dermis.errors import UsageError
from dermis.lab.evaluate.acne.starts import STARTS
from dermis.lab.networks.lesions import STRIDE
from dermis.lab.train.export import ANSWERS, export
from dermis.lab.train.lesion_calibration import answers_for
from dermis.lab.train.lesion_views import Example, boxes_in_view, in_picture, plain_view, training_view
from dermis.lab.train.objectives.lesions import open_network, train_pools
from dermis.lab.train.recipe import find_recipe, read_recipe
from dermis.lab.train.trainer import Trainer
from dermis.models.weights import open_weights

SIZE = 64


def example(place=0, *, spots=3, grade=1.0, stretch=1.0):
    draw = np.random.default_rng(place)
    pixels = np.full((80, 100, 3), (190, 150, 130), np.uint8) + draw.integers(0, 9, (80, 100, 3)).astype(np.uint8)
    corners = np.stack([draw.permutation(8)[:spots] * 8 + 20, draw.permutation(5)[:spots] * 10 + 14], axis=1)
    for x, y in corners:
        pixels[y : y + 6, x : x + 6] = (30, 200, 30)
    boxes = np.concatenate([corners, corners + 6], axis=1).astype(np.float32)
    skin = np.full((20, 25), 255, np.uint8)
    circles = np.concatenate([corners + 3, np.full((spots, 1), 3)], axis=1).astype(np.float32)
    return Example(
        name=str(place), person=str(place), pixels=pixels, skin=skin, face=(10, 5, 90, 75), stretch=stretch,
        boxes=boxes, circles=circles, grade=grade, count_all=9.0,
    )  # fmt: skip


def recipe_for(*settings):
    small = (
        "train.batch=2", "network.pretrained=", f"input.size_px={SIZE}", "train.precision=32", "machine.threads=1",
        "machine.accelerator=cpu", "machine.tensorboard=false", "split.validate=0.3",
        *(f"stage.{name}.{key}={value}" for name in ("1_small", "2_larger", "3_whole")
          for key, value in (("epochs", 1), ("size_px", SIZE))),
    )  # fmt: skip
    return read_recipe(find_recipe("acne"), [*small, *settings])


def starts_recipe(name):
    small = ("train.batch=4", "network.pretrained=", f"input.size_px={SIZE}", "train.precision=32", "machine.threads=1",
             "machine.accelerator=cpu", "machine.tensorboard=false", "stage.1.epochs=1", "split.folds=2")  # fmt: skip
    return read_recipe(find_recipe("acne-starts"), [*small, *STARTS[name]])


def green(picture):
    return (picture[..., 1].astype(int) - picture[..., 0] > 60) & (picture[..., 1] > 110)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("stretch", [1.0, 0.7, 1.6])
def test_peaks_stand_on_the_lesions_of_the_picture(flip, stretch):
    view = plain_view(example(stretch=stretch), 256, flip=flip)
    peaks = np.argwhere(view.targets["centres"] == 1)
    assert len(peaks) == view.targets["count"] == 3
    for row, column in peaks:
        assert green(view.picture[row * STRIDE : (row + 1) * STRIDE, column * STRIDE : (column + 1) * STRIDE]).all()
    assert view.targets["density"].sum() == pytest.approx(3, abs=1e-3)
    assert view.targets["grade"] == 1


def test_boxes_in_the_view_hold_the_lesions_and_sizes_say_so():
    one = example(stretch=0.8)
    view = plain_view(one, 256)
    for left, top, right, bottom in boxes_in_view(one, 256):
        inside = green(view.picture[round(top) : round(bottom), round(left) : round(right)])
        assert inside.mean() > 0.8
        row, column = int((top + bottom) / 2 / STRIDE), int((left + right) / 2 / STRIDE)
        x, y = (column + 0.5) * STRIDE, (row + 0.5) * STRIDE
        sides = [x - left, y - top, right - x, bottom - y]
        assert view.targets["reaches"][:, row, column] == pytest.approx(sides, abs=0.1)


def test_points_of_the_view_lie_where_the_picture_has_them():
    one = example(stretch=0.8)
    seen = boxes_in_view(one, 256)
    np.testing.assert_allclose(in_picture(one, seen[:, :2], 256), one.boxes[:, :2], atol=1e-3)
    np.testing.assert_allclose(in_picture(one, seen[:, 2:], 256), one.boxes[:, 2:], atol=1e-3)


def test_drawn_views_keep_marks_and_pictures_together():
    found = 0
    for seed in range(30):
        view = training_view(example(), 128, np.random.default_rng(seed))
        assert view.picture.shape == (128, 128, 3)
        count = float(view.targets["count"])
        assert view.targets["density"].sum() == pytest.approx(count, abs=0.05 + 0.1 * count)
        assert (view.targets["centres"] == 1).sum() == count
        found += count
        if not math.isnan(view.targets["grade"]):
            assert count == 3
    assert found > 30


def test_marks_outside_the_skin_are_not_asked_for():
    one = example()
    bare = replace(one, skin=np.zeros_like(one.skin))
    views = [training_view(bare, 128, np.random.default_rng(seed)) for seed in range(20)]
    masked = [view for view in views if not view.skin.any()]
    assert masked
    assert all(view.targets["count"] == 0 and math.isnan(view.targets["grade"]) for view in masked)


def test_a_picture_that_nobody_marked_asks_for_nothing():
    unmarked = replace(example(), boxes=None, circles=None, grade=math.nan, count_all=math.nan)
    targets = training_view(unmarked, 128, np.random.default_rng(0)).targets
    assert all(np.isnan(held).all() for held in targets.values())


def drawn_pools():
    made = [replace(example(9), person="heads 6"), replace(example(10, spots=0), person="heads 7", grade=0.0)]
    return {"graded": [example(place, grade=float(place % 4)) for place in range(8)], "made": made}


def test_a_run_that_was_stopped_ends_as_it_would_have(tmp_path, monkeypatch):
    recipe, pools = recipe_for(), drawn_pools()
    whole = train_pools(recipe, pools, tmp_path / "whole")
    keep = Trainer.keep

    def stop(self, run, state, *, better):
        keep(self, run, state, better=better)
        if state.epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "keep", stop)
    with pytest.raises(KeyboardInterrupt):
        train_pools(recipe, pools, tmp_path / "stopped")
    monkeypatch.undo()
    again = train_pools(recipe, pools, tmp_path / "stopped")
    assert len((again.folder / "metrics.csv").read_text().splitlines()) == 4
    held = torch.load(again.best, weights_only=True)
    for name, value in torch.load(whole.best, weights_only=True).items():
        torch.testing.assert_close(held[name], value, atol=1e-5, rtol=1e-4)


def test_what_ships_answers_as_what_was_trained(tmp_path):
    run = train_pools(recipe_for(), drawn_pools(), tmp_path / "runs")
    folder = export(run, "tiny", home=tmp_path, half=False)
    weights = open_weights("tiny", tmp_path)
    calibration = weights.meta["calibration"]
    assert calibration["count_factor"] > 0
    assert len(calibration["presence"]) == 4
    assert "made_acne" in (folder / "card.md").read_text()
    (answers,) = answers_for(open_network(run), [example()], SIZE)
    view = plain_view(example(), SIZE)
    image = np.moveaxis(view.picture, -1, 0)[None].astype(np.float32) / 255
    theirs = weights.network.run(image=image, skin=view.skin[None, None])
    assert set(theirs) == set(ANSWERS)
    np.testing.assert_allclose(theirs["density"][0], answers["density"], atol=2e-2)  # ours in bfloat16
    assert b"/site-packages" not in (folder / "model.onnx").read_bytes()


@pytest.mark.parametrize("name", STARTS)
def test_each_start_teaches_and_judges_other_people(name, tmp_path):
    run = train_pools(starts_recipe(name), {"graded": drawn_pools()["graded"]}, tmp_path)
    assert np.isfinite(run.result()["train_loss"])
    (answers,) = answers_for(open_network(run), [example()], SIZE)
    assert answers["density"].shape == (SIZE // STRIDE, SIZE // STRIDE)
    assert set(json.loads((run.folder / "data.json").read_text())["parts"]) == {"train", "validate", "test"}


def test_a_network_without_maps_finds_no_lesions(tmp_path):
    with pytest.raises(UsageError, match="resnet18 makes no maps"):
        train_pools(recipe_for("network.name=resnet18"), drawn_pools(), tmp_path)
