"""The network of lesions: what it answers, where its grade begins, and what costs nothing."""

import math

import pytest

torch = pytest.importorskip("torch")

from dermis.core import HAYASHI_LIMITS  # noqa: E402
from dermis.lab.networks.lesions import LesionNetwork  # noqa: E402
from dermis.lab.networks.losses import lesion_loss  # noqa: E402
from dermis.lab.train.recipe.learners import LEARNERS  # noqa: E402

TERMS = LEARNERS["lesions"].terms


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return LesionNetwork(pretrained="").eval()


def answers_of(network, skin):
    with torch.inference_mode():
        return network(torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1)), skin)


def test_maps_are_at_a_quarter_and_the_grade_has_three_limits(network):
    answers = answers_of(network, torch.ones(2, 1, 16, 24))
    assert answers["density"].shape == answers["density_all"].shape == answers["centres"].shape == (2, 16, 24)
    assert answers["reaches"].shape == (2, 4, 16, 24)
    assert answers["grade"].shape == (2, 3)
    assert (answers["density"] >= 0).all()
    assert (answers["reaches"] > 0).all()


def test_nothing_is_counted_where_there_is_no_skin(network):
    skin = torch.ones(2, 1, 16, 24)
    skin[:, :, :8] = 0
    answers = answers_of(network, skin)
    assert answers["density"][:, :8].sum() == answers["density_all"][:, :8].sum() == 0
    assert answers["density"][:, 8:].sum() > 0


@pytest.mark.parametrize("count", [0.0, 5.0, 6.0, 20.0, 21.0, 50.0, 51.0, 200.0])
def test_untaught_the_grade_is_the_rule_of_the_count(network, count):
    seen = torch.zeros(1, network.severity.in_features)
    seen[0, -2] = math.log1p(count)  # of the two counts, the first is Hayashi's
    with torch.inference_mode():
        above = (network.severity(seen) - network.limits)[0] > 0
    assert above.tolist() == [count > limit for limit in HAYASHI_LIMITS]


def test_how_freely_a_team_counts_follows_from_the_whole_picture_within_bounds(network):
    skin = torch.ones(2, 1, 16, 24)
    plain = answers_of(network, skin)
    with torch.inference_mode():
        network.habits.bias.copy_(torch.tensor([0.0, 50.0]))
        freely = answers_of(network, skin)
        network.habits.bias.zero_()
    torch.testing.assert_close(freely["density"], plain["density"])
    torch.testing.assert_close(freely["density_all"], plain["density_all"] * math.e**2, rtol=1e-3, atol=1e-6)


def targets_unknown(cells=16):
    nothing = torch.full((2, cells, cells), math.nan)
    unknown, reaches = torch.full((2,), math.nan), torch.full((2, 4, cells, cells), math.nan)
    return {
        "density": nothing, "density_all": nothing, "centres": nothing, "reaches": reaches, "count": unknown,
        "count_all": unknown, "grade": unknown,
    }  # fmt: skip


def some_answers(cells=16):
    draw = torch.Generator().manual_seed(2)
    return {
        "density": torch.rand(2, cells, cells, generator=draw).requires_grad_(),
        "density_all": torch.rand(2, cells, cells, generator=draw).requires_grad_(),
        "centres": torch.randn(2, cells, cells, generator=draw).requires_grad_(),
        "reaches": (1 + torch.rand(2, 4, cells, cells, generator=draw)).requires_grad_(),
        "grade": torch.randn(2, 3, generator=draw).requires_grad_(),
    }


def test_what_is_not_known_costs_nothing_and_teaches_nothing():
    answers = some_answers()
    total = torch.stack(list(lesion_loss(answers, targets_unknown(), TERMS).values())).sum()
    assert total == 0
    total.backward()
    assert all(not one.grad.any() for one in answers.values())


def test_right_answers_cost_less_than_wrong_ones():
    targets = targets_unknown()
    density = torch.zeros(2, 16, 16)
    density[:, 5, 5], density[:, 9, 3] = 1.0, 1.0
    targets |= {"density": density, "count": torch.tensor([2.0, 2.0]), "centres": density.clone()}
    targets["grade"] = torch.tensor([0.0, 3.0])
    reaches = torch.full((2, 4, 16, 16), math.nan)
    reaches[:, :, 5, 5] = 12.0
    targets["reaches"] = reaches
    right = {
        "density": density + 1e-4, "density_all": density, "centres": 12 * density - 6,
        "reaches": torch.full((2, 4, 16, 16), 12.0), "grade": torch.tensor([[-5.0, -6.0, -7.0], [7.0, 6.0, 5.0]]),
    }  # fmt: skip
    wrong = {
        "density": density.flip(2) + 0.01, "density_all": density, "centres": 12 * density.flip(2) - 6,
        "reaches": torch.full((2, 4, 16, 16), 30.0), "grade": -right["grade"],
    }  # fmt: skip
    good, bad = lesion_loss(right, targets, TERMS), lesion_loss(wrong, targets, TERMS)
    for name in ("cells", "count", "centres", "reaches", "grade"):
        assert good[name].mean() < bad[name].mean(), name


def test_a_map_may_be_unknown_where_the_number_is_known():
    targets = targets_unknown() | {"count_all": torch.tensor([3.0, math.nan])}
    parts = lesion_loss(some_answers(), targets, TERMS)
    assert parts["count_all"].sum() > 0
    assert parts["cells_all"].sum() == 0
