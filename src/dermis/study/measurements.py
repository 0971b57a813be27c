"""What was measured of whom and when: findings of photos, and a sheet that says whose they are.

The sheet: `photo`, `subject` and `visit` of each photo, or `subject` and `arm` of each person where file names
(P0012_FACE_L_..W04) or the table itself say subject and visit. Visits are weeks: Baseline, Week 4, W04, 4.
People are named as the sheet names them, else as the findings do; which spellings are one person, `subject_key` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dermis.core.subjects import alike_names, natural_order, subject_key
from dermis.errors import InputError, UsageError
from dermis.formats.tables import open_table
from dermis.formats.trial_names import EXAMPLE, trial_name
from dermis.study.findings import NAMES, Said, Value, named_columns, values_in

__all__ = ["Measurement", "read_measurements", "week_of"]

_WEEK = re.compile(r"(?:week|wk|w|visit|v)?[\s_.-]*0*(\d{1,3}(?:\.\d+)?)", re.IGNORECASE)
_BASELINE = ("baseline", "base", "bl")
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One value of one person at one visit; arm is "" where there is one group."""

    subject: str
    week: float
    value: float
    arm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """What a sheet says. photos: by the stem of a name, each row with its path. people: by `subject_key`."""

    photos: Mapping[str, Sequence[tuple[tuple[str, ...], Said]]] = field(default_factory=dict)
    people: Mapping[str, Said] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    has_arms: bool = False
    notes: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _LeftOut:
    """Photos whose values were left out, by reason."""

    empty: list[str] = field(default_factory=list)
    nobody: list[str] = field(default_factory=list)
    armless: list[str] = field(default_factory=list)


def read_measurements(
    findings: Sequence[Path], sheet: Path | None, *, task: str, region: str = "face"
) -> tuple[list[Measurement], list[str]]:
    """Return the values of a task in a region with whose they are, and what was left out, in lines for the user.

    Raises InputError: nothing of that task, a visit that is no week, a subject in two arms, a photo of nobody.
    """
    held = _Sheet() if sheet is None else _sheet(sheet)
    values = [one for path in findings for one in values_in(path, task, region)]
    found, left = _measured(values, held)
    names = dict(held.names)
    named = [replace(one, subject=names.setdefault(subject_key(one.subject), one.subject)) for one in found]
    notes = [
        *held.notes,
        *_spellings((one.subject for one in found), "The findings"),
        *_told(left, f"{task} of {region}"),
    ]
    if not named:
        raise InputError(
            f"There is no {task} of {region} of anybody in {', '.join(path.name for path in findings)}.",
            advice=" ".join((*notes, "Check --task and --region, and that the sheet names the photos.")),
        )
    _check_arms(named)
    return named, notes


def _measured(values: Iterable[Value], sheet: _Sheet) -> tuple[list[Measurement], _LeftOut]:
    """Return the values of people, named as the findings do, and what was left out."""
    found: list[Measurement] = []
    left = _LeftOut()
    claimed: dict[str, str] = {}
    for one in values:
        photo = one.said.get("photo") or "a row"
        subject, visit, arm = _whose(one.said, sheet, claimed)
        if one.value is None:
            left.empty.append(photo)
        elif not subject or not visit:
            left.nobody.append(photo)
        elif sheet.has_arms and not arm:
            left.armless.append(subject)
        else:
            found.append(Measurement(subject=subject, week=_week(visit, subject), value=one.value, arm=arm))
    return found, left


def _told(left: _LeftOut, what: str) -> list[str]:
    """Return what was left out, in lines for the user."""
    people = sorted(set(left.armless), key=natural_order)
    lines = (
        (len(left.empty), f"photos or rows hold no {what}", left.empty),
        (len(left.nobody), f"values were left out: no sheet and no name like {EXAMPLE} says whose", left.nobody),
        (len(left.armless), f"values of {len(people)} people were left out: the sheet names no arm of theirs", people),
    )
    return [f"{count} {said} ({_first(names)})." for count, said, names in lines if count]


def _first(names: Sequence[str]) -> str:
    return ", ".join([*names[:_SHOWN], *(["..."] if len(names) > _SHOWN else [])])


def _spellings(names: Iterable[str], where: str) -> list[str]:
    alike = [" and ".join(ways) for ways in alike_names(names)]
    return [f"{where} write {_first(alike)}: taken for one person each."] if alike else []


def week_of(text: str) -> float | None:
    """Return the week that a visit says, None where it says none."""
    if text.strip().lower() in _BASELINE:
        return 0.0
    hit = _WEEK.fullmatch(text.strip())
    return float(hit[1]) if hit else None


def _week(visit: str, subject: str) -> float:
    week = week_of(visit)
    if week is None:
        raise InputError(f"The visit {visit!r} of {subject} is no week.", advice="Write Baseline, Week 4, W04 or 4.")
    return week


