from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from dermis.errors import ModelMissing
from dermis.models import registry, runtime

pytestmark = pytest.mark.usefixtures("models")

_QUIET = """
import socket, sys
def refuse(*args, **kwargs):
    raise SystemExit(f"opened a connection: {args}")
socket.getaddrinfo = socket.create_connection = socket.socket.connect = refuse
import numpy as np
from pathlib import Path
from dermis.models.runtime import load
network = load(Path(sys.argv[1]), threads=1)
network.run(np.zeros((1, 128, 128, 3), dtype=np.float32))
"""


@pytest.fixture
def detector() -> runtime.LoadedNetwork:
    return runtime.load(registry.fetch("face_detector"), threads=1)


@pytest.fixture
def view() -> np.ndarray:
    return np.random.default_rng(7).random((1, 128, 128, 3), dtype=np.float32)


def test_a_network_is_compiled_once_for_a_path_and_a_number_of_threads():
    path = registry.fetch("face_detector")
    assert runtime.load(path, threads=1) is runtime.load(path, threads=1)
    assert runtime.load(path, threads=1) is not runtime.load(path, threads=2)


def test_a_network_runs_by_place_and_by_name(detector, view):
    by_place = detector.run(view)
    by_name = detector.run(**{detector.inputs[0]: view})
    assert set(by_place) == set(detector.outputs)
    for name in detector.outputs:
        np.testing.assert_array_equal(by_place[name], by_name[name])


def test_answers_do_not_share_memory_with_the_next_run(detector, view):
    first = detector.run(view)
    kept = {name: value.copy() for name, value in first.items()}
    detector.run(1 - view)
    for name, value in kept.items():
        np.testing.assert_array_equal(first[name], value)


def test_wrong_inputs_are_refused(detector, view):
    with pytest.raises(ValueError, match=detector.inputs[0]):
        detector.run()
    with pytest.raises(ValueError, match=detector.inputs[0]):
        detector.run(view, view)
    with pytest.raises(ValueError, match=detector.inputs[0]):
        detector.run(other=view)


def test_many_threads_get_the_answers_that_one_gets(detector):
    views = np.random.default_rng(3).random((24, 1, 128, 128, 3), dtype=np.float32)
    alone = [detector.run(view)["regressors"] for view in views]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda view: detector.run(view)["regressors"], views))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_engine_computes_in_single_precision(detector):
    assert detector.compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name() == "f32"


def test_a_free_batch_axis_is_closed():
    mesh = runtime.load(registry.fetch("face_landmarks"), threads=1)
    assert mesh.compiled.inputs[0].partial_shape.is_static


def test_a_missing_or_broken_file_is_said_plainly(tmp_path: Path):
    with pytest.raises(ModelMissing, match=r"nowhere\.onnx"):
        runtime.load(tmp_path / "nowhere.onnx")
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"not a network")
    with pytest.raises(ModelMissing, match="Delete it"):
        runtime.load(broken)


def test_the_engine_opens_no_connection_and_writes_nothing_at_home(tmp_path: Path):
    """In a process of its own, with no CI variable in sight: the engine's telemetry starts on import."""
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", _QUIET, str(registry.fetch("face_detector"))],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "DERMIS_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(home.iterdir()) == []


def test_what_was_compiled_is_kept_for_the_next_process(monkeypatch, tmp_path, view):
    path = registry.fetch("face_detector")
    plain = runtime.load(path, threads=1).run(view)
    monkeypatch.setenv("DERMIS_CACHE", str(tmp_path))
    kept = [runtime._compile.__wrapped__(path, 1).run(view) for _ in range(2)]
    assert len(list((tmp_path / "compiled").iterdir())) == 1
    for found in kept:
        for name, values in plain.items():
            np.testing.assert_allclose(found[name], values, atol=1e-5)


def test_where_nothing_can_be_kept_networks_are_compiled_each_time(monkeypatch, tmp_path, view):
    (tmp_path / "file").write_text("")
    path = registry.fetch("face_detector")
    monkeypatch.setenv("DERMIS_CACHE", str(tmp_path / "file"))
    assert runtime._compile.__wrapped__(path, 1).run(view)
