"""Results of a run in their folders: none beside another's, none half written, and what is done is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dermis.core import Analysis, Finding
from dermis.formats.analysis_json import analysis_object
from dermis.formats.files import folder_name, make_folder, refuse_write, replaced_results
from dermis.pipeline.foreign import known_tasks
from dermis.report.maps import write_maps
from dermis.report.page import card_of, write_cards, write_report
from dermis.version import __version__

__all__ = ["OWN_FILES", "Unfinished", "clear_results", "folders_for", "write_overview_of", "write_result"]

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
        (draft / "analysis.json").write_text(text + "\n", encoding="utf-8")
        tasks = known_tasks(analysis)
        if maps:
            write_maps(analysis, draft, tasks)
        if report:
            write_report(analysis, draft / "report.html", tasks=tasks)
    return folder / "report.html"


def clear_results(out: Path) -> None:
    """Take away the results of one photo that an earlier run left in `out`. Raises UsageError."""
    with replaced_results(out, OWN_FILES):
        pass


def write_overview_of(cards: Sequence[Any], out: Path, person: Sequence[Finding] = ()) -> Path:
    """Write the overview of several reports, with what they say together of one person; return it."""
    write_cards(cards, out / "report.html", person)
    return out / "report.html"


class Unfinished:
    """What a run over several photos has done so far, kept in its folder, so that the next one goes on after a stop.

    Only a run with the same options and version goes on. The record goes when the run ends.
    """

    def __init__(self, out: Path, options: object) -> None:
        """Read what a stopped run left in `out`, which is made. Raises UsageError."""
        self._path = make_folder(out) / _STATE
        self._key = hashlib.sha256(f"{__version__} {options!r}".encode()).hexdigest()
        self._done: dict[str, dict[str, Any]] = {}
        with suppress(OSError, ValueError):
            for line in self._path.read_text(encoding="utf-8").splitlines():
                held = json.loads(line)  # a line that a stop has cut short ends it
                if not isinstance(held, dict) or held.get("key") != self._key:
                    break
                self._done[held["folder"]] = held

    def card(self, file: Path, folder: Path) -> Mapping[str, Any] | None:
        """Return the kept card of a photo that is done, None for one that is not, or has changed since."""
        held = self._done.get(folder.name)
        if held is None or not (folder / "analysis.json").is_file() or held["sha256"] != _sha256(file):
            return None
        card: Mapping[str, Any] = held["card"]
        return card

    def keep(self, analysis: Analysis, file: Path, folder: Path) -> Any:  # noqa: ANN401 -- a card as a mapping
        """Keep that a photo is done, and return its card for the overview."""
        card = asdict(card_of(analysis, f"{folder.name}/report.html", known_tasks(analysis)))
        line = {"key": self._key, "folder": folder.name, "sha256": _sha256(file), "card": card}
        try:
            with self._path.open("a" if self._done else "w", encoding="utf-8") as held:
                held.write(json.dumps(line, ensure_ascii=True) + "\n")
        except OSError as fault:
            raise refuse_write(self._path, fault) from fault
        self._done[folder.name] = line
        return card

    def end(self) -> None:
        """Forget it: the run is done."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as held:
            return hashlib.file_digest(held, "sha256").hexdigest()
    except OSError:
        return ""
