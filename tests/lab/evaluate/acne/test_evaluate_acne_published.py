"""Published ways on the same folds: every photo judged once, beside the doctors and beside a split that leaks."""

import numpy as np
import pytest

from dermis.lab.evaluate.acne import published
from dermis.lab.evaluate.acne.published import WAYS, Way, answers_of_way, published_table
from dermis.lab.train.recipe import find_recipe, read_recipe
from dermis.lab.train.recipe.check import checked, completed
from fakes.pictures import photo

LITTLE = (
    "train.epochs=1", "train.batch=8", "network.name=small_cnn", 'network.pretrained=""', "input.size_px=16",
    "network.layers=[]", "network.width=8", "machine.cache=none", "machine.threads=1", "machine.tensorboard=false",
    "train.precision=32", "split.folds=2", "split.validate=0.3",
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_every_way_is_a_recipe_that_asks_its_network_once(way):
    recipe = checked(completed(read_recipe(find_recipe(way.recipe), (*way.settings, *published._BY_PERSON))))
    assert recipe.network.frozen_epochs == -1
    assert published.TASK in recipe.head
    assert (recipe.augment.roll > 0) == ("rolled" in way.name and "not rolled" not in way.name)


@pytest.fixture
def roots(tmp_path):
    """Twelve people twice, with the grades of a doctor who is right on most."""
    lines = ["image,grade,group,file,grade_expert_a"]
    for place in range(24):
        name, grade = f"levle{place % 4}_{place}", place % 4
        photo(tmp_path / "acne04" / "images" / f"{name}.jpg", place)
        lines.append(f"{name},{grade},{place // 2},images/{name}.jpg,{grade if place % 5 else 3 - grade}")
    (tmp_path / "acne04" / "images.csv").write_text("\n".join(lines) + "\n")
    return {"acne04": tmp_path / "acne04"}


def test_the_table_sets_ways_beside_doctors_and_a_leak(roots, tmp_path, monkeypatch):
    floor = next(way for way in WAYS if way.recipe == "acne-floor")
    little = Way(name="little", recipe=floor.recipe, settings=LITTLE)
    monkeypatch.setattr(published, "WAYS", (little,))
    monkeypatch.setattr(published, "_RIDGE", (*LITTLE, "augment={}", "data.patches=false"))
    monkeypatch.setattr(published, "_BY_PERSON", (*published._BY_PERSON[:2], "split.folds=2"))
    monkeypatch.setattr(published, "_BY_PICTURE", (*published._BY_PICTURE[:2], "split.folds=2"))
    monkeypatch.setattr(published, "_DRAWS", 20)
    text = published_table(roots, tmp_path / "runs", ours="| ours | | | | | |")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert [row.split("|")[1].strip() for row in rows[1:]] == [
        "little", "ridge, whole photo", "always the commonest grade (24 photos)", "ours", "doctor expert_a (24 photos)",
    ]  # fmt: skip
    told = answers_of_way(little, published._BY_PERSON, roots, tmp_path / "runs")
    assert sorted(told.keys) == sorted({*told.keys})
    assert len(told.keys) == 24
    assert set(np.unique(told.right)) == {0, 1, 2, 3}
    # What was answered is read again, not learnt again.
    assert told.said.tolist() == answers_of_way(little, published._BY_PERSON, {}, tmp_path / "runs").said.tolist()
