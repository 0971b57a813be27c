"""`dermis annotate read`: what a file of annotations holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.parser import JsonFlag, verb
from dermis.cli.streams import shown_text
from dermis.cli.terminal import print_table
from dermis.formats.annotations.annotations import read_annotations
from dermis.formats.annotations.marks import AnnotatedPhoto

__all__ = ["read", "tell_left_out"]


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
        unread = f", {one.unread} not read" if one.unread else ""
        rows.append((one.photo, one.grader, f"{len(names)}{unread}", kinds))
    print_table(("photo", "grader", "marks", "kinds"), rows)
    tell_left_out(held)


def tell_left_out(held: Sequence[AnnotatedPhoto]) -> None:
    """Print on stderr which marks were turned, scaled, cut or not read."""
    for one in held:
        for line in one.left_out:
            print(shown_text(line), file=sys.stderr)


def _object(one: AnnotatedPhoto) -> dict[str, object]:
    return {
        "photo": one.photo,
        "width_px": one.width_px,
        "height_px": one.height_px,
        "grader": one.grader,
        "unread": one.unread,
        "left_out": list(one.left_out),
        "marked": [
            {
                "class": thing.name,
                "box_px": [thing.box.x_px, thing.box.y_px, thing.box.width_px, thing.box.height_px],
                "score": thing.box.score,
            }
            for thing in one.marked
        ],
    }
