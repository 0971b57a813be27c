"""Mottled hyperpigmentation trial: one side of a face a photo, graded 0-9 in half steps, over 17 weeks.

Hair, brows, lashes, nostrils and mouth are masked out (black). 2403 photos, of which the first part is graded in
one sheet by photo and the second in one by subject, side and visit.

    image_test/P0001_FACE_L_S00_VCR_S2_V00D00W00.jpg            subject, side, week 00, 04, 08, 12, 16 or 17
    Additional_Images/P0001_FACE_R_S00_VCR_S2_V00D00W04.jpg
    MHPgrades.xlsx                   column "Mottled hyperpigmentation", one row a photo of image_test by name
    SKN-APP-0452-MHPgrades.xlsx      from its second line: Subject No., Side of Face, Baseline, Week 4 ... Week 17

One of the two parts is enough. A photo without a grade stays in, without label.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from dermis.core import Label, Sample, SampleKey
from dermis.errors import InputError
from dermis.formats.tables import number_in, read_table
from dermis.lab.datasets.dataset import Dataset, existing, licence_of, photos_in, reader

__all__ = ["BY_PHOTO", "BY_VISIT", "DATASET", "GRADE", "VISITS", "index", "photo_name"]

BY_PHOTO, BY_VISIT = "MHPgrades.xlsx", "SKN-APP-0452-MHPgrades.xlsx"
FIRST, SECOND = "image_test", "Additional_Images"
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
_NAME = re.compile(r"P(\d+)_FACE_([LR])_.*W(\d{2})")
_SIDES = {"L": "left", "R": "right"}

Address = tuple[str, str, str]
"""Subject without leading zeros, side L or R, week."""


def index(root: Path) -> list[Sample]:
    """Return a sample a photo with its label `pigmentation_grade`. Traits: side, week, part.

    InputError: neither part is there, a strange name, a sheet that does not fit its folder, a grade outside 0-9.
    """
    parts = [root / name for name in (FIRST, SECOND) if (existing(root) / name).is_dir()]
    if not parts:
        raise InputError(f"{root} has neither {FIRST} nor {SECOND}.", advice="Expected one folder of photos.")
    licence = licence_of(root, DATASET.licence)
    found = []
    for folder in parts:
        photos = photos_in(folder)
        grades = _by_photo(root, photos) if folder.name == FIRST else _by_visit(root, photos)
        found += [_sample(photo, grades.get(photo.name), licence) for photo in photos]
    if not found:
        raise InputError(f"{parts[0]} holds no photos.", advice="Expected P0001_FACE_L_S00_VCR_S2_V00D00W00.jpg.")
    return found


def photo_name(subject: int, side: str, week: str) -> str:
    """Return the file name of a photo; `side` is L or R, `week` two digits."""
    return f"P{subject:04d}_FACE_{side}_S00_VCR_S2_V00D00W{week}.jpg"


def _address(photo: Path) -> Address:
    named = _NAME.fullmatch(photo.stem)
    if named is None:
        raise InputError(
            f"{photo.name} in {photo.parent} says no subject, side and week.",
            advice=f"Expected {photo_name(1, 'L', '00')}.",
        )
    subject, side, week = named.groups()
    return subject.lstrip("0") or "0", side, week


def _by_photo(root: Path, photos: list[Path]) -> dict[str, float]:
    rows = read_table(root / BY_PHOTO, needs=(GRADE,))
    if len(rows) != len(photos):
        raise InputError(
            f"{BY_PHOTO} has {len(rows)} rows for {len(photos)} photos in {FIRST}.",
            advice="Expected one row a photo, in the order of the file names.",
        )
    grades = {photo.name: number_in(row, GRADE, BY_PHOTO) for photo, row in zip(photos, rows, strict=True)}
    return _checked(grades, BY_PHOTO)


def _by_visit(root: Path, photos: list[Path]) -> dict[str, float]:
    grades: dict[Address, float | None] = {}
    for row in read_table(root / BY_VISIT, needs=("Subject No.", "Side of Face"), skip=1):
        subject, side = row["Subject No."].lstrip("0") or "0", row["Side of Face"][:1].upper()
        for column, week in VISITS.items():
            grades[subject, side, week] = number_in(row, column, f"{BY_VISIT}, subject {subject}")
    return _checked({photo.name: grades.get(_address(photo)) for photo in photos}, BY_VISIT)


def _checked(grades: Mapping[str, float | None], sheet: str) -> dict[str, float]:
    held = {name: grade for name, grade in grades.items() if grade is not None}
    wrong = next((name for name, grade in held.items() if not 0 <= grade <= 9), None)
    if wrong is not None:
        raise InputError(f"{sheet} grades {wrong} {held[wrong]:g}.", advice="Expected 0 to 9 in half steps.")
    return held


def _sample(photo: Path, grade: float | None, licence: str) -> Sample:
    subject, side, week = _address(photo)
    labels = () if grade is None else (Label(task="pigmentation_grade", value=grade, grader="reference"),)
    return Sample(
        key=SampleKey(
            dataset="hyperpigmentation-trial", subject=f"P{subject.zfill(4)}", visit=f"week {week}", view=_SIDES[side]
        ),
        read=reader(photo),
        labels=labels,
        traits={"side": _SIDES[side], "week": float(week), "part": photo.parent.name},
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
)
