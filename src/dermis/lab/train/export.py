"""From a run to weights that need no torch, with meta.json and card."""

from __future__ import annotations

import json
import logging
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dermis.errors import DermisError
from dermis.lab.networks.lesions import STRIDE, LesionNetwork
from dermis.lab.networks.model import Answering, Model
from dermis.lab.networks.registry import NETWORKS
from dermis.lab.networks.settings import Head, bands_of
from dermis.lab.train.build import load_model
from dermis.lab.train.recipe import Recipe, describe, recipe_hash
from dermis.lab.train.run import Run
from dermis.models.capture_features import number_names
from dermis.models.preprocess import Input
from dermis.models.weights import WEIGHTS, Weights, open_weights
from dermis.version import __version__

__all__ = [
    "ANSWERS",
    "TOLERANCE",
    "agreement",
    "card",
    "export",
    "export_lesions",
    "halved",
    "onnx_of",
    "without_traces",
]


def card(run: Run, meta: Mapping[str, Any], limits: Sequence[str] = ()) -> str:
    """Return the card as Markdown."""
    recipe = run.recipe
    data = json.loads((run.folder / "data.json").read_text())
    sizes = ", ".join(f"{len(keys)} to {part}" for part, keys in data["parts"].items())
    kept = ", ".join(recipe.split.by)
    figures = {name: held for name, held in meta["result"].items() if name.startswith("validate_")}
    lines = [
        f"# {meta['name']}",
        "",
        f"{meta['about'] or 'A network of dermis.'}",
        "",
        f"- Answers: {', '.join(meta['answers'])}.",
        f"- Network: {recipe.network.name} ({NETWORKS[recipe.network.name].about}).",
        f"- Weights to begin with: {recipe.network.pretrained or 'none'}.",
        *([f"- It stands in for {recipe.network.stands_in_for}."] if recipe.network.stands_in_for else []),
        f"- Recipe: `{recipe.name}`, hash `{meta['recipe']}`, dermis {meta['dermis']}.",
        f"- Stored in {meta['weights']}; differs from the trained network by at most {meta['largest_difference']:.2g} "
        f"(allowed {meta['tolerance']:g}).",
        "",
        "## Data",
        "",
        f"{recipe.data.dataset or 'handed in'}: {data['samples']} samples, {sizes}; never parted: {kept}.",
        *(f"Licence: {one}." for one in data.get("licences", []) if one),
        f"Fingerprint: `{data['fingerprint'][:16]}`.",
        "",
        "## Figures",
        "",
        "On the part that chose the epoch, so a little too good; the test part is judged by `dermis evaluate`.",
        "",
        "| figure | value |",
        "|---|---|",
        *(f"| {name.removeprefix('validate_')} | {value:.4g} |" for name, value in figures.items()),
        "",
        "## Limits",
        "",
        *(f"- {one}" for one in limits or ("Not a diagnosis. Not tried on data of other kinds than named above.",)),
        "",
        "## Recipe",
        "",
        "```toml",
        describe(recipe, comments=False).strip(),
        "```",
        "",
    ]
    return "\n".join(lines)


TOLERANCE = {"float32": 2e-3, "float16": 2e-2}
"""Largest difference of an answer between exported and trained: in its unit, or as a share of it where above 1."""

_PROBES = 8
_FEW = 4096  # the first layers' few weights stay exact: rounding them costs most of the agreement and saves 0.1 MB
_NOT_OURS = (r"`isinstance\(treespec, LeafSpec\)` is deprecated",)
"""Warnings of the exporter about itself."""


