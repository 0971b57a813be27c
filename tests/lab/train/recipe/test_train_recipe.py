import tomllib
from dataclasses import asdict, fields, is_dataclass, replace
from typing import Annotated, get_origin, get_type_hints

import pytest

from dermis.errors import UsageError
from dermis.lab.networks.settings import Head, Loss, Network
from dermis.lab.train.augment import Augment
from dermis.lab.train.recipe import (
    RECIPES,
    Data,
    Machine,
    Optimiser,
    Pool,
    Recipe,
    Schedule,
    Split,
    Stage,
    Train,
    describe,
    find_recipe,
    read_recipe,
    recipe_from,
    recipe_hash,
    with_settings,
)
from dermis.lab.train.recipe.toml_records import toml_of
from dermis.models.preprocess import Input

LEAST = {"head": {"x": {"kind": "measure"}}}
RECORDS = (Recipe, Data, Pool, Stage, Split, Input, Network, Head, Loss, Optimiser, Schedule, Augment, Train, Machine)


def test_the_least_recipe_is_completed():
    recipe = recipe_from(LEAST)
    assert recipe.head["x"].targets == ("x",)
    assert recipe.loss["x"].name == "difference"
    assert recipe.network.name == "small_cnn"


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"trian": {}}, "train"),
        ({"train": {"epoch": 3}}, "epochs"),
        ({"train": {"epochs": "many"}}, "whole number"),
        ({"train": {"epochs": 2.5}}, "whole number"),
        ({"train": {"epochs": 0}}, "At least 1"),
        ({"train": 3}, r"\[train\]"),
        ({"train": {"channels_last": 1}}, "true or false"),
        ({"schedule": {"name": "cosin"}}, "cosine"),
        ({"input": {"features": ["mean_color"]}}, "mean_colour"),
        ({"input": {"crop": "masc"}}, "mask"),
        ({"network": {"fusion": "fil"}}, "film"),
        ({"train": {"watch": "y"}}, "x"),
        ({"loss": {"y": {}}}, "no head"),
        ({"loss": {"x": {"name": "corn"}}}, "difference"),
        ({"head": {"x": {"kind": "measure", "targts": ["a"]}}}, "targets"),
        ({"head": {"x": {}}}, "kind"),
        ({"head": {}}, "no head"),
        ({"data": {"patches": True, "items": True}}, "both set"),
        ({"head": {"a b": {"kind": "measure"}}}, "a-z"),
        ({"head": {"x": {"kind": "ordinal"}}}, "two grades"),
        ({"head": {"x": {"kind": "count", "targets": ["a", "b"]}}}, "several"),
        ({"head": {"x": {"kind": "map", "classes": 1}}}, "254"),
    ],
)
def test_what_means_nothing_is_refused_with_the_next_step(tables, words):
    with pytest.raises(UsageError, match=words):
        recipe_from({**LEAST, **tables})


def test_a_head_named_as_a_task_takes_its_scale():
    recipe = recipe_from({"head": {"skin_tone": {}}})
    assert recipe.head["skin_tone"].kind == "measure"
    assert recipe.head["skin_tone"].unit == "ITA deg"


def test_settings_are_laid_over():
    recipe = recipe_from(
        LEAST, ["train.lr=1e-4", "network.name=resnet18", 'input.features=["text"]', "head.x.unit=Lab"]
    )
    assert recipe.train.lr == 1e-4
    assert recipe.network.name == "resnet18"
    assert recipe.input.features == ("text",)
    assert recipe.head["x"].unit == "Lab"
    assert with_settings(recipe, ["train.lr=2"]) == replace(recipe, train=replace(recipe.train, lr=2.0))


@pytest.mark.parametrize("text", ["train.lr", "=3", "train.lr.more=3", "train..lr=3", "train.lrr=3"])
def test_settings_that_are_none_are_refused(text):
    with pytest.raises(UsageError):
        recipe_from(LEAST, [text])


def test_settings_do_not_change_the_tables_they_are_laid_over():
    tables = {"head": {"x": {"kind": "measure"}}, "train": {"lr": 1.0}}
    recipe_from(tables, ["train.lr=2", "head.x.unit=Lab"])
    assert tables == {"head": {"x": {"kind": "measure"}}, "train": {"lr": 1.0}}


def test_a_folder_of_a_recipes_name_is_no_recipe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acne").mkdir()
    assert find_recipe("acne") == RECIPES / "acne.toml"
    (tmp_path / "photos").mkdir()
    with pytest.raises(UsageError, match="No recipe is called 'photos'"):
        find_recipe("photos")


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_recipe_that_was_written_and_read_again_has_the_same_hash(path, tmp_path):
    recipe = read_recipe(path)
    (tmp_path / "again.toml").write_text(describe(recipe))
    assert recipe_hash(read_recipe(tmp_path / "again.toml")) == recipe_hash(recipe)


def test_the_hash_changes_with_what_changes_the_result():
    recipe = recipe_from(LEAST)
    same = (["about=words"], ["name=other"], ["machine.devices=2"], ["machine.threads=1"])
    other = (["seed=1"], ["train.lr=0.5"], ["head.x.unit=m"], ["split.fold=1"], ["augment.flip=0.5"])
    assert {recipe_hash(with_settings(recipe, text)) for text in same} == {recipe_hash(recipe)}
    assert len({recipe_hash(with_settings(recipe, text)) for text in other} | {recipe_hash(recipe)}) == 1 + len(other)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_resolved_recipe_reads_back_as_itself(path):
    recipe = read_recipe(path)
    assert recipe_from(tomllib.loads(toml_of(recipe))) == recipe
    assert recipe_from(tomllib.loads(describe(recipe))) == recipe
    assert find_recipe(path.stem) == path
    assert recipe.name == path.stem
    assert recipe.about


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_key_says_what_it_means(record):
    hints = get_type_hints(record, include_extras=True)
    for one in fields(record):
        table = is_dataclass(hints[one.name]) or one.name in ("head", "loss", "pool", "stage")
        assert table or get_origin(hints[one.name]) is Annotated, one.name
    assert record.__doc__


def test_describe_leaves_out_what_does_not_apply():
    text = describe(recipe_from({"head": {"x": {"kind": "presence"}}}))
    assert "highest =" not in text
    assert "dice" not in text
    assert "momentum" not in text
    assert text.count("#") > 40


def test_files_that_are_no_recipe(tmp_path):
    (tmp_path / "bad.toml").write_text("name = ")
    for name, words in (("bad.toml", "not TOML"), ("absent.toml", "cannot be read")):
        with pytest.raises(UsageError, match=words):
            read_recipe(tmp_path / name)
    with pytest.raises(UsageError, match="colour-small"):
        find_recipe("color-small")


def test_a_recipe_holds_plain_values():
    assert isinstance(asdict(recipe_from(LEAST))["head"]["x"]["kind"], str)
