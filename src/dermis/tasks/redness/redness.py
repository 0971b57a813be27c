"""Redness: how much more blood the skin shows than the person's own calm skin, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dermis.core import Finding, Map, MapBlock, Note, PhotoNeed, Region, Skin, TableBlock, Task, TextBlock, ValueMap
from dermis.tasks.redness.redness_map import RednessMap
from dermis.tasks.region_statistics import region_pixels

__all__ = ["LEVEL", "TASK", "UNIT", "measure"]

UNIT = "above calm skin"
MODEL = "redness@2"
LEVEL = 90
"""Percentile of the excess over calm skin that a region is summed up by."""


def measure(skin: Skin, redness_map: RednessMap) -> tuple[Finding, ...]:
    """Give, by region, the excess that a tenth of the skin exceeds.

    `detail`: `red_share` of the region that is red, the median `erythema_index` of reflectance meters, the `median`
    excess and the number of `pixels`.
    """
    excess = redness_map.excess
    evidence = ValueMap(values=excess, unit=UNIT, low=0.0, high=40.0)
    findings = []
    measured = skin.measured
    pixels = np.stack([excess[measured], redness_map.erythema[measured], redness_map.red[measured]], axis=1)
    for region, own in region_pixels(skin, TASK.regions, pixels):
        low, middle, value, high = np.percentile(own[:, 0], (5, 50, LEVEL, 95))
        findings.append(
            Finding(
                task=TASK.name,
                region=region,
                value=float(value),
                unit=UNIT,
                spread=(float(low), float(high)),
                detail={
                    "red_share": round(np.count_nonzero(own[:, 2]) / len(own), 4),
                    "erythema_index": round(float(np.median(own[:, 1])), 3),
                    "median": round(float(middle), 3),
                    "pixels": len(own),
                },
                evidence=evidence if region is Region.FACE else None,
                mask=redness_map.red if region is Region.FACE else None,
                model=MODEL,
            )
        )
    return tuple(_with_areas(findings))


def _with_areas(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings, the whole face's with a note on where it is red."""
    shares = {one.region: float(str(one.detail["red_share"])) for one in findings}
    whole = shares.get(Region.FACE)
    if whole is None:
        return list(findings)
    return [replace(one, notes=(_areas(shares),)) if one.region is Region.FACE else one for one in findings]


def _areas(shares: dict[Region, float]) -> Note:
    said = f"{shares[Region.FACE]:.0%} of the measured skin is redder than the person's own calm skin"
    parts = [
        f"{region.value.replace('_', ' ')} {share:.0%}"
        for region, share in sorted(shares.items(), key=lambda pair: -pair[1])
        if region is not Region.FACE and share >= 0.05
    ]
    return Note(text=f"{said}: {', '.join(parts)}." if parts else f"{said}.")


TASK = Task(
    name="redness",
    title="Redness",
    question="How much redder than the person's own calm skin is the skin, and where?",
    scale=Map(unit=UNIT, low=0.0, high=40.0),
    regions=tuple(Region),
    metrics=("spearman", "mae"),
    reference="Tsumura, Haneishi, Miyake, J. Opt. Soc. Am. A 16 (1999) 2169-2176 (blood from colour); Diffey, Oliver, "
    "Farr, Br. J. Dermatol. 111 (1984) 663-672 (erythema index); the baseline is ours",
    measure=measure,
    photo_needs=(PhotoNeed.EVEN_LIGHT, PhotoNeed.SIGNAL),
    needs=("skin", "redness_map"),
    section=(MapBlock(), TableBlock(title="Region by region"), TextBlock()),
    colours=("#fff8cf", "#fdc861", "#f08138", "#c33733", "#650f3d"),
)
