"""The reference of the service is held to it: every path has its `curl`, and every `curl` runs."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fakes.measuring import PHOTO
from fakes.services import free_port, running, stand_in

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "service.md"
CALL = re.compile(r"\bask\b(.*?)\$service(/[^\s\"')>]*)(.*)")


def blocks(kind):
    return "\n".join(re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(), re.DOTALL))


def calls():
    """Each method and path of the page, with the shell's variables for what stands in braces in the description."""
    for before, path, after in CALL.findall(blocks("bash") + blocks("text")):
        method = re.search(r"-X (\w+)", before)
        posts = any(word in after for word in ("--json", "--data-binary", " -F "))
        yield (method.group(1) if method else "POST" if posts else "GET").lower(), path.partition("?")[0]


def test_every_path_has_its_curl(client):
    shown = {(method, re.sub(r"\$\w+|\$\(.*", "*", path)) for method, path in calls()}
    there = {
        (method, re.sub(r"\{\w+\}", "*", path))
        for path, methods in client.get("/openapi.json").json()["paths"].items()
        for method in methods
    }
    named = {"/consents/*": "/consents/keep_photos", "/maps/*": "/maps/melanin"}
    for pattern, example in named.items():
        there = {(method, path.replace(pattern, example)) for method, path in there}
    assert sorted(there - shown) == []
    assert sorted(shown - there) == [("get", "/openapi.json")]


@pytest.mark.slow
def test_every_curl_runs(tmp_path, photo_keys):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    (tmp_path / "selfie.jpg").write_bytes(PHOTO)
    port = free_port()
    command, environment = stand_in(f"sqlite:///{tmp_path / 'store.sqlite'}", port, photo_keys.folder.with_suffix(""))
    script = "set -e\n" + blocks("bash").replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    with running(command, port, environment):
        seen = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert seen.returncode == 0, seen.stdout[-3000:] + seen.stderr
    assert (tmp_path / "subject.zip").read_bytes().startswith(b"PK")


def test_every_problem_is_told_of():
    from dermis.service.api.answers import _KINDS

    text = PAGE.read_text()
    for _, code, _ in _KINDS.values():
        assert f"`{code}`" in text
