"""`dermis study trial`: what changed over the visits of a trial, as tables, JSON and a figure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from dermis.cli.parser import JsonFlag, verb
from dermis.cli.terminal import print_table
from dermis.errors import UsageError
from dermis.formats.files import make_folder, write_bytes
from dermis.formats.tables import write_csv
from dermis.study.measurements import read_measurements
from dermis.study.mixed_model import MixedEffect, MixedModel, fit_mixed_model
from dermis.study.trial import ArmDifference, PairedChange, PersonChange, ResponderRate, Trial, trial_of

__all__ = ["SCHEMA", "trial"]

SCHEMA = "dermis.trial/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""What changed over the visits of a trial, by arm.

    FINDINGS is a table of `dermis batch` (CSV, Excel, Parquet), a table with a column called as the task, or what
    `dermis analyse` wrote (--out folder, --json lines). The sheet says whose the photos are: photo, subject, visit,
    arm; or subject and arm alone, where file names (P0012_FACE_L_..W04) or the table say subject and visit.
    Said are the paired change of each arm with its interval, its difference to the control arm, a mixed model over
    visits, responder rates, and each person's curve. Of several photos at a visit the mean counts.

    \b
    dermis study trial findings.csv --subjects subjects.csv --task pigmentation_grade --out trial/
    dermis study trial results/ --subjects sheet.xlsx --task melanin --region left_cheek --responder 10%

    Exit codes: 0 done, 1 a fault of ours, 2 wrong usage, 3 no change could be computed.
    """

    findings: Annotated[tuple[Path, ...], typer.Argument(metavar="FINDINGS...", help="What was measured.")]
    subjects: Annotated[Path | None, "Whose the photos are, and in which arm.", "SHEET"] = None
    task: Annotated[str, "Which finding.", "TASK"] = "pigmentation_grade"
    region: Annotated[str, "Of which region.", "REGION"] = "face"
    control: Annotated[str, "The arm to compare with; else vehicle, placebo or the first.", "ARM"] = ""
    responder: Annotated[str, "A response: improved by so much, or by so many per cent.", "N|N%"] = "1"
    better: Annotated[str, "What is an improvement: lower or higher.", "WORD"] = "lower"
    level: Annotated[float, "Of the intervals.", "P"] = 0.95
    out: Annotated[
        Path | None, "Write trial.json, CSV tables, trial.png, curves.png and responders.png here.", "DIR"
    ] = None
    json: JsonFlag = False


@verb(Options)
def trial(options: Options) -> None:
    """Read, compute, print, write."""
    improved_by, relative = _threshold(options.responder)
    if options.better not in ("lower", "higher") or not 0 < options.level < 1:
        raise UsageError("--better is lower or higher, --level lies between 0 and 1.", advice="Check both.")
    measurements, notes = read_measurements(
        options.findings, options.subjects, task=options.task, region=options.region
    )
    found = trial_of(
        measurements,
        task=options.task,
        control=options.control,
        improved_by=improved_by,
        relative=relative,
        higher_is_better=options.better == "higher",
        level=options.level,
    )
    model: MixedModel | None = None
    try:
        model = fit_mixed_model(measurements, control=options.control, level=options.level)
        notes += [f"Mixed model: {note}" for note in model.notes]
    except UsageError as fault:
        notes.append(f"No mixed model: {fault.message} {fault.advice}")
    if options.out is not None:
        _write(found, model, notes, options.out)
    if options.json:
        print(json.dumps(_object(found, model, notes), ensure_ascii=False, allow_nan=False))
    else:
        _print(found, model, notes, options.out)


def _threshold(text: str) -> tuple[float, bool]:
    number, per_cent = text.strip().removesuffix("%"), text.strip().endswith("%")
    try:
        value = abs(float(number))
    except ValueError:
        raise UsageError(f"--responder {text!r} is no amount.", advice="Write 1, or 30%.") from None
    return (value / 100, True) if per_cent else (value, False)


