"""Measured skin with whose it is: the International Skin Spectra Archive (ISSA) and NIST's reference spectra.

Both keep people apart: `subject` is what a split goes by.
Lu et al., Sci. Data 12 (2025), doi:10.1038/s41597-025-04857-5;
Cooksey, Allen and Tsai, J. Res. NIST 122.026 (2017), doi:10.6028/jres.122.026.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import hold
from dermis.errors import InputError

__all__ = [
    "FACE_SITES",
    "MEASURED_NM",
    "MeasuredSkin",
    "group_weights",
    "only",
    "person_folds",
    "read_issa",
    "read_issa_faces",
    "read_nist",
]

Floats = NDArray[np.float64]
Words = NDArray[np.str_]

MEASURED_NM = np.arange(400.0, 701.0, 10.0)
FACE_SITES = ("cheek", "cheekbone", "chin", "forehead", "nose_tip")
DARKEST = 2e-3
"""A reflectance below is taken as this: what is left there is noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSkin:
    """Spectra (n, 31), 400-700 nm, and of each whose it is and where; words are "" where nobody wrote them."""

    spectra: Floats
    subject: Words
    group: Words
    origin: Words
    site: Words
    sex: Words
    age: Words

    def __post_init__(self) -> None:
        hold(self, "spectra", dtype=np.float64, shape=(len(self.subject), len(MEASURED_NM)))


def read_issa(folder: Path) -> MeasuredSkin:
    """Read `spectra.csv.gz` of the archive: R400 to R700 by 10, with group (a person), ethnicity, origin, location."""
    path = folder / "spectra.csv.gz"
    if not path.is_file():
        raise InputError(f"{path} does not exist.", advice="Name the folder that holds the archive's spectra.csv.gz.")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    spectra = np.array([[float(row[f"R{nm:.0f}"]) for nm in MEASURED_NM] for row in rows])
    columns = {"subject": "group", "group": "ethnicity", "origin": "origin", "site": "location", "sex": "gender"}
    words = {name: np.array([row[column] for row in rows]) for name, column in (columns | {"age": "age_group"}).items()}
    return MeasuredSkin(spectra=np.maximum(spectra, DARKEST), **words)


def read_issa_faces(folder: Path) -> MeasuredSkin:
    """Read the spectra of the archive that were measured on faces."""
    archive = read_issa(folder)
    return only(archive, np.isin(archive.site, FACE_SITES))


def only(skin: MeasuredSkin, rows: NDArray[np.bool_] | NDArray[np.intp]) -> MeasuredSkin:
    """Return some rows of `skin`."""
    return MeasuredSkin(**{name: getattr(skin, name)[rows] for name in MeasuredSkin.__slots__})


def read_nist(folder: Path, wavelengths_nm: Floats) -> tuple[Floats, Words]:
    """Return NIST's spectra (n, band) at `wavelengths_nm` within 379-1099 nm, and whose each is."""
    with (folder / "spectra.csv").open(encoding="utf-8", newline="") as lines:
        header, *rows = list(csv.reader(lines))
    grid = np.array(header[2:], dtype=np.float64)
    values = np.array([row[2:] for row in rows], dtype=np.float64)
    return np.stack([np.interp(wavelengths_nm, grid, row) for row in values]), np.array([row[0] for row in rows])


def group_weights(group: Words) -> Floats:
    """Return weights (n,), summing to 1, by which all groups count alike."""
    _, place, size = np.unique(group, return_inverse=True, return_counts=True)
    return np.asarray((1.0 / size / len(size))[place])


def person_folds(subject: Words, group: Sequence[str] | Words, folds: int = 5, seed: int = 0) -> NDArray[np.intp]:
    """Return the fold (n,) of each row: people are kept together, groups are spread evenly."""
    people, first, place = np.unique(subject, return_index=True, return_inverse=True)
    rng, of_person = np.random.default_rng(seed), np.zeros(len(people), dtype=np.intp)
    theirs = np.asarray(group)[first]
    for one in np.unique(theirs):
        members = np.flatnonzero(theirs == one)
        of_person[rng.permutation(members)] = np.arange(len(members)) % folds
    return of_person[place]
