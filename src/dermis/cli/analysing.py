"""`dermis analyse` and `dermis demo`: from files to a terminal, a stream of JSON, a folder of reports."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from dermis.analysis.examples import EXAMPLES, example_photos
from dermis.analysis.session import (
    Options,
    analyse_each,
    check,
    find_photos,
    folders_for,
    thin,
    write_overview_of,
    write_result,
)
from dermis.cli.fetching import fetch_with_progress
from dermis.cli.terminal import NOTICE, print_analysis, progress
from dermis.core import Analysis
from dermis.formats.analysis import analysis_line
from dermis.inference.zoo import MODELS

__all__ = ["run", "run_demo"]

EXIT_NOT_USABLE = 3


def run(paths: Sequence[Path], options: Options, *, out: Path | None, as_json: bool) -> int:
    """Analyse, print and write; return the exit code."""
    files = find_photos(paths)
    check(options, files)
    fetch_with_progress([model.name for model in MODELS])
    console = Console(file=sys.stdout, highlight=False)
    folders = {} if out is None else folders_for(files, out)
    done: list[tuple[Analysis, Path]] = []
    usable = False
    with progress(len(files), "analysing") as bar:
        for file, analysis in analyse_each(files, options):
            usable |= analysis.quality.usable
            if out is not None:
                write_result(analysis, folders[file])
                done.append((thin(analysis), folders[file]))
            if as_json:
                print(analysis_line(analysis), flush=True)
            else:
                print_analysis(analysis, console)
            bar.update(bar.task_ids[0], advance=1, description=file.name)
    if out is not None:
        report = write_overview_of(done, out) if len(done) > 1 else out / "report.html"
        print(f"Report: {report}", file=sys.stderr if as_json else sys.stdout)
    if not as_json:
        console.print(f"[dim]{NOTICE}[/dim]")
    return 0 if usable else EXIT_NOT_USABLE


def run_demo(out: Path) -> int:
    """Analyse the example photos into `out`."""
    fetch_with_progress([*(model.name for model in MODELS), *EXAMPLES])
    photos = example_photos(out / "photos")
    return run(photos, Options(), out=out, as_json=False)
