"""Redness: the erythema index of clinical reflectance meters, from a photo."""

from __future__ import annotations

from dermis.core import Finding, Map, Region, Skin, Task
from dermis.tasks.pigments import optical_density
from dermis.tasks.region_statistics import map_findings

__all__ = ["TASK", "measure"]


def measure(skin: Skin) -> tuple[Finding, ...]:
    """Map 100 x (OD green - OD red): exposure and shading cancel; melanin adds to it, see haemoglobin."""
    density = optical_density(skin.linear)
    return map_findings(TASK, skin, 100 * (density[..., 1] - density[..., 0]), model="erythema@1")


TASK = Task(
    name="redness",
    title="Redness",
    question="How red is the skin, and where?",
    scale=Map(unit="erythema index", low=0.0, high=60.0),
    regions=tuple(Region),
    metrics=("spearman", "mae"),
    reference="Diffey, Oliver, Farr, Br. J. Dermatol. 111 (1984) 663-672; Takiwaki, J. Med. Invest. 44 (1998) 121-126",
    measure=measure,
    colours=("#fff8cf", "#fdc861", "#f08138", "#c33733", "#650f3d"),
)
