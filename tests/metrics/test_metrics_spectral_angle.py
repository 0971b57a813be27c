import numpy as np
import pytest

from dermis.metrics.spectral import spectral_angle_rad


def test_known_angles():
    assert spectral_angle_rad(np.array([1.0, 0.0]), np.array([0.0, 3.0])) == pytest.approx(np.pi / 2)
    assert spectral_angle_rad(np.array([1.0, 1.0]), np.array([5.0, 0.0])) == pytest.approx(np.pi / 4)
    assert spectral_angle_rad(np.array([1.0, 2.0]), np.array([-1.0, -2.0])) == pytest.approx(np.pi)


def test_brightness_does_not_matter():
    spectra = np.random.default_rng(0).uniform(0.1, 1, (4, 5, 31))
    assert spectral_angle_rad(spectra, 7 * spectra) == pytest.approx(np.zeros((4, 5)), abs=1e-12)


def test_as_the_arc_cosine_where_that_is_sound():
    rng = np.random.default_rng(1)
    one, other = rng.uniform(0.1, 1, (2, 50, 31))
    cosine = (one * other).sum(-1) / np.linalg.norm(one, axis=-1) / np.linalg.norm(other, axis=-1)
    assert spectral_angle_rad(one, other) == pytest.approx(np.arccos(cosine), abs=1e-7)


def test_small_angles_are_not_lost():
    for angle in (1e-6, 1e-10):
        turned = np.array([np.cos(angle), np.sin(angle)])
        assert spectral_angle_rad(np.array([1.0, 0.0]), turned) == pytest.approx(angle, rel=1e-5)


def test_black_has_no_direction():
    black, some = np.zeros(3), np.array([0.1, 0.2, 0.3])
    assert spectral_angle_rad(black, black) == 0
    assert spectral_angle_rad(black, some) == pytest.approx(np.pi / 2)


def test_one_band_and_tiny_and_huge_values():
    assert spectral_angle_rad(np.array([2.0]), np.array([0.5])) == 0
    tiny = np.array([1e-300, 2e-300])
    assert spectral_angle_rad(tiny, 1e300 * tiny / 1e-5) == pytest.approx(0, abs=1e-12)


def test_spectra_broadcast():
    assert spectral_angle_rad(np.ones((6, 1, 4)), np.ones((3, 4))).shape == (6, 3)
    with pytest.raises(ValueError, match="fit"):
        spectral_angle_rad(np.ones(3), np.ones(4))


def test_the_same_on_tensors_with_finite_slopes():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    one, other = rng.uniform(0, 1, (2, 6, 5))
    other[1], one[2], other[3], one[4] = one[1], 0, 0, 0
    other[4] = 0
    tensors = [torch.tensor(array, requires_grad=True) for array in (one, other)]
    angles = spectral_angle_rad(*tensors)
    assert angles.detach().numpy() == pytest.approx(spectral_angle_rad(one, other))
    angles.sum().backward()
    assert all(bool(torch.isfinite(tensor.grad).all()) for tensor in tensors)
