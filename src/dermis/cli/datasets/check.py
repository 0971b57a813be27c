"""`dermis datasets check`: what a dataset holds, and what is in it twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from dermis.cli.parser import JsonFlag, verb
from dermis.cli.terminal import progress
from dermis.core import Sample
from dermis.errors import InputError, UsageError
from dermis.lab.datasets import Dataset, find_dataset
from dermis.lab.datasets.check import DatasetCheck, DuplicatePair, check_dataset
from dermis.lab.datasets.dataset import Mismatch

__all__ = ["check"]

_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""Read every photo of a dataset once.

    Said is what it holds, what is in it twice, and which labels contradict.

    \b
    dermis datasets check acne04 data/acne04
    dermis datasets check graded-folders photos/ --thorough --json
    dermis datasets check hyperpigmentation-trial trial/ --map subject=ID,visit=Visit,grade=MH_Left,grade=MH_Right

    With --map the columns of your own sheets are read; said are what was understood and what does not fit: photos
    without a grade, grades without a photo, duplicates, grades off the scale.
    """

    name: Annotated[str, typer.Argument(metavar="NAME", help="A layout; `dermis datasets` lists them.")]
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The dataset's folder.")]
    columns: Annotated[
        tuple[str, ...],
        typer.Option("--map", metavar="FIELD=COLUMN,...", help="What the columns of a sheet mean, of trials."),
    ] = ()
    thorough: Annotated[bool, "Also find turned and sheared copies; a few ms a likely pair."] = False
    json: JsonFlag = False


@verb(Options)
def check(options: Options) -> None:
    """Check a dataset and print what was found."""
    dataset = _dataset(options)
    notes, mismatches = tuple(dataset.notes(options.folder)), tuple(dataset.mismatches(options.folder))
    if not options.json:
        _print_sheet(notes, mismatches, Console(highlight=False))
    samples = _indexed(dataset, options, notes, mismatches)
    with progress(len(samples), "reading") as bar:
        found = check_dataset(
            samples, thorough=options.thorough, seen=lambda count: bar.update(bar.task_ids[0], completed=count)
        )
    found = replace(found, notes=notes, mismatches=mismatches)
    if options.json:
        print(json.dumps(asdict(found), ensure_ascii=False))
        return
    _print(found, Console(highlight=False))


def _indexed(dataset: Dataset, options: Options, notes: Sequence[str], mismatches: Sequence[Mismatch]) -> list[Sample]:
    """Return the samples; what does not fit is printed also where it makes the dataset refused."""
    try:
        return dataset.index(options.folder)
    except InputError:
        if options.json and (notes or mismatches):
            held = {"notes": list(notes), "mismatches": [asdict(one) for one in mismatches]}
            print(json.dumps(held, ensure_ascii=False))
        raise


def _dataset(options: Options) -> Dataset:
    dataset = find_dataset(options.name)
    if not options.columns:
        return dataset
    if dataset.with_columns is None:
        raise UsageError(
            f"The columns of {dataset.name} are fixed.", advice="Leave out --map, or read photo-table or a trial."
        )
    return dataset.with_columns(options.columns)


def _print_sheet(notes: Sequence[str], mismatches: Sequence[Mismatch], console: Console) -> None:
    for note in notes:
        console.print(f"  [dim]{escape(note)}[/dim]")
    kinds = Counter(one.kind for one in mismatches)
    for kind, count in kinds.items():
        first = [one.about for one in mismatches if one.kind == kind][:_TOLD]
        console.print(f"[yellow]{count} x {escape(kind)}[/yellow]: {escape('; '.join(first))}")
        if count > _TOLD:
            console.print(f"  and {count - _TOLD} more; --json lists all")


def _print(found: DatasetCheck, console: Console) -> None:
    graders = f" by {', '.join(found.graders)}" if found.graders else ""
    console.print(
        f"{found.photos} photos of {found.subjects} subjects, {found.labels} labels{escape(graders)}, "
        f"{found.items} marks"
    )
    for label, values in found.values.items():
        console.print(f"  {escape(label)}: {escape(values)}")
    for key, reason in list(found.unreadable.items())[:_TOLD]:
        console.print(f"  [red]unreadable[/red] {escape(key)}: {escape(reason)}")
    identical = sum(twin.identical for twin in found.twins)
    parted = sum(twin.parted for twin in found.twins)
    contradicted = sum(bool(twin.contradicted) for twin in found.twins)
    console.print(
        f"{len(found.twins)} pairs show the same: {identical} identical files, {parted} as two subjects, "
        f"{contradicted} with labels that contradict"
    )
    worst = sorted(found.twins, key=lambda twin: (not twin.contradicted, not twin.parted, -twin.likeness))
    for twin in worst[:_TOLD]:
        console.print(f"  {escape(_words(twin))}")
    if len(worst) > _TOLD:
        console.print(f"  and {len(worst) - _TOLD} more; --json lists all")
    if parted:
        console.print('Split with split.duplicates = "alike", which keeps them together.')


def _words(twin: DuplicatePair) -> str:
    why = "identical" if twin.identical else f"alike {twin.likeness:.2f}"
    notes = ["two subjects"] if twin.parted else []
    notes += [f"{task} by {grader}: {one:g} and {other:g}" for task, grader, one, other in twin.contradicted]
    return f"{twin.first} = {twin.second} ({why}{''.join(f'; {note}' for note in notes)})"
