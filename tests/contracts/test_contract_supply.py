"""What is installed is known: locked, licensed, hashed; and nothing is asked of a network while measuring."""

import json
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dermis.errors import ModelMissing, UsageError
from dermis.models.weights import WEIGHTS, file_hashes, open_weights, shipped

ROOT = Path(__file__).parents[2]
SUPPLY = runpy.run_path(str(ROOT / "requirements" / "licences.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def wanted():
    extras = PROJECT["optional-dependencies"].values()
    return [Requirement(text) for text in (*PROJECT["dependencies"], *(text for extra in extras for text in extra))]


def test_every_dependency_is_locked_within_its_range():
    locked = SUPPLY["locked"]()
    for need in wanted():
        if need.name == "dermis" or (need.marker is not None and not need.marker.evaluate()):
            continue
        version = locked.get(canonicalize_name(need.name))
        if version is None and need.name in ("ray",):  # an extra apart
            continue
        assert version is not None, need.name
        assert need.specifier.contains(version, prereleases=True), (need, version)


def test_the_page_of_licences_names_every_locked_package():
    page = (ROOT / "docs" / "reference" / "licences.md").read_text(encoding="utf-8")
    for name, version in SUPPLY["locked"]().items():
        assert f"| {name} | {version} | " in page, f"{name}: run `make licences`"
    assert "not stated" not in page


def test_the_bill_of_materials_names_packages_and_weights():
    held = json.loads(SUPPLY["bill"]())
    names = {component["name"] for component in held["components"]}
    assert {"numpy", "pillow", *shipped()} <= names
    assert all(component.get("hashes") for component in held["components"] if component["name"] in shipped())


@pytest.mark.parametrize("name", shipped())
def test_weights_are_the_files_that_were_exported(name):
    meta = json.loads((WEIGHTS / name / "meta.json").read_text(encoding="utf-8"))
    assert meta["files"] == file_hashes(WEIGHTS / name)


def test_a_damaged_network_is_called_damaged(tmp_path):
    name = next(name for name in shipped() if (WEIGHTS / name / "model.onnx").is_file())
    shutil.copytree(WEIGHTS / name, tmp_path / name)
    model = tmp_path / name / "model.onnx"
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    with pytest.raises(ModelMissing, match=r"is damaged: model\.onnx"):
        open_weights(name, tmp_path)


def test_a_number_of_threads_that_no_machine_has_is_wrong_usage(monkeypatch):
    from dermis.settings import read_settings

    monkeypatch.setenv("DERMIS_THREADS", "99999999999999999999")
    with pytest.raises(UsageError, match="DERMIS_THREADS"):
        read_settings()


OFFLINE = """
import socket, sys
def refused(*arguments, **named):
    raise AssertionError("a socket was opened")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refused
from dermis.cli import main
sys.argv = ["dermis", *sys.argv[1:]]
main()
"""


def offline(*arguments):
    return subprocess.run(
        [sys.executable, "-c", OFFLINE, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_nothing_asks_a_network(models, selfie, tmp_path):
    cube = ROOT / "tests" / "cases" / "data" / "envi-bom" / "bom.hdr"
    for arguments in (
        ("analyse", selfie, "--out", tmp_path / "a"),
        ("spectra", selfie, "--out", tmp_path / "s.npz", "--report", tmp_path / "r"),
        ("cube", "info", cube, "--out", tmp_path / "c"),
        ("cube", "info", write_h5(tmp_path / "b.h5")),
    ):
        done = offline(*arguments)
        assert done.returncode == 0, done.stderr


def write_h5(path):
    import numpy as np

    from dermis.core import Cube, Quantity
    from dermis.formats.cubes.cube import write_cube

    values = np.full((4, 5, 3), 0.4, np.float32)
    return write_cube(
        path, Cube(values=values, wavelengths_nm=np.array([450.0, 550, 650]), quantity=Quantity.REFLECTANCE)
    )
