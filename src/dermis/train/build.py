"""From a recipe and decoded data to a model, and from a run's folder back to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dermis.errors import UsageError
from dermis.inference.features import number_names
from dermis.inference.inputs import Input
from dermis.networks.heads import MeasureHead
from dermis.networks.model import Model
from dermis.networks.settings import Head, Loss, Network
from dermis.train.decoded import Decoded
from dermis.train.recipe import Recipe
from dermis.train.run import Run
from dermis.train.spectra_pixels import begin_pixels
from dermis.train.tables import record_from

__all__ = ["load_model", "model_note", "new_model"]


def new_model(recipe: Recipe, decoded: Decoded, teaching: NDArray[np.int64]) -> Model:
    """Return a model to be taught; it takes the spread of numbers and measures from the rows `teaching`.

    Networks of single pixels begin from pixels of these rows; see `spectra_pixels`.
    """
    names = number_names(decoded.shown.features, decoded.shown.cameras)
    shown = decoded.shown
    model = Model(recipe.network, recipe.head, recipe.loss, number_names=names, channels=shown.channels)
    mean, std = _spread(decoded.numbers[teaching])
    model.number_mean.copy_(torch.from_numpy(mean))
    model.number_std.copy_(torch.from_numpy(std))
    for name, head in model.each().items():
        if isinstance(head, MeasureHead):
            wanted = np.asarray(decoded.targets[name][teaching], np.float32)
            if np.isnan(wanted).all(axis=0).any():
                raise UsageError(
                    f"head.{name}: no sample of the training part has a label {', '.join(head.settings.targets)}.",
                    advice="Check head.targets, data.graders and the split.",
                )
            if name in model.starts:
                wanted = wanted - decoded.numbers[teaching][:, model.starts[name]]
            mean, std = _spread(wanted)
            head.centre.copy_(torch.from_numpy(mean))
            head.scale.copy_(torch.from_numpy(std))
    begin_pixels(model, decoded, teaching, seed=recipe.seed)
    return model


def model_note(recipe: Recipe) -> dict[str, Any]:
    """Return what is needed to build the model of a recipe again, its input as it was learnt with."""
    held = asdict(recipe)
    return {name: held[name] for name in ("network", "head", "loss", "input")}


def load_model(run: Run) -> tuple[Model, Input]:
    """Return the best model of a run, ready to answer, and what it is to be shown."""
    path = run.folder / "model.json"
    if not (path.is_file() and run.best.is_file()):
        raise UsageError(f"{run.folder} holds no trained model.", advice="Let `dermis train` finish its first epoch.")
    held: Mapping[str, Any] = json.loads(path.read_text())
    shown = record_from(Input, held["input"])
    model = Model(
        record_from(Network, held["network"]),
        {name: record_from(Head, head) for name, head in held["head"].items()},
        {name: record_from(Loss, loss) for name, loss in held["loss"].items()},
        number_names=number_names(shown.features, shown.cameras),
        load_pretrained=False,
        channels=shown.channels,
    )
    model.load_state_dict(torch.load(run.best, map_location="cpu", weights_only=True))
    return model.eval(), shown


def _spread(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and standard deviation of each column, of what is known; 0 and 1 where they say nothing."""
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0) / count
    var = np.where(known, (values - mean) ** 2, 0).sum(axis=0) / count
    return mean.astype(np.float32), np.where(var > 1e-12, np.sqrt(var), 1.0).astype(np.float32)
