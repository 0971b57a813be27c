"""The comparison chart of the trial, on tables whose figures are known."""

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dermis.core import Encoding, Photo, Sample, SampleKey
from dermis.lab.evaluate import trial_ours
from dermis.lab.evaluate import trial_table as module
from dermis.lab.evaluate.trial_ours import answers_of_folds, mark_numbers, numbers_of
from dermis.lab.evaluate.trial_table import chart, grouped, pair_accuracy, patched
from dermis.report.plots import HEIGHT_PX, WIDTH_PX
from dermis.tasks.pigmentation.contrast import MELANIN_AXIS
from fakes.plain_face import SIZE, face_with


def table(fold, off=0.5, seed=0):
    """Twenty photos of ten people; every answer is off by `off`, in training by nothing."""
    rng = np.random.default_rng((seed, fold))
    right = rng.choice(np.arange(2, 7, 0.5), 20)
    part = np.array(["train"] * 8 + ["validate"] * 4 + ["test"] * 8)
    return pd.DataFrame(
        {
            "key": [f"trial/P{fold}{place // 2}/week 00/{place % 2}" for place in range(20)],
            "subject": [f"P{fold}{place // 2}" for place in range(20)],
            "part": part,
            "target.pigmentation_grade": right,
            "predicted.pigmentation_grade": right + np.where(part == "train", 0.0, off),
            "trait.true_grade": right - 0.25,
            "trait.profile": ["trial", "trial_mixed"] * 10,
            "fold": fold,
        }
    )


def test_grades_fall_into_the_seven_published_classes():
    assert grouped(np.array([0, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 9])).tolist() == [0, 0, 1, 2, 3, 4, 5, 6, 6]


def test_always_different_is_mostly_right_about_pairs_and_no_grade():
    right = np.repeat([2.0, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0], 3)
    said = np.tile([2.0, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0], 3)
    told, different = pair_accuracy(right, said)
    assert different == pytest.approx(1 - 7 * 3 / (21 * 20 / 2))
    assert told > 0.75
    assert pair_accuracy(right, right)[0] == 1.0


def test_a_model_is_scored_on_people_it_never_saw():
    found = module._scored("one", [table(fold) for fold in range(2)])
    assert (found.train, found.rmse.value, found.true.value) == (1.0, pytest.approx(0.5), pytest.approx(0.75))
    assert found.test < 0.8
    assert found.parts["without"] == pytest.approx(0.75)


def test_graders_stand_beside_the_models():
    tables = [table(fold) for fold in range(2)]
    given = {key: {"anna": 4.0, "bela": 4.5, "cleo": 4.0} for one in tables for key in one["key"]}
    lines = module._others(tables, given)
    assert "16 photos of 8 people" in lines[0]
    assert "anna against the mean of the others: RMSE 0.25" in " ".join(lines)
    page = chart([module._scored("one", tables)], lines)
    assert "| `one` | 100.0% |" in page


def test_patches_are_weighted_as_masi_weighs_them():
    rows = pd.DataFrame(
        {
            "key": ["a/b/c/left:forehead", "a/b/c/left:left_cheek", "a/b/c/left:chin"],
            "part": ["test"] * 3,
            "trait.patch": ["forehead", "left_cheek", "chin"],
            "predicted.pigmentation_grade": [3.0, 5.0, 8.0],
        }
    )
    (one,) = patched(rows).to_dict("records")
    assert one["key"] == "a/b/c/left"
    assert one["predicted.pigmentation_grade"] == pytest.approx((0.3 * 3 + 0.3 * 5 + 0.1 * 8) / 0.7)


def test_ours_is_learnt_from_numbers_of_people_who_teach():
    rng = np.random.default_rng(3)
    tables = [pd.concat([table(fold, seed=one) for one in range(6)], ignore_index=True) for fold in range(2)]
    tables = [one.assign(key=[f"{name}-{place}" for place, name in enumerate(one["key"])]) for one in tables]
    right = {key: one["target.pigmentation_grade"][place] for one in tables for place, key in enumerate(one["key"])}
    numbers = {key: np.array([grade, grade**2, *rng.normal(0, 1, 3)]) for key, grade in right.items()}
    blind = next(key for key, part in zip(tables[0]["key"], tables[0]["part"], strict=True) if part == "test")
    numbers[blind] = np.full(5, np.nan)
    found = answers_of_folds(numbers, tables)
    errors = [one["predicted.pigmentation_grade"] - one["target.pigmentation_grade"] for one in found]
    assert np.isnan(errors[0]).sum() == 1
    assert all(np.nanstd(one) < 0.5 for one in errors)
    (line,) = module._apart([one.assign(**{"trait.profile": ["trial", "trial_mixed"] * 60}) for one in found])
    assert "learnt from people without acne and redness" in line


def test_the_chart_is_drawn():
    png = module.chart_png([module._scored(name, [table(0)]) for name in ("pigmentation-a", "pigmentation-b")], 1.2)
    picture = Image.open(BytesIO(png))
    assert picture.height == HEIGHT_PX
    assert picture.width > WIDTH_PX
    assert len(np.unique(np.asarray(picture.convert("L")))) > 8


def test_numbers_of_marks_rise_with_them_and_are_kept_between_runs(monkeypatch, tmp_path):
    density = np.zeros((SIZE, SIZE, 3))
    density[80:110, 40:70] = 18 * np.array(MELANIN_AXIS)
    photo = Photo(pixels=np.full((SIZE, SIZE, 3), 0.5, np.float32), encoding=Encoding.SRGB)
    found = []
    for amount in (0, 1):
        face, skin = face_with(amount * density)
        monkeypatch.setattr(trial_ours, "find_face", lambda photo, face=face, **said: face)
        monkeypatch.setattr(trial_ours, "measure_skin", lambda *said, skin=skin: skin)
        found.append(mark_numbers(photo))
    assert len(found[0]) == len(found[1])
    assert np.isfinite(found).all()
    assert found[1][4] > found[0][4] + 0.05  # the mean weight of the side
    sample = Sample(key=SampleKey(dataset="d", subject="s"), read=lambda: photo, licence="MIT")
    first = numbers_of([sample], tmp_path / "numbers.npz")
    monkeypatch.setattr(trial_ours, "mark_numbers", lambda photo: np.zeros(1))
    assert np.array_equal(numbers_of([sample], tmp_path / "numbers.npz"), first)
    monkeypatch.undo()
    monkeypatch.setattr(trial_ours, "find_face", lambda photo, **said: None)
    assert np.isnan(mark_numbers(photo)).all()
