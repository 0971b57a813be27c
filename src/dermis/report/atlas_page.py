"""The photonumeric scales as one printable page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dermis.report.page import rendered, write
from dermis.report.photonumeric import TONES, scale_pictures

__all__ = ["write_atlas"]

_TITLES = {"pigmentation_grade": "Mottled hyperpigmentation, 0 to 9", "redness_grade": "Redness, 0 to 4"}


def write_atlas(path: Path, tasks: Sequence[str] = tuple(_TITLES)) -> Path:
    """Write the scales of the tasks as one printable page that needs no other file, and return its path."""
    tones = [tone for tone, _ in TONES]
    scales = []
    for task in tasks:
        pictures = scale_pictures(task)
        rows = [(tone, [one for one in pictures if one.tone == tone]) for tone in tones]
        scales.append({"title": _TITLES[task], "rows": rows})
    return write(path, rendered("atlas.html", {"scales": scales}).encode())
