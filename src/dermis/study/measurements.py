"""What was measured of whom and when: findings of photos, and a sheet that says whose they are.

Findings: a table with `task`, `region` and `value` in each row (of `dermis batch`: CSV, Excel or Parquet), a table with
a column called as the task, analyses as `dermis analyse --json` prints or `--out` writes them, or a folder of these.
The sheet: `photo`, `subject` and `visit` of each photo, or `subject` and `arm` of each person where file names
(P0012_FACE_L_..W04) or the table itself say subject and visit. Visits are weeks: Baseline, Week 4, W04, 4.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermis.errors import InputError, UsageError
from dermis.formats.tables import folded, open_table

__all__ = ["Measurement", "read_measurements", "week_of"]

_NAMES: Mapping[str, tuple[str, ...]] = {
    "photo": ("photo", "path", "file", "image"),
    "subject": ("subject", "id"),
    "visit": ("visit", "week"),
    "arm": ("arm", "group"),
}
"""The columns that say whose a value is: the first of these words that is there."""
_TRIAL_NAME = re.compile(r"P(\d+)_FACE_[LR]_.*W(\d{2})")
_WEEK = re.compile(r"(?:week|wk|w|visit|v)?[\s_.-]*0*(\d{1,3}(?:\.\d+)?)", re.IGNORECASE)
_BASELINE = ("baseline", "base", "bl")
_SHOWN = 3

_Said = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One value of one person at one visit; arm is "" where there is one group."""

    subject: str
    week: float
    value: float
    arm: str = ""


def read_measurements(
    findings: Sequence[Path], sheet: Path | None, *, task: str, region: str = "face"
) -> tuple[list[Measurement], list[str]]:
    """Return the values of a task in a region with whose they are, and what was left out, in lines for the user.

    Raises InputError: nothing of that task, a visit that is no week, a subject in two arms, a photo of nobody.
    """
    sheets = {} if sheet is None else _sheet(sheet)
    found: list[Measurement] = []
    nobody: list[str] = []
    for row in (row for path in findings for row in _rows(path, task, region)):
        whose = _whose(row, sheets)
        if whose is None:
            nobody.append(row.get("photo") or "a row")
            continue
        subject, visit, arm = whose
        week = week_of(visit)
        if week is None:
            raise InputError(
                f"The visit {visit!r} of {subject} is no week.", advice="Write Baseline, Week 4, W04 or 4."
            )
        found.append(Measurement(subject=subject, week=week, value=float(row["value"]), arm=arm))
    if not found:
        raise InputError(
            f"There is no {task} of {region} of anybody in {', '.join(path.name for path in findings)}.",
            advice="Check --task and --region, and that the sheet names the photos, their subject and visit.",
        )
    _check_arms(found)
    notes = []
    if nobody:
        shown = ", ".join(nobody[:_SHOWN])
        notes.append(f"{len(nobody)} values were left out: nothing says whose they are ({shown}).")
    return found, notes


def week_of(text: str) -> float | None:
    """Return the week that a visit says, None where it says none."""
    if text.strip().lower() in _BASELINE:
        return 0.0
    hit = _WEEK.fullmatch(text.strip())
    return float(hit[1]) if hit else None


def _check_arms(found: Iterable[Measurement]) -> None:
    arms: dict[str, str] = {}
    for one in found:
        if arms.setdefault(one.subject, one.arm) != one.arm:
            raise InputError(
                f"Subject {one.subject} is in two arms: {arms[one.subject]!r} and {one.arm!r}.",
                advice="Mend the sheet: an arm belongs to a person.",
            )


def _sheet(path: Path) -> dict[str, _Said]:
    """Return what a sheet says, by the stem of a photo's name where it names photos, else by subject."""
    table = open_table(path)
    names = _named(table.columns)
    if "subject" not in names:
        raise UsageError(f"{path.name} has no column subject.", advice=f"Its header reads: {', '.join(table.columns)}.")
    key = "photo" if "photo" in names else "subject"
    said: dict[str, _Said] = {}
    for row, line in zip(table.rows, table.lines, strict=True):
        held = {field: row[column] for field, column in names.items()}
        name = _stem(held[key]) if key == "photo" else _plain(held[key])
        if not name:
            raise InputError(f"{path.name}, line {line} names no {key}.", advice="Name it, or remove the row.")
        if said.setdefault(name, held) != held:
            raise InputError(f"{path.name}, line {line}: {name} is there twice.", advice="Keep one of the rows.")
    return said