def export(
    run: Run, name: str, *, home: Path = WEIGHTS, half: bool = True, limits: Sequence[str] = (), about: str = ""
) -> Path:
    """Write the best model of `run` as the network `name` in `home`, and return its folder.

    half: weights in 16 bits, computed with in 32; half the size. limits: sentences for the card on what it cannot do.
    Raises DermisError where exported and trained answers differ by more than `TOLERANCE`; then nothing is changed.
    """
    model, shown = load_model(run)
    bits = "float16" if half else "float32"
    meta = _meta(run, name, shown) | {"about": about or run.recipe.about, "weights": bits, "tolerance": TOLERANCE[bits]}
    home.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".exporting-", dir=home) as temporary:
        folder = Path(temporary) / name
        folder.mkdir()
        (folder / "model.onnx").write_bytes(_onnx(model, shown, half=half))
        _note(folder, meta)
        off = agreement(model, open_weights(name, folder.parent))
        if not off <= TOLERANCE[bits]:
            raise DermisError(
                f"The exported network {name} answers {off:.3g} off the trained one; {TOLERANCE[bits]:g} is allowed.",
                advice="Export it with weights in 32 bits." if half else "An operation is unlike in the engine.",
            )
        meta["largest_difference"] = off
        _note(folder, meta)
        (folder / "card.md").write_text(card(run, meta, limits), encoding="utf-8")
        shutil.rmtree(home / name, ignore_errors=True)
        folder.rename(home / name)
    return home / name


def _meta(run: Run, name: str, shown: Input) -> dict[str, Any]:
    return {
        "name": name,
        "recipe": recipe_hash(run.recipe),
        "dermis": __version__,
        "input": asdict(shown),
        "number_names": number_names(shown.features, shown.cameras),
        "answers": _answers(run.recipe.head),
        "result": run.result() if run.finished else {},
    }


