"""The table of dark spots, with how the grade answers to painting: marks in steps, redness, a lamp, cameras."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dermis.colour.tone import ita_class, ita_deg
from dermis.core import Analysis, Face, Region, Skin
from dermis.core.arrays import FloatMap
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import read_table
from dermis.lab.evaluate.diagnoses.pigmentation import (
    GradedPhoto,
    OutlinedPhoto,
    grade_of_face,
    graded,
    graded_lines,
    graded_photos,
    judged_rows,
    kept_aside,
    measured,
    outlined_lines,
    outlined_photos,
)
from dermis.lab.synth.lesions.kinds import MarkKind
from dermis.lab.synth.lesions.painted_photo import beside_lamp, photographed
from dermis.lab.synth.lesions.photo_marks import draw_photo_marks, paint_marks
from dermis.lab.train.brown_marks import cut_out, is_taught
from dermis.metrics.ordinal import spearman
from dermis.pipeline.analyse import analyse
from dermis.tasks import choose
from dermis.tasks.pigmentation.contrast import BLOOD_AXIS, MELANIN_AXIS
from dermis.tasks.pigmentation.marks import find_marks
from dermis.tasks.tone import face_colour

__all__ = [
    "FLAWS",
    "STEPS",
    "TONES",
    "PaintedFace",
    "cheek_lines",
    "clear_cheeks",
    "clear_faces",
    "has_clear_cheeks",
    "lines_of",
    "paint_face",
    "painted_cheeks",
    "painted_faces",
    "painted_lines",
    "pigmentation_table",
    "very_dark_faces",
]

STEPS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.3)
"""Strength of the marks, 1 as they are drawn."""
TONES = (0.0, 12.0, 24.0)
"""100 x green density by which the whole face is darkened, by turns: light to dark."""
COUNTS = {MarkKind.FRECKLE: 60, MarkKind.LENTIGO: 20, MarkKind.MELASMA: 8, MarkKind.PIH: 12}
FAULTS = 0.5
"""Errors of the other cameras, as a share of those that were taught."""
_CAMERAS, _SEED = 6, 11
_VERY_DARK = "pB"
_CHEEKS = (Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
_CHEEK_SHARE = 0.5
"""Of the marks of a face so many are painted, for cheeks are about half of it."""
FLAWS = (
    "acne", "papules", "pustules", "nodules", "cyst", "black_heads", "white_heads", "acne_scar", "hyperpigmentation",
    "melasma", "freckles", "PIH", "dark_spots", "skin_redness", "vascular", "dry_skin",
)  # fmt: skip
"""What is outlined on no photo whose cheeks are called clear; dry skin is often red, and nobody outlines that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintedFace:
    """A clear face: its grades at each of `STEPS`, and by how much redness alone and a lamp moved it.

    darker: 100 x density by which the face was darkened first. cameras: standard deviation of the grade. tone: class of
    ITA as photographed, before it; "" where nobody asked.
    """

    darker: float
    grades: tuple[float, ...]
    redness: float
    lamp: float
    cameras: float
    tone: str = ""


def pigmentation_table(*, outlines: Path, web: Path, clinic: Path, adults: Path, portraits: Path, charted: Path) -> str:
    """Return the table of all that is known of dark spots; adults and portraits: only people who taught nothing."""
    judged = _untaught(portraits)
    grades = [one for folder in (web, clinic) for one in graded_photos(folder)]
    own = list(graded_photos(adults))
    of_portraits = [one for path in judged for one in graded(
        read_photo(path), source="portraits", row={"file": path.name, "group": path.stem.split("_")[0]})]  # fmt: skip
    painted = list(painted_faces(clear_faces(portraits, adults)))
    dark = list(painted_faces(very_dark_faces(charted), tones=TONES[:1]))
    text = lines_of(list(outlined_photos(outlines)), [*grades, *own, *of_portraits], painted, dark)
    return "\n".join([text, *cheek_lines(list(painted_cheeks(clear_cheeks(outlines))))])


def very_dark_faces(charted: Path) -> list[Path]:
    """Return the photos of one person with very dark skin, in five colours of light, of the middle of three levels."""
    rows = read_table(charted / "labels.csv", needs=("file", "group", "shot_in_block"))
    return [
        charted / row["file"] for row in rows
        if row["group"] == _VERY_DARK and row["shot_in_block"] == "2" and row["file"].endswith("_full.jpg")
    ]  # fmt: skip


