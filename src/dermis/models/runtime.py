"""One engine for every network: OpenVINO on the processor, reading ONNX and TFLite."""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.errors import ModelMissing
from dermis.settings import read_settings

__all__ = ["LoadedNetwork", "load"]

_compiling = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedNetwork:
    """A compiled network; `inputs` and `outputs` are its names, in the order of the file."""

    path: Path
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    compiled: Any
    idle: SimpleQueue[Any]

    def run(self, *arrays: NDArray[Any], **named: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
        """Return the outputs by name, for inputs in order or by name; safe from several threads at once."""
        given = dict(zip(self.inputs, arrays, strict=False)) | named
        if len(arrays) + len(named) != len(self.inputs) or set(given) != set(self.inputs):
            raise ValueError(f"{self.path.name} takes the inputs {', '.join(self.inputs)}.")
        # Requests carry the working memory: each thread takes one that rests, or a new one.
        try:
            request = self.idle.get_nowait()
        except Empty:
            request = self.compiled.create_infer_request()
        try:
            request.infer({name: np.ascontiguousarray(given[name]) for name in self.inputs})
            outputs = (request.get_output_tensor(place).data for place in range(len(self.outputs)))
            return {name: np.array(data) for name, data in zip(self.outputs, outputs, strict=True)}
        finally:
            self.idle.put(request)


def load(path: Path, *, threads: int | None = None) -> LoadedNetwork:
    """Return the network in `path`, compiled once a process for a path and a number of threads.

    threads: processor threads, 0 for all, None for what the settings say. A free batch axis becomes 1, which
    runs several times faster.
    Raises ModelMissing where the file is absent or is no network.
    """
    with _compiling:
        return _compile(path, read_settings().threads if threads is None else threads)


@lru_cache(maxsize=32)
def _compile(path: Path, threads: int) -> LoadedNetwork:
    if not path.is_file():
        raise ModelMissing(f"The network {path} is not there.", advice="Install dermis again.")
    core = _engine()
    options: dict[str, object] = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",  # some processors would choose bfloat16
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,  # or the networks of all processes of a batch would share one core
    }
    try:
        compiled = _compiled(core, path, options)
    except RuntimeError as error:
        raise ModelMissing(
            f"The file {path} is not a network that can be read.", advice="Delete it and run again."
        ) from error
    return LoadedNetwork(
        path=path,
        inputs=tuple(port.get_any_name() for port in compiled.inputs),
        outputs=tuple(port.get_any_name() for port in compiled.outputs),
        compiled=compiled,
        idle=SimpleQueue(),
    )


def _compiled(core: Any, path: Path, options: dict[str, object]) -> Any:  # noqa: ANN401 -- openvino has no types
    """Compile a network, or take what an earlier process compiled of the same file: a quarter of the time."""
    kept = _kept_compiled(core, path, options)
    if kept is not None:
        with suppress(RuntimeError, OSError, ValueError):  # there is none, or it is damaged: compile
            return core.import_model(_intact(kept.read_bytes()), "CPU", options)
    compiled = core.compile_model(_single(core.read_model(path)), "CPU", options)
    if kept is not None:
        with suppress(RuntimeError, OSError):  # it cannot be kept: do without
            _keep(kept, compiled.export_model().getvalue())
    return compiled


def _kept_compiled(core: Any, path: Path, options: dict[str, object]) -> Path | None:  # noqa: ANN401
    """Return where a network is kept as it was compiled for this engine and machine; None where nothing can be."""
    folder = read_settings().cache / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        told = hashlib.sha256(path.read_bytes())
    except OSError:
        return None
    machine = [core.get_property("CPU", name) for name in ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")]
    told.update(repr((sys.modules["openvino"].__version__, machine, sorted(options.items()))).encode())
    return folder / f"{told.hexdigest()[:32]}.network" if os.access(folder, os.W_OK) else None


def _keep(path: Path, network: bytes) -> None:
    """Write a network after its hash, at once, so that no other process ever reads half a file."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_bytes(hashlib.sha256(network).digest() + network)
    part.replace(path)


def _intact(held: bytes) -> bytes:
    """Return a network that was kept. Raises ValueError where it is not what was written."""
    size = hashlib.sha256().digest_size
    if hashlib.sha256(held[size:]).digest() != held[:size]:
        raise ValueError("The network was damaged.")
    return held[size:]


def _single(model: Any) -> Any:  # noqa: ANN401 -- openvino has no types
    """Fix the first axis of every input that leaves it open."""
    shapes = {port.get_any_name(): port.partial_shape for port in model.inputs}
    free = {name: shape for name, shape in shapes.items() if len(shape) > 0 and shape[0].is_dynamic}
    for shape in free.values():
        shape[0] = 1
    if free:
        model.reshape(free)
    return model


@lru_cache(maxsize=1)
def _engine() -> Any:  # noqa: ANN401 -- openvino has no types
    # Its telemetry package would look up a host and write into the home folder.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino  # late: 0.1 s

    return openvino.Core()
