import numpy as np
import pytest
import torch

from dermis.errors import UsageError
from dermis.lab.networks.heads import Joined, MapHead, OrdinalHead, head
from dermis.lab.networks.model import Model
from dermis.lab.networks.settings import Head, Loss, Network

GRADES = Head(kind="ordinal", targets=("grade",), lowest=2.0, highest=4.0, step=0.5)


@pytest.mark.parametrize("name", ["corn", "cumulative", "distribution"])
def test_shares_of_grades_are_a_distribution(name):
    torch.manual_seed(0)
    one = OrdinalHead("grade", GRADES, Loss(name=name), width=8)
    raw = one(Joined(torch.randn(50, 8) * 3, torch.zeros(0), None, (1, 1)))
    answers = one.answer(raw)
    assert answers["grade_shares"].shape == (50, 5)
    assert (answers["grade_shares"] > -1e-6).all()
    np.testing.assert_allclose(answers["grade_shares"].sum(dim=1).detach(), 1, rtol=1e-5)
    assert ((answers["grade"] >= 2 - 1e-5) & (answers["grade"] <= 4 + 1e-5)).all()


@pytest.mark.parametrize("name", ["corn", "cumulative", "distribution"])
def test_grades_are_learnt(name):
    torch.manual_seed(0)
    one = OrdinalHead("grade", GRADES, Loss(name=name), width=1)
    x = torch.linspace(-2, 2, 60)[:, None]
    target = 2 + 0.5 * torch.bucketize(x, torch.tensor([-1.2, -0.4, 0.4, 1.2])).float()
    descent = torch.optim.Adam(one.parameters(), lr=0.1)
    for _ in range(300):
        descent.zero_grad()
        raw = one(Joined(x, torch.zeros(0), None, (1, 1)))
        one.loss(raw, target, 0.0).mean().backward()
        descent.step()
    assert one.error(one.tally(raw, target)) < 0.15


def test_a_measure_may_start_from_a_number_beside_the_picture():
    torch.manual_seed(0)
    heads = {"tone": Head(kind="measure", targets=("l", "a", "b"), residual="mean_colour")}
    names = ("exposure.f", "mean_colour.l", "mean_colour.a", "mean_colour.b")
    model = Model(Network(width=8), heads, {}, number_names=names).eval()
    torch.nn.init.zeros_(model.heads[0].linear.weight)
    torch.nn.init.zeros_(model.heads[0].linear.bias)
    numbers = torch.tensor([[1.8, 60.0, 12.0, 17.0]])
    with torch.inference_mode():
        answers = model.answer(model(torch.rand(1, 3, 8, 8), numbers))
    assert answers["tone"].tolist() == [[60.0, 12.0, 17.0]]
    with pytest.raises(UsageError, match="residual"):
        Model(Network(width=8), heads, {}, number_names=names[:2])


def test_unknown_numbers_count_as_their_mean():
    torch.manual_seed(0)
    model = Model(Network(width=8), {"x": Head(kind="measure", targets=("x",))}, {}, number_names=("a.a", "a.b")).eval()
    model.number_mean.copy_(torch.tensor([3.0, 5.0]))
    picture = torch.rand(1, 3, 8, 8)
    with torch.inference_mode():
        unknown = model(picture, torch.tensor([[float("nan"), 1.0]]))["x"]
        average = model(picture, torch.tensor([[3.0, 1.0]]))["x"]
    assert torch.equal(unknown, average)


def test_iou_of_a_map_is_counted_over_pixels():
    one = MapHead("parts", Head(kind="map", targets=("parts",), classes=3), Loss(), channels=1)
    target = torch.tensor([[[0, 0], [1, 255]]], dtype=torch.uint8)
    found = torch.tensor([[[0, 1], [1, 2]]])
    raw = torch.nn.functional.one_hot(found, 3).permute(0, 3, 1, 2).float()
    # class 0: 1 of 2, class 1: 1 of 2, class 2 is only where nothing is known
    assert one.error(one.tally(raw, target)) == pytest.approx(0.5)


def test_a_density_keeps_its_sum_on_the_smaller_grid():
    one = MapHead("spots", Head(kind="map", targets=("items",)), Loss(), channels=4)
    target = torch.zeros(1, 32, 32)
    target[0, 4:8, 8:12] = 1 / 16  # one mark, all of it in one cell of 8 x 8
    raw = torch.full((1, 8, 8), -30.0)
    raw[0, 1, 2] = 0.5413  # softplus: 1
    assert float(one.loss(raw, target, 0.0)) == pytest.approx(0, abs=1e-6)
    assert one.error(one.tally(raw, target)) == pytest.approx(0, abs=1e-4)
    moved = torch.roll(raw, 3, dims=2)
    assert float(one.loss(moved, target, 0.0)) > 0.5
    assert one.error(one.tally(moved, target)) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("settings", "loss", "words"),
    [
        (Head(kind="measure", targets=("x",)), Loss(name="delta_e_00"), "three labels"),
        (Head(kind="measure", targets=("x",)), Loss(name="laplace"), "spread"),
        (Head(kind="measure", targets=("x",)), Loss(name="corn"), "does not fit"),
        (Head(kind="ordinal", targets=("x",)), Loss(), "fewer than two"),
        (Head(), Loss(), "kind"),
    ],
)
def test_heads_that_mean_nothing_are_refused(settings, loss, words):
    with pytest.raises(UsageError, match=words):
        head("x", settings, loss, width=4, dense=4)