def _named(columns: Iterable[str]) -> dict[str, str]:
    by_fold = {folded(column): column for column in columns}
    hits = {field: next((by_fold[one] for one in words if one in by_fold), None) for field, words in _NAMES.items()}
    return {field: column for field, column in hits.items() if column is not None}


def _whose(row: _Said, sheets: Mapping[str, _Said]) -> tuple[str, str, str] | None:
    """Return subject, visit and arm of a row: its own words first, then the sheet's, then its file name's."""
    stem = _stem(row.get("photo", ""))
    by_photo = sheets.get(stem, {})
    scheme = _TRIAL_NAME.fullmatch(stem.upper())
    named = {"subject": scheme[1], "visit": scheme[2]} if scheme else {}
    subject = row.get("subject") or by_photo.get("subject") or named.get("subject", "")
    by_subject = sheets.get(_plain(subject), {})
    visit = row.get("visit") or by_photo.get("visit") or named.get("visit", "")
    if not subject or not visit:
        return None
    return _plain(subject), visit, row.get("arm") or by_photo.get("arm") or by_subject.get("arm", "")


def _stem(name: str) -> str:
    return Path(name.replace("\\", "/")).stem.casefold()


def _plain(subject: str) -> str:
    bare = re.sub(r"^[Pp](?=\d+$)", "", subject.strip())
    return (bare.lstrip("0") or "0") if bare.isdigit() else bare


def _rows(path: Path, task: str, region: str) -> Iterator[_Said]:
    """Yield the values of a task in a region, each with photo, subject, visit and arm where the file says them."""
    if path.is_dir():
        files = sorted(path.rglob("analysis.json")) or sorted(path.glob("*.json"))
        if not files:
            raise InputError(f"{path} holds no analysis.json.", advice="Name the --out folder of `dermis analyse`.")
        for file in files:
            yield from _analyses(file, task, region)
    elif path.suffix.lower() in (".json", ".jsonl", ".ndjson"):
        yield from _analyses(path, task, region)
    else:
        columns, rows = _table(path)
        yield from _of_table(path, columns, rows, task, region)


def _table(path: Path) -> tuple[Sequence[str], list[dict[str, Any]]]:
    if path.suffix.lower() != ".parquet":
        table = open_table(path)
        return table.columns, [dict(row) for row in table.rows]
    try:
        import pyarrow.parquet  # late: an extra
    except ModuleNotFoundError:
        raise UsageError("Parquet needs pyarrow.", advice="pip install 'dermis[batch]', or export as CSV.") from None
    held = pyarrow.parquet.read_table(path)
    return held.column_names, held.to_pylist()


def _of_table(
    path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], task: str, region: str
) -> Iterator[_Said]:
    names, by_fold = _named(columns), {folded(column): column for column in columns}
    long = {"task", "value"} <= set(by_fold)
    if not long and folded(task) not in by_fold:
        raise InputError(f"{path.name} has neither task and value nor {task}.", advice=f"It has: {', '.join(columns)}.")
    column = by_fold["value"] if long else by_fold[folded(task)]
    for row in rows:
        wanted = not long or (row[by_fold["task"]] == task and row.get(by_fold.get("region", ""), region) == region)
        if wanted and row[column] not in ("", None):
            yield {field: str(row[name] or "") for field, name in names.items()} | {"value": str(row[column])}


def _analyses(path: Path, task: str, region: str) -> Iterator[_Said]:
    try:
        text = path.read_text(encoding="utf-8")
        held = (
            [json.loads(text)] if path.suffix == ".json" else [json.loads(line) for line in text.splitlines() if line]
        )
        for analysis in held:
            for finding in analysis.get("findings", ()):
                if finding["task"] == task and finding["region"] == region:
                    yield {"photo": str(analysis["photo"]["file"]), "value": str(finding["value"])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise InputError(
            f"{path} is no analysis ({type(fault).__name__}).", advice="Make it with --json or --out."
        ) from None
