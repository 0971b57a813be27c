"""The container recipe and the manifest, as kept linters see them, and held to the command line."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from dermis.cli import app

DEPLOY = Path(__file__).parents[2] / "deploy"


def tool(name):
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def test_the_container_recipe():
    seen = subprocess.run([tool("hadolint"), DEPLOY / "Containerfile"], capture_output=True, text=True)
    assert (seen.returncode, seen.stdout) == (0, "")


def test_the_manifest():
    command = [tool("kubernetes-validate"), "--strict", DEPLOY / "kubernetes.yaml"]
    seen = subprocess.run(command, capture_output=True, text=True)
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert seen.stderr.count("passed") + seen.stdout.count("passed") == 3


def test_they_say_options_that_there_are():
    manifest = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
    pod = manifest[0]["spec"]["template"]["spec"]
    commands = [container["args"] for container in [*pod["initContainers"], *pod["containers"]]]
    recipe = (DEPLOY / "Containerfile").read_text()
    commands.append(re.findall(r'"([^"]*)"', re.search(r"^CMD \[(.*)\]", recipe, re.MULTILINE).group(1)))
    assert [command[0] for command in commands] == ["user", "serve", "serve"]
    for verb, *words in commands:
        text = CliRunner().invoke(app, [verb, "--help"], env={"COLUMNS": "200"}).output
        for word in words:
            assert not word.startswith("--") or word in text, (verb, word)


def test_the_pod_may_do_little():
    pod = next(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    for container in [*pod["initContainers"], *pod["containers"]]:
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
