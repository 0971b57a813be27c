"""Every method of the table, on camera pixels of drawn skin."""

from __future__ import annotations

import numpy as np
import pytest

from dermis.optics.camera import find_camera, response
from dermis.optics.face_population import draw
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import find_illuminant
from dermis.spectra.methods import METHODS, Examples

NM = np.arange(400.0, 701.0, 10.0)
ALL_NM = np.arange(400.0, 1001.0, 10.0)


def examples_of(wavelengths_nm: np.ndarray, channels: int, count: int, seed: int, known: bool = True) -> Examples:
    spectra = reflectance(draw(count, seed), wavelengths_nm, specular_share=0.5)
    seen = response(find_camera("CIE 1931"), find_illuminant("D65"), wavelengths_nm)
    if channels == 4:
        near_infrared = (wavelengths_nm == 960.0).astype(float)[:, None]
        seen = np.concatenate([seen, near_infrared], axis=1)
    return Examples(
        inputs=(spectra @ seen).astype(np.float32),
        spectra=spectra.astype(np.float32),
        wavelengths_nm=wavelengths_nm,
        response=seen if known else None,
    )


def mean_angle(found: np.ndarray, true: np.ndarray) -> float:
    cosine = (found * true).sum(axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(true, axis=1)
    return float(np.arccos(np.clip(cosine, -1, 1)).mean())


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"mean"}))
@pytest.mark.parametrize(("grid", "channels"), [(NM, 3), (ALL_NM, 4)])
def test_beats_the_mean_on_skin_it_has_not_seen(name: str, grid: np.ndarray, channels: int) -> None:
    learnt, unseen = examples_of(grid, channels, 400, 1), examples_of(grid, channels, 100, 2)
    found = METHODS[name].fit(learnt)(unseen.inputs)
    prior = METHODS["mean"].fit(learnt)(unseen.inputs)
    assert found.shape == unseen.spectra.shape
    assert found.dtype == np.float32
    assert mean_angle(found, unseen.spectra) < 0.8 * mean_angle(prior, unseen.spectra)


@pytest.mark.parametrize("name", sorted(METHODS))
@pytest.mark.parametrize("count", [1, 2])
def test_takes_very_few_examples_and_no_known_camera(name: str, count: int) -> None:
    learnt = examples_of(NM, 3, count, 3, known=False)
    found = METHODS[name].fit(learnt)(learnt.inputs)
    assert np.isfinite(found).all()
    assert METHODS[name].fit(learnt)(learnt.inputs[:0]).shape == (0, 31)


def test_a_brighter_pixel_is_a_brighter_spectrum_of_the_same_shape() -> None:
    learnt = examples_of(NM, 3, 100, 4)
    predict = METHODS["root_polynomial"].fit(learnt)
    np.testing.assert_allclose(predict(2 * learnt.inputs), 2 * predict(learnt.inputs), rtol=1e-4)


def test_examples_must_fit_together() -> None:
    with pytest.raises(ValueError, match="spectra"):
        Examples(inputs=np.ones((2, 3), np.float32), spectra=np.ones((3, 31), np.float32), wavelengths_nm=NM)
