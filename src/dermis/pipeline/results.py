"""Results of a run in their folders: none beside another's, none half written, and what is done is kept."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from dermis.core import Analysis, Finding
from dermis.formats.analysis_json import analysis_object
from dermis.formats.files import (
    folder_name,
    lock_alone,
    lock_shared,
    locked,
    make_folder,
    refuse_write,
    replaced_results,
    write_text,
)
from dermis.pipeline.foreign import known_tasks
from dermis.report.maps import write_maps
from dermis.report.page import card_of, write_cards, write_report
from dermis.version import __version__

__all__ = ["OWN_FILES", "Unfinished", "folders_for", "write_result"]

OWN_FILES = (
    "report.html",
    "analysis.json",
    "person.json",
    "skin_mask.png",
    "measured_mask.png",
    "parts.png",
    "regions.png",
    "left_out.png",
    "pigmentation_mask.png",
    "redness_mask.png",
    "vessels_mask.png",
    "overlay_*.png",
)
"""The files that a run writes into a folder of results; those of an earlier run go."""
_OF_MANY = {"report.html": 1, "person.json": 1}
_STATE = ".dermis-unfinished.json"


def folders_for(files: Sequence[Path], out: Path) -> Mapping[Path, Path]:
    """Return the folder of each file's results: `out` itself for one file, else one named after the file."""
    if len(files) == 1:
        return {files[0]: out}
    taken = dict(_OF_MANY)
    return {file: out / folder_name(file.stem, taken) for file in files}


def write_result(analysis: Analysis, folder: Path, *, report: bool = True, maps: bool = True) -> Path:
    """Write report.html, analysis.json and the maps of one photo; return where the report is or would be.

    report, maps: whether they are wanted; the JSON always is. What an earlier run left in the folder goes; all of it
    appears together or, where the disk fails, not at all.
    Raises UsageError.
    """
    with replaced_results(folder, OWN_FILES) as draft:
        text = json.dumps(analysis_object(analysis), ensure_ascii=False, allow_nan=False, indent=1)
        write_text(draft / "analysis.json", text + "\n")
        tasks = known_tasks(analysis)
        if maps:
            write_maps(analysis, draft, tasks)
        if report:
            write_report(analysis, draft / "report.html", tasks=tasks)
    return folder / "report.html"


def _clear_results(out: Path) -> None:
    """Take away the results of one photo that an earlier run left in `out`. Raises OSError."""
    for old in out.iterdir():
        if any(fnmatch(old.name, pattern) for pattern in OWN_FILES) and not old.is_dir():
            old.unlink(missing_ok=True)


class Unfinished:
    """What the runs over several photos in one folder have done so far, so that the next one goes on after a stop.

    Only a run with the same options and version goes on. Runs at the same time share the record: each tells the photos
    of all in its overview. The record goes when the last run ends.
    """

    def __init__(self, out: Path, options: object) -> None:
        """Begin a run in `out`, which is made, and read what a stopped one left there. Raises UsageError."""
        self._out, self._path = make_folder(out), out / _STATE
        self._key = hashlib.sha256(f"{__version__} {options!r}".encode()).hexdigest()
        self._own = list[str]()
        self._handle: int | None = None
        try:
            with locked(out):
                self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
                alone = lock_alone(self._handle)
                lock_shared(self._handle)
                held = self._lines()
                self._done = {line["folder"]: line for line in held if line["key"] == self._key}
                if alone:
                    _clear_results(out)
                    os.ftruncate(self._handle, 0)
                    self._write(list(self._done.values()))
        except OSError as fault:
            raise refuse_write(self._path, fault) from fault
        self._before = len(self._done) if alone else 0

    def has(self, file: Path, folder: Path) -> bool:
        """Return whether a photo is done and has not changed since."""
        held = self._done.get(folder.name)
        if held is None or not (folder / "analysis.json").is_file() or held["sha256"] != _sha256(file):
            return False
        self._own.append(folder.name)
        return True

    def keep(self, analysis: Analysis, file: Path, folder: Path) -> None:
        """Write the results of a photo into its folder, and keep that it is done."""
        card = asdict(card_of(analysis, f"{folder.name}/report.html", known_tasks(analysis)))
        line = {"key": self._key, "folder": folder.name, "sha256": _sha256(file), "card": card}
        with locked(self._out):
            write_result(analysis, folder)
            try:
                self._write([line])
            except OSError as fault:
                raise refuse_write(self._path, fault) from fault
        self._own.append(folder.name)

    def overview(self, person: Sequence[Finding] = (), *, end: bool) -> Path:
        """Write the overview of what is done, by this run first and by others at the same time; return it.

        end: the run has done all; otherwise the next one goes on with it.
        """
        with locked(self._out):
            lines = self._lines()
            last = {line["folder"]: line["card"] for line in lines}
            beside = [line["folder"] for line in lines[self._before :]]
            names = [name for name in dict.fromkeys((*self._own, *beside)) if name in last]
            write_cards([last[name] for name in names], self._out / "report.html", person)
            if end and self._left():
                with suppress(OSError):
                    self._path.unlink(missing_ok=True)
        return self._out / "report.html"

    @property
    def done(self) -> int:
        """How many photos this run has told."""
        return len(self._own)

    def close(self) -> None:
        """Leave the folder to others."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _left(self) -> bool:
        """Leave the folder to others; return whether there are none."""
        assert self._handle is not None
        alone = lock_alone(self._handle)
        self.close()
        return alone

    def _lines(self) -> list[dict[str, Any]]:
        """Return what is kept; a line that a stop has cut short ends it."""
        found = list[dict[str, Any]]()
        with suppress(OSError, ValueError):
            for line in self._path.read_text(encoding="utf-8").splitlines():
                held = json.loads(line)
                if not isinstance(held, dict) or not {"key", "folder", "sha256", "card"} <= held.keys():
                    break
                found.append(held)
        return found

    def _write(self, lines: Sequence[Mapping[str, Any]]) -> None:
        assert self._handle is not None
        os.write(self._handle, "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines).encode())


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as held:
            return hashlib.file_digest(held, "sha256").hexdigest()
    except OSError:
        return ""
