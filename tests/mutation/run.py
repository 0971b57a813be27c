"""Does any test notice? Mutants of the rooms that measure, drawn by a seed, each held against the tests that run it.

    python tests/mutation/run.py [--each 25] [--seed 0] [--rooms colour,metrics] [--out build/mutate]
    python tests/mutation/run.py --named

First every test of the rooms, the laws and the frozen figures is run once, to see which lines it runs (some ten
minutes; kept in OUT/reach.json). Then a mutant is held against the tests that run its lines, the cheapest first, until
one fails or they have taken SPEND_S seconds; what nobody noticed by then survives. What was tried stands in
OUT/results.jsonl and is not tried again: a run that was stopped goes on. Constants of modules are changed, too;
--named tries those changes of shipped numbers that no test noticed once. OUT/survivors.md lists what was drawn and what
survived. Exit code 1 where less than nine of ten are caught; tests/mutation/equivalent.txt names the mutants that
change no figure, which do not count.
"""

from __future__ import annotations

import argparse
import ast
import filecmp
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from itertools import accumulate
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
from mutants import Mutant, count_in, mutant_of, statement_at  # noqa: E402 -- beside this script
from reach import Reach, reach_of  # noqa: E402

ROOMS = ("colour", "metrics", "tasks", "pipeline")
ASKED = (*ROOMS, "laws", "contracts/test_contract_frozen_steps.py", "contracts/test_contract_shipped_figures.py")
"""Folders and files of tests that are asked."""
ELSEWHERE = ("test_pipeline_batch_ray.py",)
"""Tests whose work is done by other processes, which nobody can watch."""
EQUIVALENT = HERE / "equivalent.txt"
"""Mutants that change no figure, one a line, each with the reason after a tab."""
LEAST, LONGEST_S, SPEND_S, FIRST_S = 0.9, 600, 90.0, 15.0
_META = "src/dermis/models/weights/acne/meta.json"
NAMED = (
    ("src/dermis/colour/tone.py", '("tan", 10.0)', '("tan", 12.0)'),
    ("src/dermis/tasks/tone.py", "WELL_LIT = (50, 95)", "WELL_LIT = (0, 95)"),
    ("src/dermis/tasks/tone.py", "(5, 95)", "(10, 90)"),
    ("src/dermis/tasks/tone.py", "NEUTRAL_CHROMA = 2.0", "NEUTRAL_CHROMA = 6.0"),
    ("src/dermis/pipeline/quality/verdict.py", "not 20.0 <= m", "not 5.0 <= m"),
    (_META, '"grade_error": 0.9155', '"grade_error": 0.4578'),
    (_META, '"count_factor": 0.9723', '"count_factor": 1.5557'),
)
"""Changes of shipped numbers that once passed all tests: file, what stands there, what no test noticed."""


def drawn(room: str, each: int, seed: int) -> list[Mutant]:
    """Return `each` mutants of a room; the first ones of a larger draw are those of a smaller one."""
    files = sorted((ROOT / "src/dermis" / room).rglob("*.py"))
    every = [(path, place) for path in files for place in range(count_in(path))]
    random.Random(f"{room} {seed}").shuffle(every)
    return [mutant_of(path, ROOT / "src", place) for path, place in every[:each]]


def is_caught(mutant: Mutant, copy: Path, reach: Reach) -> tuple[str, float]:
    """Return the test that fails with the mutant in the place of its file in `copy`, "" for none, and the seconds."""
    path = copy / "src" / mutant.file
    tests = _within(SPEND_S, reach.tests_for(mutant, copy / "src"), reach)
    began, kept, as_it_was = time.monotonic(), path.read_text(encoding="utf-8"), path.stat()
    first = _within(FIRST_S, tests, reach)
    caught = ""
    for group in (first, tests[len(first) :]):
        while group and not caught:
            path.write_text(mutant.source, encoding="utf-8")
            try:
                failed = failing(group, copy)
            finally:
                path.write_text(kept, encoding="utf-8")
                os.utime(path, ns=(as_it_was.st_atime_ns, as_it_was.st_mtime_ns))  # what was compiled stays good
            if not failed:
                break
            alone = [failed] if failed in group else group
            if failing(alone, copy):  # believed only where it passes without the mutant
                print(f"Not asked, for it fails without any mutant: {failed}", flush=True)
                group = [one for one in group if one not in alone]
                continue
            caught = failed
    return caught, time.monotonic() - began


