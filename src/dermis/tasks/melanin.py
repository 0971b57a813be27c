"""Melanin: how much pigment darkens the skin, as an index map."""

from __future__ import annotations

from dermis.core import Finding, Map, Region, Skin, Task
from dermis.tasks.by_region import map_findings
from dermis.tasks.chromophores import unmix

__all__ = ["TASK", "measure"]

TASK = Task(
    name="melanin",
    title="Melanin",
    question="How much melanin is in the skin, and where?",
    scale=Map(unit="melanin index", low=0.0, high=100.0),
    regions=tuple(Region),
    metrics=("spearman", "mae"),
    reference="Tsumura et al., J. Opt. Soc. Am. A 16 (1999) 2169-2176; Takiwaki, J. Med. Invest. 44 (1998) 121-126",
)


def measure(skin: Skin) -> tuple[Finding, ...]:
    """Map the optical density (x 100) that melanin adds in the red channel, freed of shading and of blood."""
    return map_findings(TASK, skin, unmix(skin.linear).melanin, model="unmix@1")
