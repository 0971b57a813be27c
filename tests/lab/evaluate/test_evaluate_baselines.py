import numpy as np
import pytest

from dermis.colour import encode, lab_to_linear, srgb_to_lab
from dermis.lab.evaluate.baselines import BASELINES, LOOKS, baseline_answers, looks_of, ridge
from dermis.lab.evaluate.predict import Question

TONE = Question(name="tone", kind="colour", unit="ΔE00", columns=("tone.l", "tone.a", "tone.b"))
GRADE = Question(name="grade", kind="ordinal", unit="grades", columns=("grade",), grades=(0.0, 1.0, 2.0))
REDNESS = Question(name="redness", kind="measure", unit="%", columns=("redness",))
ACNE = Question(name="acne", kind="presence", unit="", columns=("acne",))


@pytest.fixture
def chips():
    """Ninety patches of known colour under three lights, thirty subjects."""
    rng = np.random.default_rng(0)
    lab = np.column_stack([rng.uniform(35, 80, 90), rng.uniform(5, 20, 90), rng.uniform(8, 25, 90)])
    light = np.repeat([1.0, 0.7, 0.5], 30)[:, None] * np.asarray(lab_to_linear(lab))
    srgb = np.asarray(encode(np.clip(light, 0, 1)))[:, None, None] + rng.normal(0, 0.01, (90, 12, 10, 3))
    return lab, looks_of(np.rint(srgb.clip(0, 1) * 255).astype(np.uint8)), np.arange(90) % 30


def test_constant_and_mean_come_from_the_training_part_alone():
    target = np.array([[0.0], [0.0], [2.0], [9.0], [np.nan]])
    teaching = np.array([True, True, True, False, True])
    said = baseline_answers(GRADE, target, teaching, np.arange(5))
    assert said["constant"].tolist() == [[0.0]] * 5
    assert said["mean"] == pytest.approx(np.full((5, 1), 2 / 3))
    assert baseline_answers(REDNESS, target, teaching, np.arange(5))["constant"].tolist() == [[0.0]] * 5
    assert set(said) == {"constant", "mean"}


def test_nothing_teaches_nothing():
    target = np.ones((3, 1))
    assert baseline_answers(GRADE, target, np.zeros(3, bool), np.arange(3)) == {}
    assert baseline_answers(GRADE, target * np.nan, np.ones(3, bool), np.arange(3)) == {}


def test_ridge_learns_what_colour_tells(chips):
    lab, looks, subject = chips
    teaching = subject < 20
    said = baseline_answers(TONE, lab, teaching, subject, looks)
    assert set(said) == set(BASELINES) - {"photographed"}  # that one is measured on photos, not worked out from looks
    off = {name: np.abs(answer - lab)[~teaching].mean() for name, answer in said.items()}
    assert off["ridge"] < 0.75 * off["mean patch"] < 0.75 * off["mean"]


def test_ridge_stays_within_what_was_taught(chips):
    lab, looks, subject = chips
    teaching = (subject < 20) & (lab[:, 0] < 60)
    said = baseline_answers(TONE, lab, teaching, subject, looks)["ridge"]
    assert said[:, 0].max() <= lab[teaching, 0].max() + 1e-9
    happened = (lab[:, :1] > 60).astype(float)
    share = baseline_answers(ACNE, happened, subject < 20, subject, looks)["ridge"]
    assert 0 <= share.min() < share.max() <= 1


def test_ridge_is_the_closed_solution_on_new_samples():
    rng = np.random.default_rng(1)
    seen = rng.normal(3, [1, 10, 0.1], (200, 3))
    target = seen @ [[2.0], [0.5], [-7.0]] + 4
    asked = rng.normal(3, [1, 10, 0.1], (5, 3))
    answer = ridge(seen, target, np.arange(200), asked)
    assert answer == pytest.approx(asked @ [[2.0], [0.5], [-7.0]] + 4, abs=1e-3)


def test_ridge_with_nothing_to_learn_says_the_mean():
    rng = np.random.default_rng(2)
    target = rng.normal(5, 1, (60, 1))
    answer = ridge(rng.normal(size=(60, 20)), target, np.repeat(np.arange(12), 5), rng.normal(size=(40, 20)))
    assert np.abs(answer - target.mean()).max() < 1


@pytest.mark.parametrize("count", [1, 2])
def test_ridge_of_few_samples_is_finite(count):
    answer = ridge(np.ones((count, 4)), np.ones((count, 1)), np.zeros(count), np.zeros((3, 4)))
    assert answer == pytest.approx(np.ones((3, 1)))


def test_the_mean_patch_is_the_colour_of_the_middle():
    picture = np.zeros((8, 12, 3), np.uint8)
    picture[2:6, 3:9] = (200, 150, 120)
    expected = np.asarray(srgb_to_lab(np.array([200, 150, 120]) / 255))
    assert looks_of(picture[None])[0, :3] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.float16])
@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (2, 1, 5, 3), (3, 16, 16, 3)])
def test_looks_of_any_size_are_finite(shape, dtype):
    pictures = np.random.default_rng(0).integers(0, 255 if dtype is np.uint8 else 2, shape).astype(dtype)
    assert looks_of(pictures).shape == (shape[0], len(LOOKS))
    assert np.isfinite(looks_of(pictures)).all()


def test_a_plain_picture_looks_plain():
    look = dict(zip(LOOKS, looks_of(np.full((1, 5, 5, 3), 119, np.uint8))[0], strict=True))
    grey = float(srgb_to_lab(np.full(3, 119 / 255))[0])
    assert look["middle_l"] == pytest.approx(look["mean_l"]) == pytest.approx(look["q95_l"]) == pytest.approx(grey)
    assert look["spread_l"] == pytest.approx(0, abs=1e-9)
    assert look["edges"] == pytest.approx(0, abs=1e-9)


def test_a_map_of_classes_has_no_baseline():
    parts = Question(name="parts", kind="classes", unit="", columns=(), classes=3)
    assert baseline_answers(parts, np.ones((4, 3)), np.ones(4, bool), np.arange(4)) == {}
