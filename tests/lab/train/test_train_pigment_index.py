"""The bounded least squares of the pigment indices, and photos of the sets alike."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.lab.train import pigment_index
from dermis.lab.train.pigment_index import NM, TAUGHT, Spectra, fit, linear_of, photographs, varied
from dermis.optics.face_population import draw_faces
from dermis.optics.forward import reflectance
from dermis.tasks.pigment_index import INDICES, features

EACH = 60


@pytest.fixture(scope="module")
def skin() -> Spectra:
    rng = np.random.default_rng(2)
    drawn = [reflectance(draw_faces(rng, EACH, group=group), NM) for group in ("African", "Chinese")]
    return Spectra(
        values=np.concatenate(drawn),
        person=np.arange(2 * EACH).astype(str),
        group=np.repeat(("African", "Chinese"), EACH),
        ita_deg=np.repeat((-20.0, 40.0), EACH),
    )


def test_without_a_bound_in_the_way_it_is_least_squares():
    rng = np.random.default_rng(1)
    matrix, true = rng.standard_normal((300, 4)), np.array([1.0, -2.0, 0.5, 3.0])
    found = pigment_index._least_squares(matrix, matrix @ true, np.eye(4), np.array([0.0, -9.0, 0.0, 0.0]))
    assert found == pytest.approx(true, abs=1e-3)


def test_a_bound_in_the_way_is_kept_and_no_better_answer_keeps_it():
    rng = np.random.default_rng(1)
    matrix, true = rng.standard_normal((300, 4)), np.array([1.0, -2.0, 0.5, 3.0])
    bounds, least = np.eye(4), np.array([0.0, -1.0, 0.0, 0.0])
    found = pigment_index._least_squares(matrix, matrix @ true, bounds, least)
    assert (bounds @ found >= least - 1e-9).all()
    error = np.square(matrix @ (found - true)).sum()
    for moved in found + 0.02 * rng.standard_normal((50, 4)):
        if (bounds @ moved >= least).all():
            assert np.square(matrix @ (moved - true)).sum() >= error - 1e-6


def test_on_every_tone_the_other_pigment_counts_no_more_than_its_share(skin: Spectra, monkeypatch):
    monkeypatch.setattr(pigment_index, "PHOTOS", 1)
    monkeypatch.setattr(pigment_index, "SIGHTS", 12)
    sets = varied(skin)
    solved = fit(skin, sets, photographs(sets))
    told = {name: features(linear_of(sets[name])) @ solved for name in TAUGHT}
    for place, (name, own, other) in enumerate(
        (("melanin", "melanin+25%", "blood+25%"), ("haemoglobin", "blood+25%", "melanin+25%"))
    ):
        for tone in np.unique(skin.ita_deg):
            here = skin.ita_deg == tone
            by_own, by_other = ((told[one] - told[""])[here, place].mean() for one in (own, other))
            assert by_own > 0
            assert abs(by_other) <= pigment_index.CROSS_TALK[name] * by_own + 1e-6
    assert solved.shape[1] == len(INDICES)


def test_a_row_has_one_photo_in_all_sets(skin: Spectra, monkeypatch):
    monkeypatch.setattr(pigment_index, "SIGHTS", 6)
    alike = dict.fromkeys(TAUGHT, skin.values)
    for photo in photographs(alike):
        np.testing.assert_array_equal(photo[""], photo["blood+25%"])
    halved = replace(skin, values=skin.values / 2)
    darker = photographs(dict.fromkeys(TAUGHT, halved.values))[0]
    assert (darker[""] < photographs(alike)[0][""]).mean() > 0.99
