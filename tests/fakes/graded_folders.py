"""Two people: one with a photo in each of two grades, one with a photo of its own."""

from __future__ import annotations

from pathlib import Path

from fakes.pictures import photo

SUBJECTS = 2
SAMPLES = 3


def make(root: Path) -> None:
    for seed, name in enumerate(("1-clear/s001/front.jpg", "3 moderate/s001/later.jpg", "3 moderate/bela.png")):
        photo(root / name, seed)