def clear_faces(portraits: Path, adults: Path) -> list[Path]:
    """Return the photos that are painted: portraits and every fifth photo of adults, of people who taught nothing."""
    return [*_untaught(portraits), *(adults / row["file"] for row in judged_rows(adults)[::5])]


def _untaught(portraits: Path) -> list[Path]:
    return [path for path in sorted(portraits.glob("*.jpg")) if not is_taught(path.stem.split("_")[0])]


def lines_of(
    outlined: Sequence[OutlinedPhoto], rows: Sequence[GradedPhoto], painted: Sequence[PaintedFace],
    dark: Sequence[PaintedFace] = (),
) -> str:  # fmt: skip
    """Return the table; what tells apart stands again for each half of the groups, one of which chooses nothing."""
    lines = ["| judged | n | here | unevenness of melanin alone | aim |", "|---|---|---|---|---|"]
    lines += [*outlined_lines(outlined), *graded_lines(rows)]
    for name, aside in (("half kept aside", True), ("half that chooses", False)):
        some = [*outlined_lines([one for one in outlined if kept_aside(one.group) is aside]),
                *graded_lines([one for one in rows if kept_aside(one.group) is aside])]  # fmt: skip
        lines += [f"| {name}, {line[2:]}" for line in some if ": AUC |" in line or ": Dice |" in line]
    return "\n".join([*lines, *painted_lines(painted), *_painted_lines("one person with very dark skin", dark)])


def painted_faces(photos: Iterable[Path], *, tones: Sequence[float] = TONES) -> Iterator[PaintedFace]:
    """Yield each photo of a clear face with what painting did to its grade; tones: by turns, as `TONES`."""
    rng = np.random.default_rng(_SEED)
    for number, path in enumerate(photos):
        found = measured(read_photo(path))
        if found is not None and found[0].landmarks is not None:
            yield paint_face(rng, *cut_out(*found), darker=tones[number % len(tones)])


def clear_cheeks(outlined: Path) -> Iterator[Path]:
    """Yield by name the photos of a folder on which no lesion, mark or redness is outlined, one of each group.

    What nobody outlined may still be there: `painted_cheeks` asks the tool as well.
    """
    seen = set()
    needs = ("file", "group", *(f"n_{flaw}" for flaw in FLAWS))
    for row in sorted(read_table(outlined / "labels.csv", needs=needs), key=lambda row: row["file"]):
        if row["group"] not in seen and not any(float(row[f"n_{flaw}"] or 0) for flaw in FLAWS):
            seen.add(row["group"])
            yield outlined / row["file"]


def painted_cheeks(photos: Iterable[Path]) -> Iterator[PaintedFace]:
    """Yield each photo with both cheeks in view and clear (`has_clear_cheeks`), painted and graded there alone."""
    rng = np.random.default_rng(_SEED)
    tasks = choose("acne_lesions,pigmentation_grade,redness_grade")
    for path in photos:
        photo = read_photo(path)
        if not has_clear_cheeks(analyse(photo, tasks=tasks)):
            continue
        found = measured(photo)
        if found is not None and found[0].landmarks is not None:
            colour = face_colour(found[1])
            tone = "" if colour is None else ita_class(float(ita_deg(colour)))
            face, skin = _cheeks_alone(*cut_out(*found))
            yield replace(paint_face(rng, face, skin, darker=0.0, share=_CHEEK_SHARE), tone=tone)


def has_clear_cheeks(analysis: Analysis) -> bool:
    """Return whether both cheeks are judged, no lesion lies on them, and neither grade names anything there."""
    words = {
        (finding.task, finding.region): finding.label
        for finding in analysis.findings
        if finding.region in _CHEEKS
    }  # fmt: skip
    clear = {"pigmentation_grade": ("none",), "redness_grade": ("clear", "almost clear")}
    if analysis.lesions is None or any(lesion.region in _CHEEKS for lesion in analysis.lesions.items):
        return False
    return all(words.get((task, cheek)) in allowed for task, allowed in clear.items() for cheek in _CHEEKS)


