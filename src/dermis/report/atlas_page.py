"""The photonumeric scales as one printable page."""

from __future__ import annotations

from pathlib import Path

from dermis.core import AtlasBlock
from dermis.report.page import rendered, write
from dermis.report.photonumeric import TONES, scale_pictures
from dermis.tasks import TASKS

__all__ = ["write_atlas"]


def write_atlas(path: Path) -> Path:
    """Write the scales of all tasks that have pictures as one printable page, and return its path.

    The page needs no other file.
    """
    tones = [tone for tone, _ in TONES]
    scales = []
    for task in TASKS.values():
        if not any(isinstance(block, AtlasBlock) for block in task.section):
            continue
        pictures = scale_pictures(task.name)
        rows = [(tone, [one for one in pictures if one.tone == tone]) for tone in tones]
        grades = [one.grade for one in pictures]
        scales.append({"title": f"{task.title}, {min(grades)} to {max(grades)}", "rows": rows})
    return write(path, rendered("atlas.html", {"scales": scales}).encode())
