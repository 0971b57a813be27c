from pathlib import Path

import numpy as np
import pytest

from dermis.optics.camera_inverse import UNKNOWNS, from_rgb
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import xyz_weights
from dermis.optics.inverse import FREE, from_spectrum
from dermis.optics.populations import from_normal, prior
from dermis.optics.tissue import RANGES, Tissue

VISIBLE = np.arange(400.0, 701.0, 10.0)
WIDE = np.linspace(400.0, 1000.0, 61)
# A camera that sees as sRGB does, under daylight: XYZ of D65 to linear sRGB (IEC 61966-2-1).
TO_SRGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
SPECTRA = Path(__file__).parents[2].parent / "shared" / "data" / "spectra"


@pytest.fixture(scope="module")
def response():
    return xyz_weights(VISIBLE) @ TO_SRGB.T


def skins():
    melanin, blood = np.meshgrid(np.geomspace(0.01, 0.3, 6), np.geomspace(0.006, 0.06, 5))
    return Tissue(melanosome_fraction=melanin, blood_fraction=blood)


def draw(count, seed):
    """Tissue (count,) of the prior itself: what intervals are calibrated for."""
    mean, spread = prior(list(RANGES.values()))
    positions = mean + spread * np.random.default_rng(seed).standard_normal((count, len(RANGES)))
    return Tissue(**{name: from_normal(RANGES[name], column) for name, column in zip(RANGES, positions.T, strict=True)})


def relative_error(estimate, truth, name):
    return np.abs(getattr(estimate.tissue, name) / getattr(truth, name) - 1.0)


@pytest.mark.parametrize("bands", [VISIBLE, WIDE])
def test_a_spectrum_returns_the_melanin_and_blood_it_was_rendered_from(bands):
    truth = skins()
    seen = reflectance(truth, bands)
    found = from_spectrum(
        seen,
        bands,
        free=("melanosome_fraction", "blood_fraction", "oxygen_saturation"),
        relative_noise=0.002,
    )
    assert relative_error(found, truth, "melanosome_fraction").max() < 0.05
    assert relative_error(found, truth, "blood_fraction").max() < 0.05
    assert found.rmse.shape == (5, 6)
    assert found.rmse.max() < 1e-3
    assert all(flags.all() for flags in found.identifiable.values())


def test_a_colour_returns_the_melanin_and_blood_it_was_rendered_from(response):
    truth = skins()
    found = from_rgb(
        reflectance(truth, VISIBLE, specular_share=0.0) @ response, response, VISIBLE, beside=(), noise=0.002
    )
    assert relative_error(found, truth, "melanosome_fraction").max() < 0.05
    assert relative_error(found, truth, "blood_fraction").max() < 0.05
    assert found.rmse.max() < 1e-3


def test_a_colour_does_not_know_oxygen_and_a_spectrum_does(response):
    people = draw(200, 8)
    seen = reflectance(people, VISIBLE, specular_share=0.0)
    colour = from_rgb(seen @ response, response, VISIBLE)
    spectrum = from_spectrum(seen, VISIBLE)
    assert colour.identifiable["oxygen_saturation"].mean() < 0.02
    assert np.median(colour.information_bits["oxygen_saturation"]) < 0.5
    assert np.median(spectrum.information_bits["oxygen_saturation"]) > 1.0
    assert colour.identifiable["melanosome_fraction"].mean() > 0.9
    prior_width = RANGES["oxygen_saturation"].spread
    width = (colour.high["oxygen_saturation"] - colour.low["oxygen_saturation"]) / 2 / 1.645
    assert np.median(width) > 0.65 * prior_width


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_intervals_of_a_colour_hold_the_truth_as_often_as_they_say(response, level):
    people = draw(1500, 9)
    rng = np.random.default_rng(9)
    seen = reflectance(people, VISIBLE, specular_share=0.0) @ response
    seen = seen * np.exp(0.01 * rng.standard_normal(seen.shape) + 0.2 * rng.standard_normal((1500, 1)))
    everything = tuple(name for name in RANGES if name not in ("melanosome_fraction", "blood_fraction"))
    found = from_rgb(seen, response, VISIBLE, beside=everything, shading_spread=0.2, level=level)
    for name in ("melanosome_fraction", "blood_fraction", "oxygen_saturation", "scattering_per_cm"):
        truth = getattr(people, name)
        held = np.mean((found.low[name] <= truth) & (truth <= found.high[name]))
        assert held == pytest.approx(level, abs=0.05), name


def test_intervals_of_a_spectrum_hold_the_truth_as_often_as_they_say():
    people = draw(400, 10)
    rng = np.random.default_rng(10)
    seen = reflectance(people, VISIBLE, specular_share=1.0)
    seen = seen + (0.0005 + 0.012 * seen) * rng.standard_normal(seen.shape)
    found = from_spectrum(seen, VISIBLE, free=tuple(RANGES), specular_share=1.0)
    for name in FREE[:-1]:
        truth = getattr(people, name)
        held = np.mean((found.low[name] <= truth) & (truth <= found.high[name]))
        assert held == pytest.approx(0.9, abs=0.06), name


def test_what_a_band_cannot_see_stays_at_the_prior():
    found = from_spectrum(reflectance(Tissue(), VISIBLE), VISIBLE, free=tuple(UNKNOWNS))
    assert found.information_bits["water_fraction"] < 0.01
    assert not found.identifiable["water_fraction"]
    assert found.tissue.water_fraction == pytest.approx(RANGES["water_fraction"].typical, abs=0.005)
    wide = from_spectrum(reflectance(Tissue(), WIDE), WIDE, free=tuple(UNKNOWNS))
    assert wide.information_bits["water_fraction"] > found.information_bits["water_fraction"]


