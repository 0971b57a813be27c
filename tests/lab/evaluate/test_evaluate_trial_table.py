"""The comparison chart of the trial, on tables whose figures are known."""

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dermis.core import Encoding, Photo, Sample, SampleKey
from dermis.lab.evaluate import trial_ours
from dermis.lab.evaluate import trial_table as module
from dermis.lab.evaluate.trial_ours import Others, answers_of_folds, masked_grid, others_of, pixels_of, side_pixels
from dermis.lab.evaluate.trial_table import chart, grouped, pair_accuracy, patched
from dermis.report.plots import HEIGHT_PX, WIDTH_PX
from dermis.tasks.pigmentation.skin_grid import CLUES, GRID_MM

SIZE = 160


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


@pytest.fixture(scope="module")
def drawn():
    """Two folds of sides whose pixels hold their contrast as a clue, and other pixels whose contrast is known."""
    rng = np.random.default_rng(3)
    tables = [pd.concat([table(fold, seed=one) for one in range(4)], ignore_index=True) for fold in range(2)]
    tables = [one.assign(key=[f"{name}-{place}" for place, name in enumerate(one["key"])]) for one in tables]

    def side(grade):
        found = rng.normal(0, 1, (400, len(CLUES) + 8))
        found[:, CLUES.index("dark_0.7")] = rng.exponential(5 * (grade / 9) ** 3, 400)
        return found.astype(np.float16)

    right = {key: one["target.pigmentation_grade"][place] for one in tables for place, key in enumerate(one["key"])}
    pixels = {key: side(grade) for key, grade in right.items()}
    known = tuple(side(grade) for grade in (2.0, 4.0, 6.0))
    contrast = tuple(one[:, CLUES.index("dark_0.7")].astype(np.float32) for one in known)
    others = Others(pixels=known, contrast=contrast, seen=np.float32([2, 4, 6]), true=np.float32([2.3, 4, 6]))
    blind = next(key for key, part in zip(tables[0]["key"], tables[0]["part"], strict=True) if part == "test")
    return {**pixels, blind: None}, others, tables


def test_ours_is_learnt_from_grades_of_photos_and_contrasts_of_other_pixels(drawn, monkeypatch):
    monkeypatch.setattr(trial_ours, "STEPS", 150)
    pixels, others, tables = drawn
    found = answers_of_folds(pixels, others, tables)
    errors = [one["predicted.pigmentation_grade"] - one["target.pigmentation_grade"] for one in found]
    assert np.isnan(errors[0]).sum() == 1
    assert all(
        np.nanstd(off) < 0.6 * one["target.pigmentation_grade"].std() for off, one in zip(errors, found, strict=True)
    )
    (line,) = module._apart([one.assign(**{"trait.profile": ["trial", "trial_mixed"] * 40}) for one in found])
    assert "learnt from people without acne and redness" in line
    assert "miss the grade of the side by 0.17 (3 other people)" in module._in_view(others)


def test_photos_of_one_side_at_a_visit_are_one_answer():
    both = table(0).assign(key=[f"d/P{place // 2}/week 00/left{' 2' if place % 2 else ''}" for place in range(20)])
    both["predicted.pigmentation_grade"] = 4.0 + np.tile([1.0, -1.0], 10)
    both[["target.pigmentation_grade", "trait.true_grade"]] = 4.0
    assert "4 sides: RMSE 0.00" in module._both_photos([both])


def test_the_chart_is_drawn():
    png = module.chart_png([module._scored(name, [table(0)]) for name in ("pigmentation-a", "pigmentation-b")], 1.2)
    picture = Image.open(BytesIO(png))
    assert picture.height == HEIGHT_PX
    assert picture.width > WIDTH_PX
    assert len(np.unique(np.asarray(picture.convert("L")))) > 8


def masked(tone=0.5, spot=0.0):
    """A disc of skin on black with a square spot, as a photo."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    level = np.full((SIZE, SIZE), tone, np.float32)
    level[80:90, 60:70] -= spot
    disc = np.hypot(rows - SIZE / 2, columns - SIZE / 2) < 0.4 * SIZE
    return Photo(pixels=np.repeat((level * disc)[..., None], 3, axis=2).astype(np.float32), encoding=Encoding.SRGB)


def test_a_masked_side_is_read_at_one_pixel_of_each_cell():
    grid = masked_grid(masked(), mirrored=False)
    assert np.count_nonzero(grid.judged) * GRID_MM**2 == pytest.approx(15_000, rel=0.1)
    pixels, some = side_pixels(grid, seed=1)
    assert len(pixels) == len(some) == pytest.approx(np.count_nonzero(grid.judged) / 6, rel=0.1)
    assert np.isfinite(pixels).all()
    mirror = masked_grid(masked(), mirrored=True)
    assert np.array_equal(mirror.beside, -grid.beside)
    assert masked_grid(Photo(pixels=np.zeros((64, 64, 3), np.float32), encoding=Encoding.SRGB), mirrored=False) is None


def test_what_was_read_is_kept_between_runs(monkeypatch, tmp_path):
    black = Photo(pixels=np.zeros((64, 64, 3), np.float32), encoding=Encoding.SRGB)
    samples = [
        Sample(key=SampleKey(dataset="d", subject="s", view=view), read=lambda photo=photo: photo, licence="MIT")
        for view, photo in (("left", masked(spot=0.1)), ("right", black))
    ]
    first = pixels_of(samples, tmp_path / "kept")
    assert first[1] is None
    monkeypatch.setattr(trial_ours, "masked_grid", None)
    again = pixels_of(samples, tmp_path / "kept")
    assert np.array_equal(again[0], first[0])


def test_other_people_tell_how_much_marks_darken_each_pixel(tmp_path):
    few = ("seed=8453", "size_px=96", "subjects=2", 'conditions=["mottled"]')
    others = others_of(tmp_path, few)
    assert len(others.true) == 2
    assert [len(one) for one in others.pixels] == [len(one) for one in others.contrast]
    assert (np.concatenate(others.contrast) >= 0).all()
    assert np.abs(others.seen - others.true).max() < 1.5
    assert len(list(tmp_path.iterdir())) == 2
