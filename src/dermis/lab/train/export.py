"""From a run to weights that need no torch, with meta.json and card."""

from __future__ import annotations

import logging
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dermis.errors import DermisError
from dermis.formats.files import write_bytes, write_text
from dermis.lab.networks.lesions import STRIDE, LesionNetwork
from dermis.lab.networks.model import Answering, Model
from dermis.lab.networks.registry import NETWORKS
from dermis.lab.networks.settings import Head, bands_of
from dermis.lab.train.build import load_model
from dermis.lab.train.card import card, meta_of, write_meta
from dermis.lab.train.examples.tone import CLUES
from dermis.lab.train.objectives.lesions import open_network as open_lesions
from dermis.lab.train.objectives.spectra_fit import TABLES
from dermis.lab.train.objectives.tone import open_network as open_tone
from dermis.lab.train.run import Run
from dermis.models.capture_features import number_names
from dermis.models.preprocess import Input
from dermis.models.runtime import load
from dermis.models.weights import WEIGHTS, Weights, open_weights

__all__ = [
    "ANSWERS",
    "TOLERANCE",
    "agreement",
    "export",
    "halved",
    "onnx_of",
    "without_traces",
]


TOLERANCE = {"float32": 2e-3, "float16": 2e-2}
"""Largest difference of an answer between exported and trained: in its unit, or as a share of it where above 1."""

_PROBES = 8
_FEW = 4096  # the first layers' few weights stay exact: rounding them costs most of the agreement and saves 0.1 MB
_NOT_OURS = (r"`isinstance\(treespec, LeafSpec\)` is deprecated",)
"""Warnings of the exporter about itself."""


def export(
    run: Run, name: str, *, home: Path = WEIGHTS, half: bool = True, limits: Sequence[str] = (), about: str = ""
) -> Path:
    """Write the kept model of `run` as the weights `name` in `home`, and return their folder.

    half: weights in 16 bits, computed with in 32; half the size. limits: sentences for the card on what it cannot do,
    by default those of the recipe. Raises DermisError where exported and trained answers differ by more than
    `TOLERANCE`; then nothing is changed.
    """
    home.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".exporting-", dir=home) as temporary:
        folder = Path(temporary) / name
        folder.mkdir()
        meta = _WRITERS[run.recipe.learner](run, folder, half)
        meta["about"] = about or meta["about"]
        off, allowed = meta.get("largest_difference", 0.0), meta.get("tolerance", 0.0)
        if not off <= allowed:
            raise DermisError(
                f"The exported network {name} answers {off:.3g} off the trained one; {allowed:g} is allowed.",
                advice="Export it with weights in 32 bits." if half else "An operation is unlike in the engine.",
            )
        write_meta(folder, meta)
        write_text(folder / "card.md", card(run, meta, limits))
        _add_notice(run, folder)
        shutil.rmtree(home / name, ignore_errors=True)
        folder.rename(home / name)
    return home / name


def _add_notice(run: Run, folder: Path) -> None:
    """Put beside weights what the licence of those they began with asks to go along."""
    said = run.recipe.network
    entry = NETWORKS.get(said.name) if said.pretrained == "package" else None
    if entry is not None and entry.notice is not None:
        write_text(folder / entry.notice.name, entry.notice.read_text(encoding="utf-8"))


def _write_heads(run: Run, folder: Path, half: bool) -> dict[str, Any]:
    model, shown = load_model(run)
    bits = "float16" if half else "float32"
    meta = meta_of(
        run, folder.name, _answers({name: one.settings for name, one in model.each().items()}), shown=shown,
        number_names=list(number_names(shown.features, shown.cameras)), weights=bits, tolerance=TOLERANCE[bits],
    )  # fmt: skip
    write_bytes(folder / "model.onnx", _onnx(model, shown, half=half))
    write_meta(folder, meta)
    return meta | {"largest_difference": agreement(model, open_weights(folder.name, folder.parent))}


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


ANSWERS = ("density", "density_all", "centres", "reaches", "grade")
_LESION_PROBES = 4


