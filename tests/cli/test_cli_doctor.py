"""What `dermis doctor` finds on a machine that works, and on machines that do not."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from dermis.cli import app
from dermis.models.registry import MODELS, fetch_all, place
from dermis.models.weights import WEIGHTS


def asked(**surroundings):
    done = CliRunner().invoke(app, ["doctor", "--json"], env=surroundings)
    return done.exit_code, {check["name"]: check for check in json.loads(done.stdout)}


def test_a_machine_on_which_photos_can_be_analysed():
    fetch_all()
    code, checks = asked()
    assert code == 0
    for name in (*(model.name for model in MODELS), "weights acne", "weights skin-spectra", "format heic", "extra lab"):
        assert checks[name]["state"] == "ok", name
    shown = CliRunner().invoke(app, ["doctor"]).stdout
    assert "face_detector" in shown


def test_models_that_are_not_here_are_a_fault_only_where_none_can_be_fetched(tmp_path):
    code, checks = asked(DERMIS_CACHE=str(tmp_path), DERMIS_OFFLINE="")
    assert (code, checks["face_detector"]["state"]) == (0, "missing")
    code, checks = asked(DERMIS_CACHE=str(tmp_path), DERMIS_OFFLINE="1")
    assert (code, checks["face_detector"]["state"]) == (1, "fault")
    assert "without DERMIS_OFFLINE" in checks["face_detector"]["advice"]


def test_a_damaged_model_and_damaged_weights_are_called_damaged(tmp_path, monkeypatch):
    monkeypatch.setenv("DERMIS_CACHE", str(tmp_path))
    place("face_detector").parent.mkdir(parents=True)
    place("face_detector").write_bytes(b"half a model")
    shutil.copytree(WEIGHTS / "skin-spectra", tmp_path / "own" / "mine")
    with (tmp_path / "own" / "mine" / "prior.npz").open("ab") as held:
        held.write(b"more")
    code, checks = asked(DERMIS_CACHE=str(tmp_path), DERMIS_WEIGHTS=str(tmp_path / "own"))
    assert code == 1
    assert "damaged" in checks["face_detector"]["said"]
    assert "damaged" in checks["weights mine"]["said"]


@pytest.mark.parametrize("extra", ["batch", "service"])
def test_an_extra_that_is_not_installed_says_how_it_is_installed(monkeypatch, extra):
    monkeypatch.setattr("dermis.cli.doctor._version", lambda package: None)
    code, checks = asked()
    assert (code, checks[f"extra {extra}"]["state"]) == (0, "missing")
    assert f"dermis[{extra}]" in checks[f"extra {extra}"]["advice"]
