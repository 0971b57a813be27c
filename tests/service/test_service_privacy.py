"""A photo lies in memory alone, and nothing leaves the machine."""

import json
import os
import secrets
import sys
import urllib.request
from pathlib import Path

import pytest

from fakes.services import free_port, running

WATCH = """
import os, sys
LOG = os.environ["WATCH_LOG"]
def watch(event, args):
    words = None
    if event == "open" and not isinstance(args[0], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        words = str(args[0])
    elif event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        words = repr(args[1:])
    elif event in ("subprocess.Popen", "os.system", "tempfile.mkstemp"):
        words = repr(args)
    if words is not None and words not in (LOG, "/dev/null"):
        fd = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(fd, f"{event} {words}\\n".encode())
        os.close(fd)
sys.addaudithook(watch)
watch("os.system", ("watching",))
"""

WATCHING = "os.system ('watching',)"


@pytest.fixture
def marked(selfie):
    """A selfie with 3 MB behind its end that are nowhere else, and pieces of it to look for."""
    tail = secrets.token_bytes(3 * 2**20)
    data = selfie.read_bytes()
    pieces = [tail[start : start + 48] for start in range(0, len(tail), len(tail) // 16)]
    pieces += [data[start : start + 48] for start in range(2000, len(data) - 48, len(data) // 16)]
    return data + tail, pieces


@pytest.mark.slow
@pytest.mark.parametrize("way", ["raw", "form", "views"])
def test_a_photo_without_consent_is_nowhere_on_the_disk(marked, tmp_path, way):
    data, pieces = marked
    folders = {name: tmp_path / name for name in ("home", "tmp", "store", "watch")}
    for folder in folders.values():
        folder.mkdir()
    (folders["watch"] / "sitecustomize.py").write_text(WATCH)
    log = tmp_path / "log"
    from dermis.settings import read_settings

    environment = {
        "PYTHONPATH": os.pathsep.join([str(folders["watch"]), *sys.path]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folders["home"]),
        "TMPDIR": str(folders["tmp"]),
        "DERMIS_CACHE": str(read_settings().cache),
        "WATCH_LOG": str(log),
    }
    port = free_port()
    url = f"sqlite:///{folders['store'] / 'store.sqlite'}"
    command = [sys.executable, "-m", "dermis", "serve", "--port", str(port), "--db", url, "--workers", "1"]
    with running(command, port, environment):
        base = f"http://127.0.0.1:{port}/v1"
        if way == "views":
            person = post(f"{base}/people?tasks=skin_tone,melanin", *as_form(data, "front", "left"))
            assert person["findings"]
            with urllib.request.urlopen(f"{base}/analyses/{person['views'][1]['analysis']}") as answer:
                analysis = json.loads(answer.read())
        else:
            analysis = post(f"{base}/analyses", *(as_form(data, "photo") if way == "form" else (data, "image/jpeg")))
        for path in ("report", "maps/melanin.png", "photo"):
            with urllib.request.urlopen(f"{base}/analyses/{analysis['id']}/{path}") as answer:
                assert answer.status == 200
        held = [path for path in [*tmp_path.rglob("*"), *Path("/dev/shm").glob("*")] if path.is_file()]
        found = [str(path) for path in held for piece in pieces if piece in path.read_bytes()]
    assert found == []
    assert (folders["store"] / "store.sqlite").stat().st_size > 0
    assert analysis["findings"]
    lines = log.read_text().splitlines()
    assert lines.count(WATCHING) >= 2, "the service and its worker are watched"
    written = [line for line in lines if line != WATCHING]
    assert [line for line in written if not line.startswith("open ")] == [], "nothing is reached, nothing is started"
    assert [line for line in written if str(tmp_path) not in line and "/dev/" not in line] == []
    assert list(folders["tmp"].rglob("*")) == []


def as_form(data, *fields):
    head = '--x\r\nContent-Disposition: form-data; name="{}"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    body = b"".join(head.format(field).encode() + data + b"\r\n" for field in fields)
    return body + b"--x--\r\n", "multipart/form-data; boundary=x"


def post(url, data, kind):
    request = urllib.request.Request(url, data=data, headers={"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read())


def test_the_search_would_find_it(marked, tmp_path):
    data, pieces = marked
    (tmp_path / "kept").write_bytes(b"before" + data)
    assert all(piece in (tmp_path / "kept").read_bytes() for piece in pieces)
