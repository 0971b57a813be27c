import pytest

from dermis.errors import UsageError
from dermis.lab.synth.recipe import AcneRecipe, ChipRecipe, FacesRecipe, read_recipe, recipe_hash, shipped_recipes


def test_a_file_says_only_what_it_wants_otherwise(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('layout = "acne04"\nsubjects = 7\nviews = ["front", "35"]\nlowest_ita_deg = 10\n')
    recipe = read_recipe(path)
    assert recipe == AcneRecipe(
        name="mine", layout="acne04", subjects=7, views=("front", "35"), lowest_ita_deg=10.0, seed=1
    )


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ("subjects=2", "subjects", 2),
        ("lowest_ita_deg=-10", "lowest_ita_deg", -10.0),
        ("views=front,left", "views", ("front", "left")),
        ('views=["front", "20"]', "views", ("front", "20")),
        ("write=", "write", ()),
        ("lights = D65", "lights", ("D65",)),
        ("about=for a test", "about", "for a test"),
    ],
)
def test_changes(change, field, value):
    if change == "write=":
        change = "write=[]"
    assert getattr(read_recipe("faces", [change]), field) == value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("subjets=2", "no key of a faces recipe 'subjets'. Did you mean 'subjects'"),
        ("tones=2", "no key of a faces recipe 'tones'"),
        ("visits=W05", "no visit 'W05'"),
        ("conditions=sever", "Did you mean 'severe'"),
        ("write=map", "Did you mean 'maps'"),
        ("expressions=happy", "no expression 'happy'. There are: neutral, smile"),
        ("lights=sunn", "No light is called 'sunn'"),
        ("subjects=many", "subjects is 'many'. Expected a whole number"),
        ("subjects=2.5", "Expected a whole number"),
        ("subjects=true", "Expected a whole number"),
        ("subjects=0", "subjects is 0. It goes from 1"),
        ("size_px=9000", "It goes from 64 to 4096"),
        ("views=120", "-90 to 90"),
        ("views=[]", "views is empty"),
        ("lowest_ita_deg=70", "lies above highest_ita_deg"),
        ("name=3", "Expected text"),
        ("subjects", "changes nothing"),
        ("layout=faced", "no layout 'faced'. Did you mean 'faces'"),
    ],
)
def test_what_is_wrong_is_said(change, message):
    with pytest.raises(UsageError) as refusal:
        read_recipe("faces", [change])
    assert message in str(refusal.value)
    assert refusal.value.advice


def test_files_that_are_no_recipes(tmp_path):
    with pytest.raises(UsageError, match="Did you mean 'tone-chips'"):
        read_recipe("tone-chip")
    with pytest.raises(UsageError, match="does not exist"):
        read_recipe(tmp_path / "no.toml")
    (tmp_path / "bad.toml").write_text("subjects: 4")
    with pytest.raises(UsageError, match="is no TOML"):
        read_recipe(tmp_path / "bad.toml")


def test_the_hash_follows_what_is_made():
    plain = read_recipe("faces")
    assert recipe_hash(read_recipe("faces", ["about=other words"])) == recipe_hash(plain)
    changed = [read_recipe("faces", [change]) for change in ("seed=2", "subjects=3", "lights=led", "write=maps")]
    assert len({recipe_hash(recipe) for recipe in (plain, *changed)}) == 5


def test_layouts_decide_the_keys():
    kinds = {name: type(read_recipe(name)) for name in shipped_recipes()}
    assert kinds["faces"] is FacesRecipe
    assert kinds["tone-chips"] is ChipRecipe
    assert len(set(kinds.values())) == 5


def test_a_key_that_came_later_leaves_the_hash_of_those_who_do_not_use_it():
    plain = read_recipe("faces")
    assert recipe_hash(read_recipe("faces", ["balance_sd=0"])) == recipe_hash(plain)
    assert recipe_hash(read_recipe("faces", ["balance_sd=0.1"])) != recipe_hash(plain)
