"""Networks of single pixels begin on drawn pixels: passes of the one loop, before the first picture is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from lightning.fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from dermis.lab.networks.heads import SpectrumHead
from dermis.lab.networks.model import Model
from dermis.lab.networks.spectral import PixelLayers
from dermis.lab.train.build import groups_for
from dermis.lab.train.cache import Decoded
from dermis.lab.train.recipe import Recipe, Schedule
from dermis.lab.train.trainer import Trainer

__all__ = ["PIXELS", "begin_pixels"]

PIXELS = 400
"""Pixels of each picture."""
_BATCH = 2048
_LEAST_LENGTH = 0.1
_RISES = 0.3


def begin_pixels(model: Model, recipe: Recipe, decoded: Decoded, teaching: NDArray[np.int64], fabric: Fabric) -> None:
    """Fit the layers of `model` to drawn pixels of the rows `teaching`; nothing where it has no such layers.

    As many passes as `train.pixel_passes`, at `train.pixel_lr`.
    """
    layers = model.backbone.stages[0]
    heads = [head for head in model.each().values() if isinstance(head, SpectrumHead)]
    passes = recipe.train.pixel_passes
    if not passes or not isinstance(layers, PixelLayers) or len(heads) != 1:
        return
    course = replace(
        recipe,
        train=replace(recipe.train, lr=recipe.train.pixel_lr, epochs=passes, clip=0.0, ema=0.0, channels_last=False),
        schedule=Schedule(warmup_epochs=_RISES * passes),
        stage={},
    )
    objective = _Pixels(course, layers, heads[0], _drawn(layers, decoded, heads[0].name, teaching, recipe.seed))
    trainer = Trainer(course, objective, fabric)
    for epoch in range(passes):
        batches = objective.batches(epoch, rank=0, world=1)
        trainer.fit_epoch(batches, len(batches), epoch)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Rows of an epoch, a batch each."""

    rows: list[NDArray[np.int64]]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[NDArray[np.int64]]:
        return iter(self.rows)


class _Pixels:
    """Pixels with the contexts of their pictures to their spectra."""

    model: nn.Module

    def __init__(
        self, recipe: Recipe, layers: PixelLayers, head: SpectrumHead, drawn: tuple[Tensor, Tensor, Tensor]
    ) -> None:
        self.recipe, self.model, self.layers, self.head = recipe, layers, layers, head
        self.values, self.contexts, self.spectra = drawn

    def groups(self) -> list[dict[str, Any]]:
        return groups_for(self.model, self.recipe)

    def begin(self, epoch: int) -> None:
        """All of the layers learn."""

    def batches(self, epoch: int, *, rank: int, world: int) -> _Rows:
        order = np.random.default_rng((self.recipe.seed, 1, epoch)).permutation(len(self.values))
        return _Rows(rows=[order[start : start + _BATCH] for start in range(0, len(order), _BATCH)])

    def losses(self, network: Callable[..., Any], batch: Any, epoch: float, draw: torch.Generator) -> Tensor:  # noqa: ANN401
        rows = torch.from_numpy(batch)
        raw = self.layers.spectra(self.values[rows], self.contexts[rows])
        return self.head.loss(raw, self.spectra[rows], epoch)

    def validate(self, model: nn.Module, epoch: int, fabric: Fabric) -> dict[str, float]:
        return {}


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
