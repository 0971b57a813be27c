"""What every network, fusion and head must be, whichever is added next."""

from pathlib import Path

import pytest
import torch

from dermis.lab.networks.model import Model, fusion
from dermis.lab.networks.registry import NETWORKS, backbone
from dermis.lab.networks.settings import LOSSES, Head, Loss, Network
from dermis.lab.networks.spectral import SpectralNetwork

AWKWARD = [(1, 1), (7, 5), (33, 64)]
LEARNING = Path(__file__).parents[2] / "docs" / "concepts" / "learning.md"

HEADS = {
    "measure": Head(kind="measure", targets=("l", "a", "b"), spread=True),
    "ordinal": Head(kind="ordinal", targets=("grade",), highest=3.0),
    "count": Head(kind="count", targets=("n",)),
    "presence": Head(kind="presence", targets=("any",)),
    "map of classes": Head(kind="map", targets=("parts",), classes=3),
    "density": Head(kind="map", targets=("items",)),
    "spectrum": Head(kind="spectrum", targets=("cube",), lowest=400.0, highest=420.0, step=10.0),
}


@pytest.fixture(scope="module", params=list(NETWORKS))
def network(request):
    torch.manual_seed(0)
    return backbone(request.param)


def test_a_network_sees_pictures_of_any_size(network):
    network.eval()
    for height, width in AWKWARD:
        with torch.inference_mode():
            features = network(torch.rand(1, 3, height, width))
        assert features.deep.shape[:2] == (1, network.deep_channels)
        assert torch.isfinite(features.deep).all()
        assert (features.dense is None) == (network.dense_channels is None)
        if features.dense is not None:
            assert features.dense.shape[1] == network.dense_channels


def test_each_stage_of_a_network_can_be_modulated(network):
    seen = {}

    def modulate(place, x):
        seen[place] = x.shape[1]
        return x

    network.eval()
    with torch.inference_mode():
        network(torch.rand(1, 3, 16, 16), modulate)
    assert tuple(seen[place] for place in sorted(seen)) == network.stage_channels


def test_every_weight_of_a_network_learns(network):
    network.train()
    size = 16 if isinstance(network, SpectralNetwork) else 64  # they work at full size, and cost as much
    features = network(torch.rand(2, 3, size, size))
    total = features.deep.square().mean() + (0.0 if features.dense is None else features.dense.square().mean())
    total.backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name
    network.zero_grad(set_to_none=True)


@pytest.mark.parametrize("name", list(NETWORKS))
def test_a_network_says_what_it_is(name):
    assert "M parameters" in NETWORKS[name].about
    assert name in LEARNING.read_text()


def test_the_network_for_maps_is_small():
    assert sum(weight.numel() for weight in backbone("unet_lite").parameters()) < 1_000_000


@pytest.mark.parametrize("way", ["concat", "film", "cross_attention"])
@pytest.mark.parametrize("name", ["small_cnn", "unet_lite"])
def test_every_fusion_looks_at_picture_and_numbers(name, way):
    torch.manual_seed(0)
    network = backbone(name)
    join = fusion(network, 4, Network(name=name, fusion=way, width=16, dropout=0.0)).eval()
    if way == "film":  # it begins as the plain network
        for turn in join.turns:
            torch.nn.init.normal_(turn.weight)
    picture, numbers = torch.rand(2, 3, 9, 5, requires_grad=True), torch.rand(2, 4, requires_grad=True)
    _, vector = join(network.eval(), picture, numbers)
    assert vector.shape == (2, 16)
    vector.sum().backward()
    assert picture.grad.abs().sum() > 0
    assert numbers.grad.abs().sum() > 0


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in LOSSES.items() for name in names])
def test_every_head_learns_from_what_is_known_and_only_from_that(kind, name):
    torch.manual_seed(0)
    head = HEADS[kind]
    model = Model(Network(name="unet_lite", width=16), {"one": head}, {"one": Loss(name=name)}).train()
    size = 16
    if kind == "map of classes":
        target, unknown = torch.randint(0, 3, (4, size, size), dtype=torch.uint8), 255
    else:
        shapes = {"density": (4, size, size), "spectrum": (4, size, size, 3)}
        shape = shapes.get(kind, (4, len(head.targets)))
        target, unknown = torch.randint(0, 2, shape).float(), float("nan")
    target[1] = unknown
    raw = model(torch.rand(4, 3, size, size), torch.zeros(4, 0))
    each = model.loss(raw, {"one": target}, 0.0)
    assert each.shape == (4,)
    assert torch.isfinite(each).all()
    assert each[0] != 0
    each[1].backward(retain_graph=True)
    grads = [weight.grad for weight in model.parameters() if weight.grad is not None]
    assert all(grad.abs().max() == 0 for grad in grads)
    each.mean().backward()
    assert all(torch.isfinite(weight.grad).all() for weight in model.parameters() if weight.grad is not None)
    assert any(weight.grad.abs().max() > 0 for weight in model.parameters() if weight.grad is not None)


@pytest.mark.parametrize("kind", list(HEADS))
def test_tallies_add_up_over_batches(kind):
    torch.manual_seed(1)
    model = Model(Network(name="small_cnn", width=16), {"one": HEADS[kind]}, {}).eval()
    head = model.each()["one"]
    pictures = torch.rand(6, 3, 32, 32)
    if kind == "map of classes":
        target = torch.randint(0, 3, (6, 32, 32), dtype=torch.uint8)
    else:
        shapes = {"density": (6, 32, 32), "spectrum": (6, 32, 32, 3)}
        target = torch.rand(shapes.get(kind, (6, len(HEADS[kind].targets))))
    with torch.inference_mode():
        raw = model(pictures, torch.zeros(6, 0))["one"]
        parts = sum(head.tally(raw[part], target[part]) for part in (slice(0, 1), slice(1, 4), slice(4, 6)))
        assert head.error(parts) == pytest.approx(head.error(head.tally(raw, target)), rel=1e-6)
    assert 0 <= head.error(parts) < float("inf")


@pytest.mark.parametrize("name", sorted({name for names in LOSSES.values() for name in names}))
def test_the_documentation_names_every_loss(name):
    assert f"`{name}`" in LEARNING.read_text()
