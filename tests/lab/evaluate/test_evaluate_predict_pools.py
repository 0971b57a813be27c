"""Runs on pools are judged by the same tables as runs on samples."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.lab.evaluate.predict_pools import predict_pools, questions_of_pools
from dermis.lab.train.lesion_views import Example
from dermis.lab.train.objectives.lesions import train_pools
from dermis.lab.train.recipe import find_recipe, read_recipe


def lesions(place):
    draw = np.random.default_rng(place)
    pixels = draw.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    boxes = np.array([[10, 10, 18, 18]] * (place % 3), np.float32).reshape(-1, 4)
    return Example(
        name=f"v{place}", person=f"s{place}", pixels=pixels, skin=np.full((16, 16), 255, np.uint8),
        face=(0, 0, 64, 64), boxes=boxes, grade=float(place % 4), count_all=float(place % 3),
    )  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    settings = ["train.batch=4", "network.pretrained=", "input.size_px=64", "train.precision=32", "machine.threads=1",
                "machine.accelerator=cpu", "machine.tensorboard=false", "split.validate=0.2", "split.folds=3",
                "stage.1_small.epochs=1", "stage.1_small.size_px=64", "stage.2_larger.epochs=1",
                "stage.2_larger.size_px=64", "stage.3_whole.epochs=1"]  # fmt: skip
    recipe = read_recipe(find_recipe("acne"), settings)
    pools = {"graded": [lesions(place) for place in range(18)]}
    run = train_pools(recipe, pools, tmp_path_factory.mktemp("runs"))
    return predict_pools(run, pools), recipe


def test_only_what_did_not_teach_has_answers(told):
    (table, examples), recipe = told
    assert [question.name for question in questions_of_pools(recipe)] == ["acne_grade", "acne_lesions"]
    assert len(table) == len(examples) == 18
    teaches = table["part"] == "train"
    assert table.loc[teaches, "predicted.acne_grade"].isna().all()
    assert table.loc[~teaches, "predicted.acne_grade"].between(0, 3).all()
    assert (table.loc[~teaches, "predicted.acne_lesions"] >= 0).all()
    assert table["target.acne_lesions"].tolist() == [float(len(one.boxes)) for one in examples]
    shares = table.loc[~teaches, [f"share.acne_grade.{grade}" for grade in range(4)]].sum(axis=1)
    np.testing.assert_allclose(shares, 1, atol=1e-3)


def test_people_of_one_picture_are_on_one_side():
    from dermis.lab.train.objectives.pooled import parts_of_pools

    draw = np.random.default_rng(3)
    base = [replace(lesions(place), pixels=np.kron(draw.integers(0, 256, (16, 16, 3), dtype=np.uint8),
                                                   np.ones((4, 4, 1), np.uint8))) for place in range(12)]  # fmt: skip
    twin = replace(base[0], name="twin", person="somebody else")
    recipe = read_recipe(find_recipe("acne"), ["split.folds=4", "split.validate=0.25"])
    for fold in range(4):
        held = replace(recipe, split=replace(recipe.split, fold=fold))
        parts = parts_of_pools(held, {"graded": [*base, twin]})
        where = {one.name: part for part, pools in parts.items() for pool in pools.values() for one in pool}
        assert where["twin"] == where["v0"]
