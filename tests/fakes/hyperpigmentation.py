"""Two subjects of the trial, one in each part; one visit without a grade."""

from __future__ import annotations

from pathlib import Path

import openpyxl

from fakes.pictures import photo

SUBJECTS = 2
SAMPLES = 7


def name(subject: int, side: str, week: str) -> str:
    return f"P{subject:04d}_FACE_{side}_S00_VCR_S2_V00D00W{week}.jpg"


def make(root: Path) -> None:
    for side in "LR":
        photo(root / "image_test" / name(7, side, "00"), 1)
    for side in "LR":
        for week in ("00", "04"):
            photo(root / "Additional_Images" / name(12, side, week), 2)
    photo(root / "Additional_Images" / name(12, "L", "17"), 3)
    book = openpyxl.Workbook()
    book.active.append(["Subject", "Mottled hyperpigmentation"])
    book.active.append([7, 4.5])
    book.active.append([7, 5])
    book.save(root / "MHPgrades.xlsx")
    book = openpyxl.Workbook()
    book.active.append(["Mottled hyperpigmentation, 0-9"])
    book.active.append(["Subject No.", "Side of Face", "Baseline", "Week 4", "Week 8", "Week 12", "Week 16", "Week 17"])
    book.active.append([12, "Left", 6, 5.5, 5, 5, 4.5, None])
    book.active.append([12, "Right", 3, 2.5, 2, 2, 2, 2])
    book.save(root / "SKN-APP-0452-MHPgrades.xlsx")
