"""Going on from weights that were learnt before: a network of the registry by its name, or a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from dermis.errors import UsageError
from dermis.models.weights import find_weights

__all__ = ["begin_warm", "weights_of_onnx"]


def begin_warm(model: nn.Module, name: str) -> None:
    """Fill `model` from the network or the run called `name`; nothing where it is "".

    What does not fit, such as a head with other grades, stays as drawn. Raises UsageError where nothing fits.
    """
    if not name:
        return
    best = Path(name) / "weights" / "best.pt"
    own = model.state_dict()
    held: Mapping[str, Tensor] = (
        torch.load(best, map_location="cpu", weights_only=True)
        if best.is_file()
        else weights_of_onnx(find_weights(name) / "model.onnx", model)
    )
    fits = {key: value for key, value in held.items() if key in own and own[key].shape == value.shape}
    if not fits:
        raise UsageError(
            f"network.warm_start = {name!r} has no weights that fit.", advice="Take the network that it was made with."
        )
    model.load_state_dict({**own, **fits})


def weights_of_onnx(path: Path, model: nn.Module) -> dict[str, Tensor]:
    """Return the weights in an exported file by the names of `model`.

    An export joins a convolution with the norm behind it: the convolution gets the joined weights, the norm the joined
    bias and no other effect, so that the whole answers as the file does.
    """
    import onnx  # late: only here
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    held = {
        one.name.removesuffix("_half"): torch.from_numpy(numpy_helper.to_array(one).copy()) for one in graph.initializer
    }
    named = {
        key.split(".", 1)[1] if key.startswith(("model.", "network.")) else key: value.float()
        for key, value in held.items()
    }
    previous = ""
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            previous = name
        if isinstance(module, nn.BatchNorm2d) and f"{previous}.weight_bias" in named:
            size = module.num_features
            named |= {
                f"{name}.weight": torch.ones(size),
                f"{name}.bias": named[f"{previous}.weight_bias"],
                f"{name}.running_mean": torch.zeros(size),
                f"{name}.running_var": torch.full((size,), 1.0 - module.eps),
            }
    return named
