"""The command line answers at once: heavy imports wait until they are needed."""

import os
import subprocess
import sys
from time import perf_counter

import pytest

import dermis

HEAVY = ("numpy", "openvino", "matplotlib", "scipy", "pandas", "colour", "PIL", "torch", "skimage", "rich")


def fastest(command, runs=7):
    seconds = []
    for _ in range(runs):
        start = perf_counter()
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "COLUMNS": "80"})
        seconds.append(perf_counter() - start)
    return min(seconds)


def test_help_is_quick():
    assert fastest([sys.executable, "-m", "dermis", "--help"]) < 0.4


def test_import_is_quick():
    assert fastest([sys.executable, "-c", "import dermis"]) < 0.2


@pytest.mark.parametrize("statement", ["import dermis", "import dermis.cli"])
def test_nothing_heavy_is_imported_early(statement):
    code = f"import sys; {statement}; print(*[m for m in {HEAVY} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def test_public_names():
    assert dermis.__all__ == sorted(dermis.__all__)
    for name in dermis.__all__:
        assert getattr(dermis, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = dermis.nonsense
