import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dermis.colour import delta_e_00
from dermis.errors import UsageError
from dermis.lab.evaluate.evaluate import evaluate, evaluate_run, with_looks, write_evaluation
from dermis.lab.evaluate.predict import Question, answers_of, questions_of, with_intervals
from dermis.lab.train.objectives.samples import train
from dermis.lab.train.recipe import recipe_from
from dermis.metrics.evaluation import BootstrapConfig
from dermis.metrics.registry import EVALUATION_METRICS

QUICK = BootstrapConfig(resamples=40)
GRADES = tuple(range(4))
LAB = ("tone_lightness", "tone_a", "tone_b")
QUESTIONS = (
    Question(name="grade", kind="ordinal", unit="grades", columns=("grade",), grades=(0.0, 1.0, 2.0, 3.0)),
    Question(name="tone", kind="colour", unit="ΔE00", columns=tuple(f"tone.{name}" for name in LAB)),
    Question(name="spots", kind="count", unit="spots", columns=("spots",)),
    Question(name="acne", kind="presence", unit="", columns=("acne",)),
    Question(name="parts", kind="classes", unit="", columns=(), classes=2),
)


@pytest.fixture
def table():
    """Answers that are good, about 120 samples of 30 subjects."""
    rng = np.random.default_rng(0)
    subject = np.repeat(np.arange(30), 4)
    grade = rng.integers(0, 4, 120).astype(float)
    said = grade + rng.normal(0, 0.4, 120)
    nearness = np.exp(-((np.arange(4) - said[:, None]) ** 2) / 0.3)
    lab = np.column_stack([rng.uniform(30, 80, 120), rng.uniform(5, 20, 120), rng.uniform(8, 25, 120)])
    held = {
        "key": [f"made/s{one}//{place}" for place, one in enumerate(subject)],
        "dataset": "made",
        "subject": [f"s{one}" for one in subject],
        "visit": "",
        "view": np.tile(["front", "left"], 60),
        "part": np.array(["train"] * 3 + ["validate"] + ["test"] * 2)[subject % 6],
        "trait.camera": np.where(subject < 27, np.where(np.arange(120) % 2, "one", "two"), "rare"),
        "trait.age_years": subject * 1.5 + 18,
        "target.grade": grade,
        "predicted.grade": said,
        "target.spots": rng.integers(0, 9, 120).astype(float),
        "target.acne": (grade > 1).astype(float),
        "predicted.acne": (said / 3).clip(0, 1),
    }
    held["predicted.spots"] = held["target.spots"] + rng.normal(0, 1, 120)
    held |= {f"share.grade.{place}": nearness[:, place] / nearness.sum(axis=1) for place in range(4)}
    for place, name in enumerate(LAB):
        held |= {f"target.tone.{name}": lab[:, place], f"predicted.tone.{name}": lab[:, place] + rng.normal(0, 1, 120)}
    for place in range(2):
        held |= {f"common.parts.{place}": rng.integers(40, 50, 120), f"either.parts.{place}": rng.integers(50, 60, 120)}
    return pd.DataFrame(held)


@pytest.fixture
def seen(table):
    return with_looks(table, np.random.default_rng(1).integers(0, 256, (120, 6, 6, 3)).astype(np.uint8))


def test_every_question_is_judged_beside_its_baselines(seen):
    found, rows = evaluate(seen, QUESTIONS, draws=QUICK)
    assert [one.question for one in found.judgements] == [question.name for question in QUESTIONS]
    for one in found.judgements:
        assert len(one.keys) == (rows["part"] == "test").sum() == 40
        assert next(iter(one.figures)) == "model"
        if one.kind != "classes":
            assert {"constant", "mean", "ridge"} <= set(one.figures)
            assert all(gain.low > 0 for gain in one.gains.values()), one.question
        for figure in one.figures["model"].values():
            assert figure.low <= figure.value <= figure.high
    assert "mean patch" in found.judgements[1].figures


