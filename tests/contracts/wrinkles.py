"""A task in one file: fine lines as local contrast of the skin's lightness. An example to follow, not a measurement."""

import numpy as np

from dermis.colour.lab import linear_to_lab
from dermis.core import Map, MapBlock, Region, TableBlock, Task, TextBlock
from dermis.tasks.region_statistics import map_findings


def measure(skin):
    """Map how much the lightness of a pixel differs from that of its neighbours."""
    lightness = np.asarray(linear_to_lab(skin.linear))[..., 0]
    steps = np.abs(np.diff(lightness, axis=0, append=lightness[-1:]))
    return map_findings(TASK, skin, steps.astype(np.float32), model="wrinkles@1")


TASK = Task(
    name="wrinkles",
    title="Fine lines",
    question="How many fine lines does the skin show, and where?",
    scale=Map(unit="contrast", low=0.0, high=20.0),
    regions=tuple(Region),
    metrics=("spearman", "mae"),
    reference="an example for CONTRIBUTING.md",
    measure=measure,
    needs=("skin",),
    section=(MapBlock(), TableBlock(), TextBlock(text="Light from the side makes lines look deeper.")),
    colours=("#f7f4ea", "#c9b8a0", "#8d7763", "#4a3b33"),
)
