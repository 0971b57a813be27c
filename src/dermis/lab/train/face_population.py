"""The table of `dermis.optics.face_population`, as `dermis train face-population` fits it.

The tissue model is fitted to each facial spectrum. It does not meet every measured colour: the mean of a fitted cell
is off by up to a unit of a* or b*, in part by what the instruments do. So the mean tissue of a cell is moved until the
mean colour of its draws is that of its people, and the spread of melanin, blood and carotene is scaled to that of L*,
a* and b*.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import linear_to_lab
from dermis.colour.srgb import xyz_to_linear
from dermis.colour.tone import ita_deg
from dermis.formats.files import write_arrays
from dermis.lab.train.objectives.measured_skin import FACE_SITES, MEASURED_NM, MeasuredSkin, read_issa_faces
from dermis.lab.train.recipe import Recipe
from dermis.optics.face_population import FACE_TABLE
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import to_xyz
from dermis.optics.inverse import FREE, from_spectrum
from dermis.optics.populations import from_normal, to_normal
from dermis.optics.tissue import RANGES, Tissue

__all__ = ["PERCENTS", "colours_of", "fit_cells", "fit_table", "fit_tissue"]

Floats = NDArray[np.float64]

PARAMETERS = tuple(name for name in FREE if name != "specular_share")
MOVED = tuple(PARAMETERS.index(name) for name in ("melanosome_fraction", "blood_fraction", "carotene_umol_per_l"))
FEWEST_PEOPLE, DRAWS, STEPS, SEED = 20, 400, 8, 3
EDGE, LEAST_REACH, WIDEST = 1e-4, 0.1, 1.5
PERCENTS = tuple(range(5, 100, 5))


def fit_tissue(skin: MeasuredSkin) -> tuple[Floats, Floats]:
    """Return where each fitted tissue lies on the unbounded scale (n, parameter), and the RMSE (n,) of its spectrum.

    The archive's instruments include what the surface reflects.
    """
    found = from_spectrum(skin.spectra, MEASURED_NM, free=PARAMETERS, specular_share=1.0)
    columns = [_inside(name, getattr(found.tissue, name)) for name in PARAMETERS]
    return np.stack(columns, axis=1), np.asarray(found.rmse)


def _inside(name: str, values: Floats) -> Floats:
    """Return positions of values, those on a bound moved in by a ten-thousandth of the range."""
    span = RANGES[name]
    low, high = (np.log(one) if span.logarithmic else one for one in (max(span.low, 1e-12), span.high))
    scaled = np.log(np.maximum(values, 1e-12)) if span.logarithmic else values
    scaled = np.clip(scaled, low + EDGE * (high - low), high - EDGE * (high - low))
    return to_normal(span, np.exp(scaled) if span.logarithmic else scaled)


def colours_of(spectra: Floats) -> Floats:
    """Return ITA, L*, a*, b* (n, 4) of spectra (n, 31) in D65."""
    lab = np.asarray(linear_to_lab(xyz_to_linear(to_xyz(spectra, MEASURED_NM))))
    return np.column_stack([ita_deg(lab), lab])


def fit_cells(skin: MeasuredSkin, position: Floats) -> dict[str, NDArray[Any]]:
    """Return the arrays of the table, and of each site of a group the percentiles of ITA, a* and b*, for a test.

    Where many were measured, the darker and the lighter half are cells of their own.
    """
    shown = colours_of(skin.spectra)
    columns = ("group", "site", "weight", "people", "mean", "root")
    cells: dict[str, list[Any]] = {name: [] for name in columns}
    seen: dict[str, list[Any]] = {name: [] for name in ("seen_group", "seen_site", "percentiles")}
    for group in np.unique(skin.group):
        for site in FACE_SITES:
            rows = np.flatnonzero((skin.group == group) & (skin.site == site))
            people = len(set(skin.subject[rows].tolist()))
            if people < FEWEST_PEOPLE:
                continue
            dark = shown[rows, 0] < np.median(shown[rows, 0])
            halves = [rows[dark], rows[~dark]] if people >= 4 * FEWEST_PEOPLE else [rows]
            for half in halves:
                mean, root = _fit_cell(position[half], shown[half])
                counted = len(set(skin.subject[half].tolist()))
                row = (group, site, 1.0 / len(halves), counted, mean, root)
                for name, one in zip(cells, row, strict=True):
                    cells[name].append(one)
            quantiles = np.percentile(shown[rows][:, [0, 2, 3]], PERCENTS, axis=0).T
            for name, one in zip(seen, (group, site, quantiles), strict=True):
                seen[name].append(one)
    held = {name: np.array(values) for name, values in (cells | seen).items()}
    return {"parameters": np.array(PARAMETERS), **held}


def _fit_cell(position: Floats, shown: Floats) -> tuple[Floats, Floats]:
    """Return mean and root of a cell whose draws have the mean and the spread of the colours that were measured.

    The mean takes the smallest move that meets the colour, in units of what varies in the cell: where dark skin hides
    what lies below, blood and carotene stay where the spectra had them.
    """
    mean = position.mean(axis=0)
    root = np.linalg.cholesky(np.cov(position.T) + 1e-6 * np.eye(len(mean)))
    reach = np.maximum(position.std(axis=0), LEAST_REACH)
    normal = np.random.default_rng(SEED).standard_normal((DRAWS, len(mean)))
    wanted, spread = shown[:, 1:].mean(axis=0), shown[:, 1:].std(axis=0)
    widened = np.ones(len(MOVED))
    moved = list(MOVED)
    others = [place for place in range(len(mean)) if place not in MOVED]
    for _ in range(STEPS):
        drawn = mean + normal @ root.T
        now = _drawn_colours(drawn)
        slopes = np.stack([(_drawn_colours(drawn + 0.01 * one) - now).mean(axis=0) for one in np.diag(reach)])
        step = np.linalg.lstsq(100.0 * slopes.T, wanted - now.mean(axis=0), rcond=1e-3)[0]
        mean += reach * np.clip(step, -0.5, 0.5)
        wider = np.sqrt(np.clip(spread / now.std(axis=0), 0.8, 1.25))
        wider = np.clip(widened * wider, 1 / WIDEST, WIDEST) / widened
        widened = widened * wider
        root[moved] *= wider[:, None]
        root[others] *= min(wider[2], 1.0)  # what is left of the rest shows in b* above all
    return np.asarray(mean), np.asarray(root)


def _drawn_colours(position: Floats) -> Floats:
    values = {name: from_normal(RANGES[name], position[:, place]) for place, name in enumerate(PARAMETERS)}
    return colours_of(reflectance(Tissue(**values), MEASURED_NM, specular_share=1.0))[:, 1:]


def fit_table(recipe: Recipe, folders: Mapping[str, Path], out: Path) -> dict[str, float]:
    """Write the table to `out`; return how well the tissue model meets the spectra of each group, the median RMSE."""
    faces = read_issa_faces(folders["people"])
    position, rmse = fit_tissue(faces)
    cells = fit_cells(faces, position)
    kept: dict[str, Any] = {name: np.float32(one) if one.dtype.kind == "f" else one for name, one in cells.items()}
    write_arrays(out / FACE_TABLE.name, kept)
    groups = {f"rmse_{group}": float(np.median(rmse[faces.group == group])) for group in np.unique(faces.group)}
    return {"cells": float(len(cells["people"])), "spectra": float(len(rmse)), **groups}
