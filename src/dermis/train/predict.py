"""Answers of a trained model as a table, one row a sample: what evaluation works on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from dermis.core import Sample
from dermis.networks.model import Model
from dermis.networks.settings import Head
from dermis.train.batches import in_order
from dermis.train.build import load_model
from dermis.train.decoded import Decoded, decode, with_cameras
from dermis.train.learner import device_for
from dermis.train.loop import drawn
from dermis.train.run import Run
from dermis.train.spectra import spectra_scored

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["predict"]


def predict(run: Run, samples: Sequence[Sample], *, root: Path | None = None) -> pd.DataFrame:
    """Return what the best model of `run` answers for every sample, beside what is right.

    Columns: key, dataset, subject, visit, view; part (train, validate or test of that run, "" for what it never saw);
    `trait.NAME` for each trait; and

    - a head of numbers: `target.NAME`, `predicted.NAME`; with several targets `target.HEAD.TARGET`; with spread also
      `spread.NAME`, the expected absolute error
    - grades: also `share.NAME.GRADE`, the probability of each; presence: predicted is a probability
    - a map of classes: `common.NAME.CLASS`, `either.NAME.CLASS`, pixels that both and that any call so, whose
      quotient is the IoU; a density: target and predicted are its sums
    - spectra: `pixels.NAME` of the mask beside the sample (all where there is none), and on them `predicted.NAME.SCORE`
      for each field of `SpectralScores`; `mean.NAME.SCORE`: what the mean spectrum of the training part scores. Only of
      samples that did not teach

    What is not known is NaN.
    """
    import pandas as pd  # late: half a second

    samples = drawn(samples, run.recipe)
    model, shown = load_model(run)
    decoded = with_cameras(decode(samples, run.recipe, root=root), shown.cameras)
    columns = _who(samples) | {"part": _part(run, samples)}
    for name in sorted({trait for sample in samples for trait in sample.traits}):
        columns[f"trait.{name}"] = np.array([sample.traits.get(name) for sample in samples], dtype=object)
    if any(head.kind == "spectrum" for head in run.recipe.head.values()):
        columns |= spectra_scored(model, decoded, run, samples, columns["part"])
    else:
        columns |= _answers(model, decoded, run)
    return pd.DataFrame(columns).infer_objects()


def _part(run: Run, samples: Sequence[Sample]) -> NDArray[Any]:
    parts = json.loads((run.folder / "data.json").read_text())["parts"]
    where = {key: part for part, keys in parts.items() for key in keys}
    return np.array([where.get(str(sample.key), "") for sample in samples], dtype=object)


def _who(samples: Sequence[Sample]) -> dict[str, NDArray[Any]]:
    columns = {"key": np.array([str(sample.key) for sample in samples], dtype=object)}
    for name in ("dataset", "subject", "visit", "view"):
        columns[name] = np.array([getattr(sample.key, name) for sample in samples], dtype=object)
    return columns


@torch.inference_mode()
def _answers(model: Model, decoded: Decoded, run: Run) -> dict[str, NDArray[Any]]:
    device = device_for(run.recipe)
    model = model.to(device)
    told: list[dict[str, NDArray[Any]]] = []
    for batch in in_order(decoded, np.arange(len(decoded.sha256)), 64):
        seen = batch.to(device)
        raw = model(seen.shown(channels_last=run.recipe.train.channels_last), seen.numbers)
        answers = {name: held.float().cpu().numpy() for name, held in model.answer(raw).items()}
        targets = {name: held.numpy() for name, held in batch.targets.items()}
        columns: dict[str, NDArray[Any]] = {}
        for name, head in run.recipe.head.items():
            columns |= _columns(name, head, answers, targets[name])
        told.append(columns)
    return {name: np.concatenate([one[name] for one in told]) for name in told[0]}


def _columns(
    name: str, head: Head, answers: Mapping[str, NDArray[Any]], target: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    answer = answers[name]
    if head.kind == "map":
        return _overlap(name, answer, target) if head.classes else _sums(name, answer, target)
    if head.kind == "measure":
        columns: dict[str, NDArray[Any]] = {}
        for place, one in enumerate(head.targets):
            path = name if len(head.targets) == 1 else f"{name}.{one}"
            columns |= {f"target.{path}": target[:, place], f"predicted.{path}": answer[:, place]}
            if head.spread:
                columns[f"spread.{path}"] = answers[f"{name}_spread"][:, place]
        return columns
    columns = {f"target.{name}": target[:, 0], f"predicted.{name}": answer}
    for place, share in enumerate(answers.get(f"{name}_shares", np.empty((0, 0))).T):
        columns[f"share.{name}.{head.lowest + place * head.step:g}"] = share
    return columns


def _overlap(name: str, shares: NDArray[Any], target: NDArray[Any]) -> dict[str, NDArray[Any]]:
    found, known = shares.argmax(axis=1), target != 255
    columns = {}
    for one in range(shares.shape[1]):
        mine, true = (found == one) & known, (target == one) & known
        columns[f"common.{name}.{one}"] = (mine & true).sum(axis=(1, 2))
        columns[f"either.{name}.{one}"] = (mine | true).sum(axis=(1, 2))
    return columns


def _sums(name: str, density: NDArray[Any], target: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return {f"target.{name}": target.sum(axis=(1, 2)), f"predicted.{name}": density.sum(axis=(1, 2))}
