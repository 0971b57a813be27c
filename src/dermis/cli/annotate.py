"""`dermis annotate`: its verbs and options. Everything heavy is imported when a verb runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["annotate_app"]

annotate_app = typer.Typer(
    name="annotate",
    help="Lesions marked by people: drafts by the model for graders, what they gave back, who is wrong.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_EXPORT_HELP = """Mark the lesions that the model sees, as drafts for a grader to correct.

\b
dermis annotate export photos/ --out drafts --format label-studio
dermis annotate export a.jpg b.jpg --out drafts --format voc

Exit codes: 0 done, 1 a fault of ours, 2 wrong usage, 3 no photo was usable.
"""

_DISAGREEMENTS_HELP = """List where labels and model disagree, the strongest evidence against the label first.

LABELS is a file of any format that `annotate export` writes, or a folder of Pascal VOC files. Written are
disagreements.html, a contact sheet, and disagreements.csv.

\b
dermis annotate disagreements labels.json photos/ --out doubts
dermis annotate disagreements boxes.csv photos/ --out doubts --predictions drafts/boxes.csv
"""

Photos = Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photos, or folders of photos.")]


@annotate_app.command(help=_EXPORT_HELP)
def export(
    photos: Photos,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the drafts are written.")],
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help="coco, label-studio, voc or csv.")
    ] = "label-studio",
) -> None:
    """Mark the lesions that the model sees, as drafts for a grader to correct."""
    from dermis.cli.annotate_work import run_export

    raise typer.Exit(run_export(photos, out, form))


@annotate_app.command()
def read(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="COCO, Label Studio, VOC, CSV; a VOC folder.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text.")] = False,
) -> None:
    """Show what a file of annotations holds, whatever its format."""
    from dermis.cli.annotate_work import run_read

    run_read(file, as_json=json)


@annotate_app.command(help=_DISAGREEMENTS_HELP)
def disagreements(
    labels: Annotated[Path, typer.Argument(metavar="LABELS", help="What people marked.")],
    photos: Photos,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the sheet and the table are written.")],
    predictions: Annotated[
        Path | None,
        typer.Option("--predictions", metavar="FILE", help="Boxes with scores, instead of asking our own model."),
    ] = None,
    grades: Annotated[
        Path | None, typer.Option("--grades", metavar="CSV", help="Columns photo and grade (0-3): doubt these too.")
    ] = None,
) -> None:
    """List where labels and model disagree, the strongest evidence against the label first."""
    from dermis.cli.annotate_work import run_disagreements

    raise typer.Exit(run_disagreements(labels, photos, out, predictions=predictions, grades=grades))
