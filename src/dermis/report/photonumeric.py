"""Photonumeric scales: a made face for each grade and tone.

The pictures in `scales/` show people who do not exist, with painted marks or redness; `scales.json` says what each is
and by which recipe they were made (`dermis.lab.synth.photonumeric`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from dermis.report.pictures import data_uri

__all__ = ["TONES", "ScalePicture", "nearest_pictures", "scale_pictures", "tone_of"]

TONES = (("light", 36.0), ("medium", -1.0), ("dark", -90.0))
"""The tones of the pictures, and from which ITA on in degrees one is taken: half-way between the faces they show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalePicture:
    """One picture of a scale; word: of its grade. uri: the picture as part of a page."""

    task: str
    tone: str
    grade: int
    word: str
    uri: str


@cache
def scale_pictures(task: str) -> tuple[ScalePicture, ...]:
    """Return the pictures of a task by tone and grade; none for a task without a scale of pictures."""
    folder = resources.files("dermis.report").joinpath("scales")
    index = json.loads(folder.joinpath("scales.json").read_text(encoding="utf-8"))
    return tuple(
        ScalePicture(
            task=task,
            tone=row["tone"],
            grade=row["grade"],
            word=row["word"],
            uri=data_uri("jpeg", folder.joinpath(row["file"]).read_bytes()),
        )
        for row in index["pictures"]
        if row["task"] == task
    )


def tone_of(ita_deg: float) -> str:
    """Return the tone of the pictures for skin of an ITA in degrees."""
    return next((tone for tone, lowest in TONES if ita_deg >= lowest), TONES[-1][0])


def nearest_pictures(task: str, value: float, tone: str) -> tuple[ScalePicture, ...]:
    """Return the pictures of the two grades about a value, the lower one first."""
    pictures = [one for one in scale_pictures(task) if one.tone == tone]
    nearest = sorted(pictures, key=lambda one: (abs(one.grade - value), one.grade))[:2]
    return tuple(sorted(nearest, key=lambda one: one.grade))
