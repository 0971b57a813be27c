"""Mottled hyperpigmentation trial: one side of a face a photo, graded 0-9 in half steps, over 17 weeks.

Hair, brows, lashes, nostrils and mouth are masked out (black). 2403 photos, of which the first part is graded in
one sheet by photo and the second in one by subject, side and visit.

    image_test/P0001_FACE_L_S00_VCR_S2_V00D00W00.jpg            subject, side L, R or F, week 00, 04, 08, 12, 16, 17
    Additional_Images/P0001_FACE_R_S00_VCR_S2_V00D00W04.jpg
    MHPgrades.xlsx                   column "Mottled hyperpigmentation", one row a photo of image_test by name
    SKN-APP-0452-MHPgrades.xlsx      from its second line: Subject No., Side of Face, Baseline, Week 4 ... Week 17
    graders/anna.xlsx                if wanted, a sheet a grader: ID, Visit, MH_Left, MH_Right
    subjects.csv                     if wanted: subject, arm

One of the two parts is enough. A photo without a grade stays in, without label. Photos of that name scheme in any
folders, with sheets of any columns, are read by a mapping: `dermis datasets check hyperpigmentation-trial DIR --map
subject=ID,visit=Visit,grade=MH_Left,grade=MH_Right`; it may lie in the folder as columns.txt, for training too. A sheet
with a row a photo (photo, subject, side, visit) reads photos of any name.

The criteria: 0 none; 1-3 mild, no or very few small or faint brown patches, not obvious from a distance; 4-6 moderate,
obvious brown spots, faint but all over or pronounced but localised; 7-9 severe, pigmented patches, often with whitish
spots, very noticeable from a distance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from dermis.core import Label, Sample, SampleKey
from dermis.core.subjects import alike_names, subject_key
from dermis.errors import InputError
from dermis.formats.tables import number_in, read_table
from dermis.formats.trial_names import SIDES, side_of, trial_name
from dermis.lab.datasets.dataset import MADE, Dataset, Mismatch, existing, licence_of, photos_in, read_json, reader
from dermis.lab.datasets.trial_sheets import (
    Address,
    ColumnMap,
    GradeCell,
    address_of,
    columns_from,
    grades_in,
    matched,
)

__all__ = ["BY_PHOTO", "BY_VISIT", "DATASET", "GRADE", "GRADERS", "SUBJECTS", "VISITS", "index", "photo_name"]

BY_PHOTO, BY_VISIT = "MHPgrades.xlsx", "SKN-APP-0452-MHPgrades.xlsx"
FIRST, SECOND = "image_test", "Additional_Images"
GRADERS, SUBJECTS, COLUMNS = "graders", "subjects.csv", "columns.txt"
GRADE = "Mottled hyperpigmentation"
VISITS: Mapping[str, str] = {
    "Baseline": "00",
    "Week 4": "04",
    "Week 8": "08",
    "Week 12": "12",
    "Week 16": "16",
    "Week 17": "17",
}
"""Column of the sheet -> week in the file name."""
REFERENCE = "reference"
_SHOWN = 3
_OF_GRADERS = ("subject=ID", "visit=Visit", "grade=MH_Left", "grade=MH_Right")
_OF_TRUTH = ("true_grade", "profile", "taken", "ita_deg")


def index(root: Path, columns: ColumnMap | None = None) -> list[Sample]:
    """Return a sample a photo with its labels `pigmentation_grade`. Traits: side, week, part, where told the arm.

    columns: of sheets by a mapping; else that in columns.txt, else the published sheets.
    InputError: no photos, a strange name, a sheet that does not fit its folder, a grade that cannot be believed.
    """
    photos, grades, found = _read(root, columns)
    strange = [photo.name for photo, address in photos.items() if address is None]
    if strange:
        raise InputError(
            f"{root}: {len(strange)} photos say no subject, side and week: {', '.join(strange[:_SHOWN])}.",
            advice=f"Expected {photo_name(1, 'L', '00')}, or a sheet that says photo, subject, side and visit.",
        )
    fatal = [one for one in found if one.fatal]
    if fatal:
        raise InputError(
            f"{root}: {len(fatal)} grades cannot be believed, first {fatal[0].kind}: {fatal[0].about}.",
            advice=f"`dermis datasets check {DATASET.name} {root}` lists all; mend the sheet.",
        )
    licence, arms, truths = licence_of(root, DATASET.licence), _arms(root), _truths(root)
    named = {photo: address for photo, address in photos.items() if address is not None}
    names = {address.subject: address.name for address in reversed(named.values())}
    return [
        _sample(photo, replace(address, name=names[address.subject]), grades[photo.name], licence, arms, truths)
        for photo, address in named.items()
    ]


def notes(root: Path, columns: ColumnMap | None = None) -> list[str]:
    """Return what the columns of mapped sheets were taken for, and what was left out."""
    mapping = columns or _kept_columns(root)
    found = []
    if mapping is not None:
        found = grades_in(existing(root), mapping)[1]
    elif (existing(root) / GRADERS).is_dir():
        found = grades_in(root / GRADERS, columns_from(_OF_GRADERS))[1]
    names = [address.name for address in _read(root, columns)[0].values() if address is not None]
    return [*found, *(f"Photos: {' and '.join(ways)} are taken for one person." for ways in alike_names(names))]


def mismatches(root: Path, columns: ColumnMap | None = None) -> list[Mismatch]:
    """Return what does not fit: photos without a grade, grades without a photo, duplicates, grades off the scale."""
    return _read(root, columns)[2]


def with_columns(words: Sequence[str]) -> Dataset:
    """Return the dataset as it is read by a mapping of columns, such as "subject=ID,grade=MH_Left"."""
    columns = columns_from(words)
    return replace(
        DATASET,
        index=partial(index, columns=columns),
        notes=partial(notes, columns=columns),
        mismatches=partial(mismatches, columns=columns),
    )


def photo_name(subject: int, side: str, week: str, shot: int = 0) -> str:
    """Return the file name of a photo; `side` is L or R, `week` two digits, `shot` counts photos of one side."""
    return f"P{subject:04d}_FACE_{side}_S{shot:02d}_VCR_S2_V00D00W{week}.jpg"


def _read(
    root: Path, columns: ColumnMap | None
) -> tuple[dict[Path, Address | None], dict[str, dict[str, float]], list[Mismatch]]:
    """Return the photos with their addresses, their grades by grader, and what does not fit."""
    mapping = columns or _kept_columns(existing(root))
    if mapping is not None:
        photos = photos_in(root, deep=True)
        cells = grades_in(root, mapping)[0]
        doubled = _doubled(photos)
    else:
        photos, cells = _published(root)
        doubled = []
    if not photos:
        raise InputError(f"{root} holds no photos.", advice=f"Expected {photo_name(1, 'L', '00')}.")
    in_sheets = {Path(cell.photo).stem.lower(): cell.address for cell in reversed(cells) if cell.photo}
    named = {photo: _address_in(photo) or in_sheets.get(photo.stem.lower()) for photo in photos}
    grades, found = matched({photo.name: address for photo, address in named.items()}, cells)
    return named, grades, [*doubled, *found]


def _kept_columns(root: Path) -> ColumnMap | None:
    path = existing(root) / COLUMNS
    return columns_from(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else None


def _doubled(photos: Sequence[Path]) -> list[Mismatch]:
    seen: dict[str, Path] = {}
    return [
        Mismatch(kind="two photos of one name", about=f"{photo} and {seen[photo.name]}", fatal=True)
        for photo in photos
        if seen.setdefault(photo.name, photo) != photo
    ]


def _published(root: Path) -> tuple[list[Path], list[GradeCell]]:
    """Return the photos of the published folders, and the grades of the published sheets and of single graders."""
    folders = [root / name for name in (FIRST, SECOND) if (root / name).is_dir()]
    if not folders:
        raise InputError(
            f"{root} has neither {FIRST} nor {SECOND}.",
            advice="Expected one folder of photos; read other layouts by a mapping of columns (--map).",
        )
    photos: list[Path] = []
    cells: list[GradeCell] = []
    for folder in folders:
        here = photos_in(folder)
        cells += _by_photo(root, here) if folder.name == FIRST else _by_visit(root)
        photos += here
    if (root / GRADERS).is_dir():
        cells += grades_in(root / GRADERS, columns_from(_OF_GRADERS))[0]
    return photos, cells


def _address_in(photo: Path) -> Address | None:
    named = trial_name(photo.stem)
    return None if named is None else address_of(named.subject, named.side, named.week)


def _by_photo(root: Path, photos: list[Path]) -> list[GradeCell]:
    rows = read_table(root / BY_PHOTO, needs=(GRADE,))
    if len(rows) != len(photos):
        raise InputError(
            f"{BY_PHOTO} has {len(rows)} rows for {len(photos)} photos in {FIRST}.",
            advice="Expected one row a photo, in the order of the file names.",
        )
    return [
        GradeCell(where=BY_PHOTO, grader=REFERENCE, value=number_in(row, GRADE, BY_PHOTO), photo=photo.name)
        for photo, row in zip(photos, rows, strict=True)
    ]


def _by_visit(root: Path) -> list[GradeCell]:
    cells = []
    for row in read_table(root / BY_VISIT, needs=("Subject No.", "Side of Face"), skip=1):
        where = f"{BY_VISIT}, subject {row['Subject No.']}"
        side = side_of(row["Side of Face"])
        if not side:
            raise InputError(f"{where}: {row['Side of Face']!r} is no side.", advice="Write Left, Right or Front.")
        for column, week in VISITS.items():
            address = address_of(row["Subject No."], side, int(week))
            value = number_in(row, column, where)
            cells.append(GradeCell(where=where, grader=REFERENCE, value=value, address=address))
    return cells


def _arms(root: Path) -> dict[str, str]:
    path = root / SUBJECTS
    rows = read_table(path, needs=("subject", "arm")) if path.is_file() else []
    return {subject_key(row["subject"]): row["arm"] for row in rows}


def _truths(root: Path) -> dict[str, dict[str, str | float]]:
    """Return what is known of made photos by file name: their true grade, a real number, and their confounders."""
    folder = root / "truth"
    files = sorted(folder.glob("*.json")) if (root / MADE).is_file() and folder.is_dir() else []
    found = {}
    for file in files:
        held = read_json(file)
        traits = held.get("traits")
        if isinstance(traits, dict):
            found[Path(str(held.get("photo"))).name] = {name: traits[name] for name in _OF_TRUTH if name in traits}
    return found


def _sample(
    photo: Path,
    address: Address,
    grades: Mapping[str, float],
    licence: str,
    arms: Mapping[str, str],
    truths: Mapping[str, Mapping[str, str | float]],
) -> Sample:
    named = trial_name(photo.stem)
    subject, side, shot = address.subject, SIDES[address.side], named.shot if named else 0
    traits: dict[str, str | float] = {"side": side, "week": float(address.week), "part": photo.parent.name}
    if subject in arms:
        traits["arm"] = arms[subject]
    return Sample(
        key=SampleKey(
            dataset="hyperpigmentation-trial",
            subject=address.name or subject,
            visit=f"week {address.week:02d}",
            view=side + (f" {shot + 1}" if shot else ""),
        ),
        read=reader(photo),
        labels=tuple(Label(task="pigmentation_grade", value=value, grader=by) for by, value in sorted(grades.items())),
        traits=traits | dict(truths.get(photo.name, {})),
        licence=licence,
    )


DATASET = Dataset(
    name="hyperpigmentation-trial",
    title="Mottled hyperpigmentation trial",
    about=__doc__ or "",
    licence="not published (Unilever); `dermis synth hyperpigmentation-trial` makes a stand-in",
    citation="Unilever facial hyperpigmentation auto-grading, Columbia University capstone, 2020 (code without data)",
    public=False,
    index=index,
    notes=notes,
    mismatches=mismatches,
    with_columns=with_columns,
)
