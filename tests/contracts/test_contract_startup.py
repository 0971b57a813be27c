"""The command line answers at once: what is heavy is imported when it is needed. Modules are counted, not seconds."""

import subprocess
import sys

import pytest

import dermis

LIGHT = {"dermis", "typer", "click", "typing_extensions", "annotated_doc", "shellingham", "colorama"}
"""What the help may load besides the standard library."""

LOADED = """
import sys
before = set(sys.modules)
{statement}
names = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print("LOADED", *sorted(names - set(sys.stdlib_module_names)))
"""
HELP = """
from dermis.cli import app
app(["--help"], standalone_mode=False)
"""


def loaded(statement):
    code = LOADED.format(statement=statement)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.rpartition("LOADED")[2].split())


def test_import_loads_the_standard_library_only():
    assert loaded("import dermis") == {"dermis"}


@pytest.mark.parametrize("statement", ["import dermis.cli", HELP], ids=["the parser", "--help"])
def test_help_loads_nothing_heavy(statement):
    found = loaded(statement)
    assert {"dermis", "typer"} <= found <= LIGHT


def test_import_reaches_two_files_of_ours():
    code = "import sys, dermis; print(*sorted(name for name in sys.modules if name.startswith('dermis')))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["dermis", "dermis.version"]


def test_public_names():
    assert dermis.__all__ == sorted(dermis.__all__)
    for name in dermis.__all__:
        assert getattr(dermis, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = dermis.nonsense