def test_less_noise_means_more_information(response):
    seen = reflectance(Tissue(), VISIBLE, specular_share=0.0) @ response
    rough, fine = (from_rgb(seen, response, VISIBLE, noise=noise) for noise in (0.1, 0.005))
    assert fine.information_bits["blood_fraction"] > rough.information_bits["blood_fraction"] + 0.5
    shaded = from_rgb(seen, response, VISIBLE, noise=0.005, shading_spread=0.3)
    assert shaded.information_bits["melanosome_fraction"] < fine.information_bits["melanosome_fraction"]


def test_unknown_light_widens_melanin_but_a_shadow_does_not_move_it_far(response):
    seen = reflectance(Tissue(melanosome_fraction=0.05), VISIBLE, specular_share=0.0) @ response
    lit, shadowed = (
        from_rgb(seen * gain, response, VISIBLE, noise=0.005, shading_spread=0.5).tissue.melanosome_fraction
        for gain in (1.0, 0.6)
    )
    trusting = from_rgb(seen * 0.6, response, VISIBLE, noise=0.005).tissue.melanosome_fraction
    assert abs(np.log(shadowed / lit)) < 0.5 * abs(np.log(trusting / lit))


def test_free_parameters_and_shapes_are_checked(response):
    seen = reflectance(Tissue(), VISIBLE)
    for free in ((), ("hair",)):
        with pytest.raises(ValueError, match="free takes"):
            from_spectrum(seen, VISIBLE, free=free)
    with pytest.raises(ValueError, match="bands"):
        from_spectrum(seen[:-1], VISIBLE)
    with pytest.raises(ValueError, match="takes"):
        from_rgb(seen[:3], response[:-1], VISIBLE)
    for beside in (("hair",), ("blood_fraction",)):
        with pytest.raises(ValueError, match="Not free"):
            from_rgb(seen[:3], response, VISIBLE, beside=beside)


def test_pixels_and_spectra_that_are_no_measurement_come_back_as_nan(response):
    seen = np.stack([reflectance(Tissue(), VISIBLE), np.full(31, np.nan)])
    found = from_spectrum(seen, VISIBLE)
    assert np.isfinite(found.tissue.blood_fraction[0])
    assert np.isnan(found.tissue.blood_fraction[1])
    rgb = np.stack([seen[0] @ response, [0.2, 0.1, 0.0], [np.nan, 0.1, 0.1]])
    melanin = from_rgb(rgb, response, VISIBLE).tissue.melanosome_fraction
    assert np.isfinite(melanin).tolist() == [True, False, False]


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3)])
def test_any_number_of_pixels(response, shape):
    one = reflectance(Tissue(), VISIBLE, specular_share=0.0)
    rgb = np.broadcast_to(one @ response, (*shape, 3))
    found = from_rgb(rgb, response, VISIBLE)
    assert found.tissue.melanosome_fraction.shape == shape
    assert found.fitted.shape == (*shape, 3)
    spectra = from_spectrum(np.broadcast_to(one, (*shape, 31)), VISIBLE)
    assert spectra.tissue.blood_fraction.shape == shape
    assert spectra.fitted.shape == (*shape, 31)
    assert spectra.specular_share.shape == shape


def test_one_band_is_an_answer_too():
    found = from_spectrum(np.array([0.3]), [560.0])
    assert not found.identifiable["oxygen_saturation"]
    assert found.fitted[0] == pytest.approx(0.3, abs=0.02)


def test_gloss_alone_can_be_asked_for():
    seen = reflectance(Tissue(), VISIBLE, specular_share=0.7)
    found = from_spectrum(seen, VISIBLE, free=("specular_share",), relative_noise=0.001)
    assert found.specular_share == pytest.approx(0.7, abs=0.02)


@pytest.mark.data
def test_measured_skin_is_fitted_and_its_left_out_bands_are_foretold():
    file = SPECTRA / "skin_reflectance_400_700_10nm.npz"
    if not file.exists():
        pytest.skip(f"the measured spectra are not on this machine ({file})")
    with np.load(file) as held:
        bands, measured = held["wavelengths_nm"].astype(float), held["bare_skin"].astype(float)
    measured = measured[np.random.default_rng(11).choice(len(measured), 60, replace=False)]
    whole = from_spectrum(measured, bands)
    assert np.median(whole.rmse) <= 0.008
    assert np.percentile(whole.rmse, 95) <= 0.02
    norms = np.linalg.norm(measured, axis=1) * np.linalg.norm(whole.fitted, axis=1)
    angles = np.arccos(np.clip((measured * whole.fitted).sum(axis=1) / norms, -1, 1))
    assert np.median(angles) <= 0.025
    half = from_spectrum(measured[:, ::2], bands[::2])
    gathered = half.specular_share
    foretold = reflectance(half.tissue, bands[1::2], specular_share=gathered)
    errors = np.sqrt(np.mean((foretold - measured[:, 1::2]) ** 2, axis=1))
    assert np.median(errors) <= 0.008
    for name in FREE:
        assert np.all(half.low[name] >= UNKNOWNS[name].low), name
        assert np.all(half.high[name] <= UNKNOWNS[name].high), name