def _within(seconds: float, tests: Sequence[str], reach: Reach) -> list[str]:
    """Return the first of the tests, as many as take so many seconds together."""
    taken = accumulate(reach.seconds[one] for one in tests)
    return [one for one, until in zip(tests, taken, strict=True) if until <= seconds]


class _First:
    """Remembers the first test that fails."""

    def __init__(self) -> None:
        self.failed = ""

    def pytest_runtest_logreport(self, report: object) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: object) -> None:
        if report.failed and not self.failed:
            self.failed = f"{report.nodeid}, when it is read"


def failing(tests: Sequence[str], copy: Path) -> str:
    """Return the first test that fails, "" for none, of a child that has not seen the package; one that hangs fails."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        os.close(reading)
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        os.chdir(copy)
        sys.path[:0] = [str(copy / "src"), str(copy / "tests")]
        os.environ["PYTHONPATH"] = f"{copy / 'src'}:{copy / 'tests'}"
        os.environ |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        sys.dont_write_bytecode = True
        import pytest

        first = _First()
        ended = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests], plugins=[first]))
        os.write(writing, (first.failed or ("" if ended in (0, 5) else "pytest itself")).encode())
        os._exit(0)
    os.close(writing)
    ends = time.monotonic() + LONGEST_S
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            with os.fdopen(reading) as told:
                return told.read() or ("" if os.waitstatus_to_exitcode(status) == 0 else "the process ended")
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reading)
    return "nothing came to an end"


def copy_of(out: Path) -> Path:
    """Return a copy of source and tests, as they are now; what tests read beside them is linked."""
    copy = out.resolve() / "copy"
    for name in ("src", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, copy / name, ignore=ignored, copy_function=_copied, dirs_exist_ok=True)
    for name in ("docs", "pyproject.toml", "README.md", "CONTRIBUTING.md"):
        (copy / name).unlink(missing_ok=True)
        (copy / name).symlink_to(ROOT / name)
    return copy


def _copied(source: str, to: str) -> None:
    """Copy what differs: a file that a run left changed, too."""
    if not Path(to).is_file() or not filecmp.cmp(source, to, shallow=False):
        shutil.copy2(source, to)


def warm() -> None:
    """Import what takes long and is never changed, once for all children."""
    for name in ("PIL.Image", "hypothesis.extra.numpy", "matplotlib", "pytest", "scipy.fft", "scipy.interpolate",
                 "scipy.ndimage", "scipy.optimize", "scipy.spatial", "scipy.stats", "skimage.feature",
                 "skimage.filters", "skimage.measure", "skimage.morphology", "skimage.transform"):  # fmt: skip
        import_module(name)


def tried(results: Path) -> dict[str, dict[str, object]]:
    lines = results.read_text(encoding="utf-8").splitlines() if results.is_file() else []
    return {held["name"]: held for held in map(json.loads, lines)}


def judge(mutants: Sequence[Mutant], out: Path, copy: Path, reach: Reach) -> list[dict[str, object]]:
    """Return a row a mutant, of those that were not tried before after trying them."""
    results, rows = out / "results.jsonl", []
    for mutant in mutants:
        known = tried(results)
        if mutant.name not in known:
            by, seconds = is_caught(mutant, copy, reach)
            known[mutant.name] = {"name": mutant.name, "caught": bool(by), "by": by, "seconds": round(seconds, 1)}
            with results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(known[mutant.name]) + "\n")
            print(f"{'caught  ' if by else 'SURVIVES'} {seconds:6.1f} s  {mutant.name}  {by}", flush=True)
        rows.append(known[mutant.name])
    return rows


def equivalent() -> dict[str, str]:
    """Return the mutants that are known to change no figure, each with its reason."""
    lines = EQUIVALENT.read_text(encoding="utf-8").splitlines() if EQUIVALENT.is_file() else []
    return dict(line.split("\t", 1) for line in lines if line and not line.startswith("#"))


def wilson(caught: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Return the 95 % interval of a share by Wilson."""
    if not count:
        return 0.0, 1.0
    share, spread = caught / count, z**2 / count
    middle, half = share + spread / 2, z * (share * (1 - share) / count + spread / (4 * count)) ** 0.5
    return (middle - half) / (1 + spread), (middle + half) / (1 + spread)