@torch.inference_mode()
def agreement(model: Model, weights: Weights, *, seed: int = 0) -> float:
    """Return the largest difference between the answers of `model` and of its export, on random pictures.

    In units of the answer; as a share of it where it is above 1.
    """
    draw = np.random.default_rng(seed)
    size, channels = weights.shown.size_px, weights.shown.channels
    pictures = draw.integers(0, 256, (_PROBES, size, size, channels), dtype=np.uint8)
    pictures[: _PROBES // 2] = draw.integers(40, 216, (_PROBES // 2, 1, 1, channels))  # flat ones, as skin is
    numbers = _probing_numbers(model, draw)
    theirs = weights.run(pictures, numbers if numbers.shape[1] else None)
    seen = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    mine = model.answer(model(seen, torch.from_numpy(numbers)))
    worst = 0.0
    for name, held in mine.items():
        own = held.numpy()
        off = np.abs(own - theirs[name]) / np.maximum(1.0, np.abs(own))
        worst = max(worst, float(off.max()) if np.isfinite(off).all() else float("inf"))
    return worst


def _probing_numbers(model: Model, draw: np.random.Generator) -> NDArray[np.float32]:
    mean, std = model.number_mean.numpy(), model.number_std.numpy()
    numbers = (mean + std * draw.normal(size=(_PROBES, len(mean)))).astype(np.float32)
    starts = [place for places in model.starts.values() for place in places]
    unknown = draw.random(numbers.shape) < 0.1
    unknown[:, starts] = False  # an answer that starts from an unknown number is unknown too
    numbers[unknown] = np.nan
    return numbers


def _onnx(model: Model, shown: Input, *, half: bool) -> bytes:
    """Return the model as ONNX for one picture at a time."""
    names = list(_answers({one.name: one.settings for one in model.each().values()}))
    probe: dict[str, torch.Tensor] = {"image": torch.rand(1, shown.channels, shown.size_px, shown.size_px)}
    if len(model.number_mean):
        probe["numbers"] = torch.rand(1, len(model.number_mean))
    proto = onnx_of(Answering(model).eval(), probe, names)
    return bytes((halved(proto) if half else proto).SerializeToString())


def onnx_of(module: torch.nn.Module, probe: dict[str, torch.Tensor], names: list[str]) -> Any:  # noqa: ANN401
    """Return a module as an ONNX model; probe: an input of each name. names: of the outputs."""
    with _quiet():
        program = torch.onnx.export(
            module,
            kwargs=probe,
            input_names=list(probe),
            output_names=names,
            opset_version=18,
            dynamo=True,
            verbose=False,
            external_data=False,
        )
    assert program is not None
    return without_traces(program.model_proto)


def without_traces(proto: Any) -> Any:  # noqa: ANN401 -- onnx has no types here
    """Return the ONNX model without what the exporter notes of this machine: file names and lines of code."""
    graph = proto.graph
    for part in (proto, graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    return proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter where it says that torchvision is absent, and warns about itself."""
    talker = logging.getLogger("torch.onnx._internal.exporter._registration")
    before = talker.level
    talker.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for words in _NOT_OURS:
                warnings.filterwarnings("ignore", message=words)
            yield
    finally:
        talker.setLevel(before)


def halved(proto: Any) -> Any:  # noqa: ANN401 -- onnx has no types here
    """Keep large weights in 16 bits, each turned back into 32 where it is used."""
    from onnx import TensorProto, helper, numpy_helper  # late: only an export needs it

    graph = proto.graph
    casts = []
    for held in list(graph.initializer):
        values = numpy_helper.to_array(held)
        if held.data_type != TensorProto.FLOAT or values.size < _FEW:
            continue
        small = numpy_helper.from_array(values.astype(np.float16), f"{held.name}_half")
        casts.append(helper.make_node("Cast", [small.name], [held.name], to=TensorProto.FLOAT))
        graph.initializer.remove(held)
        graph.initializer.append(small)
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return proto


def _answers(heads: Mapping[str, Head]) -> dict[str, dict[str, Any]]:
    """Return what each output is, in the order of `Model.answer`."""
    out: dict[str, dict[str, Any]] = {}
    for name, head in heads.items():
        names = head.targets
        if head.kind == "map" and head.classes:
            names = tuple(str(one) for one in range(head.classes))
        if head.kind == "spectrum":
            names = tuple(f"{nm:g} nm" for nm in bands_of(head))
        out[name] = {"kind": head.kind, "names": names, "unit": head.unit}
        if head.kind == "measure" and head.spread:
            out[f"{name}_spread"] = {"kind": "spread", "names": names, "unit": head.unit}
        if head.kind == "ordinal":
            count = round((head.highest - head.lowest) / head.step) + 1
            grades = tuple(f"{head.lowest + place * head.step:g}" for place in range(count))
            out[f"{name}_shares"] = {"kind": "shares", "names": grades, "unit": ""}
    return out


def _note(folder: Path, meta: Mapping[str, Any]) -> None:
    (folder / "meta.json").write_text(json.dumps(meta, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


ANSWERS = ("density", "density_all", "centres", "reaches", "grade")
LESION_TOLERANCE = 2e-2
_LESION_EXPORT_PROBES = 4


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
        "name": name, "version": version, "recipe": recipe_hash(recipe), "dermis": __version__,
        "about": recipe.about, "input": asdict(shown), "number_names": [],
        "answers": {one: {"kind": "map", "names": [one], "unit": ""} for one in ANSWERS},
        "weights": "float16", "tolerance": LESION_TOLERANCE, "calibration": dict(calibration),
    }  # fmt: skip
    home.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".exporting-", dir=home) as temporary:
        folder = Path(temporary) / name
        folder.mkdir()
        (folder / "model.onnx").write_bytes(halved(onnx_of(answering, probe, list(ANSWERS))).SerializeToString())
        _note(folder, meta)
        off = _agreement(answering, folder, size)
        if not off <= LESION_TOLERANCE:
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
    for place in range(_LESION_EXPORT_PROBES):
        shape = (1, 3, 1, 1) if place % 2 else (1, 3, size, size)
        image = np.broadcast_to(draw.uniform(0.1, 0.9, shape), (1, 3, size, size)).astype(np.float32)
        skin = (draw.random((1, 1, size // STRIDE, size // STRIDE)) > 0.3).astype(np.float32)
        theirs = run(image=image, skin=skin)
        for name, held in zip(ANSWERS, answering(torch.from_numpy(image.copy()), torch.from_numpy(skin)), strict=True):
            own = held.numpy()
            worst = max(worst, float((np.abs(own - theirs[name]) / np.maximum(1.0, np.abs(own))).max()))
    return worst
