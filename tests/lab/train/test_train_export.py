import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dermis.errors import DermisError, UsageError
from dermis.lab.evaluate.predict import predict
from dermis.lab.networks.registry import NETWORKS
from dermis.lab.train import export as exporting
from dermis.lab.train.build import load_model
from dermis.lab.train.card import card
from dermis.lab.train.export import TOLERANCE, agreement, export
from dermis.lab.train.objectives.samples import train
from dermis.lab.train.recipe import recipe_from
from dermis.lab.train.run import find_run
from dermis.models.preprocess import preprocess
from dermis.models.weights import WEIGHTS, open_weights
from fakes.samples import fake_sample

TABLES = {
    "name": "all",
    "input": {"size_px": 32, "features": ["mean_colour", "camera"]},
    "network": {"name": "unet_lite", "fusion": "cross_attention", "stands_in_for": "something larger"},
    "head": {
        "tone": {"kind": "measure", "targets": ["l", "a", "b"], "spread": True, "residual": "mean_colour"},
        "grade": {"kind": "ordinal", "lowest": 2.0, "highest": 4.0, "step": 0.5},
        "dots": {"kind": "count"},
        "acne": {"kind": "presence"},
        "parts": {"kind": "map", "classes": 3},
        "spots": {"kind": "map", "targets": ["items"]},
    },
    "train": {"epochs": 1, "batch": 8},
    "machine": {"accelerator": "cpu", "threads": 1, "tensorboard": False},
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    told = recipe_from(TABLES)
    samples = [fake_sample(place, told) for place in range(16)]
    return train(told, samples, tmp_path_factory.mktemp("runs")), samples


@pytest.fixture(scope="module")
def home(trained, tmp_path_factory):
    """The run exported in both ways."""
    home = tmp_path_factory.mktemp("weights")
    export(trained[0], "half", home=home, limits=["Only dots."])
    export(trained[0], "full", home=home, half=False)
    return home


def test_an_exported_network_tells_nothing_of_the_machine_it_was_made_on(home):
    for name in ("half", "full"):
        written = (home / name / "model.onnx").read_bytes()
        assert b"site-packages" not in written
        assert b".py" not in written


def test_exported_and_trained_answer_alike(trained, home):
    run, samples = trained
    half, full = home / "half", home / "full"
    assert half.joinpath("model.onnx").stat().st_size < 0.75 * full.joinpath("model.onnx").stat().st_size
    model, shown = load_model(run)
    for name, bits in (("half", "float16"), ("full", "float32")):
        weights = open_weights(name, home)
        assert weights.meta["largest_difference"] <= weights.meta["tolerance"] == TOLERANCE[bits]
        assert agreement(model, weights, seed=7) <= TOLERANCE[bits]
    weights = open_weights("full", home)
    seen = preprocess(samples[0].read(), shown)
    picture = torch.from_numpy(seen.picture).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        mine = model.answer(model(picture, torch.from_numpy(seen.numbers)[None]))
    for name, answer in weights.ask(samples[0].read()).items():
        np.testing.assert_allclose(answer, mine[name][0], rtol=5e-3, atol=5e-3, err_msg=name)
    assert list(weights.answers) == list(mine)
    assert weights.answers["grade_shares"].names == ("2", "2.5", "3", "3.5", "4")
    assert weights.answers["tone_spread"].names == ("l", "a", "b")


def test_the_table_has_a_column_for_every_answer(trained):
    run, samples = trained
    table = predict(run, samples)
    for one in ("tone.l", "tone.a", "tone.b", "grade", "dots", "acne", "spots"):
        assert np.isfinite(table[f"predicted.{one}"]).all()
        assert np.isfinite(table[f"target.{one}"]).all()
    assert (table[[f"share.grade.{one}" for one in ("2", "2.5", "3", "3.5", "4")]].sum(axis=1) - 1).abs().max() < 1e-5
    assert (table["spread.tone.l"] > 0).all()
    assert table["predicted.acne"].between(0, 1).all()
    for one in range(3):
        assert (table[f"common.parts.{one}"] <= table[f"either.parts.{one}"]).all()
    np.testing.assert_allclose(table["target.spots"], [len(sample.items) for sample in samples], atol=1e-4)
    assert list(table["key"]) == [str(sample.key) for sample in samples]
    assert set(table["trait.camera"]) == {"Sweet One", "Sour Two", "Plain Three"}


def test_samples_of_other_data_belong_to_no_part(trained):
    run, _ = trained
    others = [fake_sample(place, run.recipe) for place in range(100, 104)]
    assert set(predict(run, others)["part"]) == {""}


def test_the_card_says_what_it_is(home):
    written = (home / "half" / "card.md").read_text()
    for words in ("# half", "something larger", "Only dots.", "16 samples", "| tone_mae |", "[head.tone]", "unet_lite"):
        assert words in written


def test_the_card_tells_what_a_comparison_with_other_weights_found(trained, home, tmp_path):
    run = find_run(shutil.copytree(trained[0].folder, tmp_path / "run"))
    meta = {**json.loads((home / "half" / "meta.json").read_text()), "result": {}}
    assert "Not judged yet on those kept aside: `dermis evaluate run`" in card(run, meta)
    (run.folder / "evaluation").mkdir()
    (run.folder / "evaluation" / "beside-full.md").write_text("# run beside full\n\n## parts\n\n| mean_iou | 0.95 |\n")
    assert "### parts\n\n| mean_iou | 0.95 |" in card(run, meta)
    assert "Not judged" not in card(run, meta)


def test_the_card_says_that_nobody_was_kept_aside(trained, home, tmp_path):
    run = find_run(shutil.copytree(trained[0].folder, tmp_path / "run"))
    data = json.loads((run.folder / "data.json").read_text())
    (run.folder / "data.json").write_text(json.dumps({**data, "parts": {**data["parts"], "test": []}}))
    assert "Nobody is kept aside" in card(run, {**json.loads((home / "half" / "meta.json").read_text()), "result": {}})


def test_an_export_that_differs_is_not_kept(trained, home, tmp_path, monkeypatch):
    run, _ = trained
    monkeypatch.setattr(exporting, "_onnx", lambda *_, half: (home / "full" / "model.onnx").read_bytes())
    monkeypatch.setattr(exporting, "agreement", lambda *_: float("nan"))
    with pytest.raises(DermisError, match="off the trained"):
        export(run, "net", home=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_agreement_notices_another_network(trained, home):
    model, _ = load_model(trained[0])
    with torch.no_grad():
        model.heads[0].linear.bias.add_(1.0)
    assert agreement(model, open_weights("half", home)) > TOLERANCE["float16"]


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no run"):
        find_run(tmp_path)


def test_a_run_without_weights_is_refused(trained, tmp_path):
    run, _ = trained
    (tmp_path / "recipe.toml").write_text((run.folder / "recipe.toml").read_text())
    with pytest.raises(UsageError, match="no trained model"):
        load_model(find_run(tmp_path))


def test_meta_is_plain_json(home):
    meta = json.loads((home / "half" / "meta.json").read_text())
    assert meta["input"]["cameras"] == ["plain three", "sour two", "sweet one"]
    assert meta["number_names"][:3] == ["mean_colour.l", "mean_colour.a", "mean_colour.b"]


def test_the_licence_of_the_start_goes_along(tmp_path):
    def run(name, pretrained):
        return SimpleNamespace(recipe=SimpleNamespace(network=SimpleNamespace(name=name, pretrained=pretrained)))

    for name, pretrained in (("thin_quarter", ""), ("lite0_quarter", "package")):
        exporting._add_notice(run(name, pretrained), tmp_path)
    assert list(tmp_path.iterdir()) == []
    exporting._add_notice(run("thin_quarter", "package"), tmp_path)
    (written,) = tmp_path.iterdir()
    assert "Redistributions in binary form must reproduce" in written.read_text()


def test_weights_that_ship_bring_the_licence_of_their_start():
    card = (WEIGHTS / "acne" / "card.md").read_text()
    assert (NETWORKS["thin_quarter"].notice.name in {path.name for path in (WEIGHTS / "acne").iterdir()}) == (
        "thin_quarter" in card
    )
