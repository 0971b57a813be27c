"""`dermis analyse`: from files to a terminal, a stream of JSON, a folder of reports."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dermis.cli.models import fetch_with_progress
from dermis.cli.parser import JsonFlag, verb
from dermis.cli.terminal import NOTICE, print_analysis, print_person, progress
from dermis.core import Analysis
from dermis.formats.analysis_json import analysis_line, person_object
from dermis.models.registry import MODELS
from dermis.pipeline.batch import (
    analyse_each,
    check,
    find_photos,
    folders_for,
    without_maps,
    write_overview_of,
    write_result,
)
from dermis.pipeline.multi_view import combine_views
from dermis.pipeline.options import AnalyseOptions
from dermis.report.page import write

__all__ = ["analyse", "run"]

EXIT_NOT_USABLE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyse(AnalyseOptions):
    r"""Measure skin tone, melanin, redness and acne on photos.

    A photo that cannot be measured is listed with the reason, and the others go on.

    \b
    dermis analyse selfie.jpg                      a table in the terminal
    dermis analyse selfie.jpg --out result         a report, JSON and maps
    dermis analyse *.jpg --json > results.jsonl    one JSON line a photo
    dermis analyse arm.jpg --close-up              skin without a face
    dermis analyse front.jpg left.jpg right.jpg --person    acne of one person
    dermis analyse face.jpg --reference 40,60,200,150=#767676   with an 18 % grey card

    Exit codes: 0 done, 1 a fault of ours, 2 wrong usage, 3 no photo was usable, 130 stopped.
    """

    photos: Annotated[tuple[Path, ...], typer.Argument(metavar="PHOTO...", help="Photos, or folders of photos.")]
    out: Annotated[Path | None, "Write report.html, analysis.json and PNG maps here.", "DIR"] = None
    json: JsonFlag = False


@verb(Analyse)
def analyse(options: Analyse) -> int:
    """Analyse, print and write."""
    return run(options.photos, options, out=options.out, as_json=options.json)


def run(paths: Sequence[Path], options: AnalyseOptions, *, out: Path | None, as_json: bool) -> int:
    """Analyse, print and write; return the exit code."""
    files = find_photos(paths)
    check(options, files)
    fetch_with_progress([model.name for model in MODELS])
    console = Console(file=sys.stdout, highlight=False)
    folders = {} if out is None else folders_for(files, out)
    done: list[tuple[Analysis, Path]] = []
    views: list[Analysis] = []
    usable = False
    with progress(len(files), "analysing") as bar:
        for file, analysis in analyse_each(files, options):
            usable |= analysis.quality.usable
            if out is not None:
                write_result(analysis, folders[file])
                done.append((without_maps(analysis), folders[file]))
            if as_json:
                print(analysis_line(analysis), flush=True)
            else:
                print_analysis(analysis, console)
            if options.person:
                views.append(replace(analysis, photo=None, skin=None))
            bar.update(bar.task_ids[0], advance=1, description=file.name)
    if options.person and usable:
        _tell_person(views, console, out=out, as_json=as_json)
    if out is not None:
        report = write_overview_of(done, out) if len(done) > 1 else out / "report.html"
        print(f"Report: {report}", file=sys.stderr if as_json else sys.stdout)
    if not as_json:
        console.print(f"[dim]{NOTICE}[/dim]")
    return 0 if usable else EXIT_NOT_USABLE


def _tell_person(views: Sequence[Analysis], console: Console, *, out: Path | None, as_json: bool) -> None:
    """Print, and write as person.json, what all photos together say of one person's acne."""
    names = [view.name for view in views]
    findings = combine_views(views)
    held = person_object(names, findings)
    if out is not None:
        text = json.dumps(held, ensure_ascii=False, allow_nan=False, indent=1)
        write(out / "person.json", (text + "\n").encode())
    if as_json:
        print(json.dumps(held, ensure_ascii=False, allow_nan=False), flush=True)
    else:
        print_person(names, findings, console)
