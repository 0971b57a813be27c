"""`dermis study difference`: where the skin changed since the first visit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from dermis.cli.models import fetch_with_progress
from dermis.cli.parser import JsonFlag, verb
from dermis.formats.files import make_folder, write_bytes
from dermis.models.registry import MODELS
from dermis.pipeline.analyse import analyse_file
from dermis.pipeline.trial.difference_map import DifferenceMap, difference_between
from dermis.tasks import choose

__all__ = ["difference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceOptions:
    r"""Where the skin changed since the first visit, as maps.

    Each later photo is laid on the first by landmarks and the skin's fine structure; the map of the task there is
    taken from that here. Its median, which light and camera change as much as skin, is told apart and left out of the
    map. All maps of a series have one scale of colours.

    \b
    dermis study difference week00.jpg week12.jpg --task melanin --out change/
    dermis study difference week00.jpg week04.jpg week08.jpg week12.jpg --task redness --out change/
    """

    before: Annotated[Path, typer.Argument(metavar="FIRST", help="The photo of the first visit.")]
    after: Annotated[
        tuple[Path, ...], typer.Argument(metavar="LATER...", help="The same side of the same face, later.")
    ]
    task: Annotated[str, "A task with a map, such as melanin, haemoglobin or redness.", "TASK"] = "melanin"
    out: Annotated[Path | None, "Write difference.png and .json here, of several later photos numbered.", "DIR"] = None
    json: JsonFlag = False


@verb(DifferenceOptions)
def difference(options: DifferenceOptions) -> None:
    """Analyse the photos, lay each later one on the first, print and write."""
    tasks = choose(options.task)
    fetch_with_progress([model.name for model in MODELS])
    first = analyse_file(options.before, tasks=tasks)
    found = [difference_between(first, analyse_file(path, tasks=tasks), options.task) for path in options.after]
    if options.out is not None:
        _write(found, options.out)
    for one in found:
        if options.json:
            print(json.dumps(_object(one), ensure_ascii=False))
        else:
            _print(one)


def _print(found: DifferenceMap) -> None:
    print(f"{found.task}, {found.after} less {found.before}: {found.level:+.2f} {found.unit} all over (light included)")
    for region, value in found.regions.items():
        print(f"  {region}: {value:+.2f} {found.unit} besides")
    print(f"{found.textured:.0%} of the places were known again; one may be {found.off_face_widths:.1%} of a face off")


def _write(found: Sequence[DifferenceMap], out: Path) -> None:
    from dermis.report.trial import difference_png  # late: it draws

    make_folder(out)
    most = max(float(np.nanquantile(np.abs(one.values), 0.99)) for one in found) or 1.0
    for place, one in enumerate(found, start=1):
        name = "difference" if len(found) == 1 else f"difference_{place}"
        write_bytes(out / f"{name}.png", difference_png(one.values, most=most))
        held = {**_object(one), "full_colour": round(most, 3)}
        write_bytes(out / f"{name}.json", (json.dumps(held, ensure_ascii=False, indent=1) + "\n").encode())


def _object(found: DifferenceMap) -> dict[str, object]:
    frame = asdict(found.frame)
    regions = {name: round(value, 3) for name, value in found.regions.items()}
    numbers = {"level": round(found.level, 3), "off_face_widths": round(found.off_face_widths, 5)}
    return {
        "schema": "dermis.difference/1", "task": found.task, "unit": found.unit, "before": found.before,
        "after": found.after, "frame": frame, **numbers, "regions": regions, "textured": round(found.textured, 3),
    }  # fmt: skip
