"""The tool that asks whether tests notice: what it changes, what it draws, and that it believes no broken test."""

import ast
import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from reach import reach_of  # noqa: E402 -- beside this file

spec = importlib.util.spec_from_file_location("mutation_run", HERE / "run.py")
run = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run)

SOURCE = '''"""Words stay."""
__all__ = ["f"]
LIMIT: float = 2.0


def f(x: int, deep: bool = True) -> float | None:
    if not deep and x < 3:
        raise ValueError(f"{x + 1} is too small")
    return -x * round(LIMIT, 2) / max(x, 1e-9)
'''


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "src" / "f.py"
    path.parent.mkdir()
    path.write_text(SOURCE)
    return path


def test_signs_borders_numbers_and_answers_are_changed_one_at_a_time(file):
    count = run.count_in(file)
    found = [run.mutant_of(file, file.parent, place) for place in range(count)]
    changed = {(one.line, one.before, one.after) for one in found}
    assert (3, "2.0", "3.0") in changed
    assert (7, "x < 3", "x <= 3") in changed
    assert (7, "not deep and x < 3", "not deep or x < 3") in changed
    assert (7, "not deep", "not not deep") in changed
    assert (9, "-x * round(LIMIT, 2)", "-x / round(LIMIT, 2)") in changed
    assert (9, "-x", "+x") in changed
    assert (9, "return -x * round(LIMIT, 2) / max(x, 1e-09)", "return None") in changed
    assert not any(before in ("2", "1e-09") for _, before, _ in changed)
    assert not any(line in (1, 2, 8) for line, _, _ in changed)
    plain = ast.unparse(ast.parse(SOURCE))
    assert len({one.source for one in found} - {plain}) == count


def test_a_seed_draws_the_same_and_more_of_it_goes_on():
    few, many = run.drawn("metrics", 3, 7), run.drawn("metrics", 5, 7)
    assert many[:3] == few
    assert run.drawn("metrics", 3, 8) != few


def test_changes_that_were_missed_once_can_still_be_made():
    for file, before, after in run.NAMED:
        assert after in run.by_text(file, before, after).source


@pytest.fixture
def copy(tmp_path):
    """A source of one file, and tests of it: one file that fails by itself, one that is right."""
    home = tmp_path / "src" / "dermis" / "colour"
    home.mkdir(parents=True)
    (home / "f.py").write_text(SOURCE)
    (tmp_path / "tests").mkdir()
    begin = f"import sys\n\nsys.path.insert(0, {str(home)!r})\n\nfrom f import f\n\n\n"
    (tmp_path / "tests/test_f.py").write_text(
        f"{begin}def test_f():\n    assert f(3) == -2\n\n\ndef test_g():\n    pass\n"
    )
    (tmp_path / "tests/test_bad.py").write_text(f"{begin}def test_bad():\n    assert f(3) == 0\n")
    return tmp_path


def test_a_mutant_is_caught_by_the_tests_that_run_it(copy):
    tests = sorted((copy / "tests").glob("test_*.py"))
    reach = reach_of(copy, tests, copy / "reach.json", ["colour"])
    assert set(reach.seconds) == {"tests/test_f.py::test_f", "tests/test_f.py::test_g"}
    path, root = copy / "src/dermis/colour/f.py", copy / "src"
    mutants = {
        (one.before, one.after): one for one in (run.mutant_of(path, root, at) for at in range(run.count_in(path)))
    }
    number, border = mutants["2.0", "3.0"], mutants["x < 3", "x <= 3"]
    for mutant in (number, border):
        assert reach.tests_for(mutant, root) == [
            "tests/test_f.py::test_f",
            "tests/test_f.py::test_g",
        ]  # mirrors the file
    assert run.is_caught(number, copy, reach)[0] == "tests/test_f.py::test_f"
    assert path.read_text() == SOURCE


def test_of_what_runs_at_import_those_are_asked_that_freeze_figures_or_run_the_file(copy):
    (copy / "src/dermis/colour/f.py").write_text(f"{SOURCE}\n\nHALF = 2 * f(3)\n")
    (copy / "tests/test_frozen.py").write_text("def test_frozen():\n    pass\n")
    (copy / "tests/test_other.py").write_text("def test_other():\n    pass\n")
    tests = [copy / f"tests/test_{name}.py" for name in ("f", "frozen", "other")]
    reach = reach_of(copy, tests, copy / "reach.json", ["colour"])
    assert reach.imported["dermis/colour/f.py"] >= {3, 6, 7, 9, 12}
    path, root = copy / "src/dermis/colour/f.py", copy / "src"
    mutants = [run.mutant_of(path, root, at) for at in range(run.count_in(path))]
    asked = reach.tests_for(next(one for one in mutants if one.line == 9), root)
    assert set(asked) == {"tests/test_f.py::test_f", "tests/test_f.py::test_g", "tests/test_frozen.py::test_frozen"}


def test_what_is_known_of_tests_is_kept_until_they_change(copy, capsys):
    tests = [copy / "tests/test_f.py"]
    first = reach_of(copy, tests, copy / "reach.json", ["colour"])
    assert "Running 1 files" in capsys.readouterr().out
    assert reach_of(copy, tests, copy / "reach.json", ["colour"]) == first
    assert not capsys.readouterr().out
    tests[0].write_text(tests[0].read_text() + "\n\ndef test_more():\n    assert f(4) == -2\n")
    assert len(reach_of(copy, tests, copy / "reach.json", ["colour"]).seconds) == 3


def test_a_source_that_changed_has_only_the_tests_run_again_that_ran_it(copy, capsys):
    (copy / "tests/test_other.py").write_text("def test_other():\n    pass\n")
    tests = [copy / "tests/test_f.py", copy / "tests/test_other.py"]
    first = reach_of(copy, tests, copy / "reach.json", ["colour"])
    assert "Running 2 files" in capsys.readouterr().out
    (copy / "src/dermis/colour/f.py").write_text(f"# more\n{SOURCE}")
    again = reach_of(copy, tests, copy / "reach.json", ["colour"])
    assert "Running 1 files" in capsys.readouterr().out
    line = "dermis/colour/f.py"
    assert again.lines[line][10] == first.lines[line][9]
    assert again.imported[line] >= {4, 7}
    assert set(again.seconds) == set(first.seconds)


def test_a_test_that_fails_by_itself_notices_nothing(copy, capsys):
    bad = "tests/test_bad.py::test_bad"
    reach = run.Reach(seconds={bad: 0.1}, lines={"dermis/colour/f.py": {9: frozenset({bad})}})
    path = copy / "src/dermis/colour/f.py"
    mutant = next(
        one for one in (run.mutant_of(path, copy / "src", at) for at in range(run.count_in(path))) if one.line == 9
    )
    assert run.is_caught(mutant, copy, reach)[0] == ""
    assert "fails without any mutant" in capsys.readouterr().out


def test_what_changes_no_figure_does_not_count(monkeypatch):
    rows = {"colour": [{"name": "a", "caught": True}, {"name": "b", "caught": False}, {"name": "c", "caught": False}]}
    monkeypatch.setattr(run, "equivalent", lambda: {"b": "two sums in another order", "a": "not asked"})
    told = run.table(rows)
    assert "| colour | 3 | 1 | 1 | 0.50 [0.09, 0.91] |" in told
    assert "- `c`\n" in told
    assert "- `b`: two sums in another order" in told


def test_mutants_that_change_no_figure_are_still_in_the_source():
    for name in run.equivalent():
        file, line, _ = name.split(":", 2)
        assert len((run.ROOT / "src" / file).read_text().splitlines()) >= int(line)
