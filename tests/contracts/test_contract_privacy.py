"""Analysing opens no connection and writes nothing outside its output, with or without CI in the environment.

But for the networks as they were compiled for this machine, which lie beside the models and know of no photo.
"""

import json
import os
import subprocess
import sys

WATCHED = """
import json, os, sys
seen = {"connections": [], "writes": []}
out = os.path.realpath(sys.argv[2])
DEVICES = ("/dev/null", "/dev/shm")
compiled = os.path.join(os.path.realpath(os.environ["DERMIS_CACHE"]), "compiled")
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        seen["connections"].append([event, repr(args)])
    if event in ("subprocess.Popen", "os.system", "os.posix_spawn"):
        seen["connections"].append([event, repr(args)])
    if event == "open" and isinstance(args[0], (str, bytes)):
        path, mode, flags = args
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        path = os.path.realpath(os.fsdecode(path))
        if writes and not path.startswith((out, compiled, *DEVICES)):
            seen["writes"].append(path)
    if event in ("os.mkdir", "os.rename") and not os.path.realpath(os.fsdecode(args[0])).startswith((out, compiled)):
        seen["writes"].append([event, os.fsdecode(args[0])])
sys.addaudithook(watch)
from dermis.cli import app
code = 0
try:
    app(["analyse", sys.argv[1], "--out", sys.argv[2]], standalone_mode=False)
except BaseException as error:
    code = getattr(error, "exit_code", getattr(error, "code", repr(error)))
print("SEEN", json.dumps({**seen, "code": code}))
"""


def test_analysing_is_private(selfie, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    from dermis.settings import read_settings

    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "XDG_CACHE_HOME")}
    environment |= {
        "HOME": str(home),
        "DERMIS_CACHE": str(read_settings().cache),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    run = subprocess.run(
        [sys.executable, "-c", WATCHED, str(selfie), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    seen = json.loads(next(line for line in run.stdout.splitlines() if line.startswith("SEEN"))[5:])
    assert seen == {"connections": [], "writes": [], "code": 0}, run.stderr
    assert [str(path.relative_to(home)) for path in home.rglob("*")] == []
    assert (tmp_path / "out" / "report.html").exists()
