import numpy as np
import pytest
import torch

from dermis.lab.networks.model import Model
from dermis.lab.networks.settings import Head, Network
from dermis.lab.train.build import RunningMean, freeze, groups_for, optimiser_for, rate_at
from dermis.lab.train.recipe import Schedule, recipe_from

HEADS = {"x": Head(kind="measure", targets=("x",))}


def rates(schedule, steps=10, epochs=10, highest=1.0):
    rate = rate_at(schedule, highest=highest, epochs=epochs, steps=steps)
    return np.array([rate(step) for step in range(steps * epochs)])


def test_cosine_falls_from_the_highest_to_the_lowest():
    held = rates(Schedule(name="cosine", lowest=0.1))
    assert held[0] == 1.0
    assert held[50] == pytest.approx(0.55)
    assert held[-1] == pytest.approx(0.1, abs=1e-3)
    assert (np.diff(held) < 0).all()


def test_warm_up_rises_straight_to_the_highest():
    held = rates(Schedule(name="constant", warmup_epochs=2.0))
    np.testing.assert_allclose(held[:20], np.arange(1, 21) / 20)
    assert (held[20:] == 1.0).all()


def test_the_exponential_cycle_runs_between_its_ends():
    cycle = Schedule(name="exponential_cycle", lowest=1e-8, cycle_steps=5, decay=0.99)
    held = rates(cycle, highest=1e-4)
    assert held[0] == 1e-8
    tops = held[5::10]
    np.testing.assert_allclose(tops, 1e-8 + (1e-4 - 1e-8) * 0.99 ** np.arange(5, 100, 10))
    np.testing.assert_allclose(held[10::10], 1e-8)


def model():
    torch.manual_seed(0)
    return Model(Network(width=8), HEADS, {})


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_norms_and_biases_do_not_decay_and_the_network_may_learn_slower(name):
    recipe = recipe_from({"head": {"x": {"kind": "measure"}}, "optimiser": {"name": name, "backbone_lr": 0.1}})
    one = model()
    groups = optimiser_for(groups_for(one, recipe), recipe).param_groups
    assert sum(len(group["params"]) for group in groups) == len(list(one.parameters()))
    for group in groups:
        assert all((weight.ndim > 1) == (group["weight_decay"] > 0) for weight in group["params"])
    below = {id(weight) for weight in one.backbone.parameters()}
    assert all((id(weight) in below) == (group["scale"] == 0.1) for group in groups for weight in group["params"])


def test_the_running_mean_follows():
    one = model()
    mean = RunningMean(one, 0.9)
    start = mean.model.heads[0].linear.weight.clone()
    with torch.no_grad():
        one.heads[0].linear.weight.add_(1.0)
    mean.follow(one)
    near = float((mean.model.heads[0].linear.weight - start).mean())
    assert near == pytest.approx(1 - 2 / 11)  # early it forgets fast
    for _ in range(200):
        mean.follow(one)
    torch.testing.assert_close(mean.model.heads[0].linear.weight, one.heads[0].linear.weight)
    assert RunningMean(one, 0.0).model is one


def test_frozen_norms_keep_their_statistics():
    one = model().train()
    freeze(one.backbone, frozen=True)
    before = {name: value.clone() for name, value in one.backbone.state_dict().items()}
    loss = one.loss(one(torch.rand(4, 3, 16, 16), torch.zeros(4, 0)), {"x": torch.zeros(4, 1)}, 0.0).mean()
    loss.backward()
    assert all(weight.grad is None for weight in one.backbone.parameters())
    assert all(torch.equal(before[name], value) for name, value in one.backbone.state_dict().items())
    freeze(one.backbone, frozen=False)
    assert all(weight.requires_grad for weight in one.backbone.parameters())
