import numpy as np
import pytest

from dermis.lab.monte_carlo import layers
from dermis.optics.tissue import PARAMETERS, RANGES, Tissue, absorbers, anisotropy, optical_properties

# Absorption of whole blood and of melanosomes as other open tissue models carry them (per cm).
OXYGENATED = {450: 336, 500: 112, 540: 285, 550: 230, 560: 175, 577: 295, 600: 17.1, 700: 1.55, 800: 4.37, 900: 6.42}
DEOXYGENATED = {450: 553, 500: 112, 540: 249, 550: 286, 560: 288, 577: 210, 600: 78.6, 700: 9.61, 800: 4.08, 900: 4.08}
EUMELANIN = {450: 965, 500: 679, 550: 494, 600: 370, 650: 283, 700: 221, 800: 142, 900: 96, 1000: 67.5}
WATER = {600: 0.0023, 650: 0.0033, 700: 0.006, 750: 0.027, 850: 0.043, 900: 0.068, 970: 0.47}


@pytest.mark.parametrize(
    ("name", "published", "tolerance"),
    [
        ("oxygenated_blood_per_cm", OXYGENATED, 0.02),
        ("deoxygenated_blood_per_cm", DEOXYGENATED, 0.02),
        ("eumelanin_per_cm", EUMELANIN, 0.01),
        ("water_per_cm", WATER, 0.12),
    ],
)
def test_absorbers_agree_with_other_carriers_of_the_published_tables(name, published, tolerance):
    found = getattr(absorbers(list(published)), name)
    np.testing.assert_allclose(found, list(published.values()), rtol=tolerance)


def test_absorbers_peak_where_the_literature_puts_them():
    grid = np.arange(350.0, 1001.0)
    found = absorbers(grid)

    def peak(values, low, high):
        window = (grid >= low) & (grid <= high)
        return grid[window][np.argmax(values[window])]

    assert peak(found.oxygenated_blood_per_cm, 400, 450) == pytest.approx(415, abs=2)
    assert peak(found.oxygenated_blood_per_cm, 530, 555) == pytest.approx(542, abs=2)
    assert peak(found.oxygenated_blood_per_cm, 560, 590) == pytest.approx(577, abs=2)
    assert peak(found.deoxygenated_blood_per_cm, 530, 590) == pytest.approx(555, abs=2)
    assert peak(found.deoxygenated_blood_per_cm, 740, 780) == pytest.approx(757, abs=3)
    assert peak(found.water_per_cm, 940, 1000) == pytest.approx(975, abs=8)


def test_absorbers_take_any_grid_and_one_band():
    one = absorbers([577.0])
    many = absorbers(np.arange(400.0, 1000.5, 0.5))
    assert one.oxygenated_blood_per_cm.shape == (1,)
    assert many.oxygenated_blood_per_cm[354] == one.oxygenated_blood_per_cm[0]
    assert not many.water_per_cm.flags.writeable


@pytest.mark.parametrize("bad", [[349.0], [1000.5], [0.55], [[500.0]], [np.nan]])
def test_absorbers_refuse_wavelengths_they_do_not_know(bad):
    with pytest.raises(ValueError, match="350 and 1000"):
        absorbers(bad)


def test_every_range_holds_its_typical_value():
    for name, span in RANGES.items():
        assert span.low < span.typical < span.high, name
        assert span.unit, name
        assert span.source, name
        assert getattr(Tissue(), name) == span.typical


def test_reduced_scattering_at_500_nm_is_the_parameter():
    found = optical_properties(Tissue(scattering_per_cm=47.0, rayleigh_share=0.4, mie_power=0.9), [500.0, 1000.0])
    assert found.reduced_scattering_per_cm[0] == pytest.approx(47.0)
    assert found.reduced_scattering_per_cm[1] == pytest.approx(47.0 * (0.4 / 16 + 0.6 * 2**-0.9))


def test_blood_in_fine_vessels_absorbs_as_if_spread_out():
    bands = [415.0, 542.0, 800.0]
    pure = absorbers(bands)
    none, fine, coarse = (
        optical_properties(
            Tissue(blood_fraction=share, oxygen_saturation=1.0, vessel_radius_um=radius), bands
        ).dermis_mu_a_per_cm
        for share, radius in ((1e-12, 1.0), (0.01, 1e-3), (0.01, 50.0))
    )
    displaced = Tissue().baseline_scale * pure.baseline_per_cm
    np.testing.assert_allclose(fine - none, 0.01 * (pure.oxygenated_blood_per_cm - displaced), rtol=1e-3)
    assert np.all(coarse < fine)
    assert coarse[0] / fine[0] < coarse[2] / fine[2]  # the core hides where blood absorbs most


def test_fields_broadcast_and_keep_precision():
    tissue = Tissue(
        melanosome_fraction=np.full((3, 1), 0.05, np.float32), blood_fraction=np.full((1, 4), 0.01, np.float32)
    )
    found = optical_properties(tissue, np.arange(400.0, 701.0, 50.0))
    assert found.epidermis_mu_a_per_cm.shape == (3, 1, 7)
    assert found.dermis_mu_a_per_cm.shape == (1, 4, 7)
    assert found.dermis_mu_a_per_cm.dtype == np.float32
    assert found.reduced_scattering_per_cm.shape == (7,)


def test_layers_carry_the_same_coefficients_to_the_reference():
    tissue = Tissue(epidermis_um=80.0)
    epidermis, dermis = layers(tissue, 550.0)
    found = optical_properties(tissue, [550.0])
    assert epidermis.thickness_cm == pytest.approx(0.008)
    assert np.isinf(dermis.thickness_cm)
    assert epidermis.mu_a_per_cm == pytest.approx(found.epidermis_mu_a_per_cm[0])
    assert dermis.mu_a_per_cm == pytest.approx(found.dermis_mu_a_per_cm[0])
    assert dermis.mu_s_per_cm * (1 - dermis.g) == pytest.approx(found.reduced_scattering_per_cm[0])
    assert dermis.g == pytest.approx(float(anisotropy(550.0)))


def test_the_records_names_are_the_ranges_names():
    assert set(PARAMETERS) == set(Tissue.__slots__)