def _check_arms(found: Iterable[Measurement]) -> None:
    arms: dict[str, str] = {}
    for one in found:
        if arms.setdefault(one.subject, one.arm) != one.arm:
            raise InputError(
                f"Subject {one.subject} is in two arms: {arms[one.subject]!r} and {one.arm!r}.",
                advice="Mend the sheet: an arm belongs to a person.",
            )


def _sheet(path: Path) -> _Sheet:
    """Return what a sheet says, by photo where it names photos, else by subject."""
    table = open_table(path, words=(*NAMES["photo"], *NAMES["subject"], *NAMES["arm"]))
    names = named_columns(table.columns)
    if "subject" not in names:
        raise UsageError(f"{path.name} has no column subject.", advice=f"Its header reads: {', '.join(table.columns)}.")
    key = "photo" if "photo" in names else "subject"
    rows = [
        (f"{path.name}, line {line}", {field: row[column] for field, column in names.items()})
        for row, line in zip(table.rows, table.lines, strict=True)
    ]
    nameless = next((where for where, said in rows if not said[key]), None)
    if nameless is not None:
        raise InputError(f"{nameless} names no {key}.", advice="Name it, or remove the row.")
    people = [said["subject"] for _, said in rows if said["subject"]]
    return _Sheet(
        photos=_by_photo(rows) if key == "photo" else {},
        people=_by_subject(rows) if key == "subject" else {},
        names={subject_key(name): name for name in reversed(people)},
        has_arms="arm" in names,
        notes=(*table.notes, *_spellings(people, path.name)),
    )


def _by_subject(rows: Iterable[tuple[str, Said]]) -> dict[str, Said]:
    people: dict[str, Said] = {}
    for where, said in rows:
        before = people.setdefault(subject_key(said["subject"]), said)
        if {**before, "subject": ""} != {**said, "subject": ""}:
            raise InputError(
                f"{where}: {said['subject']} is there twice, before as {before['subject']}.",
                advice="Keep one of the rows; case, blanks, a P and leading zeros make no other person.",
            )
    return people


def _by_photo(rows: Iterable[tuple[str, Said]]) -> dict[str, list[tuple[tuple[str, ...], Said]]]:
    photos: dict[str, list[tuple[tuple[str, ...], Said]]] = {}
    for where, said in rows:
        parts = _key(_parts(said["photo"]))
        before = next((other for path, other in photos.get(parts[-1], ()) if path == parts), said)
        if before != said:
            raise InputError(f"{where}: {said['photo']} is there twice.", advice="Keep one of the rows.")
        photos.setdefault(parts[-1], []).append((parts, said))
    return photos


def _whose(row: Said, sheet: _Sheet, claimed: dict[str, str]) -> tuple[str, str, str]:
    """Return subject, visit and arm of a row: its own words first, then the sheet's, then its file name's; else ""."""
    by_photo = _of_photo(row.get("photo", ""), sheet, claimed)
    scheme = trial_name(_parts(row.get("photo", ""))[-1])
    named = {"subject": scheme.subject, "visit": str(scheme.week)} if scheme else {}
    subject, visit = (row.get(one) or by_photo.get(one) or named.get(one, "") for one in ("subject", "visit"))
    by_subject = sheet.people.get(subject_key(subject), {})
    return subject, visit, row.get("arm") or by_photo.get("arm") or by_subject.get("arm", "")


def _of_photo(photo: str, sheet: _Sheet, claimed: dict[str, str]) -> Said:
    """Return the sheet's row of a photo: that whose path ends as the photo's does.

    claimed: the photo that each row was found for. Raises InputError where a photo fits two rows, or a row two photos.
    """
    path = _parts(photo)
    hits = [said for other, said in sheet.photos.get(_key(path)[-1], ()) if _ends_alike(other, _key(path))]
    if not hits:
        return {}
    if any({**one, "photo": ""} != {**hits[0], "photo": ""} for one in hits):
        rows = [one["photo"] for one in hits]
        raise InputError(
            f"{photo} fits {len(hits)} rows of the sheet: {_first(rows)}.",
            advice="Analyse the photos from the folder that the sheet's paths begin in, or give each its own name.",
        )
    before = claimed.setdefault(hits[0]["photo"], photo)
    if _key(_parts(before)) != _key(path):
        raise InputError(
            f"{before} and {photo} fit one row of the sheet, {hits[0]['photo']}.",
            advice="Write their folders into the sheet, or give each photo its own name.",
        )
    return hits[0]


def _ends_alike(one: Sequence[str], other: Sequence[str]) -> bool:
    return all(first == second for first, second in zip(reversed(one), reversed(other), strict=False))


def _key(path: Sequence[str]) -> tuple[str, ...]:
    return tuple(part.casefold() for part in path)


def _parts(name: str) -> tuple[str, ...]:
    """Return the folders and the stem of a photo's name."""
    path = Path(name.replace("\\", "/"))
    return (*(part for part in path.parts[:-1] if part not in (".", "/")), path.stem)
