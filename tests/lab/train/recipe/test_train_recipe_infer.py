import pytest
from PIL import Image

from dermis.core import Label, Sample, SampleKey
from dermis.errors import UsageError
from dermis.lab.train.recipe import recipe_from
from dermis.lab.train.recipe.check import checked, completed
from dermis.lab.train.recipe.infer import new_recipe, with_scales


def sample(value):
    key = SampleKey(dataset="d", subject="s", visit="v", view="w")
    return Sample(key=key, read=lambda: None, labels=(Label(task="mine", value=value, grader="g"),), licence="")


@pytest.mark.parametrize(
    ("values", "kind", "scale"),
    [
        ((0.0, 1.0), "presence", None),
        ((1.0, 2.0, 4.0), "ordinal", (1.0, 4.0, 1.0)),
        ((0.0, 2.5), "ordinal", (0.0, 2.5, 0.5)),
        ((0.31, 2.7, 9.13), "measure", None),
    ],
)
def test_scales_follow_from_the_labels(values, kind, scale):
    told = recipe_from({"head": {"mine": {}}}, whole=False)
    head = with_scales(told, [sample(value) for value in values]).head["mine"]
    assert head.kind == kind
    if scale:
        assert (head.lowest, head.highest, head.step) == scale


def test_all_that_is_missing_is_said_at_once():
    told = recipe_from({"head": {"mine": {}, "yours": {"kind": "ordinal"}}, "train": {"epochs": 0}}, whole=False)
    with pytest.raises(UsageError) as error:
        checked(completed(told))
    for word in ("head.mine.kind", "head.yours", "train.epochs"):
        assert word in error.value.message
    with pytest.raises(UsageError) as error:
        recipe_from({"train": {"epoch": 3, "lr": "fast"}, "netwrok": {}})
    for word in ("epochs", "network", "train.lr"):
        assert word in error.value.message


def test_a_new_recipe_of_graded_folders_is_whole(tmp_path):
    for grade in (1, 2, 3):
        for place in range(4):
            path = tmp_path / str(grade) / f"p{place}.png"
            path.parent.mkdir(exist_ok=True)
            Image.new("RGB", (8, 8), (place * 20, grade * 30, 9)).save(path)
    text = new_recipe("graded-folders", tmp_path)
    import tomllib

    recipe = recipe_from(tomllib.loads(text))
    assert recipe.data.dataset == "graded-folders"
    (head,) = recipe.head.values()
    assert (head.kind, head.lowest, head.highest) == ("ordinal", 1.0, 3.0)
