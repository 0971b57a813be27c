"""How `redness_grade` and `vessels` order photos by diagnosis, and made redness by its grade.

A folder of diagnoses holds `labels.csv` (file, group, label; of clear adults file, person). Nothing was learnt from
them. The knots of the grade (`dermis.tasks.redness.grade.GRADE_AT`) are those of redness painted on one half of the
people who may teach (made portraits, clear adults of Caltech-101 under CC BY 4.0), and judged on the other half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import linear_to_lab
from dermis.colour.tone import ita_deg
from dermis.core import Analysis, Finding, Region
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import read_table
from dermis.lab.synth.lesions.photo_redness import FLUSH_DENSITY, paint_redness
from dermis.metrics.bootstrap import bootstrap
from dermis.metrics.ordinal import auroc, mae, spearman
from dermis.pipeline.analyse import analyse
from dermis.tasks import choose
from dermis.tasks.redness.grade import flush_of_skin, grade_of_flush

__all__ = ["DIAGNOSES", "Diagnosed", "Painted", "knots", "read_folders", "redness_tables"]

DIAGNOSES: Mapping[str, Mapping[str, str]] = {
    "dermnetnz_face": {
        "rosacea": "rosacea", "telangiectasia": "telangiectasia", "melasma": "melasma", "solar_lentigo": "lentigo",
        "pih": "post-inflammatory",
    },
    "rosacea_faces": {"rosacea": "rosacea"},
    "melasma_faces": {"melasma": "melasma"},
    "skin_problems_seg": {"red": "red outlines", "brown": "brown outlines alone"},
    "caltech_faces_light": {"": "clear adults"},
    "openpeople": {"": "made people"},
}  # fmt: skip
"""By folder: the labels that are read, and what they are called here; "" is every photo."""
_OUTLINES = {
    "red": ("n_skin_redness", "n_vascular"), "brown": ("n_melasma", "n_freckles", "n_dark_spots", "n_PIH"),
}  # fmt: skip
"""Columns with numbers of outlines; a photo with any red one is red, one with brown ones alone brown."""
_RED, _BROWN, _CLEAR = ("rosacea", "telangiectasia"), ("melasma", "lentigo", "post-inflammatory"), ("clear adults",)
_OF_A_PERSON = 2
_TONES = (("light", 28.0, np.inf), ("medium", 10.0, 28.0), ("dark", -np.inf, 10.0))
_DRAWS = 1000
_SEED = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosed:
    """A photo with its diagnosis, what was said of it, and the ITA of its skin as photographed; NaN where nothing."""

    source: str
    group: str
    diagnosis: str
    grade: float
    vessels: float
    erythema: float
    ita: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted:
    """Redness of a known grade on the face of somebody clear, with the flush that was measured."""

    source: str
    person: str
    ita: float
    grade: float
    flush: float


def read_folders(folders: Mapping[str, Path]) -> tuple[list[Diagnosed], list[Painted]]:
    """Return what is said of each photo of folders of diagnoses, and of the clear ones with redness painted on.

    folders: by the names of `DIAGNOSES`; of clear adults two photos a person are read.
    """
    seen: list[Diagnosed] = []
    made: list[Painted] = []
    for name, folder in folders.items():
        labels = DIAGNOSES[name]
        for row in _rows(name, folder):
            found = analyse(read_photo(folder / row["file"]), tasks=choose("redness,redness_grade,vessels"))
            seen.append(_diagnosed(name, row, found))
            if "" in labels:
                made.extend(_painted(name, _group(row), found))
    return seen, made


def _diagnosed(name: str, row: Mapping[str, str], found: Analysis) -> Diagnosed:
    said = {one.task: one for one in found.findings if one.region is Region.FACE}
    labels = DIAGNOSES[name]
    return Diagnosed(
        source=name,
        group=_group(row),
        diagnosis=labels.get(row.get("label", ""), labels.get("", "")),
        grade=_value(said.get("redness_grade")),
        vessels=_value(said.get("vessels")),
        erythema=_erythema(said.get("redness")),
        ita=_ita(found),
    )


def _painted(name: str, person: str, found: Analysis) -> Iterator[Painted]:
    if found.skin is None or found.face is None or not found.quality.usable:
        return
    for grade in range(len(FLUSH_DENSITY)):
        linear = paint_redness(found.skin.linear, found.face, grade, seed=_SEED)
        value = flush_of_skin(replace(found.skin, linear=linear))
        yield Painted(source=name, person=person, ita=_ita(found), grade=grade, flush=value)


def knots(rows: Sequence[Painted]) -> tuple[tuple[float, float], ...]:
    """Return flush and grade of the knots.

    Clear (0) is the median of clear faces. Mild to severe (2 to 4) lie where three quarters of the faces painted with
    that redness are weaker: most faces are clear, and a clear one should seldom be called mild. Almost clear (1) lies
    halfway between clear and mild.
    """
    flush, grade = np.array([(row.flush, row.grade) for row in rows]).T
    clear = float(np.median(flush[grade == 0]))
    upper = [float(np.percentile(flush[grade == one], 75)) for one in (2, 3, 4)]
    return ((clear, 0.0), ((clear + upper[0]) / 2, 1.0), *zip(upper, (2.0, 3.0, 4.0), strict=True))


def teaches(person: str) -> bool:
    """Return whether somebody belongs to the half by which the knots were placed."""
    return crc32(person.encode()) % 2 == 0


def redness_tables(folders: Mapping[str, Path]) -> str:
    """Return the tables of photos by diagnosis and of painted redness; see `read_folders`."""
    seen, made = read_folders(folders)
    return f"{_by_diagnosis(seen)}\n\n{_orders(seen)}\n\n{_by_grade(made)}"


def _rows(name: str, folder: Path) -> list[Mapping[str, str]]:
    labels = DIAGNOSES[name]
    table = folder / "labels.csv"
    if not table.is_file():
        return [{"file": path.name, "group": path.name.split("_")[0]} for path in sorted(folder.glob("*.jpg"))]
    every = [{**row, "label": _label(row)} for row in read_table(table, needs=("file", "group"))]
    rows: list[Mapping[str, str]] = [row for row in every if "" in labels or row["label"] in labels]
    if "" not in labels:
        return rows
    people: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        people.setdefault(_group(row), []).append(row)
    return [some[place] for some in people.values() for place in _spread(len(some))]


def _label(row: Mapping[str, str]) -> str:
    """Return the label of a row; where outlines are counted, the first kind that there is."""
    counted = (kind for kind, names in _OUTLINES.items() if any(int(row.get(name) or 0) for name in names))
    return row.get("label") or next(counted, "none")


def _spread(count: int) -> list[int]:
    return sorted(set(np.linspace(0, count - 1, min(count, _OF_A_PERSON)).astype(int).tolist()))


def _group(row: Mapping[str, str]) -> str:
    return row.get("person") or row["group"]


def _value(finding: Finding | None) -> float:
    return float("nan") if finding is None else finding.value


def _erythema(finding: Finding | None) -> float:
    return float("nan") if finding is None else float(str(finding.detail["erythema_index"]))


def _ita(found: Analysis) -> float:
    if found.skin is None or not found.skin.measured.any():
        return float("nan")
    return float(ita_deg(np.asarray(linear_to_lab(np.median(found.skin.linear[found.skin.measured], axis=0)))))


def _by_diagnosis(rows: Sequence[Diagnosed]) -> str:
    lines = ["| diagnosis | photos | no answer | median grade | middle half | mild or more | vessels, mm/cm² |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for name in dict.fromkeys(name for names in DIAGNOSES.values() for name in names.values()):
        some = [row for row in rows if row.diagnosis == name]
        grades = np.array([row.grade for row in some])
        told = grades[np.isfinite(grades)]
        if not told.size:
            continue
        low, middle, high = np.percentile(told, (25, 50, 75))
        vessels = np.array([row.vessels for row in some])
        lines.append(
            f"| {name} | {len(some)} | {len(some) - told.size} | {middle:.1f} | {low:.1f} to {high:.1f} "
            f"| {np.mean(told >= 1.5):.0%} | {np.nanmedian(vessels):.1f} |"
        )
    return "\n".join(lines)


def _orders(rows: Sequence[Diagnosed]) -> str:
    """Return how well each number tells red faces from others, with the erythema index as the baseline."""
    lines = [
        "| told apart | photos | `redness_grade` | erythema index (baseline) | `vessels` |",
        "|---|---|---|---|---|",
    ]
    pairs = (
        ("rosacea or telangiectasia from brown marks", _RED, _BROWN),
        ("rosacea from brown marks", _RED[:1], _BROWN),
        ("telangiectasia from brown marks", _RED[1:], _BROWN),
        ("rosacea or telangiectasia from clear adults", _RED, _CLEAR),
        ("red outlines from brown outlines alone", ("red outlines",), ("brown outlines alone",)),
        ("telangiectasia from rosacea", _RED[1:], _RED[:1]),
    )
    for words, red, other in pairs:
        lines.append(_order(words, [row for row in rows if row.diagnosis in (*red, *other)], red))
    for tone, low, high in _TONES:
        some = [row for row in rows if row.diagnosis in (*_RED, *_BROWN) and low <= row.ita < high]
        lines.append(_order(f"the first line, {tone} as photographed", some, _RED))
    return "\n".join(lines)


def _order(words: str, rows: Sequence[Diagnosed], red: Sequence[str]) -> str:
    cells = [_auroc(rows, red, of) for of in (_grade, _erythema_of, _vessels)]
    count = sum(row.diagnosis in red for row in rows)
    return f"| {words} | {count} and {len(rows) - count} | {' | '.join(cells)} |"


def _grade(row: Diagnosed) -> float:
    return row.grade


def _erythema_of(row: Diagnosed) -> float:
    return row.erythema


def _vessels(row: Diagnosed) -> float:
    return row.vessels


def _auroc(rows: Sequence[Diagnosed], red: Sequence[str], of: Callable[[Diagnosed], float]) -> str:
    told = [row for row in rows if np.isfinite(of(row))]
    outcome = np.array([row.diagnosis in red for row in told])
    score = np.array([of(row) for row in told])
    if len(told) < 4 or outcome.all() or not outcome.any():
        return "too few"
    groups = np.array([row.group for row in told])
    return _with_interval(lambda places: _or_nan(outcome[places], score[places]), groups)


def _or_nan(outcome: NDArray[Any], score: NDArray[Any]) -> float:
    return auroc(outcome, score) if outcome.any() and not outcome.all() else float("nan")


def _with_interval(figure: Callable[[NDArray[np.int64]], float], groups: NDArray[np.str_]) -> str:
    held = bootstrap(figure, groups, resamples=_DRAWS, method="percentile")
    return f"{held.value:.3f} [{held.low:.3f}, {held.high:.3f}]"


def _by_grade(rows: Sequence[Painted]) -> str:
    """Return how painted redness is graded on the people who did not place the knots."""
    taught, judged = ([row for row in rows if teaches(row.person) is half] for half in (True, False))
    placed = ", ".join(f"{at:.1f}" for at, _ in knots(taught))
    lines = ["| painted redness | faces | mean error | Spearman | error of the middle grade |", "|---|---|---|---|---|"]
    for words, low, high in (("all tones", -np.inf, np.inf), *_TONES):
        some = [row for row in judged if low <= row.ita < high]
        if not some:
            continue
        lines.append(_painted_line(words, some))
    said_of = f"Knots as the other half of these people places them: flush {placed} for grades 0 to 4."
    return "\n".join([*lines, "", said_of])


def _painted_line(words: str, rows: Sequence[Painted]) -> str:
    true, said = np.array([(row.grade, grade_of_flush(row.flush)) for row in rows]).T
    people = np.array([row.person for row in rows])
    error, order = (
        _with_interval(lambda places, figure=one: figure(true[places], said[places]), people)  # type: ignore[misc]
        for one in (mae, spearman)
    )
    middle = mae(true, np.full_like(true, 2.0))
    return f"| {words} | {len(rows) // len(FLUSH_DENSITY)} | {error} | {order} | {middle:.2f} |"
