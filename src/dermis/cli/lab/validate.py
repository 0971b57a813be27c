"""`dermis validate`: the evidence for what the program says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from dermis.cli.parser import verb
from dermis.cli.terminal import progress
from dermis.errors import UsageError
from dermis.formats.files import write_bytes
from dermis.lab.evaluate.evidence.validate import (
    fit_intervals,
    validation_json,
    validation_markdown,
    validation_page,
)
from dermis.lab.evaluate.evidence.validate import (
    validate as run,
)

__all__ = ["validate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""Run the evidence on the shipped models; fail below limits.

    Made people, real repeats, changed exposure, and pictures that are no photo of a face.
    Some minutes. Writes validation.html, validation.json and validation.md into DIR. A real set is a folder with
    labels.csv, columns `file` and `person`. With the sets `caltech_faces_light` and `melasma_faces` --fit fits the
    intervals of dark spots and redness, too.

    \b
    dermis validate --out evidence
    dermis validate --data caltech=../faces --out evidence
    dermis validate --fit --data caltech=../faces

    Exit codes: 0 every figure lies within its limits, 1 one does not, 2 wrong usage, 130 stopped.
    """

    out: Annotated[Path, "Where to write.", "DIR"] = Path("validation")
    data: Annotated[tuple[str, ...], "Real photos of people photographed more than once.", "NAME=DIR"] = ()
    fit: Annotated[bool, "First fit the intervals anew, on made people that do not judge."] = False
    short: Annotated[bool, "Two made people and few pictures: a look, no evidence; without limits."] = False


@verb(Options)
def validate(options: Options) -> int:
    """Print the tables, write the page, and fail where a figure lies outside of its limits."""
    folders = _folders(options.data)
    with progress(2, "validating") as bar:

        def step(words: str) -> None:
            bar.update(bar.task_ids[0], description=words)

        if options.fit:
            for path in fit_intervals(folders, step=step):
                print(f"Intervals: {path.name}")
        found = run(folders, short=options.short, step=step)
    options.out.mkdir(parents=True, exist_ok=True)
    written = {
        "validation.html": validation_page(found),
        "validation.json": validation_json(found),
        "validation.md": validation_markdown(found),
    }
    for name, text in written.items():
        write_bytes(options.out / name, text.encode())
    print(validation_markdown(found))
    print(f"Validation: {options.out / 'validation.html'}")
    return 0 if found.held else 1


def _folders(told: tuple[str, ...]) -> dict[str, Path]:
    folders = {}
    for text in told:
        name, equals, path = text.partition("=")
        if not equals or not Path(path).is_dir():
            raise UsageError(f"--data {text!r} names no folder.", advice="Write --data caltech=../faces.")
        folders[name] = Path(path)
    return folders
