"""The engine of the camera: the same networks as the program's, light enough to send."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

pytest.importorskip("tflite", reason="the extra `service` is not installed")

from dermis.errors import ModelMissing
from dermis.models.registry import fetch
from dermis.models.runtime import load
from dermis.service.api.static import ENGINE_FILES, engine_file
from dermis.service.tflite_to_onnx import convert

MOST_BYTES = 7_000_000


@pytest.mark.parametrize(("name", "side"), [("face_detector", 128), ("face_landmarks", 256)])
def test_a_converted_network_answers_as_the_first_one(models, tmp_path, name, side):
    source = fetch(name)
    made = tmp_path / f"{name}.onnx"
    made.write_bytes(convert(source.read_bytes()))
    seen = np.random.default_rng(0).random((1, side, side, 3), dtype=np.float32)
    first, second = load(source, threads=1).run(seen), load(made, threads=1).run(seen)
    assert set(first) == set(second)
    for output, values in first.items():
        assert second[output].shape == values.shape
        np.testing.assert_allclose(second[output], values, atol=1e-3)


def test_the_engine_is_light_to_send_and_compressed_whole(models):
    sent = 0
    for name in ENGINE_FILES:
        try:
            file = engine_file(name)
        except ModelMissing as error:
            pytest.skip(f"the engine cannot be fetched: {error}")
        assert gzip.decompress(file.gzip_path.read_bytes()) == file.path.read_bytes()
        sent += file.gzip_path.stat().st_size
    assert sent < MOST_BYTES


def test_a_name_that_is_none_of_the_engines_is_refused():
    with pytest.raises(KeyError):
        engine_file("../../secret")
