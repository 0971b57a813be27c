"""The parser follows from the records: an option is typed once, in the record of its verb."""

import ast
from dataclasses import FrozenInstanceError, dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from dermis import cli
from dermis.cli.parser import JsonFlag, verb
from dermis.pipeline.options import AnalyseOptions

HOME = Path(cli.__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    close_up: Annotated[bool, "Look for no face."] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Shared):
    r"""Do something.

    \b
    one
    two
    """

    photos: Annotated[tuple[Path, ...], typer.Argument(metavar="PHOTO...", help="Photos.")]
    out: Annotated[Path, "Where to.", "DIR"]
    point: Annotated[tuple[str, ...], typer.Option("--point", help="May be repeated.")] = ()
    white: Annotated[float | None, "A number.", "V"] = None
    weights: Annotated[tuple[str, ...], "Other weights.", "NAME", "--with"] = ()
    json: JsonFlag = False


def told(run, *arguments):
    app = typer.Typer(rich_markup_mode=None)
    app.command()(verb(Options)(run))
    return CliRunner().invoke(app, arguments)


def test_a_record_comes_back_whole():
    seen = []
    result = told(
        seen.append, "a.jpg", "b.jpg", "--out", "o", "--point", "1,2", "--point", "3,4", "--close-up", "--with", "w"
    )
    assert result.exit_code == 0, result.output
    assert seen == [
        Options(
            photos=(Path("a.jpg"), Path("b.jpg")), out=Path("o"), point=("1,2", "3,4"), close_up=True, weights=("w",)
        )
    ]
    with pytest.raises(FrozenInstanceError):
        seen[0].json = True


def test_defaults_are_those_of_the_record():
    seen = []
    told(seen.append, "a.jpg", "--out", "o")
    assert seen == [Options(photos=(Path("a.jpg"),), out=Path("o"))]


def test_the_help_is_the_records():
    text = told(lambda options: None, "--help").output
    for words in (
        "Do something.",
        "  one\n  two\n",
        "--out DIR",
        "Where to.  [required]",
        "--close-up",
        "--white V",
        "PHOTO...",
    ):
        assert words in text
    assert "--no-json" not in text


@pytest.mark.parametrize(("arguments", "code"), [((), 2), (("a", "--out", "o", "--white", "red"), 2)])
def test_wrong_usage_is_2(arguments, code):
    assert told(lambda options: None, *arguments).exit_code == code


def test_the_exit_code_is_what_the_verb_returns():
    assert told(lambda options: 3, "a", "--out", "o").exit_code == 3


def test_a_stopped_verb_is_130():
    def stop(options):
        raise KeyboardInterrupt

    result = told(stop, "a", "--out", "o")
    assert result.exit_code == 130
    assert "stopped" in result.stderr


def every_verb():
    """Folder, verb and its line, those of groups too."""
    tables = list(cli.VERBS.items())
    for home, table in tables:
        for name, about in table.items():
            yield home, name, about
            tables.extend(getattr(import_module(f"{home}.{name.replace('-', '_')}"), "VERBS", {}).items())


@pytest.mark.parametrize(("home", "name", "about"), list(every_verb()))
def test_each_verb_is_the_file_of_its_name(home, name, about):
    module = import_module(f"{home}.{name.replace('-', '_')}")
    assert len(about) <= 62, "it would be cut off in the list of a terminal of 80 columns"
    if not hasattr(module, "app"):
        assert getattr(module, name.replace("-", "_")).__doc__.splitlines()[0] == about


def test_no_option_of_analysing_is_typed_twice():
    names = {field.name for field in fields(AnalyseOptions)}
    typed = {}
    for path in [*HOME.rglob("*.py"), *(HOME.parent / "pipeline").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id in names:
                typed.setdefault(node.target.id, []).append(path.name)
    own = {"mask", "reference", "close_up"}  # of `dermis spectra` and `dermis cube`, which ask for other things
    assert {name: where for name, where in typed.items() if len(where) > 1 and name not in own} == {}
    assert all("options.py" in where for where in typed.values())
