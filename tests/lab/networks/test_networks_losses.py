import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from dermis.colour import delta_e_00
from dermis.lab.networks import losses
from dermis.lab.networks.settings import Loss

torch.manual_seed(0)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def corn_by_hand(logits, grades):
    """The sum over tasks of cross-entropies among those who passed the task before, as the paper writes it."""
    out = []
    for row, grade in zip(logits, grades, strict=True):
        total, asked = 0.0, 0
        for task, logit in enumerate(row):
            if grade >= task:
                asked += 1
                total -= math.log(sigmoid(logit)) if grade > task else math.log(1 - sigmoid(logit))
        out.append(total / asked)
    return out


def test_corn_is_the_papers():
    logits = torch.randn(5, 4)
    grades = torch.tensor([0.0, 1.0, 2.0, 3.0, 4.0])
    expected = corn_by_hand(logits.tolist(), [0, 1, 2, 3, 4])
    np.testing.assert_allclose(losses.conditional(logits, grades), expected, rtol=1e-5)


def test_cumulative_asks_every_limit():
    logits = torch.randn(3, 3)
    grades = torch.tensor([0.0, 2.0, 3.0])
    above = torch.tensor([[0.0, 0, 0], [1, 1, 0], [1, 1, 1]])
    expected = functional.binary_cross_entropy(torch.sigmoid(logits), above, reduction="none").mean(dim=1)
    np.testing.assert_allclose(losses.cumulative(logits, grades), expected, rtol=1e-5)


def test_dominance_between_two_grades_is_shared():
    assert losses.dominance(torch.tensor([1.25]), 3).tolist() == [[1.0, 0.25, 0.0]]


def test_distribution_vanishes_at_its_target():
    settings = Loss(sigma=0.7)
    bell = -0.5 * ((torch.arange(5.0) - 2.3) / 0.7) ** 2
    assert float(losses.distribution(bell[None], torch.tensor([2.3]), settings)) == pytest.approx(0, abs=1e-6)
    assert float(losses.distribution(bell[None], torch.tensor([0.0]), settings)) > 0.5


@pytest.mark.parametrize("delta", [0.3, 1.0, 4.0])
def test_huber_is_the_known_one_with_slope_one(delta):
    x = torch.linspace(-6, 6, 41)
    expected = functional.huber_loss(x, torch.zeros_like(x), delta=delta, reduction="none") / delta
    np.testing.assert_allclose(losses.robust(x, Loss(robust="huber", delta=delta)), expected, rtol=1e-5, atol=1e-7)


def test_charbonnier_is_round_at_zero_and_straight_far_away():
    x = torch.tensor([0.0, 1e3])
    near, far = losses.robust(x, Loss(robust="charbonnier", delta=0.5)).tolist()
    assert near == 0
    assert far == pytest.approx(1e3 - 0.5, rel=1e-4)


def test_colour_difference_is_ciede2000_when_annealed():
    one, other = torch.tensor([[50.0, 10, 12]]), torch.tensor([[52.0, 11, 9]])
    plain = Loss(robust="none", anneal_epochs=10)
    annealed = losses.colour_difference(one, other, plain, epoch=10.0)
    assert float(annealed) == pytest.approx(float(delta_e_00(one, other)), rel=1e-6)
    begun = losses.colour_difference(one, other, plain, epoch=0.0)
    assert float(begun) == pytest.approx(float(((one - other) / 10).square().mean()), rel=1e-6)
    halfway = losses.colour_difference(one, other, plain, epoch=5.0)
    assert float(halfway) == pytest.approx((float(annealed) + float(begun)) / 2, rel=1e-6)


def test_laplace_is_smallest_at_the_true_error():
    target, value = torch.zeros(1, 1), torch.full((1, 1), 2.0)
    spreads = torch.linspace(0.5, 6, 111)
    each = [float(losses.laplace(value, torch.log(spread).reshape(1, 1), target)) for spread in spreads]
    assert spreads[int(np.argmin(each))] == pytest.approx(2.0, abs=0.06)


def test_focal_without_focus_is_cross_entropy_and_forgives_the_easy():
    logit, target = torch.tensor([3.0, -1.0]), torch.tensor([1.0, 1.0])
    plain = losses.presence(logit, target, Loss(), "cross_entropy")
    np.testing.assert_allclose(losses.presence(logit, target, Loss(gamma=0.0), "focal"), plain)
    focal = losses.presence(logit, target, Loss(gamma=2.0), "focal")
    assert focal[0] / plain[0] < focal[1] / plain[1] < 1


def test_counts_are_learnt_by_the_poisson_density():
    rate, count = torch.tensor([2.5, 7.0]), torch.tensor([3.0, 5.0])
    expected = -torch.distributions.Poisson(rate).log_prob(count) - torch.lgamma(count + 1)
    np.testing.assert_allclose(losses.counting(rate, count, Loss(), "poisson"), expected, rtol=1e-5)
    assert float(losses.counting(count, count, Loss(), "logarithm").sum()) == 0


def test_maps_of_classes_ignore_what_is_not_known():
    logits = torch.randn(2, 3, 4, 4)
    target = torch.randint(0, 3, (2, 4, 4), dtype=torch.uint8)
    target[0, :2] = losses.IGNORED_CLASS
    plain = losses.map_classes(logits, target, Loss(dice=0.0), "map_cross_entropy")
    expected = functional.cross_entropy(logits, target.long(), ignore_index=255, reduction="none")
    np.testing.assert_allclose(plain[0], expected[0, 2:].mean(), rtol=1e-5)
    np.testing.assert_allclose(plain[1], expected[1].mean(), rtol=1e-5)
    nothing = torch.full((1, 4, 4), losses.IGNORED_CLASS, dtype=torch.uint8)
    assert float(losses.map_classes(logits[:1], nothing, Loss(), "map_cross_entropy")) == 0


def test_dice_vanishes_for_a_perfect_map_and_counts_rare_classes():
    target = torch.zeros(1, 8, 8, dtype=torch.uint8)
    target[0, 0, 0] = 1
    perfect = 40 * functional.one_hot(target.long(), 2).permute(0, 3, 1, 2).float() - 20
    assert float(losses.map_classes(perfect, target, Loss(dice=1.0), "map_cross_entropy")) == pytest.approx(0, abs=1e-6)
    blind = torch.stack([torch.full((1, 8, 8), 5.0), torch.full((1, 8, 8), -5.0)], dim=1)
    without = losses.map_classes(blind, target, Loss(dice=0.0), "map_cross_entropy")
    assert float(losses.map_classes(blind, target, Loss(dice=1.0), "map_cross_entropy") - without) > 0.45


def test_density_counts():
    target = torch.zeros(1, 6, 6)
    target[0, 2, 3] = 2.0
    assert float(losses.density(target, target, Loss())) == 0
    wrong_place = torch.roll(target, 2, dims=2)
    wrong_count = target * 0
    assert float(losses.density(wrong_place, target, Loss())) > 0
    assert float(losses.density(wrong_count, target, Loss())) > float(losses.density(target * 0.9, target, Loss()))
