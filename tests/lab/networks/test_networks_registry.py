import numpy as np
import pytest
import torch
from torch.nn import functional

from dermis.errors import ModelMissing, UsageError
from dermis.lab.networks.backbones import packaged_lite0
from dermis.lab.networks.registry import IMAGENET, NETWORKS, backbone
from dermis.models.registry import fetch
from dermis.models.runtime import load

CATS = range(281, 286)  # ImageNet: tabby, tiger cat, Persian, Siamese, Egyptian
CUPS = (504, 967, 968)  # coffee mug, espresso, cup


def seen_as(picture, network):
    """The five likeliest ImageNet classes, by the classifier that the package has beside the network."""
    held = torch.load(packaged_lite0(), weights_only=True)
    x = torch.from_numpy(picture[..., :3].copy()).permute(2, 0, 1)[None].float() / 255
    side = min(x.shape[2:])
    top, left = (x.shape[2] - side) // 2, (x.shape[3] - side) // 2
    x = functional.interpolate(x[:, :, top : top + side, left : left + side], size=(224, 224), mode="area")
    mean, std = (torch.tensor(values)[:, None, None] for values in IMAGENET)
    with torch.inference_mode():
        features = network((x - mean) / std).deep.mean(dim=(2, 3))
        logits = features @ held["_fc.weight"].T + held["_fc.bias"]
    return logits[0].topk(5).indices.tolist()


def test_the_packaged_weights_know_a_cat_and_a_cup():
    skimage = pytest.importorskip("skimage")
    from skimage import data

    assert skimage
    network = backbone("efficientnet_lite0", "package").eval()
    assert set(seen_as(np.asarray(data.chelsea()), network)) & set(CATS)
    assert set(seen_as(np.asarray(data.coffee()), network)) & set(CUPS)


def test_weights_with_the_usual_names_fit_a_resnet(tmp_path):
    torch.manual_seed(1)
    ours = backbone("resnet18").state_dict()
    usual = {}
    for name, value in ours.items():
        stage, rest = name.removeprefix("stages.").split(".", 1)
        usual[rest if stage == "0" else f"layer{stage}.{rest}"] = value
    assert "layer2.0.downsample.0.weight" in usual
    usual["fc.weight"] = torch.zeros(1000, 512)
    torch.save(usual, tmp_path / "usual.pth")
    loaded = backbone("resnet18", str(tmp_path / "usual.pth")).state_dict()
    assert all(torch.equal(loaded[name], ours[name]) for name in ours)


def test_weights_that_do_not_fit_are_refused(tmp_path):
    torch.save(backbone("small_cnn").state_dict(), tmp_path / "other.pth")
    (tmp_path / "noise.pth").write_bytes(b"no weights at all")
    for name in ("other.pth", "noise.pth", "absent.pth"):
        with pytest.raises(ModelMissing):
            backbone("resnet18", str(tmp_path / name))


def test_no_network_comes_from_a_hub():
    with pytest.raises(UsageError, match="efficientnet_lite0"):
        backbone("resnet50", "package")


def test_an_unknown_network_names_the_nearest():
    with pytest.raises(UsageError, match="resnet18"):
        backbone("resnet81")


def test_resnets_have_their_published_size():
    # He et al. 2016 with the classifier of 1000: 11.69, 25.56, 60.19 million
    for name, millions, features in (("resnet18", 11.69, 512), ("resnet50", 25.56, 2048), ("resnet152", 60.19, 2048)):
        count = sum(weight.numel() for weight in NETWORKS[name].build().parameters()) + 1000 * features + 1000
        assert count / 1e6 == pytest.approx(millions, abs=0.01)


def test_a_half_wide_resnet_answers_as_the_packaged_file_does(models: None, tmp_path):
    onnx = pytest.importorskip("onnx")
    whole = onnx.load(str(fetch("open_nsfw")))
    pooled = next(node.output[0] for node in whole.graph.node if node.op_type == "ReduceMean")
    del whole.graph.output[:]
    whole.graph.output.append(onnx.helper.make_tensor_value_info(pooled, onnx.TensorProto.FLOAT, None))
    onnx.save(whole, str(tmp_path / "features.onnx"))
    picture = np.random.default_rng(1).random((224, 224, 3), np.float32)
    as_published = (picture[..., ::-1] * 255 - np.array([104.0, 117.0, 123.0], np.float32))[None]
    (expected,) = load(tmp_path / "features.onnx").run(as_published).values()
    network, (mean, std) = backbone("resnet50_thin", "package").eval(), NETWORKS["resnet50_thin"].scale
    seen = (torch.from_numpy(picture).permute(2, 0, 1)[None] - torch.tensor(mean)[:, None, None]) / std[0]
    with torch.inference_mode():
        found = network(seen).deep.mean(dim=(2, 3)).numpy()
    assert np.abs(found - expected).max() < 1e-3 * np.abs(expected).max()
    assert np.abs(expected).max() > 0.1
