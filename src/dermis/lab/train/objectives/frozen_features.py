"""What a frozen network says of each picture: asked once, kept beside the decoded pictures for all runs and folds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dermis.formats.files import write_arrays
from dermis.lab.networks.model import Model
from dermis.lab.train.augment import Augment, apply, make_params
from dermis.lab.train.cache import Decoded
from dermis.lab.train.pools import in_order
from dermis.lab.train.recipe import Recipe

__all__ = ["is_frozen", "said_of", "without_pictures"]

_BATCH = 32


def is_frozen(recipe: Recipe) -> bool:
    """Return whether heads can learn from features alone: the network is frozen and no head needs places.

    Pictures that change anew in every epoch have no such features, but as many as `network.frozen_looks` says.
    """
    vectors = not any(head.kind in ("map", "spectrum") for head in recipe.head.values())
    joined_late = recipe.network.fusion == "concat" or not recipe.input.features
    still = recipe.augment == Augment() or recipe.network.frozen_looks > 0
    return recipe.network.frozen_epochs < 0 and vectors and joined_late and still and not recipe.train.crop_px


def said_of(model: Model, recipe: Recipe, decoded: Decoded, *, looks: int, folder: Path | None = None) -> Tensor:
    """Return what the frozen network of `model` says, (1 + looks, n, channels), float32.

    First of the pictures as they are, then of `looks` changed ones each, drawn by the recipe's seed as `augment` says.
    folder: where it is kept, look by look; None for nowhere.
    """
    model.backbone.eval()  # norms by what it learnt, not by the pictures that happen to be beside
    if folder is None:
        return torch.from_numpy(np.stack([*_looks(model, recipe, decoded, range(1 + looks))]))
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{_name(model, recipe, look)}.npz" for look in range(1 + looks)]
    missing = [look for look, path in enumerate(paths) if not path.is_file()]
    for look, features in zip(missing, _looks(model, recipe, decoded, missing), strict=True):
        write_arrays(paths[look], {"said": features})
    return torch.from_numpy(np.stack([_read(path) for path in paths]))


def _read(path: Path) -> NDArray[np.float32]:
    with np.load(path) as held:
        return np.asarray(held["said"], np.float32)


def without_pictures(decoded: Decoded) -> Decoded:
    """Return `decoded` with pictures of one pixel, for heads that learn from features alone."""
    empty = np.zeros((len(decoded.sha256), 1, 1, decoded.shown.channels), np.uint8)
    return replace(decoded, pictures=empty)


def _looks(model: Model, recipe: Recipe, decoded: Decoded, looks: range | list[int]) -> Iterator[NDArray[np.float32]]:
    for look in looks:
        yield np.concatenate([*_features(model, recipe, decoded, look)])


@torch.inference_mode()
def _features(model: Model, recipe: Recipe, decoded: Decoded, look: int) -> Iterator[NDArray[np.float32]]:
    device = next(model.parameters()).device
    draw = torch.Generator().manual_seed(recipe.seed * 1_000_003 + look)
    half = recipe.train.precision == "bf16"
    for batch in in_order(decoded, np.arange(len(decoded.sha256)), _BATCH):
        pictures = batch.to(device).shown(channels_last=recipe.train.channels_last)
        if look:
            params = make_params(recipe.augment, len(pictures), draw)
            pictures = apply(pictures, params, linear=recipe.input.values == "linear")
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            said = model.pooled(pictures)
        yield said.float().cpu().numpy()


def _name(model: Model, recipe: Recipe, look: int) -> str:
    """Return what names a look: the network's own weights, and how pictures are changed."""
    digest = hashlib.sha256()
    for name, value in [*model.backbone.state_dict().items(), ("mean", model.pixel_mean), ("std", model.pixel_std)]:
        digest.update(name.encode())
        digest.update(value.detach().cpu().numpy().tobytes())
    told: dict[str, Any] = {"look": look, "precision": recipe.train.precision}
    if look:
        told |= {"seed": recipe.seed, "augment": asdict(recipe.augment)}
    digest.update(json.dumps(told, sort_keys=True).encode())
    return f"features-{digest.hexdigest()[:24]}"
