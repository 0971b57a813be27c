"""Two people of FASSEG, one from the front and one turned."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fakes.pictures import numbers, photo

SUBJECTS = 2
SAMPLES = 3


def make(root: Path) -> None:
    for place in ("frontal/{}/1", "multipose/{}/personne01140p0m90", "multipose/{}/personne01147p0p15"):
        photo(root / f"{place.format('images')}.jpg", 1)
        numbers(
            root / f"{place.format('labels')}.png",
            np.repeat(np.arange(6, dtype=np.uint8), 80)[:, None].repeat(96, 1)[:80],
        )
