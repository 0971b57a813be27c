import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dermis.core import Encoding, Photo
from dermis.errors import UsageError
from dermis.lab.evaluate.compare import (
    Judged,
    as_json,
    compare,
    compare_folders,
    comparison_markdown,
    comparison_page,
    write_comparison,
)
from dermis.lab.evaluate.evaluate import evaluate_run
from dermis.lab.evaluate.predict import Question
from dermis.lab.train.objectives.samples import train
from dermis.lab.train.recipe import recipe_from
from dermis.metrics.evaluation import BootstrapConfig

QUICK = BootstrapConfig(resamples=200)
SPOTS = Question(name="spots", kind="count", unit="spots", columns=("spots",))
GRADE = Question(name="grade", kind="ordinal", unit="grades", columns=("grade",), grades=(0.0, 1.0, 2.0))


def judged(name, errors, *, part=None, keys=None, question=SPOTS):
    """A run whose answers are off by `errors`, two samples a subject."""
    count = len(errors)
    keys = [f"made/s{place // 2}//{place}" for place in range(count)] if keys is None else keys
    target = np.arange(count) % 3 + 1.0
    table = pd.DataFrame(
        {
            "key": keys,
            "dataset": "made",
            "subject": [key.split("/")[1] for key in keys],
            "part": ["test"] * count if part is None else part,
            f"target.{question.name}": target,
            f"predicted.{question.name}": target + np.asarray(errors, float),
        }
    )
    return Judged(name=name, table=table, part="test", questions=(question,), facts={"run": name, "seed": "1"})


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_the_nearer_run_wins(rng):
    found = compare([judged("old", rng.normal(0, 2, 60)), judged("new", rng.normal(0, 0.5, 60))], draws=QUICK)
    (one,) = found.contests
    assert (one.first, one.second) == ("old", "new")
    assert one.bouts["mae"].winner == "second"
    assert one.bouts["mae"].gain.value == pytest.approx(one.errors[0].mean() - one.errors[1].mean())
    assert one.bouts["bias"].gain is None
    back = compare([judged("new", one.errors[1]), judged("old", one.errors[0])], draws=QUICK)
    assert back.contests[0].bouts["mae"].winner == "first"


def test_equal_runs_have_no_winner_and_only_ties(rng):
    errors = rng.normal(0, 1, 40)
    (one,) = compare([judged("one", errors), judged("two", errors + 0.001)], draws=QUICK).contests
    assert one.wins == (0, 40, 0)
    assert one.biggest() == ((), ())
    same = compare([judged("one", errors), judged("two", errors)], draws=QUICK).contests[0]
    assert {bout.winner for bout in same.bouts.values()} == {""}


def test_pairing_makes_small_gains_sure(rng):
    errors = rng.exponential(5, 80)
    (one,) = compare([judged("one", errors + 0.1), judged("two", errors)], draws=QUICK).contests
    bout = one.bouts["mae"]
    assert bout.first.low < bout.second.high  # apart they overlap
    assert bout.winner == "second"


def test_gains_and_losses_in_order():
    first, second = [0, 5, 1, 1, 3, 1, 1, 1], [4, 0, 1, 1.005, 1, 1, 1, 2]
    (one,) = compare([judged("a", first), judged("b", second)], draws=QUICK).contests
    assert one.wins == (2, 4, 2)
    assert one.biggest(1) == ((1,), (0,))
    assert one.biggest() == ((1, 4), (0, 7))


def test_only_what_both_judged_is_compared():
    keys = [f"made/s{place}//" for place in range(6)]
    first = judged("a", [1.0] * 6, keys=keys, part=["test"] * 4 + ["train", "validate"])
    second = judged("b", [0.0] * 6, keys=keys[::-1], part=["test"] * 3 + ["train"] * 3)
    second.table["target.spots"] = second.table["target.spots"].to_numpy()[::-1]
    second.table["predicted.spots"] = second.table["target.spots"]
    (one,) = compare([first, second], draws=QUICK).contests
    assert one.keys == ("made/s3//",)
    assert one.excluded == 5
    assert one.errors == (np.array([1.0]), np.array([0.0]))


def test_other_truths_and_other_questions_are_no_match():
    first, second = judged("a", [1.0, 2.0]), judged("b", [1.0, 2.0])
    second.table.loc[0, "target.spots"] += 1
    assert compare([first, second], draws=QUICK).contests[0].keys == ("made/s0//1",)
    second.table["target.spots"] += 10
    with pytest.raises(UsageError, match="judged by both"):
        compare([first, second], draws=QUICK)
    with pytest.raises(UsageError, match="judged by both"):
        compare([first, judged("c", [1.0, 2.0], question=GRADE)], draws=QUICK)
    with pytest.raises(UsageError, match="judged by both"):
        compare([first, judged("d", [1.0, 2.0], part=["train", "train"])], draws=QUICK)


