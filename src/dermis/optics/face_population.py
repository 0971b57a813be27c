"""Tissue of measured faces: by site, an equal mixture of eight ethnic groups, or one of them.

What stands behind it is the International Skin Spectra Archive (Lu et al., Sci. Data 12, 2025,
doi:10.1038/s41597-025-04857-5): the tissue model was fitted to each facial spectrum, and each group at each site is a
normal distribution on the unbounded scale of `populations`. Groups serve to treat all alike and to check that; nobody's
group is asked. `dermis.lab.train.face_population` makes the table, at least 20 people a cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import hold
from dermis.core.tables import load_table
from dermis.optics.populations import from_normal
from dermis.optics.tissue import RANGES, Tissue

__all__ = ["FACE_TABLE", "FacePopulation", "draw_faces", "read_face_population"]

Floats = NDArray[np.float64]

FACE_TABLE = Path(__file__).parent / "data" / "face_population.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class FacePopulation:
    """Cells of `group` and `site` (cell,): `mean` (cell, parameter) and `root` (cell, parameter, parameter).

    A draw is the mean and the root times standard normal numbers, for the `parameters` of `Tissue`. weight: (cell,), of
    a cell among those of its group and site, summing to 1 there.
    """

    parameters: NDArray[np.str_]
    group: NDArray[np.str_]
    site: NDArray[np.str_]
    weight: Floats
    mean: Floats
    root: Floats

    def __post_init__(self) -> None:
        cells, count = len(self.group), len(self.parameters)
        hold(self, "weight", dtype=np.float64, shape=(cells,))
        hold(self, "mean", dtype=np.float64, shape=(cells, count))
        hold(self, "root", dtype=np.float64, shape=(cells, count, count))


@cache
def read_face_population() -> FacePopulation:
    """Return the population that comes with the package."""
    held = load_table(FACE_TABLE)
    weight, mean, root = (held[name].astype(np.float64) for name in ("weight", "mean", "root"))
    names = {name: held[name] for name in ("parameters", "group", "site")}
    return FacePopulation(weight=weight, mean=mean, root=root, **names)


def draw_faces(
    rng: np.random.Generator,
    n: int,
    site: str = "cheek",
    group: str | None = None,
    population: FacePopulation | None = None,
) -> Tissue:
    """Return the tissue (n,) of `n` healthy people at one site: cheek, cheekbone, chin, forehead or nose_tip.

    group: one of the archive's; without it each comes from any of those measured there, all alike. Raises ValueError
    for a site or a group that nobody measured.
    """
    known = population or read_face_population()
    cells = np.flatnonzero((known.site == site) & ((known.group == group) if group else True))
    if not len(cells):
        where = ", ".join(sorted({f"{one} {two}" for one, two in zip(known.group, known.site, strict=True)}))
        raise ValueError(f"Nobody measured the {site} of {group or 'any group'}; there are {where}.")
    cell = rng.choice(cells, n, p=known.weight[cells] / known.weight[cells].sum())
    normal = rng.standard_normal((n, len(known.parameters)))
    position = known.mean[cell] + np.einsum("nij,nj->ni", known.root[cell], normal)
    return Tissue(**_values(known, position))


def _values(known: FacePopulation, position: Floats) -> Mapping[str, Floats]:
    names = known.parameters.tolist()
    return {name: from_normal(RANGES[name], position[:, place]) for place, name in enumerate(names)}