def table(rows: dict[str, list[dict[str, object]]]) -> str:
    """Return what was drawn and caught by room, mutants that change no figure aside, and the survivors, as Markdown."""
    silent = equivalent()
    lines = ["| room | mutants | change no figure | caught | share |", "|---|---|---|---|---|"]
    for room, held in {**rows, "all": [row for one in rows.values() for row in one]}.items():
        same = [row for row in held if not row["caught"] and row["name"] in silent]
        caught, count = sum(bool(row["caught"]) for row in held), len(held) - len(same)
        low, high = wilson(caught, count)
        lines.append(
            f"| {room} | {len(held)} | {len(same)} | {caught} | {caught / max(count, 1):.2f} [{low:.2f}, {high:.2f}] |"
        )
    left = [str(row["name"]) for one in rows.values() for row in one if not row["caught"]]
    lines += ["", "Survivors:", *(f"- `{name}`" for name in left if name not in silent)]
    lines += ["", "Change no figure:", *(f"- `{name}`: {silent[name]}" for name in left if name in silent)]
    return "\n".join(lines)


def by_text(file: str, before: str, after: str) -> Mutant:
    """Return the mutant of a file of the checkout in which a text stands in the place of one that is there once."""
    text = (ROOT / file).read_text(encoding="utf-8")
    if text.count(before) != 1:
        sys.exit(f"{file} holds {before!r} {text.count(before)} times.")
    line = text[: text.index(before)].count("\n") + 1
    lines, names = statement_at(ast.parse(text), line) if file.endswith(".py") else ((0, 0), ())
    changed = text.replace(before, after)
    return Mutant(
        file=file.removeprefix("src/"), line=line, before=before, after=after, source=changed, lines=lines, names=names
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rooms", default=",".join(ROOMS))
    parser.add_argument("--out", type=Path, default=ROOT / "build/mutate")
    parser.add_argument("--named", action="store_true")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    copy = copy_of(given.out)
    warm()
    asked = [ROOT / "tests" / one for one in ASKED]
    found = sorted(path for one in asked for path in ([one] if one.is_file() else one.rglob("test_*.py")))
    found = [path for path in found if path.name not in ELSEWHERE]
    tests = [copy / path.relative_to(ROOT) for path in found]
    reach = reach_of(copy, tests, given.out.resolve() / "reach.json", ROOMS)
    if given.named:
        rows = judge([by_text(*one) for one in NAMED], given.out, copy, reach)
        return 0 if all(row["caught"] for row in rows) else 1
    told = {room: judge(drawn(room, given.each, given.seed), given.out, copy, reach) for room in given.rooms.split(",")}
    text = table(told)
    (given.out / "survivors.md").write_text(f"Seed {given.seed}.\n\n{text}\n", encoding="utf-8")
    print(text)
    every, silent = [row for rows in told.values() for row in rows], equivalent()
    judged = [row for row in every if row["caught"] or row["name"] not in silent]
    return 0 if sum(bool(row["caught"]) for row in judged) >= LEAST * len(judged) else 1


if __name__ == "__main__":
    sys.exit(main())