def test_the_first_meets_each_of_the_others(rng):
    runs = [judged(name, rng.normal(0, 1, 20)) for name in ("a", "b", "a")]
    found = compare(runs, draws=QUICK)
    assert [(one.first, one.second) for one in found.contests] == [("a", "b"), ("a", "a (2)")]
    assert list(found.facts) == ["a", "b", "a (2)"]


def test_one_sample_and_one_subject_can_be_compared():
    (one,) = compare([judged("a", [2.0]), judged("b", [1.0])], draws=QUICK).contests
    assert one.wins == (0, 0, 1)
    assert one.bouts["mae"].winner == ""
    assert np.isnan(one.bouts["mae"].gain.low)


def test_grades_are_compared_by_all_their_figures(rng):
    runs = [judged(name, rng.normal(0, spread, 60), question=GRADE) for name, spread in (("a", 1.5), ("b", 0.2))]
    (one,) = compare(runs, draws=QUICK).contests
    assert {"rmse", "quadratic_kappa", "accuracy", "balanced_accuracy", "off_by_one"} <= set(one.bouts)
    for name in ("rmse", "quadratic_kappa", "accuracy"):
        assert one.bouts[name].winner == "second"


def test_the_files(rng, tmp_path):
    first, second = judged("a", rng.normal(0, 2, 30)), judged("<b> | c", rng.normal(0, 0.5, 30))
    found = compare([first, second], draws=QUICK)
    place = found.contests[0].biggest()[0][0]
    key = found.contests[0].keys[place]
    photo = Photo(pixels=np.full((9, 7, 3), 0.5, np.float32), encoding=Encoding.SRGB)
    write_comparison(found, tmp_path, photos={key: photo})
    page = (tmp_path / "comparison.html").read_text()
    assert page.count("data:image/jpeg") == 1
    assert "<b> | c" not in page
    assert "&lt;b&gt; | c wins" in page
    assert key in page
    said = json.loads((tmp_path / "comparison.json").read_text(), parse_constant=pytest.fail)
    assert said == json.loads(json.dumps(as_json(found)))
    assert said["contests"][0]["figures"]["mae"]["winner"] == "second"
    words = (tmp_path / "comparison.md").read_text()
    assert "| Figure | a | <b> \\| c | Better by | Winner |" in words
    assert key in words


def test_without_photos_keys_stand_alone(rng):
    found = compare([judged("a", rng.normal(0, 2, 30)), judged("b", rng.normal(0, 0.5, 30))], draws=QUICK)
    assert "data:image/jpeg" not in comparison_page(found, {})
    assert "Largest gains" in comparison_markdown(found)


RECIPE = {
    "name": "tiny",
    "split": {"validate": 0.25, "test": 0.25},
    "input": {"size_px": 16},
    "network": {"width": 16},
    "head": {"dots": {"kind": "count"}},
    "train": {"epochs": 1, "batch": 8},
    "machine": {"accelerator": "cpu", "threads": 1, "tensorboard": False},
}


def test_runs_in_folders_are_compared(fake_samples, tmp_path):
    recipes = [recipe_from(RECIPE | {"seed": seed, "name": f"tiny-{seed}"}) for seed in (1, 2)]
    samples = fake_samples(recipes[0], 24)
    runs = [train(recipe, samples, tmp_path) for recipe in recipes]
    with pytest.raises(UsageError, match="was not evaluated"):
        compare_folders([run.folder for run in runs], tmp_path / "out")
    with pytest.raises(UsageError, match="nothing to compare"):
        compare_folders([runs[0].folder], tmp_path / "out")
    for run in runs:
        evaluate_run(run, samples, draws=BootstrapConfig(resamples=20))
    found = compare_folders([run.folder for run in runs], tmp_path / "out", draws=QUICK)
    assert len(found.contests[0].keys) == 6
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "comparison.html",
        "comparison.md",
        "comparison.json",
    }


def test_a_key_that_stands_twice_counts_once():
    run = judged("a", [1.0, 2.0, 3.0], keys=["made/s0//", "made/s0//", "made/s1//"])
    other = replace(
        judged("b", [0.0, 0.0]), table=judged("b", [0.0, 0.0, 0.0], keys=["made/s0//", "x/x//", "made/s1//"]).table
    )
    assert compare([run, other], draws=QUICK).contests[0].keys == ("made/s0//", "made/s1//")
