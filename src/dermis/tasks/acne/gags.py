"""GAGS: the Global Acne Grading System, a score for each region of the face and their sum."""

from __future__ import annotations

from collections.abc import Mapping

from dermis.core import (
    CLOSED_COMEDO,
    INFLAMED,
    OPEN_COMEDO,
    Detection,
    FaceLesions,
    Finding,
    Note,
    Ordinal,
    PhotoNeed,
    Region,
    Task,
)
from dermis.tasks.acne.comedones import comedo_ends
from dermis.tasks.acne.visibility import SIDE_OF, hidden_detail, in_view, is_large, lies_in, non_inflammatory

__all__ = ["BANDS", "FACTORS", "LESION_SCORE", "TASK", "measure"]

FACTORS: Mapping[Region, int] = {
    Region.FOREHEAD: 2,
    Region.RIGHT_CHEEK: 2,
    Region.LEFT_CHEEK: 2,
    Region.NOSE: 1,
    Region.CHIN: 1,
}
"""What a region weighs; chest and back, 3, are on no photo of a face."""
LESION_SCORE: Mapping[str, int] = {"comedone": 1, "papule": 2, "pustule": 3, "nodule": 4}
_WORTHS: Mapping[str, tuple[int, int, int]] = {
    OPEN_COMEDO: (1, 1, 2), CLOSED_COMEDO: (1, 1, 2), INFLAMED: (2, 2, 4),
    "comedone": (1, 1, 2), "papule": (1, 2, 3), "pustule": (2, 3, 4), "nodule": (3, 4, 4),
}  # fmt: skip
"""Lowest, likely and highest score of a lesion by what it is called.

Papules, pustules and nodules are all red; an inflamed lesion counts as a papule, which most are.
"""
_UNKNOWN, _LARGE = (1, 2, 4), (2, 4, 4)
BANDS = ((1, "mild"), (19, "moderate"), (31, "severe"), (39, "very severe"))
"""From which sum on, of face, chest and back together."""


def measure(lesions: FaceLesions) -> tuple[Finding, ...]:
    """Score each region in view: its factor times its worst lesion (comedone 1 to nodule 4); the face is their sum.

    Photos tell a comedo from an inflamed lesion, not a papule from a pustule: `detail["bounds"]` hold what else each
    may be, and that a region has comedones where the interval of their number reaches one. A region where one comedo or
    more is counted scores one at least. An inflamed lesion that is large enough counts as a nodule. A region out of
    view may be as bad as the worst in view: the upper bound of the face counts it so. No finding where no region is in
    view, as on a close-up.
    """
    seen = [region for region in FACTORS if in_view(lesions, region)]
    if not seen:
        return ()
    scored = {
        region: _worths([i for i in lesions.items if lies_in(i, region)], _comedones(lesions, region))
        for region in seen
    }
    by_region = [
        _finding(lesions, region, tuple(FACTORS[region] * worth for worth in scored[region])) for region in seen
    ]
    sums = [sum(FACTORS[region] * scored[region][end] for region in seen) for end in range(3)]
    worst = max((worths[2] for worths in scored.values()), default=0)
    sums[2] += sum(factor * worst for region, factor in FACTORS.items() if region not in scored)
    return (_finding(lesions, Region.FACE, tuple(sums), seen=seen), *by_region)


def _comedones(lesions: FaceLesions, region: Region) -> tuple[float, float, float]:
    """Return how many comedones a region of the score has: at least, likely, at most.

    Under the eyes counts with the cheek.
    """
    parts = [one for one in list(Region)[1:] if SIDE_OF.get(one, one) is region]
    low, high = comedo_ends(lesions, *parts)
    return low, sum(non_inflammatory(lesions, one) for one in parts), high


def _worths(items: list[Detection], comedones: tuple[float, float, float]) -> tuple[int, int, int]:
    """Return lowest, likely and highest worth of the worst of these lesions, 0 where there is none."""
    low_end, number, high_end = (LESION_SCORE["comedone"] * (end >= 1) for end in comedones)
    worths = [*(_worth(item) for item in items), (low_end, number, high_end)]
    low, likely, high = (max((worth[end] for worth in worths), default=0) for end in range(3))
    return low, likely, high


def _worth(item: Detection) -> tuple[int, int, int]:
    if item.kind == INFLAMED and is_large(item):
        return _LARGE
    return _WORTHS.get(item.kind, _UNKNOWN)


def _finding(
    lesions: FaceLesions, region: Region, sums: tuple[int, ...], *, seen: list[Region] | None = None
) -> Finding:
    low, value, high = sums
    detail: dict[str, object] = {
        "types_are": "inflamed or not, by redness: an inflamed lesion counts as a papule, a large one as a nodule",
        "bounds": [low, high],
        "bounds_are": "what else each lesion may be, and the interval of the number of comedones",
        **hidden_detail(lesions, region),
    }
    if seen is not None:
        detail["not_seen"] = [*(one.value for one in FACTORS if one not in seen), "chest and back"]
    whole = region is Region.FACE
    return Finding(
        task=TASK.name,
        region=region,
        value=float(value),
        unit="score 0-32" if whole else f"score 0-{4 * FACTORS[region]}",
        label=_band(value) if whole and _band(low) == _band(high) else None,
        labels=tuple(dict.fromkeys(_band(score) for score in (low, value, high))) if whole else (),
        level=lesions.found.level,
        detail=detail,
        notes=(Note(text=f"GAGS without chest and back; lesions are {detail['types_are']}."),) if whole else (),
        model=lesions.found.model,
    )


def _band(score: int) -> str:
    return next((name for start, name in reversed(BANDS) if score >= start), "none")


TASK = Task(
    name="acne_gags",
    title="Acne, GAGS (face)",
    question="How severe is the acne region by region, by its worst lesions?",
    scale=Ordinal(lowest=0.0, highest=32.0),
    regions=(Region.FACE, *FACTORS),
    metrics=("mae", "spearman"),
    reference="Doshi, Zaheer, Stiller, Int. J. Dermatol. 36 (1997) 416-418",
    measure=measure,
    photo_needs=(PhotoNeed.SIGNAL, PhotoNeed.DETAIL, PhotoNeed.WHOLE_FACE),
    needs=("lesions",),
    group="acne",
)