def _rows(records: Sequence[Any], kind: type) -> tuple[list[str], list[list[object]]]:
    names = [field.name for field in fields(kind)]
    return names, [[_plain(getattr(one, name)) for name in names] for one in records]


def _plain(value: object) -> object:
    if not isinstance(value, float):
        return value
    return round(value, 5) if np.isfinite(value) else ""


def _write(found: Trial, model: MixedModel | None, notes: Sequence[str], out: Path) -> None:
    from dermis.report.trial import curves_png, responders_png, trial_png  # late: they draw

    make_folder(out)
    tables: list[tuple[str, Sequence[Any], type]] = [
        ("changes", found.changes, PairedChange),
        ("arms", found.differences, ArmDifference),
        ("responders", found.responders, ResponderRate),
        ("people", found.people, PersonChange),
        ("mixed_model", model.effects if model else (), MixedEffect),
    ]
    for name, records, kind in tables:
        write_csv(out / f"{name}.csv", *_rows(records, kind))
    weeks = sorted({week for curve in found.curves for week in curve.values})
    curves = [
        [one.subject, one.arm, *(_plain(one.values.get(week, float("nan"))) for week in weeks)] for one in found.curves
    ]
    write_csv(out / "curves.csv", ("subject", "arm", *(f"week_{week:g}" for week in weeks)), curves)
    text = json.dumps(_object(found, model, notes), ensure_ascii=False, allow_nan=False, indent=1)
    write_bytes(out / "trial.json", (text + "\n").encode())
    write_bytes(out / "trial.png", trial_png(found))
    write_bytes(out / "curves.png", curves_png(found))
    write_bytes(out / "responders.png", responders_png(found))


def _object(found: Trial, model: MixedModel | None, notes: Sequence[str]) -> dict[str, Any]:
    curves = [
        {"subject": one.subject, "arm": one.arm, "values": {f"{week:g}": value for week, value in one.values.items()}}
        for one in found.curves
    ]
    held = {**asdict(found), "curves": curves, "mixed_model": asdict(model) if model else None, "notes": list(notes)}
    rounded: dict[str, Any] = _rounded(held)
    return {"schema": SCHEMA, **rounded}


def _rounded(held: Any) -> Any:  # noqa: ANN401 -- what JSON holds
    if isinstance(held, dict):
        return {name: _rounded(value) for name, value in held.items()}
    if isinstance(held, list | tuple):
        return [_rounded(value) for value in held]
    return (round(held, 5) if np.isfinite(held) else None) if isinstance(held, float) else held


def _print(found: Trial, model: MixedModel | None, notes: Sequence[str], out: Path | None) -> None:
    print(f"{found.task}, change from week {found.baseline:g}; response: {found.responds}")
    rates = {(one.arm, one.week): one for one in found.responders}
    rows = []
    for one in found.changes:
        rate = rates[one.arm, one.week]
        ends = "" if np.isnan(one.low) else f"{one.low:+.2f} to {one.high:+.2f}"
        share = f"{rate.responders} of {rate.n} ({rate.low:.0%} to {rate.high:.0%})"
        rows.append((one.arm or "all", f"{one.week:g}", str(one.n), f"{one.mean:+.2f}", ends, share))
    print_table(("arm", "week", "n", "change", f"{found.level:.0%} interval", "responders"), rows)
    for gap in found.differences:
        ends = f"{gap.low:+.2f} to {gap.high:+.2f}"
        print(f"week {gap.week:g}: {gap.arm} less {gap.control} {gap.difference:+.2f} ({ends}, p = {gap.p:.3g})")
    for effect in (one for one in (model.effects if model else ()) if one.control):
        ends = f"{effect.low:+.2f} to {effect.high:+.2f}"
        print(f"mixed model, week {effect.week:g}: {effect.arm} less {effect.control} {effect.estimate:+.2f} ({ends})")
    for note in notes:
        print(note)
    if out is not None:
        print(f"Tables and figure: {out}")
