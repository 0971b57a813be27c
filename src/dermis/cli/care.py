"""`dermis care`: what to do about what was measured."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from dermis.care import Person, Shelf, advise, questions, read_catalogue, suggest
from dermis.care.note import grouped
from dermis.cli.parser import JsonFlag, verb
from dermis.core import Advice
from dermis.errors import InputError
from dermis.formats.analysis_json import advice_object

__all__ = ["care"]

EXIT_NOTHING_READ = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CareOptions:
    r"""Say what to do about what was measured, with sources.

    Self-care, and when to see a doctor; each with its reason.

    No prescription and no diagnosis. Nothing about the person is needed; what is not told is never taken for a no.

    \b
    dermis analyse selfie.jpg --json > a.jsonl && dermis care a.jsonl
    dermis care result/analysis.json --age 34 --sex female --not-pregnant --using "adapalene 0.1 %"
    dermis care a.jsonl --signs scarring,pain --allergic "benzoyl peroxide" --products catalogue.csv --json

    Signs: scarring, nodules, sudden_onset, pain, fever, eye_symptoms, eye_pain, changing_mole, distress, not_better,
    or none.

    Exit codes: 0 done, 1 a fault of ours, 2 wrong usage, 3 no analysis could be read.
    """

    analyses: Annotated[
        tuple[Path, ...], typer.Argument(metavar="ANALYSIS.json...", help="JSON of `dermis analyse`; - reads stdin.")
    ]
    age: Annotated[float | None, "Age in years.", "YEARS"] = None
    sex: Annotated[str | None, "Sex.", "female|male"] = None
    pregnant: Annotated[
        bool | None, typer.Option("--pregnant/--not-pregnant", help="Pregnant, trying to be, or breast-feeding.")
    ] = None
    sensitive: Annotated[
        bool | None, typer.Option("--sensitive/--not-sensitive", help="Skin that stings or burns easily.")
    ] = None
    using: Annotated[str, 'In use, on the skin or by mouth ("salicylic acid 2 %").', "A,B"] = ""
    allergic: Annotated[str, "Ingredients not tolerated.", "A,B"] = ""
    signs: Annotated[str | None, "Signs, see above.", "A,B|none"] = None
    products: Annotated[Path | None, "A catalogue with ingredient lists, to choose products from.", "CSV"] = None
    json: JsonFlag = False


@verb(CareOptions)
def care(options: CareOptions) -> int:
    """Print the advice of each analysis; return the exit code."""
    person = Person(
        age_years=options.age,
        sex=options.sex,
        pregnant=options.pregnant,
        sensitive=options.sensitive,
        using=_listed(options.using),
        allergic=_listed(options.allergic),
        signs=None if options.signs is None else () if options.signs == "none" else _listed(options.signs),
    )
    catalogue = None if options.products is None else read_catalogue(options.products)
    if catalogue is not None and catalogue.left_out:
        print(f"dermis: {catalogue.left_out} products without name or ingredients were left out.", file=sys.stderr)
    done = 0
    for name, analysis in _analyses(options.analyses):
        lines = advise(analysis, person)
        shelves = {} if catalogue is None else suggest(analysis, person, catalogue)
        if options.json:
            _print_json(name, lines, shelves, with_products=catalogue is not None)
        else:
            _print_text(name, lines, shelves)
            _print_questions([(q.text, q.option) for q in questions(analysis, person)])
        done += 1
    return 0 if done else EXIT_NOTHING_READ


def _listed(text: str) -> tuple[str, ...]:
    """Return the names; the comma of a number such as 0,05 % parts nothing."""
    return tuple(part.strip() for part in re.split(r"(?<!\d),|,(?!\d)", text) if part.strip())


def _analyses(paths: Sequence[Path]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every analysis with the name of its photo; what cannot be read is said on stderr and skipped."""
    for path in paths:
        try:
            found = _objects(path)
        except InputError as error:
            print(f"dermis: {error.message}\n        {error.advice}", file=sys.stderr)
            continue
        for one in found:
            photo = one.get("photo")
            yield (
                (photo.get("path") or photo.get("file") or path.name if isinstance(photo, Mapping) else path.name),
                one,
            )


def _objects(path: Path) -> list[Mapping[str, Any]]:
    """Return the objects of a file that is one JSON object, a list of them, or one a line."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.", advice="Check the folder and the name.") from None
    except (OSError, UnicodeDecodeError) as fault:
        raise InputError(f"{path} cannot be read ({fault}).", advice="Give the JSON of `dermis analyse`.") from None
    try:
        whole = json.loads(text)
        found = whole if isinstance(whole, list) else [whole]
    except ValueError:
        found = [_line(path, number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not found or not all(isinstance(one, dict) and isinstance(one.get("findings"), list) for one in found):
        raise InputError(
            f"{path} holds no analysis: an object with findings.", advice="Give the JSON of `dermis analyse --json`."
        )
    return found


def _line(path: Path, number: int, line: str) -> object:
    try:
        return json.loads(line)
    except ValueError as fault:
        raise InputError(f"{path}, line {number}, is no JSON ({fault}).", advice="Run the analysis again.") from None


def _print_json(name: str, lines: tuple[Advice, ...], shelves: Mapping[str, Shelf], *, with_products: bool) -> None:
    for line in lines:
        held: dict[str, object] = {"photo": name, **advice_object(line)}
        if with_products:
            held["products"] = _products(shelves[line.rule]) if line.rule in shelves else []
        print(json.dumps(held, ensure_ascii=False))


def _products(shelf: Shelf) -> list[dict[str, object]]:
    return [
        {
            "code": one.product.code,
            "name": one.product.name,
            "brand": one.product.brand,
            "contains": list(one.contains),
            "flags": [
                {"kind": flag.kind, "ingredient": flag.ingredient, "note": flag.note, "source": flag.source}
                for flag in one.flags
            ],
        }
        for one in shelf.suggestions
    ]


def _print_text(name: str, lines: tuple[Advice, ...], shelves: Mapping[str, Shelf]) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]{escape(name)}[/bold]")
    for group in grouped(lines):
        console.print(f"\n[bold]{group.title}[/bold]")
        for number, step in enumerate(group.steps, 1):
            mark = f"{number}." if group.ordered else "-"
            console.print(f"  {mark} [cyan]{escape(step.label)}[/cyan]: {escape(step.line.advice)}")
            if not step.again:
                why = f"{step.line.reason} ({step.line.source}; {step.line.rule})"
                console.print(f"     [dim]{escape(why)}[/dim]")
                for text in _shelf_texts(shelves.get(step.line.rule)):
                    console.print(f"     {escape(text)}")


def _shelf_texts(shelf: Shelf | None) -> list[str]:
    if shelf is None:
        return []
    found = [
        f"product: {one.product.name} ({', '.join(one.contains)}; read its strength off the label)"
        + "".join(f"; {flag.kind}: {flag.ingredient}, {flag.note}" for flag in one.flags)
        for one in shelf.suggestions
    ]
    left_out = [f"{count} left out: {why}" for why, count in shelf.left_out.items()]
    return (found or ["no product in the catalogue fits"]) + left_out


def _print_questions(asked: list[tuple[str, str]]) -> None:
    if asked:
        print("\nAnswers that would change this advice:")
    for text, option in asked:
        print(f"  {option}: {text}")
