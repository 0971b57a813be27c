import numpy as np
import pytest

from dermis.lab.monte_carlo import layers, simulate
from dermis.optics.face_population import draw
from dermis.optics.forward import diffuse_share, diffuse_share_and_slopes, features, reflectance, surface_reflectance
from dermis.optics.populations import from_normal, prior, to_normal
from dermis.optics.tissue import PARAMETERS, RANGES, Tissue

BANDS = np.linspace(400.0, 1000.0, 61)


@pytest.mark.parametrize(
    ("tissue", "wavelength"),
    [
        (Tissue(), 420.0),
        (Tissue(), 560.0),
        (Tissue(melanosome_fraction=0.3, blood_fraction=0.03), 450.0),
        (Tissue(melanosome_fraction=0.15, refractive_index=1.44), 700.0),
        (Tissue(melanosome_fraction=0.01, scattering_per_cm=70.0, epidermis_um=120.0), 620.0),
        (Tissue(melanosome_fraction=0.02, water_fraction=0.8, mie_power=1.6, refractive_index=1.37), 970.0),
    ],
)
def test_fast_model_agrees_with_a_fresh_monte_carlo_run(tissue, wavelength):
    flux = simulate(layers(tissue, wavelength), photons=30_000, seed=21)
    fast = float(reflectance(tissue, [wavelength])[0])
    assert fast == pytest.approx(flux.reflectance, rel=0.01, abs=4 * flux.diffuse_error)


def test_shapes_broadcast():
    assert reflectance(Tissue(), BANDS).shape == (61,)
    assert reflectance(Tissue(), [550.0]).shape == (1,)
    assert reflectance(draw(5, 0), BANDS, specular_share=np.zeros(5)).shape == (5, 61)
    grid = Tissue(melanosome_fraction=np.full((3, 1), 0.02), blood_fraction=np.full((1, 4), 0.01))
    assert reflectance(grid, BANDS).shape == (3, 4, 61)
    assert reflectance(Tissue(melanosome_fraction=np.zeros(0) + 0.1), BANDS).shape == (0, 61)


def test_many_at_once_are_the_same_as_one_by_one():
    people = draw(300, 3)
    whole = reflectance(people, BANDS)
    for row in (0, 134, 299):
        one = Tissue(**{name: float(getattr(people, name)[row]) for name in PARAMETERS})
        np.testing.assert_allclose(whole[row], reflectance(one, BANDS), rtol=1e-10)


def test_single_precision_stays_single_and_close():
    people = draw(50, 4)
    single = Tissue(**{name: getattr(people, name).astype(np.float32) for name in PARAMETERS})
    found = reflectance(single, BANDS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, reflectance(people, BANDS), atol=2e-6)


def test_specular_share_adds_the_fresnel_reflection_and_nothing_else():
    without, half, full = (reflectance(Tissue(), BANDS, specular_share=share) for share in (0.0, 0.5, 1.0))
    np.testing.assert_allclose(full - without, surface_reflectance(1.41))
    np.testing.assert_allclose(half, 0.5 * (without + full))


def test_slopes_are_those_of_the_function():
    rng = np.random.default_rng(5)
    inputs = np.stack(
        [rng.uniform(low, high, 40) for low, high in ((-4, 2), (-4, 1), (-6, 2), (1.36, 1.46), (0.73, 0.91))],
        axis=-1,
    )
    share, slopes = diffuse_share_and_slopes(inputs)
    np.testing.assert_allclose(share, diffuse_share(inputs))
    for column in range(5):
        step = np.zeros(5)
        step[column] = 1e-5
        numeric = (diffuse_share(inputs + step) - diffuse_share(inputs - step)) / 2e-5
        np.testing.assert_allclose(slopes[:, column], numeric, rtol=1e-4, atol=1e-9)


def test_no_absorption_at_all_is_no_fault():
    inputs = features(np.zeros(1), np.full(1, 0.3), np.zeros(1), np.full(1, 1.4), np.full(1, 0.8))
    assert 0.9 < diffuse_share(inputs)[0] < 1.0


def test_tensors_give_the_same_and_differentiate():
    torch = pytest.importorskip("torch")
    people = draw(6, 6)
    tensors = {name: torch.tensor(getattr(people, name), requires_grad=True) for name in PARAMETERS}
    found = reflectance(Tissue(**tensors), BANDS)
    np.testing.assert_allclose(found.detach().numpy(), reflectance(people, BANDS), rtol=1e-10)
    found.sum().backward()
    higher = {name: getattr(people, name) for name in PARAMETERS}
    step = 1e-6 * higher["blood_fraction"]
    above, below = (
        reflectance(Tissue(**(higher | {"blood_fraction": higher["blood_fraction"] + sign * step})), BANDS).sum(axis=1)
        for sign in (1, -1)
    )
    np.testing.assert_allclose(tensors["blood_fraction"].grad.numpy(), (above - below) / (2 * step), rtol=1e-4)


def test_draws_repeat_stay_in_range_and_hold_what_is_known():
    first, again, other = draw(2000, 1, epidermis_um=80.0), draw(2000, 1, epidermis_um=80.0), draw(2000, 2)
    assert np.array_equal(first.blood_fraction, again.blood_fraction)
    assert not np.array_equal(first.blood_fraction, other.blood_fraction)
    assert first.epidermis_um == 80.0
    for name, span in RANGES.items():
        values = getattr(other, name)
        assert values.shape == (2000,)
        assert np.all((values > span.low) & (values < span.high)), name
        (mean,), (spread,) = prior([span])
        assert abs(np.median(to_normal(span, values)) - mean) < 0.8 * spread, name
    with pytest.raises(ValueError, match="hair"):
        draw(3, 0, hair=1.0)


def test_the_normal_scale_goes_there_and_back():
    for span in RANGES.values():
        values = np.linspace(span.low, span.high, 9)[1:-1]
        np.testing.assert_allclose(from_normal(span, to_normal(span, values)), values)
        with pytest.raises(ValueError, match="strictly between"):
            to_normal(span, span.low)
    span = RANGES["melanosome_fraction"]
    mean, spread = prior([span])
    assert from_normal(span, mean[0]) == pytest.approx(span.typical)
    nudged = from_normal(span, mean[0] + 1e-4 * spread[0])
    assert np.log(nudged / span.typical) / 1e-4 == pytest.approx(span.spread, rel=1e-3)


def test_images_are_worked_through_in_rows(monkeypatch):
    monkeypatch.setattr("dermis.optics.forward.POINTS", 61 * 10)
    rng = np.random.default_rng(7)
    maps = Tissue(
        melanosome_fraction=rng.uniform(0.01, 0.2, (7, 5)),
        blood_fraction=rng.uniform(0.01, 0.03, (1, 5)),
        epidermis_um=rng.uniform(50, 90, 5),
        mie_power=rng.uniform(0.5, 1.5, (7, 1)),
    )
    gloss = rng.uniform(size=(7, 1))
    by_rows = reflectance(maps, BANDS, specular_share=gloss)
    monkeypatch.undo()
    np.testing.assert_allclose(by_rows, reflectance(maps, BANDS, specular_share=gloss), rtol=1e-12)
