"""`dermis analyse`: from files to a terminal, a stream of JSON, a folder of reports."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from dermis.cli.models import fetch_with_progress
from dermis.cli.parser import JsonFlag, verb
from dermis.cli.streams import shown_text
from dermis.cli.terminal import NOTICE, print_analysis, print_person, progress
from dermis.core import Analysis, Finding
from dermis.errors import UsageError
from dermis.formats.analysis_json import analysis_line, person_object
from dermis.models.registry import MODELS
from dermis.pipeline.analyse import analyse_file
from dermis.pipeline.batch import (
    check,
    find_photos,
)
from dermis.pipeline.multi_view import combine_person
from dermis.pipeline.options import AnalyseOptions
from dermis.pipeline.results import Unfinished, folders_for, write_result
from dermis.report.page import write

__all__ = ["analyse", "run"]

EXIT_NOT_USABLE = 3
EXIT_STOPPED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyse(AnalyseOptions):
    r"""Measure skin tone, melanin, redness and acne on photos.

    A photo that cannot be measured is listed with the reason, and the others go on.

    \b
    dermis analyse selfie.jpg                      a table in the terminal
    dermis analyse selfie.jpg --out result         a report, JSON and maps
    dermis analyse *.jpg --json > results.jsonl    one JSON line a photo
    dermis analyse arm.jpg --close-up              skin without a face
    dermis analyse front.jpg left.jpg right.jpg --person    tone and acne of one person
    dermis analyse face.jpg --reference 40,60,200,150=#767676   with an 18 % grey card
    dermis analyse face.jpg --reference chart      with a ColorChecker in view
    dermis analyse --flash-pair dark.jpg lit.jpg   without and with the flash

    Exit codes: 0 done, 1 a fault of ours, 2 wrong usage, 3 no photo was usable, 130 stopped.
    """

    photos: Annotated[tuple[Path, ...], typer.Argument(metavar="PHOTO...", help="Photos, or folders of photos.")] = ()
    out: Annotated[Path | None, "Write report.html, analysis.json and PNG maps here.", "DIR"] = None
    json: JsonFlag = False


@verb(Analyse)
def analyse(options: Analyse) -> int:
    """Analyse, print and write."""
    photos = options.photos
    if options.flash_pair is not None:
        if photos:
            raise UsageError("--flash-pair brings its own photos.", advice="Leave the others out.")
        photos = (options.flash_pair[1],)
    elif not photos:
        raise UsageError("No photo was named.", advice="Name photos or folders: dermis analyse selfie.jpg.")
    return run(photos, options, out=options.out, as_json=options.json)


def run(paths: Sequence[Path], options: AnalyseOptions, *, out: Path | None, as_json: bool) -> int:
    """Analyse, print and write; return the exit code.

    A run over several photos that is stopped keeps what is done, and the next one with the same options goes on.
    """
    files = find_photos(paths)
    check(options, files)
    fetch_with_progress([model.name for model in MODELS])
    console = Console(file=sys.stdout, highlight=False)
    work = _Work(files=files, options=options, out=out, as_json=as_json, console=console)
    with closing(work):
        try:
            with progress(len(files), "analysing") as bar:
                for file in files:
                    work.photo(file)
                    bar.update(bar.task_ids[0], advance=1, description=shown_text(file.name))
        except KeyboardInterrupt:
            return work.stopped()
        return _finish(work, options, console, out=out, as_json=as_json)


def _finish(work: _Work, options: AnalyseOptions, console: Console, *, out: Path | None, as_json: bool) -> int:
    """Tell what all photos say together; return the exit code."""
    if options.person and work.usable:
        work.person = _tell_person(work.views, console, out=out, as_json=as_json)
    if out is not None:
        report = work.overview() or out / "report.html"
        print(f"Report: {shown_text(str(report))}", file=sys.stderr if as_json else sys.stdout)
    if not as_json:
        console.print(f"[dim]{NOTICE}[/dim]")
    return 0 if work.usable else EXIT_NOT_USABLE


class _Work:
    """One run: what is done so far."""

    def __init__(
        self, *, files: Sequence[Path], options: AnalyseOptions, out: Path | None, as_json: bool, console: Console
    ) -> None:
        self.usable, self.views = False, list[Analysis]()
        self.person: tuple[Finding, ...] = ()
        self._options, self._out, self._as_json, self._console = options, out, as_json, console
        self._folders = {} if out is None else folders_for(files, out)
        self._total = len(files)
        several = out is not None and len(files) > 1
        self._unfinished = Unfinished(out, _asked(options)) if several and out is not None else None

    def photo(self, file: Path) -> None:
        """Analyse one photo, print and write it; one that a stopped run has done is only told again."""
        folder, unfinished = self._folders.get(file), self._unfinished
        if folder is not None and unfinished is not None and not self._options.person and unfinished.has(file, folder):
            self._tell_again(file, folder)
            return
        analysis = analyse_file(file, self._options)
        self.usable |= analysis.quality.usable
        if folder is not None:
            if unfinished is None:
                write_result(analysis, folder)
            else:
                unfinished.keep(analysis, file, folder)
        if self._as_json:
            print(analysis_line(analysis), flush=True)
        else:
            print_analysis(analysis, self._console)
        if self._options.person:
            self.views.append(replace(analysis, photo=None, skin=None))

    def _tell_again(self, file: Path, folder: Path) -> None:
        held = json.loads((folder / "analysis.json").read_bytes())
        self.usable |= bool(held["quality"]["usable"])
        if self._as_json:
            print(json.dumps(held, ensure_ascii=False, allow_nan=False), flush=True)
        else:
            self._console.print(f"{escape(shown_text(file.name))}: done by the run that was stopped.")

    def overview(self) -> Path | None:
        """Write the overview of several photos, as far as they are done, and return it; None where there is none."""
        if self._unfinished is None:
            return None
        return self._unfinished.overview(self.person, end=self._unfinished.done == self._total)

    def stopped(self) -> int:
        """Keep and tell what is done; return the exit code of a stop."""
        done = 0 if self._unfinished is None else self._unfinished.done
        print(f"Stopped after {done} of {self._total} photos.", file=sys.stderr)
        if done and (report := self.overview()) is not None:
            print(f"They lie in {shown_text(str(report))}; the same command goes on.", file=sys.stderr)
        return EXIT_STOPPED

    def close(self) -> None:
        """Leave the folder of results to other runs."""
        if self._unfinished is not None:
            self._unfinished.close()


def _asked(options: AnalyseOptions) -> list[object]:
    """Return what is asked of each photo, without where it is printed and written."""
    return [getattr(options, field.name) for field in fields(AnalyseOptions)]


def _tell_person(
    views: Sequence[Analysis], console: Console, *, out: Path | None, as_json: bool
) -> tuple[Finding, ...]:
    """Print, and write as person.json, what all photos together say of one person's tone and acne."""
    names = [view.name for view in views]
    findings = combine_person(views)
    held = person_object(names, findings)
    if out is not None:
        text = json.dumps(held, ensure_ascii=False, allow_nan=False, indent=1)
        write(out / "person.json", (text + "\n").encode())
    if as_json:
        print(json.dumps(held, ensure_ascii=False, allow_nan=False), flush=True)
    else:
        print_person(names, findings, console)
    return findings
