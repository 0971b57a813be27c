"""A folder a grade: any photos that somebody sorted by severity.

    0-clear/anna.jpg                       the number in front of the folder's name is the grade
    2/bela.png
    1 almost clear/s001/front.jpg          a folder below it is a person, whose photos are never parted

Folders without a number are read by their words: clear 0, almost clear 1, mild 2, moderate 3, severe 4, very severe 5,
and not acne 0. The grade is only ever a label; no name of a file or folder is shown to a network. Where photos of one
person have no folder of their own, let the recipe's split.duplicates = "alike" find them.
"""

from __future__ import annotations

import re
from pathlib import Path

from dermis.core import Label, Sample, SampleKey
from dermis.errors import InputError
from dermis.lab.datasets.dataset import Dataset, existing, licence_of, photos_in, reader

__all__ = ["DATASET", "WORDS", "grade_of", "index"]

WORDS = {
    "clear": 0.0,
    "not acne": 0.0,
    "almost clear": 1.0,
    "mild": 2.0,
    "moderate": 3.0,
    "severe": 4.0,
    "very severe": 5.0,
}
_MOST = 100
_NO_GRADE = re.compile(
    r"(?:19|20)\d\d(?!\d)|\d{1,4}[-_./ ]\d{1,2}[-_./ ]\d{1,4}|\d{5}|^0\d\d"  # years, dates, numbers of people
    r"|^\d+\s*[-_]?\s*(?:d|w|m|y|day|week|wk|month|mo|year|visit)s?\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?:grade|level|levle|class)?[ _-]*(\d+(?:\.\d+)?)(?![\d.])", re.IGNORECASE)


def index(root: Path) -> list[Sample]:
    """Return a sample a photo with the label `acne_severity`, the grade of its folder.

    InputError: no folders with photos, or a folder whose name says no grade.
    """
    folders = sorted(path for path in existing(root).iterdir() if path.is_dir() and not path.name.startswith("."))
    licence = licence_of(root, DATASET.licence)
    found = []
    for folder in folders:
        photos = photos_in(folder, deep=True)
        if photos:
            grade = grade_of(folder.name)
            if grade is None:
                raise InputError(
                    f"{folder} says no grade.", advice=f"Begin its name with a number, or call it {', '.join(WORDS)}."
                )
            found += [_sample(photo, folder, grade, licence) for photo in photos]
    if not found:
        raise InputError(f"{root} has no folders with photos.", advice="Expected one folder a grade, such as 0-clear.")
    return found


def grade_of(name: str) -> float | None:
    """Return the grade that a folder's name says, None where it says none; a date, a week or a year is no grade."""
    numbered = _NUMBERED.match(name.strip())
    if numbered is not None:
        return float(numbered[1]) if float(numbered[1]) <= _MOST and not _NO_GRADE.search(name.strip()) else None
    return WORDS.get(re.sub(r"[ _-]+", " ", name).strip().lower())


def _sample(photo: Path, folder: Path, grade: float, licence: str) -> Sample:
    person = photo.relative_to(folder).parts[:-1]
    # A person of the same name under another grade is the same person.
    subject = "/".join(person) if person else f"{folder.name}/{photo.stem}"
    view = f"{folder.name}/{photo.stem}" if person else photo.suffix.lstrip(".").lower()
    return Sample(
        key=SampleKey(dataset="graded-folders", subject=subject, view=view),
        read=reader(photo),
        labels=(Label(task="acne_severity", value=grade, grader="reference"),),
        licence=licence,
    )


DATASET = Dataset(
    name="graded-folders",
    title="A folder a grade",
    about=__doc__ or "",
    licence="as your photos",
    citation="your own photos",
    public=False,
    index=index,
)
