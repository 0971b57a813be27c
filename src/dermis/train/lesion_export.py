"""The taught network of lesions as it ships: ONNX for one view and its skin, notes and a card."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import dermis
from dermis.errors import DermisError
from dermis.inference.inputs import Input
from dermis.inference.weights import WEIGHTS, open_weights
from dermis.networks.lesions import STRIDE, LesionNetwork
from dermis.train.export import halved, onnx_of
from dermis.train.recipe import Recipe, recipe_hash

__all__ = ["ANSWERS", "export_lesions"]

ANSWERS = ("density", "density_all", "centres", "reaches", "grade")
TOLERANCE = 2e-2
_PROBES = 4


class _Answering(nn.Module):
    """The network as it ships: centres as a probability, answers in the order of `ANSWERS`."""

    def __init__(self, network: LesionNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, skin: Tensor) -> tuple[Tensor, ...]:
        """Return the answers for one view (1, 3, h, w) and its skin (1, 1, h / 4, w / 4)."""
        answers = self.network(image, skin)
        return tuple(torch.sigmoid(answers[name]) if name == "centres" else answers[name] for name in ANSWERS)


def export_lesions(
    network: LesionNetwork,
    recipe: Recipe,
    name: str,
    *,
    calibration: Mapping[str, Any],
    card: str,
    version: str,
    home: Path = WEIGHTS,
) -> Path:
    """Write `network` as `name` in `home` with what was found out on people kept aside; return its folder.

    card: Markdown, to which the recipe is added by the caller. Raises DermisError where exported and taught answers
    differ by more than 0.02 (of an answer, where it is above 1); then nothing is changed.
    """
    size = recipe.input.size_px
    answering = _Answering(network.float()).eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    probe = {"image": torch.rand(1, 3, size, size), "skin": torch.ones(1, 1, size // STRIDE, size // STRIDE)}
    shown = Input(size_px=size, crop="", fit="pad")
    meta: dict[str, Any] = {
        "name": name, "version": version, "recipe": recipe_hash(recipe), "dermis": dermis.__version__,
        "about": recipe.about, "input": asdict(shown), "number_names": [],
        "answers": {one: {"kind": "map", "names": [one], "unit": ""} for one in ANSWERS},
        "weights": "float16", "tolerance": TOLERANCE, "calibration": dict(calibration),
    }  # fmt: skip
    home.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".exporting-", dir=home) as temporary:
        folder = Path(temporary) / name
        folder.mkdir()
        (folder / "model.onnx").write_bytes(halved(onnx_of(answering, probe, list(ANSWERS))).SerializeToString())
        _note(folder, meta)
        off = _agreement(answering, folder, size)
        if not off <= TOLERANCE:
            raise DermisError(f"The exported network answers {off:.3g} off the taught one.", advice="Export it again.")
        meta["largest_difference"] = off
        _note(folder, meta)
        (folder / "card.md").write_text(card, encoding="utf-8")
        shutil.rmtree(home / name, ignore_errors=True)
        folder.rename(home / name)
    return home / name


@torch.inference_mode()
def _agreement(answering: nn.Module, folder: Path, size: int) -> float:
    """Return the largest difference between exported and taught answers on flat and on noisy pictures."""
    run = open_weights(folder.name, folder.parent).network.run
    draw = np.random.default_rng(0)
    worst = 0.0
    for place in range(_PROBES):
        shape = (1, 3, 1, 1) if place % 2 else (1, 3, size, size)
        image = np.broadcast_to(draw.uniform(0.1, 0.9, shape), (1, 3, size, size)).astype(np.float32)
        skin = (draw.random((1, 1, size // STRIDE, size // STRIDE)) > 0.3).astype(np.float32)
        theirs = run(image=image, skin=skin)
        for name, held in zip(ANSWERS, answering(torch.from_numpy(image.copy()), torch.from_numpy(skin)), strict=True):
            own = held.numpy()
            worst = max(worst, float((np.abs(own - theirs[name]) / np.maximum(1.0, np.abs(own))).max()))
    return worst


def _note(folder: Path, meta: Mapping[str, Any]) -> None:
    (folder / "meta.json").write_text(json.dumps(meta, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
