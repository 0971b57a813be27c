"""The distribution of skin spectra and the estimator for photos: a closed-form fit with a run, a hash and a card."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.formats.files import write_arrays
from dermis.lab.train.examples import EXAMPLES
from dermis.lab.train.objectives.measured_skin import read_issa_faces, read_nist
from dermis.lab.train.objectives.skin_prior import ALL_NM, cut_where_it_jumps, prior_of_all, read_measured
from dermis.lab.train.recipe import Recipe
from dermis.lab.train.run import Run, note_data, open_run
from dermis.lab.train.sources import Roots, folder_for
from dermis.metrics.bootstrap import bootstrap
from dermis.spectra.prior import SkinPrior
from dermis.spectra.reconstruct import write_pretrained

__all__ = ["TABLES", "train"]

TABLES = ("prior.npz", "srgb.npz", "srgb-white.npz", "srgb-balanced.npz")
"""The files that ship, in the folder weights of the run."""


def train(recipe: Recipe, roots: Roots, out: Path, *, show: bool = False) -> Run:
    """Fit the prior to the spectra of the pools measured, people and near_infrared, and from it the estimators."""
    run = open_run(recipe, out)
    folders = {name: folder_for(pool, roots) for name, pool in recipe.pool.items()}
    spectra, vrhel = read_measured(folders["measured"])
    people = read_issa_faces(folders["people"])
    nist, whose = read_nist(folders["near_infrared"], ALL_NM)
    digest = hashlib.sha256(b"".join(one.tobytes() for one in (spectra, vrhel, people.spectra, nist))).hexdigest()
    keys = {
        "train": [f"collection/{place}" for place in range(len(spectra))]
        + [f"vrhel/{one}" for one in range(len(vrhel))]
        + [f"issa/{one}" for one in sorted(set(people.subject.tolist()))]
        + [f"nist/{one}" for one in sorted(set(whose.tolist()))]
    }
    note_data(run, digest, parts=keys, licences=[EXAMPLES[pool.examples].licence for pool in recipe.pool.values()])
    if run.finished:
        return run
    prior = prior_of_all(people, nist, spectra, vrhel)
    folder = run.folder / "weights"
    held: dict[str, NDArray[Any]] = {name: getattr(prior, name) for name in SkinPrior.__slots__}
    tables: dict[str, Any] = {
        name: one.astype(np.float32) if one.dtype.kind == "f" else one for name, one in held.items()
    }
    write_arrays(folder / "prior.npz", tables)
    write_pretrained(prior, folder)
    told = {
        "runs": len(cut_where_it_jumps(spectra)),
        "spectra": len(spectra),
        "vrhel": len(vrhel),
        "faces": len(people.spectra),
    }
    told |= {"people": len(set(people.subject.tolist())), "nist_people": len(set(whose.tolist()))}
    run.note("result", {**told, "sets": len(prior.means), **_left(spectra, prior)})
    return run


def _left(spectra: NDArray[np.float64], prior: SkinPrior) -> Mapping[str, float]:
    """Return how much of the spectra the axes leave, in log reflectance: the root mean square and its interval."""
    logs = np.log(spectra)
    count = logs.shape[1]
    left = np.full(len(logs), np.inf)
    for mean, axes in zip(prior.means[:, :count], prior.axes[:, :, :count], strict=True):
        base = np.linalg.svd(axes, full_matrices=False)[2]
        off = logs - mean
        left = np.minimum(left, np.square(off - off @ base.T @ base).mean(axis=1))
    told = bootstrap(
        lambda at: float(np.sqrt(left[at].mean())), np.arange(len(left)), resamples=200, method="percentile"
    )
    return {"left_log_rms": told.value, "left_log_rms_low": told.low, "left_log_rms_high": told.high}
