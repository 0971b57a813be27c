"""Haemoglobin: how much blood colours the skin, as an index map."""

from __future__ import annotations

from dermis.core import Finding, Map, Region, Skin, Task
from dermis.tasks.by_region import map_findings
from dermis.tasks.chromophores import unmix

__all__ = ["TASK", "measure"]

TASK = Task(
    name="haemoglobin",
    title="Haemoglobin",
    question="How much blood is in the skin, and where?",
    scale=Map(unit="haemoglobin index", low=0.0, high=50.0),
    regions=tuple(Region),
    metrics=("spearman", "mae"),
    reference="Tsumura et al., J. Opt. Soc. Am. A 16 (1999) 2169-2176",
)


def measure(skin: Skin) -> tuple[Finding, ...]:
    """Map the optical density (x 100) that blood adds in the green channel, freed of shading and melanin."""
    return map_findings(TASK, skin, unmix(skin.linear).haemoglobin, model="unmix@1")
