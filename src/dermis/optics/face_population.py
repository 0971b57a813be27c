"""Tissue of measured faces: by site, an equal mixture of eight ethnic groups, or one of them.

What stands behind it is the International Skin Spectra Archive (Lu et al., Sci. Data 12, 2025,
doi:10.1038/s41597-025-04857-5): the tissue model was fitted to each facial spectrum, and each group at each site is a
normal distribution on the unbounded scale of `populations`. Groups serve to treat all alike and to check that; nobody's
group is asked. `dermis.lab.train.face_population` makes the table, at least 20 people a cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import hold
from dermis.core.tables import load_table
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import lab_under
from dermis.optics.populations import from_normal, prior
from dermis.optics.tissue import PARAMETERS, RANGES, Array, Tissue

__all__ = [
    "FACE_TABLE",
    "OTHER_SITES",
    "FacePopulation",
    "draw",
    "draw_faces",
    "draw_people",
    "read_face_population",
    "surface_lab",
]

Floats = NDArray[np.float64]

FACE_TABLE = Path(__file__).parent / "data" / "face_population.npz"
OTHER_SITES = ("chin", "forehead", "nose_tip")
"""Where a drawn person's skin differs from the cheek's; the cheekbone was measured in two groups alone."""
SEEN_NM = np.arange(400.0, 701.0, 10.0)


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
    cell = _drawn_cells(rng, n, site, group, known)
    return _tissue(known, _positions(known, cell, rng.standard_normal((n, len(known.parameters)))))


def draw_people(
    rng: np.random.Generator, n: int, group: str | None = None, population: FacePopulation | None = None
) -> Mapping[str, Tissue]:
    """Return the tissue (n,) of the same `n` people at the cheek and at each of `OTHER_SITES`.

    Each site is as `draw_faces` draws it. Of all ways to go from the cheek's distribution to that of the site it is the
    one that changes tissue least (optimal transport between normal distributions), so a person's sites are alike. Where
    nobody of a group was measured, the site differs from the cheek as in the other groups. group: as in `draw_faces`.
    """
    known = population or read_face_population()
    cell = _drawn_cells(rng, n, "cheek", group, known)
    cheek = _positions(known, cell, rng.standard_normal((n, len(known.parameters))))
    places = {"cheek": cheek} | {site: _carried(known, site, cell, cheek) for site in OTHER_SITES}
    return {site: _tissue(known, position) for site, position in places.items()}


def surface_lab(tissue: Tissue) -> Floats:
    """Return L*a*b* (..., 3) of skin under D65 as instruments see it, all that the surface mirrors included."""
    return np.asarray(lab_under(reflectance(tissue, SEEN_NM, specular_share=1.0), SEEN_NM), dtype=np.float64)


def draw(n: int, seed: int, **known: Array) -> Tissue:
    """Return the cheeks of `n` healthy people (n,), the same for the same seed; `known` parameters are held there.

    What no spectrum tells (thickness of the epidermis, water, refractive index, bilirubin) is drawn beside, and melanin
    with the thickness, so that their product is as measured.
    """
    if unknown := set(known) - set(PARAMETERS):
        raise ValueError(f"Tissue has no {', '.join(sorted(unknown))}.")
    rng = np.random.default_rng(seed)
    drawn = draw_faces(rng, n)
    beside = [name for name in PARAMETERS if name not in read_face_population().parameters]
    mean, spread = prior([RANGES[name] for name in beside])
    positions = mean + spread * rng.standard_normal((n, len(beside)))
    values = {name: from_normal(RANGES[name], column) for name, column in zip(beside, positions.T, strict=True)}
    thicker = values["epidermis_um"] / RANGES["epidermis_um"].typical
    bounds = RANGES["melanosome_fraction"]
    values["melanosome_fraction"] = np.clip(drawn.melanosome_fraction / thicker, bounds.low, bounds.high)
    return replace(drawn, **(values | known))


def _drawn_cells(
    rng: np.random.Generator, n: int, site: str, group: str | None, known: FacePopulation
) -> NDArray[np.intp]:
    cells = np.flatnonzero((known.site == site) & ((known.group == group) if group else True))
    if not len(cells):
        where = ", ".join(sorted({f"{one} {two}" for one, two in zip(known.group, known.site, strict=True)}))
        raise ValueError(f"Nobody measured the {site} of {group or 'any group'}; there are {where}.")
    return rng.choice(cells, n, p=known.weight[cells] / known.weight[cells].sum())


def _carried(known: FacePopulation, site: str, cell: NDArray[np.intp], cheek: Floats) -> Floats:
    """Return the places (n, parameter) at `site` of people whose cheeks, of these cells (n,), lie at `cheek`."""
    found = np.empty_like(cheek)
    for one in np.unique(cell):
        group, theirs = known.group[one], cell == one
        partners = np.flatnonzero((known.group == group) & (known.site == site))
        halves = np.flatnonzero((known.group == group) & (known.site == "cheek"))
        if len(partners) == len(halves):
            partner = partners[halves.tolist().index(one)]
            way = _transport(*(root @ root.T for root in known.root[[one, partner]]))
            found[theirs] = known.mean[partner] + (cheek[theirs] - known.mean[one]) @ way.T
        else:
            found[theirs] = cheek[theirs] + _usual_step(known, site)
    return found


def _transport(here: Floats, there: Floats) -> Floats:
    """Return the symmetric matrix that takes one covariance to another, all (parameter, parameter)."""
    root = _root(here)
    back = np.linalg.inv(root)
    return back @ _root(root @ there @ root) @ back


def _root(covariance: Floats) -> Floats:
    values, axes = np.linalg.eigh(covariance)
    return np.asarray((axes * np.sqrt(np.maximum(values, 1e-9))) @ axes.T)


def _usual_step(known: FacePopulation, site: str) -> Floats:
    """Return (parameter,) how a site differs from the cheek, mean of the groups that were measured at both."""
    groups = np.intersect1d(known.group[known.site == site], known.group[known.site == "cheek"])
    means = np.stack([[_mean_at(known, one, each) for each in (site, "cheek")] for one in groups])
    return np.asarray((means[:, 0] - means[:, 1]).mean(axis=0))


def _mean_at(known: FacePopulation, group: str, site: str) -> Floats:
    cells = (known.group == group) & (known.site == site)
    return np.asarray(np.average(known.mean[cells], axis=0, weights=known.weight[cells]))


def _positions(known: FacePopulation, cell: NDArray[np.intp], normal: Floats) -> Floats:
    return np.asarray(known.mean[cell] + np.einsum("nij,nj->ni", known.root[cell], normal))


def _tissue(known: FacePopulation, position: Floats) -> Tissue:
    names = known.parameters.tolist()
    return Tissue(**{name: from_normal(RANGES[name], position[:, place]) for place, name in enumerate(names)})
