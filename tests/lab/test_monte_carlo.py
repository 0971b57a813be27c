import numpy as np
import pytest

from dermis.lab.monte_carlo import Layer, escape_paths_cm, reweighted_reflectance, simulate, specular_reflectance


def layer(mu_a=1.0, mu_s=100.0, g=0.8, n=1.4, thickness=np.inf):
    return Layer(mu_a_per_cm=mu_a, mu_s_per_cm=mu_s, g=g, refractive_index=n, thickness_cm=thickness)


def test_matched_slab_of_van_de_hulst():
    flux = simulate([layer(10, 90, 0.75, 1.0, 0.02)], photons=400_000, seed=1)
    assert flux.specular == 0
    assert flux.diffuse == pytest.approx(0.09739, abs=4 * flux.diffuse_error)
    assert flux.transmitted == pytest.approx(0.66096, abs=0.0025)


def test_semi_infinite_medium_of_giovanelli():
    flux = simulate([layer(10, 90, 0.0, 1.5)], photons=200_000, seed=2)
    assert flux.reflectance == pytest.approx(0.2600, abs=4 * flux.diffuse_error)
    assert flux.transmitted == 0


def test_clear_slab_follows_fresnel_and_lambert_beer():
    flux = simulate([layer(2.0, 0.0, 0.0, 1.0, 0.5)], photons=200_000, seed=3)
    assert flux.diffuse == 0
    assert flux.transmitted == pytest.approx(np.exp(-1.0), abs=0.005)
    thin = simulate([layer(0.0, 0.0, 0.0, 1.5, 0.1)], photons=200_000, seed=4)
    once = ((1.5 - 1) / (1.5 + 1)) ** 2
    assert thin.specular == pytest.approx(once)
    assert thin.reflectance == pytest.approx(2 * once / (1 + once), abs=0.002)  # both faces, all orders


def test_all_light_is_accounted_for():
    skin = [layer(40, 300, 0.78, 1.42, 0.008), layer(3, 200, 0.75, 1.38, 0.1), layer(1, 80, 0.9, 1.44, 0.3)]
    flux = simulate(skin, photons=20_000, seed=5)
    total = flux.reflectance + flux.transmitted + flux.absorbed.sum() + flux.lost
    assert total == pytest.approx(1.0, abs=1e-9)
    assert abs(flux.lost) < 1e-3
    assert flux.absorbed.shape == (3,)


def test_same_seed_same_answer_other_seed_other_answer():
    first, again, other = (simulate([layer()], photons=2000, seed=seed) for seed in (7, 7, 8))
    assert first.diffuse == again.diffuse
    assert first.diffuse != other.diffuse


def test_an_inner_boundary_of_equal_media_changes_nothing():
    whole = simulate([layer(2, 100)], photons=50_000, seed=9)
    cut = simulate([layer(2, 100, thickness=0.02), layer(2, 100)], photons=50_000, seed=10)
    assert cut.diffuse == pytest.approx(whole.diffuse, abs=4 * np.hypot(whole.diffuse_error, cut.diffuse_error))


def test_paths_of_one_run_serve_every_absorption():
    top, bottom = layer(0.0, 100, thickness=0.01), layer(0.5, 100)
    paths = escape_paths_cm([top, bottom], photons=10_000, seed=11)
    mu_a = np.array([[[1.0, 0.5], [20.0, 1.0]], [[5.0, 30.0], [80.0, 3.0]]])
    found = reweighted_reflectance(paths, mu_a, 10_000, specular_reflectance(1.0, 1.4))
    assert found.shape == (2, 2)
    for index in np.ndindex(2, 2):
        above, below = mu_a[index]
        direct = simulate([layer(above, 100, thickness=0.01), layer(below, 100)], photons=40_000, seed=12)
        assert found[index] == pytest.approx(direct.diffuse, rel=0.04, abs=5 * direct.diffuse_error)


@pytest.mark.parametrize(
    "skin",
    [
        [],
        [layer(mu_a=-1)],
        [layer(g=1.0)],
        [layer(n=0.9)],
        [layer(thickness=0.0)],
        [layer(), layer()],
        [layer(mu_a=0.0, mu_s=0.0)],
    ],
)
def test_layers_that_cannot_be_are_refused(skin):
    with pytest.raises(ValueError, match=r"[Ll]ayer"):
        simulate(skin, photons=10, seed=0)


def test_paths_need_scattering():
    with pytest.raises(ValueError, match="scatter"):
        escape_paths_cm([layer(mu_s=0.0, thickness=1.0)], photons=10, seed=0)
