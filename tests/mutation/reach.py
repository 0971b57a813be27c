"""Which tests run a line: every test file once under coverage, a context a test; kept while what it runs stays."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mutants import Mutant

DATA = "coverage.sqlite"
_ALSO = 0.2
"""A test that mirrors the file, or freezes steps, is asked as if it took so much of its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """seconds: of the processor, by test. lines: by file below `src` and line, the tests that run it, "FILE::TEST".

    imported: by file the lines that run when it is imported, before any test.
    """

    seconds: Mapping[str, float]
    lines: Mapping[str, Mapping[int, frozenset[str]]]
    imported: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def tests_for(self, mutant: Mutant, source: Path) -> list[str]:
        """Return the tests that run what a mutant changes, the cheapest and nearest first.

        Of a constant of a module: those that run a line in which a function uses it, here or in another file. Of what
        a function does when the module is imported: those that freeze figures, and those that run any of its lines.
        """
        here = self.lines.get(mutant.file, {})
        first, last = mutant.lines
        found = set[str]().union(*(here.get(line, ()) for line in range(first, last + 1)))
        for file, line in _uses(mutant, source):
            found |= self.lines.get(file, {}).get(line, frozenset())
        stem = Path(mutant.file).stem
        if not mutant.names and self.imported.get(mutant.file, frozenset()) & set(range(first, last + 1)):
            found |= {test for test in self.seconds if "frozen" in test or "shipped" in test}
            found = found.union(*here.values())
        if not mutant.file.endswith(".py"):
            found = {test for test in self.seconds if "frozen" in test or "shipped" in test or stem in test}

        def cost(test: str) -> float:
            near = "frozen" in test or _mirrors(test, stem)
            return self.seconds[test] * (_ALSO if near else 1.0)

        there = sorted((one for one in found if one in self.seconds), key=lambda one: (cost(one), one))
        # What other processes run nobody sees: the tests that mirror the file are asked, too.
        beside = sorted(one for one in self.seconds if one not in found and _mirrors(one, stem))
        return there + sorted(beside, key=cost)


def _mirrors(test: str, stem: str) -> bool:
    """Return whether a test lies in a file that mirrors one of the source, by its name."""
    name = Path(test.split("::")[0]).stem.removeprefix("test_")
    return stem in name or name.split("_", 1)[-1] in stem


def _uses(mutant: Mutant, source: Path) -> set[tuple[str, int]]:
    """Return file and line of each use of the names that a mutant defines, of names made of them, too."""
    if not mutant.names:
        return set()
    names, lines = set(mutant.names), set[tuple[str, int]]()
    home = source / mutant.file
    tree = ast.parse(home.read_text(encoding="utf-8"))
    for statement in tree.body:  # what else is made of them
        if isinstance(statement, ast.Assign | ast.AnnAssign) and names & _words(statement):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names |= {one.id for one in targets if isinstance(one, ast.Name)}
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, sorted(names)))})\b")
    module = ".".join(Path(mutant.file).with_suffix("").parts)
    for path in source.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path == home or (module.rpartition(".")[0] in text and pattern.search(text)):
            file = path.relative_to(source).as_posix()
            lines |= {(file, number) for number, one in enumerate(text.splitlines(), 1) if pattern.search(one)}
    return lines


