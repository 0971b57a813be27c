"""IGA: the Investigator's Global Assessment, derived by rule from lesions that were found."""

from __future__ import annotations

from dermis.core import FaceLesions, Finding, Note, Ordinal, PhotoNeed, Region, Task
from dermis.tasks.acne.comedones import comedo_ends
from dermis.tasks.acne.visibility import hidden_detail, is_large, non_inflammatory

__all__ = ["NAMES", "TASK", "iga_of", "measure"]

NAMES = ("clear", "almost clear", "mild", "moderate", "severe")
_ANY, _FEW, _SOME = 0.5, 5.5, 20.5
_HALF_THE_FACE, _ALL_OVER = 0.5, 0.8


def iga_of(count: float, large: int, involved: float, comedones: float = 0.0) -> int:
    """Return 0 clear to 4 severe, from counts, the number of large lesions, and the share of skin near a lesion.

    count: by Hayashi's protocol, which are nearly all inflamed. comedones: those that are not, small ones included.

    4: two large lesions (nodules are suspected), or lesions all over the face (0.8 of its skin). 3: one, or more than
    half of the face. 2: more than a few inflamed lesions (5) or some comedones (20). 1: any inflamed one, or more than
    5 comedones, for some pores are taken for them. The scale says this in words; the numbers are chosen.
    """
    reached = (
        (4, large >= 2 or involved >= _ALL_OVER),
        (3, large >= 1 or involved > _HALF_THE_FACE),
        (2, count >= _FEW or comedones >= _SOME),
        (1, count >= _ANY or comedones >= _FEW),
    )
    return next((grade for grade, holds in reached if holds), 0)


def measure(lesions: FaceLesions) -> tuple[Finding, ...]:
    """Derive the grade; `detail["bounds"]` are the intervals of lesions and of comedones, put through the rule.

    The lower ends of both give the lower bound, the upper ends of both the upper one, as if both erred the same way.
    """
    found = lesions.found
    count = max(lesions.counts[Region.FACE], 0.0)
    large = sum(is_large(item) for item in lesions.items)
    comedones = non_inflammatory(lesions, Region.FACE)
    value = iga_of(count, large, lesions.involved, comedones)
    both = zip(found.count_interval or (count, count), comedo_ends(lesions, Region.FACE), strict=True)
    reached = [iga_of(end, large, lesions.involved, comedo_end) for end, comedo_end in both]
    bounds = min(value, *reached), max(value, *reached)
    return (
        Finding(
            task=TASK.name,
            region=Region.FACE,
            value=float(value),
            unit="grade 0-4",
            label=NAMES[value] if bounds[0] == bounds[1] else None,
            labels=NAMES[bounds[0] : bounds[1] + 1],
            level=found.level,
            detail={
                "derived": "by rule from count, size and area; no investigator's grades were learnt from",
                "bounds": list(bounds),
                "bounds_are": "the intervals of the count and of the number of comedones, put through the rule",
                "count": round(count, 2),
                "non_inflammatory": round(comedones, 2),
                "large": large,
                "involved_share": round(lesions.involved, 3),
                **hidden_detail(lesions, Region.FACE),
            },
            notes=(Note(text="The IGA is derived by rule from count, size and area; no investigator judged it."),),
            model=found.model,
        ),
    )


TASK = Task(
    name="acne_iga",
    title="Acne, IGA (derived)",
    question="How severe is the acne as an investigator would judge it?",
    scale=Ordinal(lowest=0.0, highest=4.0, names=NAMES),
    regions=(Region.FACE,),
    metrics=("quadratic_kappa", "accuracy", "mae"),
    reference="FDA, Acne Vulgaris: Establishing Effectiveness of Drugs Intended for Treatment, 2018 (the scale; "
    "the rule is ours)",
    measure=measure,
    photo_needs=(PhotoNeed.SIGNAL, PhotoNeed.DETAIL, PhotoNeed.WHOLE_FACE),
    needs=("lesions",),
    group="acne",
)
