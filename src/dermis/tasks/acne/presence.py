"""Acne, yes or no: the probability that there is any lesion, and what follows for the count.

Networks of lesions answer a little on clear skin, too: pores, moles, stubble and the noise of small photos add up to
one to five lesions a face. One link, fitted to people with clear skin and people with acne, turns what was found into
the probability that there is acne at all. The count counts in so far as that is likely, so that presence, count, grade
and the scales that follow from them never contradict each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from dermis.core import FaceLesions, Finding, PhotoNeed, Presence, Region, Task, View
from dermis.tasks.acne.hayashi import grade_of_half
from dermis.tasks.acne.visibility import hidden_detail, in_view, one_side

__all__ = ["LINK", "TASK", "PresenceLink", "evidence_of", "measure", "with_presence"]

LINK = Path(__file__).parents[1] / "data" / "acne_presence.csv"
"""The link's two numbers, written by `dermis train acne-presence` and `dermis export`."""

_ANY = 0.5
"""A count of half a lesion rounds to one, and half a grade to the next: the borders of "none" on these scales."""
_CLOSE_UP = 0.5
"""What clear skin of a close-up may show, over what a clear face may: half a face is in view (chosen)."""
_SURE = 0.8
"""From this probability on the count is as it was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceLink:
    """A logistic curve in log(1 + lesions): 0.5 at `limit` lesions, `slope` per unit of the logarithm."""

    limit: float
    slope: float

    def probability(self, evidence: float) -> float:
        """Return the probability that there is acne where so many lesions were found."""
        return 1 / (1 + math.exp(-self.slope * (math.log1p(max(evidence, 0.0)) - math.log1p(self.limit))))


def evidence_of(lesions: FaceLesions, limit: float) -> float:
    """Return how many lesions speak for acne: the count by the protocol that counts more, small and faint ones too.

    Only what one look at the whole face shows: near, pores and coarse skin look like lesions, too. A grade that rounds
    to 1 or more speaks for acne whatever the count: half a grade weighs as much as `limit` lesions.
    """
    afar = lesions.counts_all[Region.FACE] if lesions.count_afar is None else lesions.count_afar
    return max(lesions.counts[Region.FACE], afar, limit * _grade(lesions) / _ANY)


def with_presence(lesions: FaceLesions, link: PresenceLink | None = None, *, whole: bool = True) -> FaceLesions:
    """Return lesions with the probability of acne, and with counts that count in so far as acne is likely.

    whole: nothing but the photo chose what is in view, so that what was found can be held against clear faces; against
    half a face in a close-up. In an area that the user drew every lesion counts: 0.5 is reached with half a one.

    Below 0.5 the count of the face stays below half a lesion, and no single lesion is pointed at; from 0.8 on both
    are as found, but for a count below a half; between them the count rises evenly. The grade stays.
    """
    link = shipped_link() if link is None else link
    count = max(lesions.counts[Region.FACE], 0.0)
    if not whole:
        chance = replace(link, limit=_ANY).probability(max(count, _grade(lesions)))
        return replace(lesions, found=replace(lesions.found, presence=chance))
    if lesions.view is View.CLOSE_UP:
        link = replace(link, limit=_CLOSE_UP * link.limit)
    chance = link.probability(evidence_of(lesions, link.limit))
    told = _count_in_doubt(count, chance)
    share = told / count if count > 0 else 1.0
    changed = replace(
        lesions,
        found=replace(lesions.found, presence=chance),
        counts=_scaled(lesions.counts, share) | {Region.FACE: told},
        counts_all=_scaled(lesions.counts_all, min(share, 1.0)),
        halves=None if lesions.halves is None else (share * lesions.halves[0], share * lesions.halves[1]),
        heat=(np.float32(share) * lesions.heat).astype(np.float32),
    )
    if chance < _ANY:
        nobody = None if lesions.on_right is None else np.zeros(0, np.bool_)
        changed = replace(changed, items=(), on_right=nobody, involved=0.0, comedones=None)
    return _with_grade(changed, _grade(lesions))


def _count_in_doubt(count: float, chance: float) -> float:
    """Return the count that goes with a probability: it passes half a lesion where the probability passes 0.5."""
    if chance < _ANY:
        return min(count, _ANY) * chance / _ANY
    trust = min((chance - _ANY) / (_SURE - _ANY), 1.0)
    return _ANY + max(count - _ANY, 0.0) * trust


def _grade(lesions: FaceLesions) -> float:
    """Return Hayashi's grade of the worse half, as the task acne_grade gives it."""
    half = max(lesions.counts[Region.FACE], 0.0)
    if not one_side(lesions) and lesions.halves is not None:
        half = max(lesions.halves)
    return grade_of_half(lesions, half)[0]


def _with_grade(lesions: FaceLesions, grade: float) -> FaceLesions:
    """Return lesions whose grade is what it was before their counts changed."""
    found = lesions.found
    if found.grade is None:
        return lesions
    off = grade - _grade(lesions)
    ends = found.grade_interval
    interval = None if ends is None else (ends[0] + off, ends[1] + off)
    return replace(lesions, found=replace(found, grade=found.grade + off, grade_interval=interval))


def _scaled(counts: Mapping[Region, float], share: float) -> dict[Region, float]:
    return {region: share * count for region, count in counts.items()}


@cache
def shipped_link() -> PresenceLink:
    """Return the link that ships."""
    limit, slope = np.loadtxt(LINK, delimiter=",", skiprows=1, usecols=(0, 1)).tolist()
    return PresenceLink(limit=limit, slope=slope)


def measure(lesions: FaceLesions) -> tuple[Finding, ...]:
    """Answer for the face and each region in view.

    The face: the probability of the link. Regions, and a face without one: 1 - exp(-count), the chance of at least one
    where so many are expected (Poisson), never above that of the face.
    """
    found = lesions.found
    findings = []
    for region in TASK.regions:
        if not in_view(lesions, region):
            continue
        own = found.presence if region is Region.FACE else None
        value = 1 - math.exp(-max(lesions.counts[region], lesions.counts_all[region], 0.0)) if own is None else own
        if found.presence is not None:
            value = min(value, found.presence)
        findings.append(
            Finding(
                task=TASK.name,
                region=region,
                value=value,
                unit="probability",
                label=(said := "acne" if value >= _ANY else "no acne"),
                labels=(said,),
                detail={"from": "count" if own is None else "link", **hidden_detail(lesions, region)},
                model=found.model,
            )
        )
    return tuple(findings)


TASK = Task(
    name="acne_presence",
    title="Acne present",
    question="Is there any acne lesion?",
    scale=Presence(),
    regions=tuple(Region),
    metrics=("f1", "balanced_accuracy", "brier"),
    reference="Quattrini, Boër, Leidi, Paydar, Cogn. Comput. Syst. 4 (2022) 210-220",
    measure=measure,
    photo_needs=(PhotoNeed.SIGNAL, PhotoNeed.DETAIL),
    needs=("lesions",),
    group="acne",
)
