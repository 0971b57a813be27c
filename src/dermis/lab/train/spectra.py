"""Spectra from pictures: how what a network answers is held against the cubes, one picture at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dermis.core import Sample
from dermis.core.arrays import BoolMap, FloatMap
from dermis.lab.networks.model import Model
from dermis.lab.train.cache import Decoded
from dermis.lab.train.run import Run
from dermis.lab.train.trainer import device_for
from dermis.metrics.spectral import SpectralScores, spectral_scores
from dermis.models.preprocess import Input, placed

__all__ = ["answering", "mask_of", "mean_spectrum", "spectra_scored"]

MASK = "mask"
_EVERY = 4
"""The mean spectrum is that of every fourth pixel of every fourth row."""
_SCORES = tuple(one.name for one in fields(SpectralScores))


def spectra_scored(
    model: Model, decoded: Decoded, run: Run, samples: Sequence[Sample], part: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    """Return the columns of a table of spectra, a row a sample; see `dermis.lab.evaluate.predict`.

    part: (n,), those of "train" are not asked, since that takes long and judges nothing: their scores are NaN.
    """
    columns: dict[str, NDArray[Any]] = {}
    ask = answering(model, device_for(run.recipe))
    for name in run.recipe.head:
        mean = mean_spectrum(samples, decoded, name, part == "train")
        scores = np.full((2, len(samples), len(_SCORES)), np.nan)
        pixels = np.full(len(samples), np.nan)
        for place in np.flatnonzero(part != "train").tolist():
            target = np.asarray(decoded.targets[name][place], np.float32)
            mask = mask_of(samples[place], decoded.shown) & np.isfinite(target).all(axis=2)
            if not mask.any():
                continue
            pixels[place] = mask.sum()
            answer = ask(np.asarray(decoded.pictures[place]))[name]
            for which, said in enumerate((answer, np.broadcast_to(mean, target.shape))):
                scores[which, place] = astuple(spectral_scores(target, said, mask))
        columns[f"pixels.{name}"] = pixels
        for which, word in enumerate(("predicted", "mean")):
            columns |= {f"{word}.{name}.{score}": scores[which, :, k] for k, score in enumerate(_SCORES)}
    return columns


def answering(model: Model, device: str = "cpu") -> Callable[[NDArray[Any]], dict[str, FloatMap]]:
    """Return what asks `model` about a picture (h, w, channels) as decoded, and gives spectra (h, w, band) by head."""
    model = model.to(device).eval()

    @torch.inference_mode()
    def ask(picture: NDArray[Any]) -> dict[str, FloatMap]:
        scale = 1 / 255 if picture.dtype == np.uint8 else 1.0
        image = torch.from_numpy(np.ascontiguousarray(picture, np.float32)).permute(2, 0, 1)[None].to(device) * scale
        answers = model.answer(model(image, image.new_zeros((1, 0))))
        return {name: held[0].permute(1, 2, 0).float().cpu().numpy() for name, held in answers.items()}

    return ask


def mask_of(sample: Sample, shown: Input) -> BoolMap:
    """Return which pixels of the square count, (size, size): those of the mask beside the sample, all without one."""
    if MASK not in sample.beside:
        return np.ones((shown.size_px, shown.size_px), np.bool_)
    mask = np.asarray(sample.beside[MASK](), np.float32)
    return np.asarray(placed(mask, shown, nearest=True) > 0.5)


def mean_spectrum(
    samples: Sequence[Sample], decoded: Decoded, name: str, teaching: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return the mean of the spectra that teach, (band,), of the masks where there are some."""
    total, count = np.zeros(decoded.targets[name].shape[-1]), 0
    for place in np.flatnonzero(teaching).tolist():
        mask = mask_of(samples[place], decoded.shown)[::_EVERY, ::_EVERY]
        spectra = np.asarray(decoded.targets[name][place][::_EVERY, ::_EVERY], np.float64)[mask]
        spectra = spectra[np.isfinite(spectra).all(axis=1)]
        total, count = total + spectra.sum(axis=0), count + len(spectra)
    return np.asarray(total / max(count, 1), np.float32)