def _cheeks_alone(face: Face, skin: Skin) -> tuple[Face, Skin]:
    """Return the face with no other region named, so that marks are drawn, and graded, on the cheeks alone."""
    codes = [cheek.code for cheek in _CHEEKS]
    named, graded = (np.where(np.isin(one.regions, codes), one.regions, 0).astype(np.uint8) for one in (face, skin))
    return replace(face, regions=named), replace(skin, regions=graded)


def paint_face(rng: np.random.Generator, face: Face, skin: Skin, *, darker: float, share: float = 1.0) -> PaintedFace:
    """Paint marks in steps, redness alone, a lamp aside, and photograph the middle step by other cameras.

    share: of the number of marks of a whole face.
    """

    def grade(linear: FloatMap) -> float:
        seen = replace(skin, linear=np.asarray(linear, np.float32))
        return grade_of_face(seen, find_marks(face, seen))

    def with_density(linear: FloatMap, density: FloatMap | float, axis: tuple[float, float, float]) -> FloatMap:
        added = np.asarray(density, np.float32)[..., None] * np.asarray(axis, np.float32)
        return np.asarray(linear * 10 ** (-added / 100), np.float32)

    clear = with_density(skin.linear, darker, MELANIN_AXIS)
    marks = [mark for kind, count in COUNTS.items() for mark in draw_photo_marks(rng, face, kind, round(share * count))]
    density = paint_marks(clear, face, marks).density
    grades = tuple(grade(with_density(clear, step * density, MELANIN_AXIS)) for step in STEPS)
    red = [
        mark
        for kind in (MarkKind.PIH, MarkKind.MELASMA)
        for mark in draw_photo_marks(rng, face, kind, round(share * 10))
    ]
    redness = grade(with_density(clear, paint_marks(clear, face, red).density, BLOOD_AXIS)) - grades[0]
    marked = with_density(clear, STEPS[3] * density, MELANIN_AXIS)
    lamp = grade(with_density(marked, beside_lamp(face), (1.0, 1.0, 1.0))) - grades[3]
    shots = [grade(photographed(rng, face, marked, faults=FAULTS)) for _ in range(_CAMERAS)]
    return PaintedFace(darker=darker, grades=grades, redness=redness, lamp=lamp, cameras=float(np.std(shots, ddof=1)))


def painted_lines(rows: Sequence[PaintedFace]) -> list[str]:
    """Return the lines of the table on painted faces, all and by tone."""
    lines = _painted_lines("all", rows)
    for tone in TONES:
        lines += _painted_lines(f"darkened by {tone:.0f}", [row for row in rows if row.darker == tone])
    return lines


def cheek_lines(rows: Sequence[PaintedFace]) -> list[str]:
    """Return the lines of the table on clear cheeks that were painted, with how many there are of each tone."""
    if not rows:
        return []
    name = "clear cheeks of other photos"
    tones = ", ".join(f"{count} {tone or 'grey'}" for tone, count in Counter(row.tone for row in rows).most_common())
    return [*_painted_lines(name, rows), f"| painted, {name}: tones as photographed | {len(rows)} | {tones} | | |"]


def _painted_lines(name: str, rows: Sequence[PaintedFace]) -> list[str]:
    if not rows:
        return []
    ranks = np.array([spearman(STEPS, row.grades) for row in rows])
    redness, lamp = (np.abs([getattr(row, end) for row in rows]) for end in ("redness", "lamp"))
    cameras = np.array([row.cameras for row in rows])
    ends = np.array([(row.grades[0], row.grades[-1]) for row in rows])
    figures = (
        ("Spearman of grade and step, mean (share of faces with 0.97)",
         f"{ranks.mean():.3f} ({np.mean(ranks >= 0.97):.0%})", "0.97"),
        ("grade without marks and at the last step, median",
         "{:.1f} and {:.1f}".format(*np.median(ends, axis=0)), ""),
        ("redness alone moves it by, median (most)", f"{np.median(redness):.2f} ({redness.max():.2f})", "0.3"),
        ("a lamp aside moves it by, median (most)", f"{np.median(lamp):.2f} ({lamp.max():.2f})", "0.3"),
        ("sd over light and camera, median (most)", f"{np.median(cameras):.2f} ({cameras.max():.2f})", "0.25"),
    )  # fmt: skip
    return [f"| painted, {name}: {what} | {len(rows)} | {said} | | {aim} |" for what, said, aim in figures]