def test_figures_are_about_the_judged_part_alone(table):
    found, _ = evaluate(table, QUESTIONS[2:3], draws=QUICK)
    judged = table[table["part"] == "test"]
    expected = (judged["predicted.spots"] - judged["target.spots"]).abs().mean()
    assert found.judgements[0].figures["model"]["mae"].value == pytest.approx(expected)
    assert found.judgements[0].figures["model"]["mae"].groups == judged["subject"].nunique()
    spoilt = table.copy()
    spoilt.loc[table["part"] != "test", "predicted.spots"] += 100
    again, _ = evaluate(spoilt, QUESTIONS[2:3], draws=QUICK)
    assert again.judgements[0].figures["model"]["mae"].value == pytest.approx(expected)


def test_colours_are_judged_by_ciede2000(table):
    found, rows = evaluate(table, QUESTIONS[1:2], draws=QUICK)
    judged = rows[rows["part"] == "test"]
    target, said = (judged[[f"{side}.tone.{name}" for name in LAB]].to_numpy() for side in ("target", "predicted"))
    off = np.asarray(delta_e_00(target, said))
    assert judged["error.tone"].to_numpy() == pytest.approx(off)
    figures = found.judgements[0].figures["model"]
    assert figures["delta_e_00"].value == pytest.approx(off.mean())
    assert figures["p90_delta_e_00"].value == pytest.approx(np.quantile(off, 0.9))


def test_few_subjects_are_told_not_judged(table):
    found, _ = evaluate(table, QUESTIONS[:1], draws=QUICK)
    cameras = {one.value: one for one in found.judgements[0].slices["camera"]}
    assert set(cameras) == {"one", "two", "rare"}
    assert not cameras["rare"].judged
    assert np.isnan(cameras["rare"].figures["rmse"].low)
    assert np.isfinite(cameras["rare"].figures["rmse"].value)
    assert cameras["one"].judged
    assert np.isfinite(cameras["one"].figures["rmse"].low)


def test_many_ages_are_binned_and_tones_are_in_order(table):
    found, _ = evaluate(table, QUESTIONS[1:2], draws=QUICK)
    slices = found.judgements[0].slices
    assert len(slices["age_years"]) <= 10
    assert sum(one.samples for one in slices["age_years"]) == 40
    tones = [one.value for one in slices["skin tone"]]
    everything = ["very light", "light", "intermediate", "tan", "brown", "dark"]
    assert tones == [name for name in everything if name in tones]
    assert len(tones) > 2


def test_what_the_model_has_seen_is_counted(table):
    found, _ = evaluate(table, QUESTIONS[:1], draws=QUICK)
    assert found.seen["subject"] == (10, 0)
    assert found.seen["camera"] == (3, 2)
    table["subject"] = "s0"
    found, _ = evaluate(table, QUESTIONS[:1], draws=QUICK)
    assert found.seen["subject"] == (1, 1)


def test_intervals_are_made_from_the_part_validate(table):
    held = with_intervals(table, QUESTIONS[:3], level=0.5)
    chosen = held[held["part"] == "validate"]
    assert held["radius.grade"].nunique() == 1
    inside = ((chosen["predicted.grade"] - chosen["target.grade"]).abs() <= held["radius.grade"].iloc[0]).mean()
    assert 0.5 <= inside <= 0.75
    spoilt = table.copy()
    spoilt.loc[table["part"] == "test", "predicted.grade"] += 50
    assert with_intervals(spoilt, QUESTIONS[:1], level=0.5)["radius.grade"].iloc[0] == held["radius.grade"].iloc[0]


def test_intervals_follow_the_spread_that_is_said(table):
    table["spread.spots"] = np.where(np.arange(120) % 2, 1.0, 3.0)
    radius = with_intervals(table, QUESTIONS[2:3], level=0.5)["radius.spots"]
    assert radius[0] == pytest.approx(3 * radius[1])


