"""`dermis annotate export`: photos with drafts for graders."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.models import fetch_with_progress
from dermis.cli.parser import verb
from dermis.cli.streams import shown_text
from dermis.cli.terminal import progress
from dermis.core import Analysis
from dermis.errors import UsageError
from dermis.formats.annotations.annotations import FORMATS, write_annotations
from dermis.formats.annotations.on_photos import short_names
from dermis.models.registry import MODELS
from dermis.pipeline.analyse import analyse_file
from dermis.pipeline.batch import find_photos
from dermis.pipeline.pre_annotation import draft_of
from dermis.pipeline.products import need
from dermis.tasks import TASKS

__all__ = ["export", "look_for_lesions"]

EXIT_NOTHING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""Mark the lesions that the model sees, for graders to correct.

    \b
    dermis annotate export photos/ --out drafts --format label-studio
    dermis annotate export a.jpg b.jpg --out drafts --format voc

    Exit codes: 0 done, 1 a fault of ours, 2 wrong usage, 3 no photo was usable.
    """

    photos: Annotated[tuple[Path, ...], typer.Argument(metavar="PHOTO...", help="Photos, or folders of photos.")]
    out: Annotated[Path, "Where the drafts are written.", "DIR"]
    form: Annotated[str, typer.Option("--format", metavar="NAME", help="coco, label-studio, voc or csv.")] = (
        "label-studio"
    )


@verb(Options)
def export(options: Options) -> int:
    """Write the model's lesions on photos as drafts; a photo that cannot be measured goes out unmarked."""
    form = options.form
    if form not in FORMATS:
        raise UsageError(f"No format is called {form!r}.", advice=f"There are: {', '.join(FORMATS)}.")
    files = find_photos(options.photos)
    names = short_names(files)
    drafts = []
    for file, analysis in zip(files, look_for_lesions(files), strict=True):
        if analysis.lesions is None:
            reasons = "; ".join(problem.message for problem in analysis.quality.problems)
            print(f"{shown_text(names[file])}: nothing drafted. {reasons}", file=sys.stderr)
        if analysis.photo is not None:
            drafts.append(replace(draft_of(analysis), photo=names[file]))
    if not drafts:
        return EXIT_NOTHING
    written = write_annotations(options.out, drafts, form)
    lesions = sum(len(one.marked) for one in drafts)
    print(f"{lesions} lesions drafted on {len(drafts)} photos: {written}")
    return 0


def look_for_lesions(files: Sequence[Path]) -> list[Analysis]:
    """Analyse photos for their lesions, with a bar on stderr."""
    wanted = (TASKS["acne_lesions"],)
    need(wanted)
    fetch_with_progress([model.name for model in MODELS])
    done = []
    with progress(len(files), "looking") as bar:
        for file in files:
            done.append(analyse_file(file, tasks=wanted))
            bar.update(bar.task_ids[0], advance=1, description=shown_text(file.name))
    return done
