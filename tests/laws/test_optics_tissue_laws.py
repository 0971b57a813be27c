"""What must hold of skin whatever its parameters; where a law ends is part of the law."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermis.colour import ita_deg
from dermis.lab.monte_carlo import Layer, simulate
from dermis.optics.face_population import draw
from dermis.optics.forward import reflectance, surface_reflectance
from dermis.optics.illuminant import lab_under
from dermis.optics.tissue import RANGES, Tissue

VISIBLE = np.arange(400.0, 701.0, 10.0)
WIDE = np.linspace(400.0, 1000.0, 61)


def anywhere():
    """Any tissue within its ranges, corners included."""
    return st.builds(
        Tissue, **{name: st.floats(span.low, span.high, allow_subnormal=False) for name, span in RANGES.items()}
    )


unhurried = settings(deadline=None, max_examples=50)
shares = st.floats(0.0, 1.0)
healthy = st.integers(0, 10_000).map(lambda seed: draw(1, seed))


def steps(tissue, name, low, high, count=25):
    return replace(tissue, **{name: np.geomspace(low, high, count)})


@unhurried
@given(anywhere(), shares)
def test_reflectance_lies_between_the_gathered_gloss_and_one(tissue, share):
    found = reflectance(tissue, WIDE, specular_share=share)
    surface = surface_reflectance(tissue.refractive_index)
    assert np.all(found > share * surface)
    assert np.all(found < 1.0 - (1.0 - share) * surface + 1e-12)


@unhurried
@given(anywhere(), st.sampled_from(["melanosome_fraction", "blood_fraction", "baseline_scale", "carotene_umol_per_l"]))
def test_more_of_an_absorber_takes_light_from_every_band(tissue, name):
    span = RANGES[name]
    found = reflectance(steps(tissue, name, span.low, span.high), VISIBLE)
    # Blood displaces bloodless dermis, which absorbs more than blood does where blood hides in wide vessels.
    tolerance = 2e-3 if name == "blood_fraction" else 1e-4
    assert np.all(np.diff(found, axis=0) < tolerance)


@unhurried
@given(anywhere())
def test_more_scattering_gives_more_light_back_where_no_melanin_lies_above(tissue):
    """Above a dark dermis a turbid, pigmented epidermis only lengthens the way through its melanin."""
    fair = replace(tissue, melanosome_fraction=0.001)
    found = reflectance(steps(fair, "scattering_per_cm", 15.0, 90.0), VISIBLE)
    assert np.all(np.diff(found, axis=0) > 0)


@unhurried
@given(healthy, shares)
def test_more_melanin_darkens_always_and_yellows_light_skin(tissue, share):
    """L* falls over the whole range. b* rises for as long as L* stays above 60: beyond, black swallows yellow."""
    lab = lab_under(
        reflectance(steps(tissue, "melanosome_fraction", 0.001, 0.5), VISIBLE, specular_share=share), VISIBLE
    )
    assert np.all(np.diff(lab[:, 0]) < 0)
    light = lab[1:, 0] > 60
    assert np.all(np.diff(lab[:, 2])[light] > 0)
    assert np.all(np.diff(lab[:, 2] / lab[:, 0])[light] > 0)
    assert np.all(np.diff(ita_deg(lab))[light & (lab[:-1, 2] > 0)] < 0)


@unhurried
@given(healthy, shares)
def test_more_blood_darkens_always_and_reddens_skin_that_is_not_dark(tissue, share):
    """L* falls over the whole range. a* rises up to 3 % of blood for as long as L*, gloss included, stays above 45."""
    skins = steps(tissue, "blood_fraction", 0.0005, 0.12, count=40)
    lab = lab_under(reflectance(skins, VISIBLE, specular_share=share), VISIBLE)
    assert np.all(np.diff(lab[:, 0]) < 0)
    usual = (lab[1:, 0] > 45) & (skins.blood_fraction[1:] <= 0.03)
    assert np.all(np.diff(lab[:, 1])[usual] > 0)


@unhurried
@given(healthy)
def test_less_oxygen_takes_red(tissue):
    found = reflectance(replace(tissue, oxygen_saturation=np.linspace(0.3, 0.98, 9)), [660.0], specular_share=0.0)
    assert np.all(np.diff(found[:, 0]) > 0)


@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.builds(
            Layer,
            mu_a_per_cm=st.floats(0.1, 100.0),
            mu_s_per_cm=st.floats(1.0, 300.0),
            g=st.floats(-0.5, 0.95),
            refractive_index=st.floats(1.0, 1.6),
            thickness_cm=st.floats(1e-3, 0.5),
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 2**31),
)
def test_energy_is_conserved_in_any_stack(stack, seed):
    flux = simulate(stack, photons=300, seed=seed, n_below=1.3)
    total = flux.reflectance + flux.transmitted + flux.absorbed.sum() + flux.lost
    assert total == pytest.approx(1.0, abs=1e-9)
    assert 0.0 <= flux.reflectance <= 1.0
    assert flux.transmitted >= 0.0
    assert np.all(flux.absorbed >= 0.0)


def test_drawn_subjects_span_every_tone():
    tones = ita_deg(lab_under(reflectance(draw(4000, 1), VISIBLE, specular_share=1.0), VISIBLE))
    assert tones.min() < -60.0
    assert tones.max() > 60.0
    share, _ = np.histogram(tones, bins=[-90, -30, 10, 28, 41, 55, 90])
    assert share.min() > 0.02 * len(tones)  # every class of the ITA scale is there to be seen