def test_intervals_of_the_model_itself_are_kept(table):
    table["low.spots"], table["high.spots"] = table["target.spots"] - 1, table["target.spots"] + 3
    table.loc[0::2, "low.spots"] += 2
    held = with_intervals(table, QUESTIONS[2:3])
    answers = answers_of(held, QUESTIONS[2])
    assert answers.covered.mean() == 0.5
    assert set(answers.width) == {2.0, 4.0}


def test_too_few_subjects_make_no_promise(table):
    five_subjects = evaluate(table, QUESTIONS[:1], level=0.95, draws=QUICK)[0].judgements[0].figures["model"]
    assert not {"coverage", "width"} & set(five_subjects)
    assert {"coverage", "width"} <= set(
        evaluate(table, QUESTIONS[:1], level=0.8, draws=QUICK)[0].judgements[0].figures["model"]
    )


def test_what_parts_alike_is_told_once(table):
    table["trait.phone"] = table["trait.camera"].str.upper()
    table["trait.everyone"] = "same"
    found, _ = evaluate(table, QUESTIONS[:1], draws=QUICK)
    assert {"camera", "view", "age_years"} == set(found.judgements[0].slices)


def test_grades_may_lie_between_for_several_graders(table):
    table.loc[:9, "target.grade"] = 1.5
    found, _ = evaluate(table, QUESTIONS[:1], draws=QUICK)
    assert len(found.judgements[0].keys) == 40
    assert set(found.judgements[0].figures["model"]) == set(EVALUATION_METRICS["ordinal"]) - {"coverage", "width"}


def test_unknown_answers_are_not_judged(table):
    table.loc[table["part"] == "test", "target.spots"] = np.nan
    found, _ = evaluate(table, QUESTIONS[:3], draws=QUICK)
    assert [one.question for one in found.judgements] == ["grade", "tone"]
    with pytest.raises(UsageError, match="no known answers"):
        evaluate(table, QUESTIONS[2:3], draws=QUICK)
    with pytest.raises(UsageError, match="Parts with samples: test, train, validate"):
        evaluate(table, QUESTIONS, part="teach", draws=QUICK)


def test_one_sample_can_be_judged(table, tmp_path):
    one = table[(table["part"] == "train") | (table.index == table.index[table["part"] == "test"][0])]
    found, rows = evaluate(one, QUESTIONS, draws=QUICK)
    assert all(len(judged.keys) == 1 for judged in found.judgements)
    write_evaluation(found, rows, tmp_path)
    assert "on 1 samples of 1 subjects" in (tmp_path / "evaluation.md").read_text()


def test_the_files(seen, tmp_path):
    found, rows = evaluate(seen, QUESTIONS[:2], draws=QUICK, facts={"run": "r-1", "seed": "7"})
    write_evaluation(found, rows, tmp_path / "deep" / "evaluation")
    out = tmp_path / "deep" / "evaluation"
    again = pd.read_parquet(out / "samples.parquet")
    pd.testing.assert_frame_equal(again, rows, check_dtype=False)
    said = json.loads((out / "metrics.json").read_text(), parse_constant=pytest.fail)
    assert said["seed"] == "7"
    assert said["bootstrap"] == {"level": 0.95, "resamples": 40, "seed": 0, "groups": "subject", "method": "bca"}
    grade = said["questions"]["grade"]
    assert grade["figures"]["model"]["rmse"]["value"] == pytest.approx(
        found.judgements[0].figures["model"]["rmse"].value
    )
    assert grade["by"]["camera"]["rare"]["judged"] is False
    assert "| Root mean squared error, grades |" in (out / "evaluation.md").read_text()