def _words(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def reach_of(copy: Path, tests: Iterable[Path], kept: Path, rooms: Iterable[str]) -> Reach:
    """Return what tests reach; files of tests are run now that changed, or a source that they ran, since they were run.

    copy: where `src` and `tests` lie. kept: what was found, as JSON.
    """
    sources = {path.relative_to(copy / "src").as_posix(): _hash([path])
               for room in rooms for path in sorted((copy / "src/dermis" / room).rglob("*.py"))}  # fmt: skip
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    was = known.get("sources", {})
    changed = {file for file in {*sources, *was} if sources.get(file) != was.get(file)}
    held = {test: found for test, found in known.get("tests", {}).items() if not changed & set(found["lines"])}
    imported = {file: found for file, found in known.get("imported", {}).items() if file not in changed}
    files = {path.relative_to(copy).as_posix(): _hash(_with_fakes(path, copy / "tests")) for path in tests}
    missing = [file for file, content in files.items() if held.get(file, {}).get("content") != content]
    if missing:
        print(f"Running {len(missing)} files of tests to see which lines they reach.", flush=True)
        for file, found in _recorded(copy, missing, rooms).items():
            held[file] = {"content": files[file], **found}
        for file, numbers in lines_at_import(copy.parent / DATA, copy / "src").items():
            imported[file] = sorted({*imported.get(file, ()), *numbers})
        told = {"sources": sources, "tests": held, "imported": imported}
        kept.write_text(json.dumps(told), encoding="utf-8")
    return _together({file: held[file] for file in files if file in held}, imported)


def _together(held: Mapping[str, Mapping[str, object]], imported: Mapping[str, Iterable[int]]) -> Reach:
    lines: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    seconds: dict[str, float] = {}
    for found in held.values():
        seconds |= found["seconds"]
        every = set(found["seconds"])
        for source, by_test in found["lines"].items():
            for test, numbers in by_test.items():
                # What a fixture runs, all tests of the file may stand on.
                tests = every if test.endswith("|setup") else {test.removesuffix("|call")}
                for number in numbers:
                    lines[source][number] |= tests
    return Reach(
        seconds=seconds,
        lines={file: {number: frozenset(tests) for number, tests in held.items()} for file, held in lines.items()},
        imported={file: frozenset(numbers) for file, numbers in imported.items()},
    )


def _recorded(copy: Path, files: list[str], rooms: Iterable[str]) -> dict[str, dict[str, object]]:
    """Run files of tests in a child under coverage; return seconds and lines by test, of each file."""
    data = copy.parent / DATA
    data.unlink(missing_ok=True)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.chdir(copy)
        sys.path[:0] = [str(copy / "src"), str(copy / "tests")]
        os.environ |= {"PYTHONPATH": f"{copy / 'src'}:{copy / 'tests'}", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        import coverage
        import pytest

        measured = coverage.Coverage(data_file=str(data), include=[f"{copy}/src/dermis/{room}/*" for room in rooms])
        watch = _Watch(measured)
        measured.start()
        pytest.main(["-q", "-p", "no:cacheprovider", *files], plugins=[watch])
        measured.stop()
        measured.save()
        with os.fdopen(writing, "w") as out:
            json.dump(watch.alone(), out)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        seconds: dict[str, float] = json.loads(told.read() or "{}")
    os.waitpid(child, 0)
    return by_file(data, seconds, copy / "src", files)


class _Watch:
    """Tells coverage which test runs, and keeps how much processor time each took, that of its processes too."""

    def __init__(self, measured: object) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = defaultdict(float)
        self.longest: dict[str, float] = defaultdict(float)
        self.began = 0.0

    def pytest_runtest_setup(self, item: object) -> None:
        self.measured.switch_context(f"{item.nodeid}|setup")
        self.began = sum(os.times()[:4])

    def pytest_runtest_call(self, item: object) -> None:
        self.measured.switch_context(f"{item.nodeid}|call")
        self.began = sum(os.times()[:4])

    def pytest_runtest_logreport(self, report: object) -> None:
        file, took = report.nodeid.split("::")[0], sum(os.times()[:4]) - self.began
        if report.when == "setup":
            self.longest[file] = max(self.longest[file], took)
        if report.when == "call" and report.passed:
            self.seconds[report.nodeid] += took

    def alone(self) -> dict[str, float]:
        """Return how long each test takes when it is asked alone: with the longest setup of its file."""
        return {test: took + self.longest[test.split("::")[0]] for test, took in self.seconds.items()}


def by_file(
    data: Path, seconds: Mapping[str, float], source: Path, files: Iterable[str]
) -> dict[str, dict[str, object]]:
    """Return what a coverage file with a context a test tells, by file of tests."""
    from coverage import CoverageData

    found = {
        file: {"seconds": {test: round(took, 3) for test, took in seconds.items() if test.split("::")[0] == file},
               "lines": defaultdict(lambda: defaultdict(list))}
        for file in files
    }  # fmt: skip
    held = CoverageData(str(data))
    held.read()
    for path in held.measured_files():
        name = Path(path).relative_to(source).as_posix()
        for number, contexts in held.contexts_by_lineno(path).items():
            for context in contexts:
                file = context.split("::")[0]
                if file in found and context.endswith(("|setup", "|call")):
                    found[file]["lines"][name][context].append(number)
    return found


def lines_at_import(data: Path, source: Path) -> dict[str, list[int]]:
    """Return by file the lines that a coverage file tells to have run before any test."""
    from coverage import CoverageData

    held = CoverageData(str(data))
    held.read()
    return {
        Path(path).relative_to(source).as_posix(): [
            number for number, contexts in held.contexts_by_lineno(path).items() if "" in contexts
        ]
        for path in held.measured_files()
    }


def _with_fakes(path: Path, tests: Path) -> list[Path]:
    """Return a file of tests and the stand-ins that it, or one of these, imports."""
    found, waiting = list[Path](), [path]
    while waiting:
        one = waiting.pop()
        if one.is_file() and one not in found:
            found.append(one)
            text = one.read_text(encoding="utf-8")
            names = re.findall(r"^from fakes\.(\w+) import", text, re.MULTILINE)
            names += re.findall(r"\w+", " ".join(re.findall(r"^from fakes import (.*)$", text, re.MULTILINE)))
            waiting += [tests / "fakes" / f"{name}.py" for name in names]
    return [path, *sorted(found[1:])]


def _hash(paths: Iterable[Path]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]
