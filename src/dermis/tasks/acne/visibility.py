"""Shared by the acne tasks: which regions are visible enough, the notes about it, how far counts err."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from dermis.core import Detection, FaceLesions, Note, Region, View

__all__ = [
    "ERRORS",
    "LARGE_FACE_WIDTHS",
    "SIDE_OF",
    "hidden_detail",
    "hidden_note",
    "in_view",
    "is_large",
    "lesion_name",
    "lies_in",
    "log_error",
    "non_inflammatory",
    "one_side",
    "see_professional",
    "severity",
    "visible_share",
]

ERRORS = Path(__file__).parents[1] / "data" / "acne_errors.csv"
"""How far numbers of lesions err, in log(1 + n): of what photos, and which table judges it."""
FEWEST_SEEN = 0.15
"""A region of which less than this share is open skin gets no number of its own."""
PARTLY_SEEN = 0.7
"""Below this share a number is a lower bound, and says so."""
LARGE_FACE_WIDTHS = 0.11
"""From this size of its box on a lesion may be a nodule or cyst.

A nodule measures over 5 mm, 0.036 widths of a face of 140 mm. Boxes are drawn two to three times as wide as the lesion:
those of ACNE04 have a median of 0.063 face widths, and 1.5 % reach 0.11 (131 boxes). It is a suspicion, no type.
"""
SIDE_OF: Mapping[Region, Region] = {
    Region.LEFT_UNDER_EYE: Region.LEFT_CHEEK,
    Region.RIGHT_UNDER_EYE: Region.RIGHT_CHEEK,
}
"""Under the eyes counts with the cheek, in scales that know no under-eye."""


@cache
def log_error(name: str) -> float:
    """Return an error of `ERRORS`, in log(1 + n)."""
    with ERRORS.open(encoding="utf-8", newline="") as file:
        return next(float(row["log1p"]) for row in csv.DictReader(file) if row["error"] == name)


def lies_in(item: Detection, region: Region) -> bool:
    """Return whether a lesion counts for a region of a scale: all for the face, under the eyes for the cheek."""
    return region is Region.FACE or SIDE_OF.get(item.region, item.region) is region


def is_large(item: Detection) -> bool:
    """Return whether a lesion is large enough to be a nodule; types are experimental and do not count here."""
    return item.size_face_widths is not None and item.size_face_widths >= LARGE_FACE_WIDTHS


def severity(item: Detection) -> float:
    """Return how marked a lesion is: perhaps nodules first, then the larger and redder."""
    return 100.0 * is_large(item) + (item.size_face_widths or 0.0) * (5 + max(item.redness or 0.0, 0.0))


def lesion_name(item: Detection) -> str:
    """Return what a lesion may be, in words."""
    words = item.kind.replace("_", " ").capitalize()
    return f"{words}, perhaps a nodule" if is_large(item) and item.kind != "nodule" else words


def non_inflammatory(lesions: FaceLesions, region: Region) -> float:
    """Return how many comedones a region has; 0 where nobody looked."""
    return 0.0 if lesions.comedones is None else lesions.comedones[region]


def one_side(lesions: FaceLesions) -> bool:
    """Return whether the photo shows one half of the face, or a part of it."""
    return lesions.view is not View.FRONT or lesions.halves is None


def in_view(lesions: FaceLesions, region: Region) -> bool:
    """Return whether enough of a region is open skin to give it a number of its own; the face always has one."""
    if region is Region.FACE:
        return True
    return region in lesions.seen and visible_share(lesions, region) >= FEWEST_SEEN


def visible_share(lesions: FaceLesions, region: Region) -> float:
    """Return the share of a region that is open skin, 1 where it is not known."""
    share = lesions.seen.get(region)
    return 1.0 if share is None else share


def hidden_detail(lesions: FaceLesions, region: Region) -> dict[str, object]:
    """Return what a finding says about skin that is not in view."""
    seen = lesions.seen.get(region)
    detail: dict[str, object] = {} if seen is None else {"seen_share": round(seen, 3)}
    if seen is not None and seen < PARTLY_SEEN:
        detail["lower_bound"] = True
    return detail


def see_professional(reason: str) -> Note:
    """Return the note that sends to a dermatologist for a reason."""
    return Note(
        text=f"Show this to a dermatologist: {reason}. Such acne can leave scars, and it can be treated. "
        "This is a measurement, not a diagnosis.",
        urgent=True,
    )


def hidden_note(detail: Mapping[str, object]) -> tuple[Note, ...]:
    """Return the note on skin that is not in view, none where all is."""
    if not detail.get("lower_bound"):
        return ()
    return (Note(text="Part of the face is hidden or turned away: counts are lower bounds."),)
