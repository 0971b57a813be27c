"""The fit of the tone posterior: patches under drawn light, and trees that answer as the library's do."""

import numpy as np

from dermis.colour.tone import ita_deg
from dermis.lab.train import tone_posterior as fitting
from dermis.lab.train.tone_posterior import PatchPhotos, _booster, drawn_people, fit_trees, photograph_patches
from dermis.tasks.tone_posterior import CLUES, trees_of


def test_drawn_people_have_each_tone_class_in_turn():
    people = drawn_people(6, seed=3)
    itas = np.asarray(ita_deg(people.lab))
    for ita, (low, high) in zip(itas, fitting.CLASSES_DEG, strict=True):
        assert low - 6 <= ita <= high + 6


def test_one_shot_photographs_people_alike_and_light_skin_is_brighter():
    people = drawn_people(6, seed=3)
    shots = np.array([photograph_patches(np.random.default_rng(seed), people.skin, people.lips) for seed in range(12)])
    assert shots.shape == (12, 6, len(CLUES))
    assert np.isfinite(shots).all()
    middle = np.median(shots, axis=0)
    assert middle[-1, CLUES.index("skin_green")] > middle[0, CLUES.index("skin_green")]
    assert middle[-1, CLUES.index("lips_green")] < middle[0, CLUES.index("lips_green")]


def test_the_trees_that_are_kept_answer_as_those_that_were_fitted():
    rng = np.random.default_rng(0)
    clues = rng.normal(size=(400, len(CLUES)))
    lab = np.stack([55 + 5 * clues[:, 0], 12 + clues[:, 1], 16 + clues[:, 2]], axis=1)
    photos = PatchPhotos(clues=clues, lab=lab, person=np.array([f"p{n % 40}" for n in range(400)]))
    fitted = fit_trees(photos, rounds=12)
    trees = trees_of(fitted.arrays, "ita")
    target = np.asarray(ita_deg(lab), dtype=np.float64)
    gaps = fitting._with_gaps(clues)
    np.testing.assert_allclose(trees.predict(gaps), _booster(12).fit(gaps, target).predict(gaps), atol=1e-4)
    assert fitted.said.shape == fitted.scale.shape == (400,)
    assert np.corrcoef(fitted.said, target)[0, 1] > 0.5