def test_the_same_seed_gives_the_same_files(seen, tmp_path):
    for name in ("one", "two"):
        write_evaluation(*evaluate(seen, QUESTIONS[:2], draws=QUICK), tmp_path / name)
    for name in ("metrics.json", "evaluation.md", "evaluation.html", "samples.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


RECIPE = {
    "name": "tiny",
    "split": {"by": ["subject"], "validate": 0.25, "test": 0.25},
    "input": {"size_px": 16},
    "network": {"width": 16},
    "head": {
        "tone": {"kind": "measure", "targets": list(LAB), "spread": True},
        "dots": {"kind": "ordinal", "highest": 3.0},
        "many": {"kind": "presence"},
        "density": {"kind": "map", "targets": ["items"]},
        "both": {"kind": "measure", "targets": ["first", "second"]},
    },
    "loss": {"tone": {"name": "delta_e_00"}},
    "train": {"epochs": 1, "batch": 8},
    "machine": {"accelerator": "cpu", "threads": 1, "tensorboard": False},
}


@pytest.fixture
def run_and_samples(fake_samples, tmp_path):
    recipe = recipe_from(RECIPE)
    samples = fake_samples(recipe, 24)
    return train(recipe, samples, tmp_path / "runs"), samples


def test_a_run_is_evaluated_end_to_end(run_and_samples):
    run, samples = run_and_samples
    found = evaluate_run(run, samples, draws=QUICK)
    assert [one.question for one in found.judgements] == [
        "tone",
        "dots",
        "many",
        "density",
        "both.first",
        "both.second",
    ]
    assert [one.kind for one in found.judgements] == ["colour", "ordinal", "presence", "count", "measure", "measure"]
    said = json.loads((run.folder / "evaluation" / "metrics.json").read_text())
    assert said["data_fingerprint"] == json.loads((run.folder / "data.json").read_text())["fingerprint"]
    assert said["same_data_as_learnt_with"] == "yes"
    assert said["recipe_hash"] in run.folder.name
    assert said["leaks"] == []
    rows = pd.read_parquet(run.folder / "evaluation" / "samples.parquet")
    assert list(rows["key"]) == [str(sample.key) for sample in samples]


def test_a_leak_is_told(run_and_samples, tmp_path):
    run, samples = run_and_samples
    parts = json.loads((run.folder / "data.json").read_text())["parts"]
    place = {str(sample.key): number for number, sample in enumerate(samples)}
    taught, judged = place[parts["train"][0]], place[parts["test"][0]]
    leaky = list(samples)
    leaky[judged] = replace(samples[judged], read=samples[taught].read)
    found = evaluate_run(run, leaky, draws=QUICK, out=tmp_path / "again")
    assert found.facts["same_data_as_learnt_with"] == "no"
    assert len(found.leaks) == 1
    assert "identical files" in found.leaks[0]
    assert parts["test"][0] in found.leaks[0]
    assert "The split leaks" in (tmp_path / "again" / "evaluation.html").read_text()


def test_other_data_is_new_and_all_can_be_judged(run_and_samples, tmp_path):
    run, samples = run_and_samples
    others = [replace(sample, key=replace(sample.key, dataset="other")) for sample in samples[:8]]
    found = evaluate_run(run, others, draws=QUICK, out=tmp_path / "new")
    assert found.part == "new"
    assert {len(one.keys) for one in found.judgements} == {8}
    assert set(found.judgements[0].figures) == {"model", "mean patch"}  # nothing teaches the others yet
    evaluate_run(run, samples, draws=QUICK)
    taught = evaluate_run(run, others, draws=QUICK, out=tmp_path / "new")
    assert set(taught.judgements[0].figures) == {"model", "constant", "mean", "ridge", "mean patch"}
    assert {len(one.keys) for one in taught.judgements} == {8}
    assert taught.judgements[0].figures["model"]["delta_e_00"] == found.judgements[0].figures["model"]["delta_e_00"]
    both = evaluate_run(run, [*samples, *others], draws=QUICK, part="all", out=tmp_path / "all")
    assert len(both.judgements[0].keys) == 32


def test_questions_follow_the_recipe():
    questions = {question.name: question for question in questions_of(recipe_from(RECIPE))}
    assert questions["dots"].grades == (0.0, 1.0, 2.0, 3.0)
    assert questions["tone"].columns == tuple(f"tone.{name}" for name in LAB)
    assert questions["both.second"].columns == ("both.second",)
