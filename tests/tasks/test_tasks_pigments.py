"""The indices against the physics: skin drawn by the two-layer model, seen as a photo under D65, unmixed again."""

from dataclasses import replace

import numpy as np
from scipy.stats import spearmanr

from dermis.colour import xyz_to_linear
from dermis.optics.face_population import draw
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import xyz_weights
from dermis.tasks.pigments import BLOOD_AXIS, MELANIN_AXIS, optical_density, unmix

WAVELENGTHS_NM = np.arange(400, 701, 10.0)


def linear_of(tissue):
    spectra = reflectance(tissue, WAVELENGTHS_NM, specular_share=0.0)
    return np.asarray(xyz_to_linear(spectra @ xyz_weights(WAVELENGTHS_NM, "D65")), dtype=np.float32)


def pigment_axes(count=4000, seed=1):
    """Return the melanin axis (red = 1) and the blood axis (green = 1), means over drawn skin."""
    tissue = draw(count, seed)
    plain = optical_density(linear_of(tissue))
    more_melanin = replace(tissue, melanosome_fraction=np.minimum(tissue.melanosome_fraction * 1.2, 0.5))
    more_blood = replace(tissue, blood_fraction=np.minimum(tissue.blood_fraction * 1.4, 0.12))
    melanin = (optical_density(linear_of(more_melanin)) - plain).mean(axis=0)
    blood = (optical_density(linear_of(more_blood)) - plain).mean(axis=0)
    return melanin / melanin[0], blood / blood[1]


def agreement(count=4000, seed=2):
    """Return Spearman correlations of the two indices with the two truths, on other skin than the axes' own.

    Measured people with more melanin have other blood too; blood is dealt anew, so that neither truth tells the other.
    """
    tissue = draw(count, seed)
    dealt = np.random.default_rng(seed).permutation(tissue.blood_fraction)
    tissue = replace(tissue, blood_fraction=dealt)
    parts = unmix(linear_of(tissue))
    melanin = tissue.melanosome_fraction * tissue.epidermis_um
    truths = {"melanin": melanin, "blood": tissue.blood_fraction}
    return {
        f"{index} index, {truth}": float(spearmanr(getattr(parts, index), values).statistic)
        for index in ("melanin", "haemoglobin")
        for truth, values in truths.items()
    }


def test_the_axes_are_those_of_the_model():
    melanin, blood = pigment_axes(count=1500)
    assert np.allclose(melanin, MELANIN_AXIS, atol=0.06)
    assert np.allclose(blood, BLOOD_AXIS, atol=0.06)


def test_indices_follow_their_own_pigment_and_not_the_other():
    rho = agreement(count=1500)
    assert rho["melanin index, melanin"] > 0.9
    assert rho["haemoglobin index, blood"] > 0.85
    assert abs(rho["melanin index, blood"]) < 0.15
    assert abs(rho["haemoglobin index, melanin"]) < 0.2
