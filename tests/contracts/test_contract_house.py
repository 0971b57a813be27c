"""The house: its rooms, its walls, the size of its files. Each wall is broken in a copy to see that it holds."""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_ERROR, EXIT_STATUS_SUCCESS

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "dermis"
FILES = sorted(SOURCE.rglob("*.py"))
ROOMS = sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

HOMES = {
    "torch": "lab",
    "lightning": "lab",
    "optuna": "lab",
    "numba": "lab",
    "pandas": "lab",
    "sklearn": "lab",
    "onnx": "lab",
    "onnxscript": "lab",
    "openvino": "models",
    "matplotlib": "report",
    "fastapi": "service.api",
    "starlette": "service.api",
    "uvicorn": "service.api",
    "sqlalchemy": "service.store",
    "alembic": "service.store",
    "fhir": "service",
    "ray": "pipeline.batch_ray",
    "pillow_heif": "formats",
    "tifffile": "formats",
    "openpyxl": "formats",
    "h5py": "formats",
    "spectral": "formats",
}
"""Which room alone may import what."""
WINGS = ("lab", "service")
MOST_LINES, MOST_FILES = 400, 25


def modules():
    names = (".".join(path.relative_to(SOURCE.parent).with_suffix("").parts) for path in FILES)
    return {name.removesuffix(".__init__"): path for name, path in zip(names, FILES, strict=True)}


def imports(path, known):
    """Every module of ours that a file imports, under TYPE_CHECKING and within functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                yield inner if inner in known else node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def circles(graph):
    """Return what stays when modules that import nothing of the rest are taken away, again and again."""
    left = {name: set(found) for name, found in graph.items()}
    while free := [name for name, found in left.items() if not found & left.keys()]:
        for name in free:
            del left[name]
    return sorted(left)


def test_the_floors_name_what_there_is():
    contract = next(contract for contract in LINTER["contracts"] if contract["type"] == "layers")
    named = [name.strip() for floor in contract["layers"] for name in floor.split("|")]
    to_come = {name.strip("()") for name in named if name.startswith("(")}
    files = {path.stem for path in SOURCE.glob("*.py")} - {"__init__", "__main__"}
    assert {name.strip("()") for name in named} - to_come <= {*ROOMS, *files} <= {name.strip("()") for name in named}


def test_a_package_says_what_is_in_it():
    for path in SOURCE.rglob("__init__.py"):
        said = ast.get_docstring(ast.parse(path.read_text())) or ""
        assert len(said.split()) >= 4, f"{path.relative_to(ROOT)} does not say what is in it"


def test_imports_run_in_no_circle():
    known = modules()
    graph = {name: set(imports(path, known)) & known.keys() - {name} for name, path in known.items()}
    assert circles(graph) == []
    assert circles({"a": {"b"}, "b": {"a"}, "c": {"a"}}) == ["a", "b", "c"]


def test_no_file_and_no_folder_is_a_drawer():
    long = [str(path.relative_to(SOURCE)) for path in FILES if len(path.read_text().splitlines()) > MOST_LINES]
    assert long == []
    assert [folder for folder in {path.parent for path in FILES} if len(list(folder.glob("*.py"))) > MOST_FILES] == []


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """What import-linter says of a copy of the house with every forbidden import planted in every room."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copytree(SOURCE, copy / "dermis", ignore=shutil.ignore_patterns("__pycache__", "weights"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    lines = [f"import {name}" for name in HOMES] + [f"import dermis.{wing}" for wing in WINGS]
    for room in ROOMS:
        (copy / "dermis" / room / "planted.py").write_text("\n".join(lines) + "\n")
    with (copy / "dermis" / "__init__.py").open("a") as root:
        root.write("\n".join(["", *lines]) + "\n")
    return lint(copy, expected=EXIT_STATUS_ERROR)


def lint(folder, expected):
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=None))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "COLUMNS": "200", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == expected, run.stdout + run.stderr
    return run.stdout


@pytest.mark.parametrize("room", [*ROOMS, ""], ids=lambda room: room or "dermis")
@pytest.mark.parametrize("package", HOMES)
def test_a_planted_import_breaks_its_wall(broken, package, room):
    planted = f"dermis.{room}.planted -> {package} (" if room else f"dermis -> {package} ("
    at_home = room == HOMES[package]
    assert (planted in broken) is not at_home


@pytest.mark.parametrize("room", [*ROOMS, ""], ids=lambda room: room or "dermis")
@pytest.mark.parametrize("wing", WINGS)
def test_only_the_command_line_knows_the_wings(broken, wing, room):
    planted = f"dermis.{room}.planted -> dermis.{wing} (" if room else f"dermis -> dermis.{wing} ("
    assert (planted in broken) is (room not in ("cli", wing))


def test_the_house_as_it_stands_breaks_no_wall(tmp_path):
    shutil.copytree(SOURCE, tmp_path / "dermis", ignore=shutil.ignore_patterns("__pycache__", "weights"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    lint(tmp_path, expected=EXIT_STATUS_SUCCESS)
    (tmp_path / "dermis" / "attic").mkdir()
    (tmp_path / "dermis" / "attic" / "__init__.py").touch()
    assert "attic" in lint(tmp_path, expected=EXIT_STATUS_ERROR)
