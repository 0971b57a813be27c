"""What is installed: the lock file fits pyproject.toml, and a user without extras gets nothing of the lab."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCK = (ROOT / "requirements" / "lock.txt").read_text()
LOCKED = {
    canonicalize_name(name): Version(version) for name, version in re.findall(r"^(\S+)==(\S+)$", LOCK, re.MULTILINE)
}
LAB = {"torch", "lightning", "optuna", "numba", "llvmlite", "pandas", "scikit-learn", "onnx"}


@pytest.mark.parametrize(
    "text", sorted({text for texts in (PROJECT["dependencies"], *EXTRAS.values()) for text in texts})
)
def test_the_lock_file_has_each_requirement(text):
    need = Requirement(text)
    assert LOCKED[canonicalize_name(need.name)] in need.specifier, "run `make lock`"


def test_the_lock_file_names_versions_alone():
    lines = [line for line in LOCK.splitlines() if not line.startswith("#")]
    assert len(lines) == len(LOCKED) > 100
    assert "://" not in LOCK
    assert "+" not in "".join(lines), "a local build is not to be had elsewhere"


def test_the_base_has_nothing_of_the_lab():
    base = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    assert not base & LAB
    lab = {canonicalize_name(Requirement(text).name) for text in EXTRAS["lab"]}
    assert LAB - {"llvmlite"} <= lab


def test_torch_is_a_range():
    (torch,) = [Requirement(text) for text in EXTRAS["lab"] if Requirement(text).name == "torch"]
    assert {clause.operator for clause in torch.specifier} == {">=", "<"}


def test_the_test_command_and_the_wheel_are_what_ci_runs():
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-2:] == ["make test", "make test-wheel"]
    makefile = (ROOT / "Makefile").read_text()
    for rule in re.findall(r"^\t.*PIP_INSTALL.*-e .*$", makefile, re.MULTILINE):
        assert "-c $(LOCK)" in rule or "build/newest" in rule
