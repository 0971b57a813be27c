"""How networks that look at single pixels begin: from pixels of all pictures at once.

A step on whole pictures shows many pixels of few people. A step on pixels drawn from all pictures, each with the
context of its own, shows everybody and costs a hundredth, so the layers are taught so before the epochs begin.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dermis.networks.head_spectrum import SpectrumHead
from dermis.networks.model import Model
from dermis.networks.spectral_lite import PixelLayers
from dermis.train.decoded import Decoded

__all__ = ["begin_pixels"]

PIXELS = 400
"""Pixels of each picture."""
_PASSES, _BATCH, _RATE = 120, 2048, 4e-3
_LEAST_LENGTH = 0.1


def begin_pixels(model: Model, decoded: Decoded, teaching: NDArray[np.int64], *, seed: int = 0) -> None:
    """Teach the layers of `model` on drawn pixels of the rows `teaching`; nothing where it has no such layers."""
    layers = model.backbone.stages[0]
    heads = [head for head in model.each().values() if isinstance(head, SpectrumHead)]
    if not isinstance(layers, PixelLayers) or len(heads) != 1:
        return
    values, contexts, spectra = _drawn(layers, decoded, heads[0].name, teaching, seed)
    steps = max(1, _PASSES * len(values) // _BATCH)
    optimiser = torch.optim.AdamW(layers.parameters(), weight_decay=1e-4)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, steps)
    order = np.random.default_rng((seed, 1))
    layers.train()
    for _ in range(steps):
        chosen = torch.from_numpy(order.integers(len(values), size=min(_BATCH, len(values))))
        raw = layers.spectra(values[chosen], contexts[chosen])
        loss = heads[0].loss(raw, spectra[chosen], 0.0).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        rates.step()


def _drawn(
    layers: PixelLayers, decoded: Decoded, name: str, places: NDArray[np.int64], seed: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return pixels (n, channels, 1, 1), the contexts of their pictures (n, k) and their spectra (n, 1, 1, band).

    Of each picture equally many that are not dark.
    """
    draw = np.random.default_rng(seed)
    scale = np.float32(1 / 255 if decoded.pictures.dtype == np.uint8 else 1)
    values, contexts, spectra = [], [], []
    for place in places.tolist():
        picture = np.asarray(decoded.pictures[place], np.float32) * scale
        cube = np.asarray(decoded.targets[name][place])
        bright = np.linalg.norm(cube.astype(np.float32), axis=2) > _LEAST_LENGTH
        inside = np.argwhere(bright & np.isfinite(cube).all(axis=2))
        if not len(inside):
            continue
        rows, columns = inside[draw.integers(len(inside), size=PIXELS)].T
        with torch.no_grad():
            context = layers.context(torch.from_numpy(picture).permute(2, 0, 1)[None])
        values.append(picture[rows, columns])
        contexts.append(np.repeat(context.numpy(), PIXELS, axis=0))
        spectra.append(cube[rows, columns].astype(np.float32))
    seen, told, wanted = (torch.from_numpy(np.concatenate(parts)) for parts in (values, contexts, spectra))
    return seen[:, :, None, None], told, wanted[:, None, None, :]
