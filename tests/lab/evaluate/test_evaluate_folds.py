"""A recipe by folds: everybody is judged once, by a run that had not seen them, beside baselines and graders."""

import json

import numpy as np
import pytest
from PIL import Image

from dermis.core import Label, Sample, SampleKey
from dermis.errors import UsageError
from dermis.lab.evaluate.folds import evaluate_folds, folds_folder
from dermis.lab.evaluate.graders import graders_markdown, graders_of, grades_by_grader
from dermis.lab.evaluate.predict import Question
from dermis.lab.train.recipe import find_recipe, read_recipe, recipe_from
from dermis.metrics.evaluation import BootstrapConfig

DRAWS = BootstrapConfig(resamples=20)
TABLES = {
    "name": "mine",
    "data": {"dataset": "graded-folders"},
    "input": {"size_px": 16},
    "network": {"width": 8},
    "train": {"epochs": 1, "batch": 8},
    "machine": {"accelerator": "cpu", "threads": 1, "tensorboard": False, "cache": "none"},
}


@pytest.fixture
def photos(tmp_path):
    """Twenty-four people, the redder the worse."""
    draw = np.random.default_rng(0)
    for place in range(24):
        grade = place % 3
        pixels = draw.integers(0, 90, (72, 72, 3), dtype=np.uint8)
        pixels[..., 0] += np.uint8(70 * grade)
        path = tmp_path / "photos" / str(grade) / f"p{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return tmp_path / "photos"


def test_everybody_is_judged_once_by_a_run_that_had_not_seen_them(photos, tmp_path):
    import pandas as pd

    from dermis.lab.train.recipe.infer import new_recipe

    task = next(line for line in new_recipe("graded-folders", photos).splitlines() if line.startswith("[head."))[6:-1]
    recipe = recipe_from({**TABLES, "head": {task: {}}}, whole=False)
    found = evaluate_folds(recipe, {"": photos}, tmp_path / "runs", folds=3, draws=DRAWS)
    (judged,) = found.judgements
    assert len(judged.keys) == len(set(judged.keys)) == 24
    assert {"model", "constant", "mean", "ridge"} <= set(judged.figures)
    whole = next((tmp_path / "runs").glob("mine-folds-*")) / "evaluation"
    table = pd.read_parquet(whole / "samples.parquet")
    for name, rows in table.groupby("run"):
        parts = json.loads((tmp_path / "runs" / name / "data.json").read_text())["parts"]
        assert set(rows["key"]) == set(parts["test"])
        assert not set(rows["key"]) & (set(parts["train"]) | set(parts["validate"]))
    assert (whole / "evaluation.md").is_file()
    assert folds_folder(recipe, tmp_path).name.startswith("mine-folds-")


def test_a_closed_form_has_no_folds(tmp_path):
    with pytest.raises(UsageError, match="no people"):
        evaluate_folds(read_recipe(find_recipe("skin-spectra")), {}, tmp_path)


def sample(place, said):
    labels = tuple(Label(task="acne_grade", value=value, grader=name) for name, value in said.items())
    key = SampleKey(dataset="d", subject=f"s{place}", view=f"v{place}")
    return Sample(key=key, read=lambda: None, labels=labels, licence="")


def test_each_grader_stands_beside_the_model_and_against_the_others():
    import pandas as pd

    truth = [place % 4 for place in range(40)]
    samples = [
        sample(place, {"reference": grade, "good": grade, "bad": (grade + 2) % 4, "third": grade})
        for place, grade in enumerate(truth)
    ]
    table = pd.DataFrame({
        "dataset": "d", "subject": [f"s{place}" for place in range(40)], "view": [f"v{place}" for place in range(40)],
        "target.acne_grade": np.array(truth, float), "predicted.acne_grade": np.array(truth) + 0.2,
    })  # fmt: skip
    question = Question(
        name="acne_grade", kind="ordinal", unit="", columns=("acne_grade",), grades=(0.0, 1.0, 2.0, 3.0)
    )
    rows = graders_of(table, question, grades_by_grader(samples, "acne_grade"), DRAWS)
    by = {(row.grader, row.against): row for row in rows}
    assert by["good", "reference"].theirs.value == by["good", "reference"].model.value == 1.0
    assert by["good", "reference"].better.value == 0.0
    assert by["bad", "reference"].theirs.value < 0
    assert by["bad", "others"].model.value == 1.0  # the consensus of the two who agree with the truth
    assert by["bad", "others"].better.low > 0
    text = graders_markdown(rows)
    assert "| bad | others | 40 |" in text
    assert graders_of(table, Question(name="x", kind="count", unit="", columns=("x",)), {}, DRAWS) == []
