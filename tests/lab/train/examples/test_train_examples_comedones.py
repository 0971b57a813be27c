"""The fit of comedones: which candidate is one, what is drawn on a portrait, trees that find what they were shown."""

import numpy as np
import pytest

import dermis
from dermis.lab.train.examples.comedones import Lesson, _drawn, fit_comedones, labels_of, told_in_folds
from dermis.lab.train.tone_posterior import arrays_of_trees
from dermis.tasks.acne.comedones import CLUES, Candidates
from dermis.tasks.tone_posterior import trees_of


def candidates(places, clear, red):
    clues = np.zeros((len(places), len(CLUES)))
    clues[:, CLUES.index("clear")], clues[:, CLUES.index("red")] = clear, red
    return Candidates(places_px=np.array(places, float), radii_px=np.ones(len(places)), clues=clues)


def test_the_clearest_in_a_circle_is_a_comedo_unless_it_is_red_or_in_a_box():
    seen = candidates([(10, 10), (12, 10), (50, 50), (80, 80), (120, 20)], clear=[2, 5, 3, 4, 1], red=[0, 0, 9, 0, 0])
    circles = np.array([[11.0, 10, 6], [50, 50, 6], [80, 80, 6]])
    boxes = np.array([[70.0, 70, 90, 90]])
    assert labels_of(seen, circles, boxes, not_red=4.0).tolist() == [-1, 1, -1, -1, 0]
    assert labels_of(seen, circles, np.zeros((0, 4)), not_red=np.inf).tolist() == [-1, 1, 1, 1, 0]


def lesson(group, seed):
    rng = np.random.default_rng(seed)
    labels = (np.arange(400) < 60).astype(int)
    clues = rng.normal(0, 1, (400, len(CLUES)))
    clues[:, CLUES.index("clear")] += 4 * labels
    return Lesson(group=group, clues=clues, labels=labels, true=60)


def test_trees_find_what_they_were_shown_and_are_kept_as_they_are():
    crops = [lesson(f"g{place}", place) for place in range(4)]
    drawn = [lesson("p", 9)]
    assert np.abs(told_in_folds(crops, drawn, rounds=12) - 55).max() < 15
    booster = fit_comedones(crops, drawn, rounds=12)
    held = {f"comedo_{name}": values for name, values in arrays_of_trees(booster).items()}
    odds = trees_of(held, "comedo").predict(crops[0].clues)
    assert 1 / (1 + np.exp(-odds)) == pytest.approx(booster.predict_proba(crops[0].clues)[:, 1], abs=1e-5)


def test_comedones_are_drawn_on_a_portrait(selfie):
    photo = dermis.read_photo(selfie)
    painted, circles = _drawn(np.random.default_rng(1), photo)
    assert len(circles) >= 10
    assert max(painted.pixels.shape) <= 1300
    assert circles[:, 2].min() > 0
