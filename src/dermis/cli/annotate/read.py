"""`dermis annotate read`: what a file of annotations holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.parser import JsonFlag, verb
from dermis.cli.terminal import print_table
from dermis.formats.annotations.annotated import AnnotatedPhoto
from dermis.formats.annotations.annotations import read_annotations

__all__ = ["read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Show what a file of annotations holds, whatever its format."""

    file: Annotated[Path, typer.Argument(metavar="FILE", help="COCO, Label Studio, VOC, CSV; a VOC folder.")]
    json: JsonFlag = False


@verb(Options)
def read(options: Options) -> None:
    """Print what a file of annotations holds: photos, graders, marks by name."""
    held = read_annotations(options.file)
    if options.json:
        print(json.dumps([_object(one) for one in held], ensure_ascii=False))
        return
    rows = []
    for one in held:
        names = [thing.name for thing in one.marked]
        kinds = ", ".join(f"{names.count(name)} {name}" for name in sorted(set(names)))
        rows.append((one.photo, one.grader, str(len(names)), kinds))
    print_table(("photo", "grader", "marks", "kinds"), rows)


def _object(one: AnnotatedPhoto) -> dict[str, object]:
    return {
        "photo": one.photo,
        "width_px": one.width_px,
        "height_px": one.height_px,
        "grader": one.grader,
        "marked": [
            {
                "class": thing.name,
                "box_px": [thing.box.x_px, thing.box.y_px, thing.box.width_px, thing.box.height_px],
                "score": thing.box.score,
            }
            for thing in one.marked
        ],
    }
