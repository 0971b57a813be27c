"""The fit of the tone posterior: made people photographed anyhow, and trees that answer as the library's do."""

import numpy as np
import pytest

from dermis.colour.tone import ita_deg
from dermis.lab.train import tone_posterior as fitting
from dermis.lab.train.tone_posterior import FacePhotos, face_photos, fit_likelihood, fit_trees
from dermis.tasks.tone_posterior import CLUES, WHITES, trees_of


@pytest.fixture(scope="module")
def photos(models):
    return face_photos(people=6, shots=2, seed=11)


def test_each_person_is_photographed_anew_and_the_whites_of_eyes_tell_dark_from_light(photos):
    assert photos.clues.shape == (len(photos.person), len(CLUES))
    assert set(photos.person) == {f"s{number:04d}" for number in range(6)}  # one of each ITA class
    assert np.isfinite(photos.clues[:, :3]).all()
    assert not np.allclose(photos.clues[0, :3], photos.clues[1, :3], atol=0.01)
    assert np.array_equal(photos.lab[0], photos.lab[1])
    ita, white = np.asarray(ita_deg(photos.lab)), photos.clues[:, CLUES.index("white_green")]
    told = np.isfinite(white)
    assert told.sum() >= 6
    assert np.corrcoef(ita[told], white[told])[0, 1] < -0.5


def drawn_photos(count=400):
    rng = np.random.default_rng(0)
    clues = rng.normal(size=(count, len(CLUES)))
    lab = np.stack([55 + 5 * clues[:, 0], 12 + clues[:, 1], 16 + clues[:, 2]], axis=1)
    return FacePhotos(clues=clues, lab=lab, person=np.array([f"p{n % 40}" for n in range(count)]))


def test_the_trees_that_are_kept_answer_as_those_that_were_fitted():
    photos = drawn_photos()
    fitted = fit_trees(photos, rounds=12)
    target = np.asarray(ita_deg(photos.lab), dtype=np.float64)
    gaps = fitting._disturbed(photos.clues, np.random.default_rng(3))
    assert np.isnan(gaps).any()
    kept, own = trees_of(fitted.arrays, "ita").predict(gaps), fitting._fitted(photos.clues, target, 12, 0).predict(gaps)
    np.testing.assert_allclose(kept, own, atol=1e-4)
    assert fitted.said.shape == fitted.scale.shape == (400,)
    assert np.corrcoef(fitted.said, target)[0, 1] > 0.5


def test_the_likelihood_is_inverted_to_the_tone_and_takes_what_is_told():
    photos = drawn_photos(2000)
    ita = np.asarray(ita_deg(photos.lab), dtype=np.float64)
    likelihood = fit_likelihood(photos.clues, ita)
    clues = photos.clues[:, ~WHITES]
    said = likelihood.predict(clues)
    assert np.corrcoef(said, ita)[0, 1] > 0.8
    assert likelihood.ita_deg[0] <= said.min() < said.max() <= likelihood.ita_deg[-1]
    untold = clues.copy()
    untold[:, 0] = np.nan  # the clue that makes the lightness of these people
    assert np.std(likelihood.predict(untold)) < 0.5 * np.std(said)
    fitted = fit_trees(photos, rounds=3)
    np.testing.assert_allclose(fitted.arrays["likelihood_mean"], likelihood.mean, rtol=1e-5)
    assert np.corrcoef(fitted.blind, ita)[0, 1] > 0.8


def test_a_copy_differs_in_the_whites_of_eyes_and_in_what_is_told():
    clues = drawn_photos().clues
    other = fitting._disturbed(clues, np.random.default_rng(1))
    changed = [name for place, name in enumerate(CLUES) if np.nanmax(np.abs(other[:, place] - clues[:, place])) > 0]
    assert changed == [name for name in CLUES if name.startswith("white_") and name != "white_balance_auto"]
    missing = np.isnan(other).mean(axis=0)
    assert missing[CLUES.index("skin_green")] == 0
    assert 0.05 < missing[CLUES.index("lips_green")] < 0.3
