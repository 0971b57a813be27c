"""On whose photos dark spots are graded, and on whose gloss puts the grade under a reservation: by tone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dermis.colour.tone import ita_class, ita_deg
from dermis.core import Region
from dermis.formats.images.photo import read_photo
from dermis.lab.evaluate.diagnoses.pigmentation import judged_rows
from dermis.pipeline.analyse import analyse
from dermis.tasks import choose
from dermis.tasks.tone import face_colour

__all__ = ["SETS", "TONES", "ReadPhoto", "photos_by_tone", "tone_lines"]

SETS = ("skin_problems_seg", "melasma_faces", "caltech_faces_light", "chart_faces_mbatha")
TONES = ("very light", "light", "intermediate", "tan", "brown", "dark", "not told")
"""Classes of ITA as photographed: made by the light too, which nobody knows."""
_SHINES = frozenset({"glare", "flash_glare", "wet_shine"})
_GRADE = "pigmentation_grade"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPhoto:
    """One photo: of whom, the class of its tone, its grade (NaN where none was given), whether it shines too much."""

    person: str
    tone: str
    grade: float
    shines: bool


def photos_by_tone(folders: Sequence[Path], portraits: Path) -> Iterator[ReadPhoto]:
    """Yield the photos that are judged of each folder, and all portraits, as `analyse` reads them."""
    for folder in folders:
        for row in judged_rows(folder):
            yield _read(folder / row["file"], row.get("person") or row["group"])
    for path in sorted(portraits.glob("*.jpg")):
        yield _read(path, path.stem.split("_")[0])


def tone_lines(photos: Iterable[ReadPhoto]) -> str:
    """Return the table: photos and people of each tone, the share graded, and the share that gloss puts in doubt."""
    lines = ["| tone as photographed | photos | people | graded | with a reservation for gloss | grade, median |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    held = list(photos)
    for tone in ("all", *TONES):
        here = [one for one in held if tone in ("all", one.tone)]
        graded = [one for one in here if np.isfinite(one.grade)]
        if not here:
            continue
        shine = f"{np.mean([one.shines for one in graded]):.0%}" if graded else "-"
        middle = f"{np.median([one.grade for one in graded]):.1f}" if graded else "-"
        people = len({one.person for one in here})
        lines.append(f"| {tone} | {len(here)} | {people} | {len(graded) / len(here):.0%} | {shine} | {middle} |")
    return "\n".join(lines)


def _read(path: Path, person: str) -> ReadPhoto:
    found = analyse(read_photo(path), tasks=choose(_GRADE))
    grades = [float(one.value) for one in found.findings if one.task == _GRADE and one.region is Region.FACE]
    colour = None if found.skin is None else face_colour(found.skin)
    return ReadPhoto(
        person=person,
        tone="not told" if colour is None else ita_class(float(ita_deg(colour))),
        grade=grades[0] if grades else float("nan"),
        shines=bool(_SHINES & set(found.quality.reservations.get(_GRADE, ()))),
    )
