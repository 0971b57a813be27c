import json
from dataclasses import asdict

import numpy as np
import pytest

from dermis.core import Encoding, Photo
from dermis.errors import ModelMissing
from dermis.models.preprocess import Input, preprocess
from dermis.models.weights import WEIGHTS, find_weights, foreign, open_weights, shipped

onnx = pytest.importorskip("onnx")


MOST_BYTES = {"acne": 15_100_000}
"""Of the network of lesions 12 MB more than its first start had; of the others 4 MB."""


def _meta(name):
    return json.loads((WEIGHTS / name / "meta.json").read_text())


@pytest.fixture
def home(tmp_path):
    """A network that answers the mean of each channel plus the first number."""
    from onnx import TensorProto, helper

    inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 8, 8]),
              helper.make_tensor_value_info("numbers", TensorProto.FLOAT, [1, 3])]  # fmt: skip
    nodes = [
        helper.make_node("ReduceMean", ["image", "axes"], ["mean"], keepdims=0),
        helper.make_node("Add", ["mean", "numbers"], ["tone"]),
    ]
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3])
    output = helper.make_tensor_value_info("tone", TensorProto.FLOAT, [1, 3])
    graph = helper.make_graph(nodes, "mean", inputs, [output], [axes])
    folder = tmp_path / "mean"
    folder.mkdir()
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "card.md").write_text("# mean")
    shown = Input(size_px=8, features=("mean_colour",))
    meta = {
        "input": asdict(shown),
        "number_names": ["mean_colour.l", "mean_colour.a", "mean_colour.b"],
        "answers": {"tone": {"kind": "measure", "names": ["l", "a", "b"], "unit": ""}},
    }
    (folder / "meta.json").write_text(json.dumps(meta))
    return tmp_path


def test_a_network_is_found_by_name_and_asked(home):
    assert shipped(home) == ("mean",)
    weights = open_weights("mean", home)
    photo = Photo(pixels=np.full((20, 12, 3), 0.6, np.float32), encoding=Encoding.SRGB)
    seen = preprocess(photo, weights.shown)
    answer = weights.ask(photo)
    assert set(answer) == set(weights.answers)
    np.testing.assert_allclose(answer["tone"], 153 / 255 + seen.numbers, rtol=1e-5)
    both = weights.run(np.stack([seen.picture] * 2), np.stack([seen.numbers, seen.numbers + 1]))
    np.testing.assert_allclose(both["tone"][1] - both["tone"][0], 1, rtol=1e-5)
    assert weights.card == "# mean"
    assert weights.answers["tone"].names == ("l", "a", "b")


@pytest.mark.parametrize("text", ["", "{}", '{"input": {"size": 3}}', "[]"])
def test_a_network_that_is_not_whole_is_refused(home, text):
    (home / "mean" / "meta.json").write_text(text)
    with pytest.raises(ModelMissing, match="mean"):
        open_weights("mean", home)


def test_a_finding_names_the_version_of_a_network_or_else_the_recipe_that_taught_it(home):
    meta = json.loads((home / "mean" / "meta.json").read_text())
    for more, said in (({"recipe": "a1b2c3"}, "mean a1b2c3"), ({"recipe": "a1b2c3", "version": "2"}, "mean 2")):
        (home / "mean" / "meta.json").write_text(json.dumps(meta | more))
        assert open_weights("mean", home).model == said


def test_own_weights_are_found_by_name_beside_ours(home, monkeypatch):
    monkeypatch.setenv("DERMIS_WEIGHTS", str(home))
    assert foreign() == ("mean",)
    assert find_weights("mean") == home / "mean"
    assert find_weights("acne") == WEIGHTS / "acne"
    with pytest.raises(ModelMissing, match="mean"):
        find_weights("median")


def test_an_absent_network_names_those_that_are_there(home):
    with pytest.raises(ModelMissing, match="mean"):
        open_weights("median", home)


@pytest.mark.parametrize("name", shipped())
def test_shipped_weights_have_one_schema_and_a_card(name):
    meta = json.loads((WEIGHTS / name / "meta.json").read_text())
    assert meta["name"] == name
    assert {"about", "recipe", "dermis", "answers", "input", "number_names"} <= set(meta)
    card = (WEIGHTS / name / "card.md").read_text()
    for part in ("## Data", "## Figures", "## Limits"):
        assert part in card
    assert sum(path.stat().st_size for path in (WEIGHTS / name).iterdir()) < MOST_BYTES.get(name, 4_000_000)


def test_all_that_ship_are_found():
    assert set(shipped()) == {path.name for path in WEIGHTS.iterdir() if path.is_dir()}


@pytest.mark.parametrize("name", [name for name in shipped() if "largest_difference" in _meta(name)])
def test_a_shipped_network_answers_as_it_was_trained(name):
    meta = _meta(name)
    assert meta["largest_difference"] <= meta["tolerance"]
