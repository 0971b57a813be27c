"""Graders: what they were given as bias and noise is what their labels show."""

from __future__ import annotations

import numpy as np
import pytest

from dermis.core import Measure, Ordinal
from dermis.lab.synth.lesions.raters import NEUTRAL_ITA_DEG, Grader, count_by, draw_panel, grade_by

FINE = Measure(unit="1", low=0.0, high=10.0)
HAYASHI = Ordinal(lowest=0, highest=3)
MOTTLED = Ordinal(lowest=0, highest=9, step=0.5)


def values(grader: Grader, truth: float, count: int = 4000, *, ita_deg: float = NEUTRAL_ITA_DEG) -> np.ndarray:
    rng = np.random.default_rng(1)
    labels = [grade_by([grader], "t", truth, FINE, rng, ita_deg=ita_deg) for _ in range(count)]
    return np.array([label.value for found in labels for label in found])


def test_bias_and_noise_are_those_given() -> None:
    found = values(Grader(name="a", bias=0.08, noise_sd=0.05), 5.0)
    assert found.mean() - 5.0 == pytest.approx(0.8, abs=0.03)
    assert found.std() == pytest.approx(0.5, rel=0.05)


def test_a_shrinking_grader_keeps_to_the_middle() -> None:
    grader = Grader(name="a", shrink=0.8)
    assert [values(grader, truth, 1)[0] for truth in (0, 5, 10)] == pytest.approx([1, 5, 9])


def test_a_tone_bias_shows_on_dark_skin_only() -> None:
    grader = Grader(name="a", tone_bias=-0.1)
    assert values(grader, 5.0, 1)[0] == pytest.approx(5)
    assert values(grader, 5.0, 1, ita_deg=NEUTRAL_ITA_DEG - 50)[0] == pytest.approx(4.5)


def test_missing_labels_are_as_many_as_said() -> None:
    found = values(Grader(name="a", missing_rate=0.3), 5.0)
    assert len(found) / 4000 == pytest.approx(0.7, abs=0.03)
    assert len(values(Grader(name="a", missing_rate=1.0), 5.0, 50)) == 0


@pytest.mark.parametrize("scale", [HAYASHI, MOTTLED])
def test_a_perfect_grader_tells_the_truth_on_every_step(scale: Ordinal) -> None:
    rng = np.random.default_rng(2)
    for truth in np.arange(scale.lowest, scale.highest + scale.step, scale.step):
        (label,) = grade_by([Grader(name="a")], "t", float(truth), scale, rng)
        assert label.value == truth


@pytest.mark.parametrize(("truth", "label"), [(1.49, 1), (1.5, 2), (2.9, 3), (-4.0, 0), (9.0, 3)])
def test_labels_are_rounded_and_stay_on_the_scale(truth: float, label: float) -> None:
    found = grade_by([Grader(name="a")], "t", truth, HAYASHI, np.random.default_rng(3))
    assert found[0].value == label


def test_noisy_labels_keep_to_the_steps_of_the_scale() -> None:
    panel = draw_panel(np.random.default_rng(4), 6, noise_sd=0.3)
    labels = [x for _ in range(60) for x in grade_by(panel, "t", 4.2, MOTTLED, np.random.default_rng(5))]
    assert {(2 * label.value) % 1 for label in labels} == {0}
    assert all(0 <= label.value <= 9 for label in labels)


def test_every_grader_signs() -> None:
    panel = draw_panel(np.random.default_rng(6), 4, missing_rate=0.0)
    labels = grade_by(panel, "acne_grade", 1.2, HAYASHI, np.random.default_rng(7))
    assert [label.grader for label in labels] == ["grader_01", "grader_02", "grader_03", "grader_04"]
    assert {label.task for label in labels} == {"acne_grade"}


def test_a_panel_is_as_spread_as_asked() -> None:
    panel = draw_panel(np.random.default_rng(8), 2000, bias_sd=0.07, noise_sd=0.12)
    assert np.std([grader.bias for grader in panel]) == pytest.approx(0.07, rel=0.08)
    assert np.mean([grader.noise_sd for grader in panel]) == pytest.approx(0.12, rel=0.03)
    assert draw_panel(np.random.default_rng(8), 0) == ()


def test_the_usual_panel_errs_as_dermatologists_do() -> None:
    """Seven doctors' errors against ACNE04's Hayashi grades: 0.49 to 0.72 grades, root mean square."""
    rng = np.random.default_rng(9)
    panel = draw_panel(rng, 40, missing_rate=0.0)
    truths = rng.uniform(0, 3, 150)
    errors = [
        [label.value - np.floor(truth + 0.5) for label in grade_by(panel, "t", float(truth), HAYASHI, rng)]
        for truth in truths
    ]
    each = np.sqrt(np.mean(np.square(errors), axis=0))
    assert 0.45 < np.median(each) < 0.75


def test_counts_are_off_by_a_factor() -> None:
    rng = np.random.default_rng(10)
    grader = Grader(name="a", bias=0.1, noise_sd=0.05)
    found = np.array([count_by([grader], "acne_lesions", 1000, rng)[0].value for _ in range(2000)])
    assert np.log(found / 1000).mean() == pytest.approx(0.3, abs=0.01)
    assert np.log(found / 1000).std() == pytest.approx(0.15, rel=0.06)
    assert (found % 1 == 0).all()
    assert count_by([grader], "acne_lesions", 0, rng)[0].value == 0


def test_labels_follow_their_seed() -> None:
    panel = draw_panel(np.random.default_rng(11), 5)
    one, same, other = (grade_by(panel, "t", 4.0, MOTTLED, np.random.default_rng(s)) for s in (1, 1, 2))
    assert one == same
    assert one != other
