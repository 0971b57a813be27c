"""What is no brown mark and looks like one: by how much each, painted on clear faces, moves the grade of dark spots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dermis.formats.images.photo import read_photo
from dermis.lab.evaluate.diagnoses.pigmentation import grade_of_face, measured
from dermis.lab.evaluate.diagnoses.pigmentation_table import TONES
from dermis.lab.synth.lesions.photo_look_alikes import LOOK_ALIKES, look_alike, with_density
from dermis.lab.train.brown_marks import MARKED, cut_out
from dermis.tasks.pigmentation.contrast import MELANIN_AXIS
from dermis.tasks.pigmentation.marks import find_marks

__all__ = ["LookAlikeOnFace", "look_alike_table", "look_alikes_on_faces"]

_SEED = 31
_AIM = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAlikeOnFace:
    """One look-alike on one face. moved: by how much the grade of the face rose; called: the share of its dark pixels
    that are in a mark now and were not before, NaN where it has none on judged skin.
    """

    name: str
    person: str
    darker: float
    moved: float
    called: float


def look_alikes_on_faces(photos: Iterable[Path]) -> Iterator[LookAlikeOnFace]:
    """Yield each look-alike on each photo of a clear face; faces are darkened by turns, as `TONES` has it."""
    for number, path in enumerate(photos):
        found = measured(read_photo(path))
        if found is None or found[0].landmarks is None:
            continue
        face, skin = cut_out(*found)
        darker = TONES[number % len(TONES)]
        clear = with_density(skin.linear, np.asarray(darker * np.array(MELANIN_AXIS), np.float32))
        skin = replace(skin, linear=clear)
        before = find_marks(face, skin)
        for place, name in enumerate(LOOK_ALIKES):
            density = look_alike(np.random.default_rng((_SEED, number, place)), face, name)
            seen = replace(skin, linear=with_density(clear, density))
            after = find_marks(face, seen)
            dark = (density[..., 1] > MARKED) & np.isfinite(before.contrast)
            yield LookAlikeOnFace(
                name=name,
                person=path.stem.split("_")[0],
                darker=darker,
                moved=grade_of_face(seen, after) - grade_of_face(skin, before),
                called=float((after.mask & ~before.mask)[dark].mean()) if dark.any() else float("nan"),
            )


def look_alike_table(rows: Sequence[LookAlikeOnFace]) -> str:
    """Return a line a look-alike: how far it moves the grade, and how much of it is called a mark, by tone too."""
    tones = sorted({row.darker for row in rows})
    head = ("look-alike", "faces", "moves the grade: median, most", f"within {_AIM}", "of it in marks",
            *(f"most, darkened by {tone:.0f}" for tone in tones))  # fmt: skip
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name in LOOK_ALIKES:
        own = [row for row in rows if row.name == name]
        if not own:
            continue
        moved = np.array([row.moved for row in own])
        called = np.array([row.called for row in own])
        most = moved[np.argmax(np.abs(moved))]
        by_tone = [_most([row for row in own if row.darker == tone]) for tone in tones]
        share = "-" if np.isnan(called).all() else f"{100 * np.nanmean(called):.0f}%"
        lines.append(
            f"| {name} | {len(own)} | {np.median(moved):+.2f}, {most:+.2f} | {np.mean(np.abs(moved) <= _AIM):.0%} | "
            f"{share} | {' | '.join(by_tone)} |"
        )
    return "\n".join(lines)


def _most(rows: Sequence[LookAlikeOnFace]) -> str:
    moved = np.array([row.moved for row in rows])
    return f"{moved[np.argmax(np.abs(moved))]:+.2f}" if moved.size else "-"
