"""Acne, yes or no: the probability that there is any lesion."""

from __future__ import annotations

import math

from dermis.core import FaceLesions, Finding, Presence, Region, Task
from dermis.tasks.acne.visibility import hidden_detail, in_view

__all__ = ["TASK", "measure"]


def measure(lesions: FaceLesions) -> tuple[Finding, ...]:
    """Answer for the face and each region in view.

    The face: the network's own probability where it gives one. Else, and for regions: 1 - exp(-count), the chance of at
    least one where so many are expected (Poisson). Any lesion counts, so the count is that with small and faint ones.
    """
    found = lesions.found
    findings = []
    for region in TASK.regions:
        if not in_view(lesions, region):
            continue
        own = found.presence if region is Region.FACE else None
        value = 1 - math.exp(-max(lesions.counts[region], lesions.counts_all[region], 0.0)) if own is None else own
        findings.append(
            Finding(
                task=TASK.name,
                region=region,
                value=value,
                unit="probability",
                label=(said := "acne" if value >= 0.5 else "no acne"),
                labels=(said,),
                detail={"from": "count" if own is None else "network", **hidden_detail(lesions, region)},
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
    needs=("lesions",),
    group="acne",
)