class _Answering(nn.Module):
    """The network as it ships: centres as a probability, answers in the order of `ANSWERS`."""

    def __init__(self, network: LesionNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, skin: Tensor) -> tuple[Tensor, ...]:
        """Return the answers for one view (1, 3, h, w) and its skin (1, 1, h / 4, w / 4)."""
        answers = self.network(image, skin)
        return tuple(torch.sigmoid(answers[name]) if name == "centres" else answers[name] for name in ANSWERS)


def _write_lesions(run: Run, folder: Path, half: bool) -> dict[str, Any]:
    size, network = run.recipe.input.size_px, open_lesions(run)
    answering = _Answering(network.float()).eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    probe = {"image": torch.rand(1, 3, size, size), "skin": torch.ones(1, 1, size // STRIDE, size // STRIDE)}
    proto = onnx_of(answering, probe, list(ANSWERS))
    write_bytes(folder / "model.onnx", (halved(proto) if half else proto).SerializeToString())
    bits = "float16" if half else "float32"
    answers = {one: {"kind": "map", "names": [one], "unit": ""} for one in ANSWERS}
    shown = Input(size_px=size, crop="", fit="pad")
    meta = meta_of(run, folder.name, answers, shown=shown, weights=bits, tolerance=TOLERANCE[bits])
    off = 0.0
    draw = np.random.default_rng(0)
    for place in range(_LESION_PROBES):
        shape = (1, 3, 1, 1) if place % 2 else (1, 3, size, size)
        image = np.broadcast_to(draw.uniform(0.1, 0.9, shape), (1, 3, size, size)).astype(np.float32).copy()
        skin = (draw.random((1, 1, size // STRIDE, size // STRIDE)) > 0.3).astype(np.float32)
        off = max(off, _difference(answering, folder, {"image": image, "skin": skin}, ANSWERS))
    return meta | {"largest_difference": off}


def _write_tone(run: Run, folder: Path, half: bool) -> dict[str, Any]:
    network, names = open_tone(run), ("lab", "ita_scale")
    draw = np.random.default_rng(0)
    clues = network.mean + network.std * torch.from_numpy(draw.normal(size=(1, len(network.mean))).astype(np.float32))
    proto = onnx_of(network, {"clues": clues}, list(names))
    write_bytes(folder / "model.onnx", proto.SerializeToString())
    answers = {
        "lab": {"kind": "measure", "names": ["L*", "a*", "b*"], "unit": "CIELAB, D65"},
        "ita_scale": {"kind": "spread", "names": ["ITA"], "unit": "deg"},
    }
    off = _difference(network, folder, {"clues": clues.numpy()}, names)
    meta = meta_of(
        run, folder.name, answers, number_names=list(CLUES), weights="float32", tolerance=TOLERANCE["float32"]
    )
    return meta | {"largest_difference": off}


def _write_spectra(run: Run, folder: Path, half: bool) -> dict[str, Any]:
    for name in TABLES:
        write_bytes(folder / name, (run.folder / "weights" / name).read_bytes())
    answers = {"spectrum": {"kind": "spectrum", "names": ["400 to 1000 nm by 10"], "unit": "reflectance"}}
    return meta_of(run, folder.name, answers)


@torch.inference_mode()
def _difference(module: nn.Module, folder: Path, shown: dict[str, NDArray[np.float32]], names: Sequence[str]) -> float:
    """Return the largest difference between exported and trained answers, in their unit, or as a share above 1."""
    theirs = load(folder / "model.onnx").run(**shown)
    mine = module(**{name: torch.from_numpy(value) for name, value in shown.items()})
    off = [
        np.abs(held.numpy() - theirs[name]) / np.maximum(1.0, np.abs(held.numpy()))
        for name, held in zip(names, mine, strict=True)
    ]
    return max(float(one.max()) for one in off)


_WRITERS: Mapping[str, Callable[[Run, Path, bool], dict[str, Any]]] = {
    "samples": _write_heads,
    "face_parts": _write_heads,
    "lesions": _write_lesions,
    "skin_tone": _write_tone,
    "skin_spectra": _write_spectra,
}
"""What writes the weights of each learner into a folder and says what they are."""
