"""The tool that asks whether tests notice: what it changes, what it draws, and that it believes no broken test."""

import ast
import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
spec = importlib.util.spec_from_file_location("mutation_run", HERE / "run.py")
run = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run)

SOURCE = '''"""Words stay."""
__all__ = ["f"]
LIMIT: float = 2.0


def f(x: int, deep: bool = True) -> float | None:
    if not deep and x < 3:
        raise ValueError(f"{x + 1} is too small")
    return -x * LIMIT
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
    assert (9, "-x * LIMIT", "-x / LIMIT") in changed
    assert (9, "-x", "+x") in changed
    assert (9, "return -x * LIMIT", "return None") in changed
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


def test_a_mutant_is_caught_where_tests_fail_with_it_alone(tmp_path, monkeypatch, capsys):
    home = tmp_path / "src" / "dermis" / "colour"
    home.mkdir(parents=True)
    (home / "f.py").write_text(SOURCE)
    test = tmp_path / "test_f.py"
    test.write_text(
        "from pathlib import Path\n\n\ndef test_f():\n    held = {}\n"
        f"    exec(Path({str(home / 'f.py')!r}).read_text(), held)\n    assert held['f'](3) == -6\n"
    )
    monkeypatch.setattr(run, "tests_for", lambda file, room: [[str(test)]])
    mutants = [run.mutant_of(home / "f.py", tmp_path / "src", place) for place in range(run.count_in(home / "f.py"))]
    (number,) = [one for one in mutants if (one.before, one.after) == ("2.0", "3.0")]
    (border,) = [one for one in mutants if (one.before, one.after) == ("x < 3", "x <= 3")]
    assert run.is_caught(number, tmp_path)[0]
    assert not run.is_caught(border, tmp_path)[0]
    assert (home / "f.py").read_text() == SOURCE
    run.passes.cache_clear()
    test.write_text("def test_f():\n    assert False\n")
    assert not run.is_caught(number, tmp_path)[0]
    assert "fail without any mutant" in capsys.readouterr().out
