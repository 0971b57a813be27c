"""`dermis deidentify`: photos of patients as a trial passes them on."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.models import fetch_with_progress
from dermis.cli.parser import JsonFlag, verb
from dermis.cli.terminal import progress
from dermis.core.subjects import alike_names
from dermis.models.registry import MODELS
from dermis.pipeline.trial.deidentify import Deidentified, photos_under, subject_by
from dermis.pipeline.trial.deidentify import deidentify as deidentified

__all__ = ["deidentify"]

_NOT_USABLE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""Mask and rename photos: skin alone is left, and no name.

    Black are hair, brows, lashes, eyes, nostrils, mouth, beard, neck, clothes, background and other people. The new
    files have no metadata. The key, which says who is who, is written beside the folder for its owner alone; keep it
    apart. A stopped run goes on; nothing is overwritten. A photo without a face is not written, and said.
    Skin may still know its owner: the result is pseudonymous, not anonymous.

    \b
    dermis deidentify clinic/ --out shared/
    dermis deidentify clinic/ --out shared/ --key safe/key.csv --subject '^([^_]+)_'

    Exit codes: 0 done, 1 a fault of ours, 2 wrong usage, 3 no photo could be used, 130 stopped.
    """

    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Photos, also in folders of their own.")]
    out: Annotated[Path, "An empty folder, or one to go on with.", "DIR"]
    key: Annotated[Path | None, "Where the key is kept; DIR-key.csv by default.", "FILE"] = None
    subject: Annotated[
        str | None,
        "Its first group names the person in a file name, with / in the path; else the photo's folder does.",
        "REGEX",
    ] = None
    close_up: Annotated[bool, "Look for no face: keep all skin in view."] = False
    json: JsonFlag = False


@verb(Options)
def deidentify(options: Options) -> int:
    """Mask and rename, with a bar on stderr; say what was left out and where the key lies."""
    key = options.key or options.out.with_name(f"{options.out.name}-key.csv")
    subject = subject_by(options.subject)
    photos = photos_under(options.folder)
    for ways in alike_names(subject(photo.relative_to(options.folder)) for photo in photos):
        print(f"{' and '.join(ways)} are taken for one person.", file=sys.stderr)
    fetch_with_progress([model.name for model in MODELS])
    found: list[Deidentified] = []
    with progress(len(photos), "masking") as bar:
        for one in deidentified(options.folder, options.out, key, subject=subject, close_up=options.close_up):
            found.append(one)
            bar.update(bar.task_ids[0], advance=1)
    _tell(found, key, options)
    return 0 if any(one.file for one in found) else _NOT_USABLE


def _tell(found: list[Deidentified], key: Path, options: Options) -> None:
    if options.json:
        for one in found:
            print(json.dumps(asdict(one), ensure_ascii=False))
        return
    written = [one for one in found if one.file]
    before = sum(one.reason == "done before" for one in written)
    print(f"{len(written)} of {len(found)} photos in {options.out}" + (f", {before} of them before" if before else ""))
    for one in found:
        if not one.file:
            print(f"not written: {one.original}: {one.reason}", file=sys.stderr)
    print(f"The key is {key}: it names the people. Keep it apart from the photos.")
