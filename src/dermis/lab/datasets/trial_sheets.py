"""Sheets of a trial's grades, whatever their columns: which column means what, and what does not fit the photos.

A mapping says it in words: `subject=ID, grade=MH_Left`. Fields are `photo`, `subject`, `side`, `visit`, `grader`,
`sheet` (a file; else every table in the folder that has the columns) and, as often as needed, `grade`. A column of
grades may say more behind its field: `grade.left=MH_L`, `grade.week4=W4`, `grade@anna=MH_A`, `grade.left@anna=A_L`.
What it does not say is read from the column's name (MH_Left, Week 4), else from the row, and is told in the preview.
A sheet that names no grader is by the grader its file is called after.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dermis.core.subjects import alike_names, subject_key
from dermis.errors import InputError, UsageError
from dermis.formats.tables import Row, Table, number_in, open_table
from dermis.formats.trial_names import EXAMPLE, SIDES, side_of
from dermis.lab.datasets.dataset import Mismatch

__all__ = [
    "SCALE",
    "Address",
    "Column",
    "ColumnMap",
    "GradeCell",
    "address_of",
    "columns_from",
    "grades_in",
    "matched",
    "preview",
    "week_of",
]

SCALE = (0.0, 9.0, 0.5)
"""Lowest and highest grade of mottled hyperpigmentation, and the step between two."""
_ROW_FIELDS = ("photo", "subject", "side", "visit", "grader")
_FIELDS = (*_ROW_FIELDS, "sheet", "grade")
_WEEK = re.compile(r"(?:week|wk|w|visit|v)?[\s_.-]*0*(\d{1,3})", re.IGNORECASE)
_WEEK_IN_NAME = re.compile(r"(?:^|[^a-z])(?:week|wk|w)[\s_.-]*0*(\d{1,3})(?:$|[^0-9])", re.IGNORECASE)
_BASELINE = ("baseline", "base", "bl", "screening")
_TABLES = (".xlsx", ".xlsm", ".csv", ".tsv")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Address:
    """Which photo: subject as `subject_key` compares it, side L, R or F, week from the first visit.

    name: the subject as it was written; it tells no two addresses apart.
    """

    subject: str
    side: str
    week: int
    name: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"subject {self.name or self.subject}, {SIDES[self.side]}, week {self.week}"


def address_of(subject: str, side: str, week: int) -> Address:
    """Return the address of a subject as it was written."""
    return Address(subject=subject_key(subject), side=side, week=week, name=subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of grades: its name, and what is said of all grades in it; "" and None where the row says."""

    name: str
    side: str = ""
    week: int | None = None
    grader: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMap:
    """Which column of a sheet means what. fields: photo, subject, side, visit, grader -> column. sheet: "" for any."""

    fields: Mapping[str, str]
    grades: tuple[Column, ...]
    sheet: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that a sheet must have."""
        return (*self.fields.values(), *(one.name for one in self.grades))


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeCell:
    """One grade as a sheet has it: of which photo (its file's name, or an address), by whom, where it stands.

    unclear: what the row says of side or visit and is not understood, so that it has no address.
    """

    where: str
    grader: str
    value: float | None
    photo: str = ""
    address: Address | None = None
    unclear: str = ""


def columns_from(words: Sequence[str]) -> ColumnMap:
    """Return the mapping said by words such as "subject=ID,grade.left=MH_L". Raises UsageError."""
    fields: dict[str, str] = {}
    grades: list[Column] = []
    for word in (part for text in words for part in _parted(text)):
        field, equals, column = (part.strip() for part in word.partition("="))
        name = re.split(r"[.@]", field, maxsplit=1)[0].lower()
        if not equals or not column or name not in _FIELDS:
            raise UsageError(
                f"--map {word!r} maps nothing.", advice=f"Write FIELD=COLUMN; fields are {', '.join(_FIELDS)}."
            )
        if name == "grade":
            grades.append(_grade_column(field, column))
        elif name in fields:
            raise UsageError(f"--map names {name} twice.", advice="Only grade may be repeated.")
        else:
            fields[name] = column
    sheet = fields.pop("sheet", "")
    if not grades or not ("photo" in fields or "subject" in fields):
        raise UsageError(
            "--map needs a column of grades, and one of subjects or photos.", advice="Write subject=ID,grade=MH_Left."
        )
    return ColumnMap(fields=fields, grades=tuple(grades), sheet=sheet)


def _parted(text: str) -> list[str]:
    """Return the words of a mapping between its commas; one without = belongs to a column that has a comma."""
    parts: list[str] = []
    for part in text.split(","):
        if parts and "=" not in part:
            parts[-1] += f",{part}"
        else:
            parts.append(part)
    return [part.strip(" ,") for part in parts if part.strip(" ,")]


def _grade_column(field: str, column: str) -> Column:
    told, _, grader = field.partition("@")
    side, week = "", None
    for part in told.split(".")[1:]:
        if side_of(part):
            side = side_of(part)
        elif (week := week_of(part)) is None:
            raise UsageError(
                f"--map {field}: {part!r} is no side and no week.", advice="Write grade.left or grade.week4."
            )
    words = re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).lower())
    side = side or side_of(column)
    if week is None:
        named = _WEEK_IN_NAME.search(column)
        week = int(named[1]) if named else 0 if any(word in _BASELINE for word in words) else None
    return Column(name=column, side=side, week=week, grader=grader.strip())


def week_of(text: str) -> int | None:
    """Return the week that a visit's name says: Baseline, Week 4, W04, 4; None where it says none."""
    if text.strip().lower() in _BASELINE:
        return 0
    found = _WEEK.fullmatch(text.strip())
    return int(found[1]) if found else None


def grades_in(root: Path, columns: ColumnMap) -> tuple[list[GradeCell], list[str]]:
    """Return every grade in the sheets of a folder, and what was understood, in lines for the user.

    Raises InputError where no sheet has the columns, and for a cell that is no number.
    """
    cells: list[GradeCell] = []
    notes: list[str] = []
    for path in _sheets(root, columns):
        try:
            table = open_table(path, needs=columns.needs, words=tuple(columns.fields.values()))
        except InputError as fault:
            if columns.sheet or "has no column" not in fault.message:
                raise
            notes.append(f"{path.name} was left out: {fault.message} {fault.advice}")
            continue
        held = list(_cells(table, columns, path.stem))
        notes += [*table.notes, *preview(table, columns, path.stem, held)]
        names = [cell.address.name for cell in held if cell.address is not None]
        notes += [f"{table.name}: {' and '.join(ways)} are taken for one person." for ways in alike_names(names)]
        cells += held
    if not cells:
        raise InputError(
            f"{root} has no sheet with the columns {', '.join(columns.needs)}.",
            advice="Check --map; " + (" ".join(notes) or "a sheet is .xlsx or .csv in that folder."),
        )
    return cells, notes


def preview(table: Table, columns: ColumnMap, grader: str, cells: Sequence[GradeCell]) -> Iterator[str]:
    """Yield what was understood of a sheet: each column's meaning, an example, and what was not looked at."""
    for meaning, column in columns.fields.items():
        example = next((row[column] for row in table.rows if row[column]), "")
        yield f"{table.name}: {column} is the {meaning}, such as {example!r}."
    for one in columns.grades:
        values = [value for value in table.numbers(one.name) if value is not None]
        side = f"{SIDES[one.side]} side" if one.side else f"side by {columns.fields.get('side', 'the photo')}"
        visit = f"week {one.week}" if one.week is not None else f"visit by {columns.fields.get('visit', 'the photo')}"
        by = one.grader or (f"by {columns.fields['grader']}" if "grader" in columns.fields else grader)
        span = f"{min(values):g} to {max(values):g}" if values else "all empty"
        yield f"{table.name}: {one.name} holds {len(values)} grades, {side}, {visit}, grader {by}: {span}."
    rest = [name for name in table.columns if name not in columns.needs]
    if rest:
        yield f"{table.name}: not looked at: {', '.join(rest)}."


def _sheets(root: Path, columns: ColumnMap) -> list[Path]:
    if columns.sheet:
        return [root / columns.sheet]
    return sorted(
        path for path in root.iterdir() if path.suffix.lower() in _TABLES and not path.name.startswith((".", "~"))
    )


def _cells(table: Table, columns: ColumnMap, stem: str) -> Iterator[GradeCell]:
    for row, line in zip(table.rows, table.lines, strict=True):
        for one in columns.grades:
            where = f"{table.name}, line {line}, {one.name}"
            address = _address(row, columns, one, where)
            yield GradeCell(
                where=where,
                grader=one.grader or _said(row, columns, "grader") or stem,
                value=number_in(row, one.name, where),
                photo=_said(row, columns, "photo"),
                address=None if isinstance(address, str) else address,
                unclear=address if isinstance(address, str) else "",
            )


def _said(row: Row, columns: ColumnMap, field: str) -> str:
    return row[columns.fields[field]] if field in columns.fields else ""


def _address(row: Row, columns: ColumnMap, one: Column, where: str) -> Address | str | None:
    """Return which photo a grade is of; None where the row names a file, what it says where that is not understood.

    Raises InputError where the side, the visit or the subject is not told at all.
    """
    subject, said = _said(row, columns, "subject"), _said(row, columns, "visit")
    side = one.side or side_of(_said(row, columns, "side"))
    week = one.week if one.week is not None else week_of(said)
    if subject and side and week is not None:
        return address_of(subject, side, week)
    if _said(row, columns, "photo"):
        return None
    missing = [name for name, known in (("subject", subject), ("side", side), ("visit", week is not None)) if not known]
    unclear = {name: _said(row, columns, name) for name in missing}
    if all(unclear.values()):
        return ", ".join(f"{name} {text!r}" for name, text in unclear.items())
    raise InputError(
        f"{where}: the {' and the '.join(missing)} is not told.",
        advice="Map it (visit=COLUMN, side=COLUMN), or say it with the grade: grade.left=COLUMN, grade.week4=COLUMN.",
    )


def matched(
    photos: Mapping[str, Address | None], cells: Sequence[GradeCell]
) -> tuple[dict[str, dict[str, float]], list[Mismatch]]:
    """Return the grades of each photo by grader, and what does not fit.

    photos: by file name; those of one side at one visit share its grades. Two equal grades of one grader are listed and
    count once; what lies outside the scale, between its steps or in contradiction is left out.
    """
    names: dict[Address, list[str]] = {}
    for name, address in photos.items():
        if address is not None:
            names.setdefault(address, []).append(name)
    stems = {Path(name).stem.lower(): name for name in photos}
    grades: dict[str, dict[str, float]] = {name: {} for name in photos}
    found: list[Mismatch] = [
        Mismatch(kind="a photo whose name says no subject, side and week", about=f"{name} (expected {EXAMPLE})")
        for name, address in photos.items()
        if address is None
    ]
    for cell in cells:
        named = stems.get(Path(cell.photo).stem.lower()) if cell.photo else None
        of_side = names.get(cell.address, []) if cell.address else []
        meant: Sequence[str | None] = [named] if named else of_side or [None]
        for one in meant:
            found += _laid(grades, one, cell)
    found += [Mismatch(kind="a photo without a grade", about=name) for name, given in grades.items() if not given]
    return grades, found


def _laid(grades: dict[str, dict[str, float]], name: str | None, cell: GradeCell) -> list[Mismatch]:
    """Lay a grade on its photo; return what does not fit about it."""
    about = f"{cell.where} ({cell.photo or cell.address})"
    if cell.value is None:
        return []
    low, high, step = SCALE
    if not low <= cell.value <= high:
        return [Mismatch(kind="a grade outside 0-9", about=f"{about}: {cell.value:g}", fatal=True)]
    if (cell.value / step) % 1:
        return [Mismatch(kind="a grade that is no half step", about=f"{about}: {cell.value:g}", fatal=True)]
    if cell.unclear:
        return [Mismatch(kind="a grade whose photo is not told", about=f"{cell.where}: {cell.unclear}")]
    if name is None:
        return [Mismatch(kind="a grade without a photo", about=about)]
    before = grades[name].get(cell.grader)
    grades[name].setdefault(cell.grader, cell.value)
    if before == cell.value:
        return [Mismatch(kind="a grade twice", about=f"{about}, by {cell.grader}")]
    if before is not None:
        text = f"{about}: {cell.value:g}, and {before:g} before, both by {cell.grader}"
        return [Mismatch(kind="two grades of one photo that contradict", about=text, fatal=True)]
    return []
