import numpy as np
import pytest
import torch

from dermis.lab.networks.model import Model
from dermis.lab.networks.registry import NETWORKS, backbone
from dermis.lab.networks.settings import Head, Loss, Network, bands_of
from dermis.lab.networks.spectral import padded

SPECTRAL = [name for name, entry in NETWORKS.items() if entry.spectral]
SPECTRUM = Head(kind="spectrum", targets=("cube",), lowest=400.0, highest=700.0, step=10.0)


def parameters(name, channels=3, bands=31):
    return sum(weight.numel() for weight in backbone(name, channels=channels, bands=bands).parameters())


@pytest.mark.parametrize(
    ("name", "millions", "off"),
    # The table of the MST++ toolbox, 3 channels to 31 bands. HRNet, HDNet and MST-L: what their papers leave open
    # is said in their modules.
    [
        ("mst_plus_plus", 1.62, 0.005),
        ("hscnn_plus", 4.65, 0.005),
        ("hrnet", 31.70, 0.01 * 31.70),
        ("hdnet", 2.66, 0.08 * 2.66),
        ("mst", 2.45, 0.20 * 2.45),
    ],
)
def test_networks_have_their_published_size(name, millions, off):
    assert parameters(name) / 1e6 == pytest.approx(millions, abs=off)


def test_ours_is_a_hundred_times_smaller():
    assert 100 * parameters("spectral_lite", 4, 61) < parameters("mst_plus_plus", 4, 61)


@pytest.mark.parametrize("name", SPECTRAL)
def test_a_spectral_network_takes_any_channels_bands_and_sizes(name):
    network = backbone(name, channels=4, bands=7).eval()
    for height, width in ((1, 1), (9, 20)):
        with torch.inference_mode():
            assert network(torch.rand(1, 4, height, width)).dense.shape == (1, 7, height, width)


def test_mst_plus_plus_sees_a_picture_mirrored_beyond_its_edge():
    torch.manual_seed(0)
    network = backbone("mst_plus_plus", channels=4, bands=7).eval()
    picture = torch.rand(1, 4, 16, 13)
    mirrored = torch.cat([picture, picture[..., -4:-1].flip(3)], dim=3)
    with torch.inference_mode():
        torch.testing.assert_close(network(picture).dense, network(mirrored).dense[..., :13])


def test_padding_mirrors_where_it_can():
    row = torch.arange(5.0).reshape(1, 1, 1, 5)
    assert padded(row, 4)[0, 0, 0].tolist() == [0, 1, 2, 3, 4, 4, 4, 4]  # one row has nothing to mirror
    square = torch.arange(25.0).reshape(1, 1, 5, 5)
    assert padded(square, 4)[0, 0, 0].tolist() == [0, 1, 2, 3, 4, 3, 2, 1]
    assert padded(square, 5) is square


def test_ours_does_not_depend_on_the_order_of_equally_bright_places():
    torch.manual_seed(0)
    network = backbone("spectral_lite", channels=4, bands=7).eval()
    picture = torch.rand(1, 4, 30, 30)
    picture[:, :3, :6] = 1.0  # clipped
    turned = picture.flip(2)
    with torch.inference_mode():
        torch.testing.assert_close(network(picture).dense.flip(2), network(turned).dense)


@pytest.mark.parametrize("loss", ["absolute", "angle", "relative"])
def test_a_head_of_spectra_learns_from_known_pixels_alone(loss):
    torch.manual_seed(0)
    model = Model(Network(name="spectral_lite"), {"cube": SPECTRUM}, {"cube": Loss(name=loss)})
    target = torch.rand(2, 6, 5, 31)
    target[0, :, :2] = float("nan")
    target[1] = float("nan")
    picture = torch.rand(2, 3, 6, 5)
    raw = model(picture, torch.zeros(2, 0))
    each = model.loss(raw, {"cube": target}, 0.0)
    assert torch.isfinite(each).all()
    assert each[0] > 0
    assert each[1] == 0
    each.sum().backward()
    assert all(torch.isfinite(weight.grad).all() for weight in model.backbone.parameters())
    head = model.each()["cube"]
    known = torch.isfinite(target).all(dim=3)
    first, second = raw["cube"].permute(0, 2, 3, 1)[known].double(), target[known].double()
    angles = torch.arccos(torch.nn.functional.cosine_similarity(first, second, dim=1))
    assert head.error(head.tally(raw["cube"], target)) == pytest.approx(float(angles.mean().detach()), rel=1e-4)


def test_a_perfect_answer_has_no_error():
    target = torch.rand(1, 4, 4, 31) + 0.1
    model = Model(Network(name="spectral_lite"), {"cube": SPECTRUM}, {"cube": Loss(name="absolute")})
    head, perfect = model.each()["cube"], target.permute(0, 3, 1, 2)
    assert float(head.loss(perfect, target, 0.0)) == 0
    assert head.error(head.tally(perfect, target)) < 1e-6


def test_bands_of_a_head():
    np.testing.assert_allclose(bands_of(SPECTRUM), np.arange(400, 701, 10))
