"""Does any test notice? Mutants of the rooms that measure, drawn by a seed, each held against the tests of its room.

    python tests/mutation/run.py [--each 25] [--seed 0] [--rooms colour,metrics] [--out build/mutate]
    python tests/mutation/run.py --named

A mutant first meets the tests that mirror its file, then all of its room, the laws and the frozen figures. What was
tried stands in OUT/results.jsonl, and is not tried again: a run that was stopped goes on. Constants of modules are
changed, too; --named tries those changes of shipped numbers that no test noticed once. Exit code 1 where less than
nine of ten of a room are caught.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import sys
import time
from functools import cache
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
from mutants import Mutant, count_in, mutant_of  # noqa: E402 -- beside this script

ROOMS = ("colour", "metrics", "tasks", "pipeline")
LAWS = {"colour": "test_colour_laws.py", "metrics": "test_metrics_laws.py", "tasks": "test_acne_laws.py"}
FROZEN = "tests/contracts/test_contract_shipped_figures.py"
LEAST, LONGEST_S = 0.9, 600
_META = "src/dermis/models/weights/acne/meta.json"
NAMED = (
    ("src/dermis/colour/tone.py", '("tan", 10.0)', '("tan", 12.0)'),
    ("src/dermis/tasks/tone.py", "WELL_LIT = (50, 95)", "WELL_LIT = (0, 95)"),
    ("src/dermis/tasks/tone.py", "(5, 95)", "(10, 90)"),
    ("src/dermis/tasks/tone.py", "NEUTRAL_CHROMA = 2.0", "NEUTRAL_CHROMA = 6.0"),
    ("src/dermis/pipeline/quality/verdict.py", "not 20.0 <= m", "not 5.0 <= m"),
    (_META, '"grade_error": 0.7351', '"grade_error": 0.3675'),
    (_META, '"count_factor": 1.0087', '"count_factor": 1.6139'),
)
"""Changes of shipped numbers that once passed all tests: file, what stands there, what no test noticed."""


def drawn(room: str, each: int, seed: int) -> list[Mutant]:
    """Return `each` mutants of a room; the first ones of a larger draw are those of a smaller one."""
    files = sorted((ROOT / "src/dermis" / room).rglob("*.py"))
    every = [(path, place) for path in files for place in range(count_in(path))]
    random.Random(f"{room} {seed}").shuffle(every)
    return [mutant_of(path, ROOT / "src", place) for path, place in every[:each]]


def tests_for(file: str, room: str) -> list[list[str]]:
    """Return the tests that mirror a file or import it, then the others that may notice."""
    stem = "_".join(Path(file).with_suffix("").parts[1:])
    parts = Path(file).parts[1:]
    mirrored = [path for path in sorted((ROOT / "tests" / room).rglob("test_*.py")) if _mirrors(path, stem, parts)]
    laws = [f"tests/laws/{LAWS[room]}"] if room in LAWS else []
    first = [str(path.relative_to(ROOT)) for path in mirrored]
    return [one for one in (first, laws, [f"tests/{room}"], [FROZEN]) if one]


def _mirrors(path: Path, stem: str, parts: tuple[str, ...]) -> bool:
    name, last = path.stem.removeprefix("test_"), Path(parts[-1]).stem
    folder = ".".join(("dermis", *parts[:-1]))
    imported = rf"\b{re.escape(folder)}(\.{last}\b| import [^\n]*\b{last}\b)"
    named = stem.endswith(name) or name.startswith(stem) or name.endswith(last)
    return named or re.search(imported, path.read_text(encoding="utf-8")) is not None


def is_caught(mutant: Mutant, copy: Path, *, quick: bool = False) -> tuple[bool, float]:
    """Return whether a test fails with the mutant in the place of its file in `copy`, and the seconds it took.

    quick: only the tests that mirror or import the file are asked.
    """
    path = copy / "src" / mutant.file
    groups = tests_for(mutant.file, mutant.file.split("/")[1])[: 1 if quick else None]
    groups = [tests for tests in groups if passes(tuple(tests), copy)]
    began = time.monotonic()
    kept = path.read_text(encoding="utf-8")
    path.write_text(mutant.source, encoding="utf-8")
    try:
        caught = any(_fails(tests, copy) for tests in groups)
    finally:
        path.write_text(kept, encoding="utf-8")
    return caught, time.monotonic() - began


def _fails(tests: list[str], copy: Path) -> bool:
    """Run tests in a child that has not seen the package; one that hangs has noticed, too."""
    child = os.fork()
    if child == 0:
        os.setsid()
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        os.chdir(copy)
        sys.path[:0] = [str(copy / "src"), str(copy / "tests")]
        os.environ["PYTHONPATH"] = f"{copy / 'src'}:{copy / 'tests'}"
        os.environ |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        sys.dont_write_bytecode = True
        import pytest

        os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests])))
    ends = time.monotonic() + LONGEST_S
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) not in (0, 5)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


@cache
def passes(tests: tuple[str, ...], copy: Path) -> bool:
    """Return whether tests pass where nothing is changed; only such can notice. What does not is said, once."""
    passed = not _fails(list(tests), copy)
    if not passed:
        print(f"Not asked, for they fail without any mutant: {' '.join(tests)}", flush=True)
    return passed


def copy_of(out: Path) -> Path:
    """Return a copy of source and tests, made anew; what tests read beside them is linked."""
    copy = out.resolve() / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    for name in ("src", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("docs", "pyproject.toml", "README.md", "CONTRIBUTING.md"):
        (copy / name).symlink_to(ROOT / name)
    return copy


def warm() -> None:
    """Import what takes long and is never changed, once for all children."""
    for name in ("hypothesis.extra.numpy", "matplotlib", "pytest", "scipy.ndimage", "scipy.optimize", "scipy.stats",
                 "skimage.measure"):  # fmt: skip
        import_module(name)


def tried(results: Path) -> dict[str, dict[str, object]]:
    lines = results.read_text(encoding="utf-8").splitlines() if results.is_file() else []
    return {held["name"]: held for held in map(json.loads, lines)}


def judge(mutants: list[Mutant], out: Path, copy: Path, *, quick: bool = False) -> list[dict[str, object]]:
    """Return a row a mutant, of those that were not tried before after trying them.

    quick: what the mirroring tests miss is not kept, so that a whole run tries it again.
    """
    results, rows = out / "results.jsonl", []
    for mutant in mutants:
        known = tried(results)
        if mutant.name not in known:
            caught, seconds = is_caught(mutant, copy, quick=quick)
            known[mutant.name] = {"name": mutant.name, "caught": caught, "seconds": round(seconds, 1)}
            if caught or not quick:
                with results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(known[mutant.name]) + "\n")
            print(f"{'caught  ' if caught else 'SURVIVES'} {seconds:6.1f} s  {mutant.name}", flush=True)
        rows.append(known[mutant.name])
    return rows


def by_text(file: str, before: str, after: str) -> Mutant:
    """Return the mutant of a file of the checkout in which a text stands in the place of one that is there once."""
    text = (ROOT / file).read_text(encoding="utf-8")
    if text.count(before) != 1:
        sys.exit(f"{file} holds {before!r} {text.count(before)} times.")
    line = text[: text.index(before)].count("\n") + 1
    return Mutant(
        file=file.removeprefix("src/"), line=line, before=before, after=after, source=text.replace(before, after)
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rooms", default=",".join(ROOMS))
    parser.add_argument("--out", type=Path, default=ROOT / "build/mutate")
    parser.add_argument("--named", action="store_true")
    parser.add_argument("--quick", action="store_true", help="ask the mirroring tests alone")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    copy = copy_of(given.out)
    warm()
    if given.named:
        rows = judge([by_text(*one) for one in NAMED], given.out, copy)
        return 0 if all(row["caught"] for row in rows) else 1
    enough, survivors = True, []
    print("| room | mutants | caught | share |\n|---|---|---|---|")
    for room in given.rooms.split(","):
        rows = judge(drawn(room, given.each, given.seed), given.out, copy, quick=given.quick)
        caught = sum(bool(row["caught"]) for row in rows)
        survivors += [row["name"] for row in rows if not row["caught"]]
        enough &= caught >= LEAST * len(rows)
        print(f"| {room} | {len(rows)} | {caught} | {caught / max(len(rows), 1):.2f} |", flush=True)
    print("\nSurvivors:\n" + "\n".join(f"- {name}" for name in survivors))
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
