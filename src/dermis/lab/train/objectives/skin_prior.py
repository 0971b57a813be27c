"""Fitting the prior of skin spectra; `dermis train skin-spectra` does it, with the data folder `spectra`.

The folder holds `skin_reflectance_400_700_10nm.npz` (`bare_skin`, 400-700 nm by 10) and
`vrhel_skin_reflectance.csv`. The collection does not say which spectra were measured together, but it keeps them
together: where its order jumps, another measurement begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import read_only
from dermis.lab.train.objectives.measured_skin import MEASURED_NM, MeasuredSkin, group_weights
from dermis.optics.camera import population, response, typical_camera
from dermis.optics.face_population import draw
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import daylight, to_xyz
from dermis.spectra.prior import SkinPrior

__all__ = [
    "ALL_NM",
    "cut_where_it_jumps",
    "fit_prior",
    "group_alike",
    "kinds_of_people",
    "near_infrared_of",
    "people_and_collections",
    "prior_of_all",
    "read_measured",
    "with_near_infrared",
]

Floats = NDArray[np.float64]

ALL_NM = np.arange(400.0, 1001.0, 10.0)
RANK, RANK_BEYOND = 6, 3
LEAST_TOGETHER = 25
WORTH = 60.0  # gain in squared deviations that a cut must bring, over seven components
KINDS = 12
SIZE_POWER = 0.4
"""A kind of measurement counts by its size to this power: 0 all alike, 1 by the number of spectra."""
EXTRA_SHARE = 0.3
"""What a further source counts, over all of the first."""
MODEL_ERROR = 0.015  # of the tissue model, in log reflectance
TISSUES, SEED = 6000, 11
PEOPLE_SHARE, NIST_SHARE = 0.93, 0.05
"""What measured people of known groups count, and NIST's; the collections are the rest."""
FURTHEST_SEEN = 4.0
"""Deviations of NIST's skin up to which its near infrared is continued to darker and lighter skin."""
GAP_CARRIED, SEAM_NM = 0.6, 15.0
"""Share of the gap between a face and NIST's skin at 700 nm that stays beyond it; how fast the rest is closed."""
A_KIND, LEAST_SPECTRA, LEAST_PEOPLE = 60, 25, 20
"""Spectra of a kind of skin, on average and at least, and people at least: a set tells of nobody."""


def read_measured(folder: Path) -> tuple[Floats, Floats]:
    """Return the spectra (n, 31) of the collection, in its order, and those of Vrhel (26, 31)."""
    with np.load(folder / "skin_reflectance_400_700_10nm.npz") as held:
        collection = held["bare_skin"].astype(np.float64)
    vrhel = np.genfromtxt(folder / "vrhel_skin_reflectance.csv", delimiter=",", skip_header=1)[:, 1:]
    return collection, vrhel


def cut_where_it_jumps(spectra: Floats) -> list[slice]:
    """Return the runs of spectra that were measured alike, by binary segmentation of their components.

    The first component, how light skin is, differs between people and takes no part.
    """
    logs = np.log(spectra)
    _, _, axes = np.linalg.svd(logs - logs.mean(axis=0), full_matrices=False)
    scores = (logs - logs.mean(axis=0)) @ axes[1:8].T
    scores = np.clip(scores / np.maximum(scores.std(axis=0), 1e-9), -4.0, 4.0)
    sums = np.vstack([np.zeros(scores.shape[1]), np.cumsum(scores, axis=0)])
    cuts = [0, len(spectra)]
    while True:
        found = max(_best_cut(sums, first, end) for first, end in pairwise(cuts))
        if found[0] < WORTH:
            return [slice(first, end) for first, end in pairwise(cuts)]
        cuts = sorted([*cuts, found[1]])


def _best_cut(sums: Floats, first: int, end: int) -> tuple[float, int]:
    """Return how much less the scores deviate from their means with the best cut, and where it lies."""
    place = np.arange(first + LEAST_TOGETHER, end - LEAST_TOGETHER)
    if place.size == 0:
        return 0.0, first
    before = np.square(sums[place] - sums[first]).sum(axis=1) / (place - first)
    after = np.square(sums[end] - sums[place]).sum(axis=1) / (end - place)
    whole = np.square(sums[end] - sums[first]).sum() / (end - first)
    gain = before + after - whole
    best = int(gain.argmax())
    return float(gain[best]), int(place[best])


def group_alike(spectra: Floats, runs: Sequence[slice], kinds: int = KINDS) -> NDArray[np.intp]:
    """Return the kind (run,) of each run: runs whose spectra err alike where no camera sees it are of one kind.

    Average-linkage clustering of what is left, on average over a run, of the spectra over their colours.
    """
    from scipy.cluster.hierarchy import fcluster, linkage  # late: only learning needs it

    seen = spectra @ response(typical_camera(population()), daylight(6500.0), MEASURED_NM)
    logs = np.log(seen)
    columns = [np.ones(len(logs)), *logs.T, *(logs[:, i] * logs[:, j] for i in range(3) for j in range(i, 3))]
    features = np.stack(columns, axis=1)
    shapes = spectra / spectra.mean(axis=1, keepdims=True)
    left = shapes - features @ np.linalg.lstsq(features, shapes, rcond=None)[0]
    means = np.stack([left[run].mean(axis=0) for run in runs])
    kind: NDArray[np.intp] = fcluster(linkage(means, "average"), kinds, "maxclust").astype(np.intp) - 1
    return kind


def with_near_infrared(spectra: Floats, seed: int = SEED, *, drawn: bool = True) -> Floats:
    """Return (n, 61) spectra, 400-1000 nm, for measured ones (n, 31): beyond 700 nm a draw given what was measured.

    Log reflectance of drawn tissues beyond 700 nm is linear in that up to 700 nm, with normal residuals; measured
    spectra are taken as tissues plus the model's own error. The seam at 700 nm is closed. drawn: False for the mean.
    """
    rng = np.random.default_rng(seed)
    tissues = _log_tissues(seed)
    count = len(MEASURED_NM)
    mean = tissues.mean(axis=0)
    visible, beyond = (tissues - mean)[:, :count], (tissues - mean)[:, count:]
    curvature = visible.T @ visible / TISSUES + MODEL_ERROR**2 * np.eye(count)
    weights = np.linalg.solve(curvature, visible.T @ beyond / TISSUES)
    left = beyond - visible @ weights
    logs = np.log(spectra)
    found = mean[count:] + (logs - mean[:count]) @ weights
    if drawn:
        some = left[rng.integers(TISSUES, size=len(spectra))]
        found += some - some.mean(axis=0)
    # What the model misses at 700 nm it goes on missing for a while.
    at_seam = mean[count - 1] + (logs - mean[:count]) @ _at_seam(curvature, visible)
    fading = np.exp(-(ALL_NM[count:] - 700.0) / 80.0)
    return np.asarray(np.exp(np.concatenate([logs, found + (logs[:, -1] - at_seam)[:, None] * fading], axis=1)))


@cache
def _log_tissues(seed: int) -> Floats:
    """Return the log reflectance (n, 61) of drawn tissues, with all shares of the gloss."""
    gathered = np.random.default_rng(seed).uniform(0.0, 1.0, TISSUES)
    return read_only(np.log(reflectance(draw(TISSUES, seed), ALL_NM, specular_share=gathered)))


def _at_seam(curvature: Floats, visible: Floats) -> Floats:
    return np.asarray(np.linalg.solve(curvature, visible.T @ visible[:, -1] / len(visible)))


def near_infrared_of(nist: Floats) -> Callable[[Floats, int], Floats]:
    """Return what continues measured spectra (n, 31) to (n, 61) as NIST's (m, 61) go on.

    Log reflectance beyond 700 nm is linear in the logarithm of the skin's XYZ, which is what a camera sees of it, and
    what is left of NIST's is drawn. Instruments with a small opening lose red light that leaves the skin beside it, a
    sphere does not, so the two do not meet at 700 nm: a part of the gap is closed near the seam, a part stays.
    """
    count = len(MEASURED_NM)
    logs, seen = np.log(nist), _log_xyz(nist[:, :count])
    mean = seen.mean(axis=0)
    _, lengths, axes = np.linalg.svd(seen - mean, full_matrices=False)
    scale = lengths / np.sqrt(len(seen))

    def terms(spectra: Floats) -> Floats:
        scores = np.clip((_log_xyz(spectra) - mean) @ axes.T / scale, -FURTHEST_SEEN, FURTHEST_SEEN)
        return np.concatenate([np.ones((len(spectra), 1)), scores], axis=1)

    inside = terms(nist[:, :count])
    learnt = np.linalg.solve(inside.T @ inside + np.diag([0.0, 1.0, 1.0, 1.0]), inside.T @ logs[:, count - 1 :])
    left = (logs[:, count - 1 :] - inside @ learnt)[:, 1:]
    closed = GAP_CARRIED + (1.0 - GAP_CARRIED) * np.exp(-(ALL_NM[count:] - 700.0) / SEAM_NM)

    def continued(spectra: Floats, seed: int = SEED) -> Floats:
        found = terms(spectra) @ learnt
        measured = np.log(spectra)
        some = left[np.random.default_rng(seed).integers(len(left), size=len(spectra))]
        beyond = found[:, 1:] + some + (measured[:, -1] - found[:, 0])[:, None] * closed
        return np.asarray(np.exp(np.concatenate([measured, beyond], axis=1)))

    return continued


def _log_xyz(spectra: Floats) -> Floats:
    return np.asarray(np.log(to_xyz(spectra, MEASURED_NM)))


def kinds_of_people(skin: MeasuredSkin, seed: int = SEED) -> tuple[list[NDArray[np.intp]], Floats]:
    """Return the rows of each kind of skin, alike in origin and colour, and what it counts."""
    from scipy.cluster.vq import kmeans2  # late: only learning needs it

    logs, weights = np.log(skin.spectra), group_weights(skin.group)
    kinds: list[NDArray[np.intp]] = []
    for origin in np.unique(skin.origin):
        rows = np.flatnonzero(skin.origin == origin)
        off = logs[rows] - logs[rows].mean(axis=0)
        _, _, axes = np.linalg.svd(off, full_matrices=False)
        scores = off @ axes[:3].T
        scores *= np.array([2.0, 1.0, 1.0]) / scores.std(axis=0)
        _, kind = kmeans2(scores, max(1, len(rows) // A_KIND), rng=seed, minit="++")
        kinds += [rows[kind == one] for one in np.unique(kind)]
    kept = [one for one in kinds if len(one) >= LEAST_SPECTRA and len(set(skin.subject[one])) >= LEAST_PEOPLE]
    # Half way between people as they are and all groups alike: what is rare counts, and what is common is not lost.
    counts = np.array([np.sqrt(weights[one].sum() * len(one) / len(weights)) for one in kept])
    return kept, counts / counts.sum()


def people_and_collections(skin: MeasuredSkin, nist: Floats, collections: SkinPrior, rank: int = RANK) -> SkinPrior:
    """Return the prior of measured people, of NIST's spectra (n, 61), and of the sets of `collections`."""
    kinds, counts = kinds_of_people(skin)
    continued = near_infrared_of(nist)
    sets = [np.log(continued(skin.spectra[rows], SEED + at)) for at, rows in enumerate(kinds)] + [np.log(nist)]
    shares = [PEOPLE_SHARE * counts, np.array([NIST_SHARE])]
    shares.append((1.0 - PEOPLE_SHARE - NIST_SHARE) * collections.weights)
    return SkinPrior(
        wavelengths_nm=ALL_NM,
        means=np.concatenate([np.stack([logs.mean(axis=0) for logs in sets]), collections.means]),
        axes=np.concatenate([np.stack([_axes(logs, rank) for logs in sets]), collections.axes]),
        weights=np.concatenate(shares),
        sites=np.concatenate([np.repeat("face", len(kinds)), ["forearm"], collections.sites]),
    )


def prior_of_all(people: MeasuredSkin, nist: Floats, spectra: Floats, vrhel: Floats) -> SkinPrior:
    """Return the prior of measured people, of NIST's spectra (m, 61), of the collection (n, 31) and of Vrhel's skin."""
    runs = cut_where_it_jumps(spectra)
    collections = fit_prior(spectra, runs, group_alike(spectra, runs), vrhel, continued=near_infrared_of(nist))
    return people_and_collections(people, nist, collections)


def fit_prior(
    spectra: Floats,
    runs: Sequence[slice],
    kinds: NDArray[np.intp],
    *further: Floats,
    rank: int = RANK,
    continued: Callable[[Floats, int], Floats] = with_near_infrared,
) -> SkinPrior:
    """Return the prior of spectra (n, 31) in `runs`, each of a kind, and of `further` sources (m, 31)."""
    sizes = np.array([run.stop - run.start for run in runs], dtype=np.float64)
    of_kind = np.bincount(kinds, weights=sizes)
    shares = sizes / of_kind[kinds] * of_kind[kinds] ** SIZE_POWER
    weights = np.concatenate([shares / shares.sum(), np.full(len(further), EXTRA_SHARE)])
    sets = [np.log(continued(part, SEED)) for part in (*(spectra[run] for run in runs), *further)]
    return SkinPrior(
        wavelengths_nm=ALL_NM,
        means=np.stack([logs.mean(axis=0) for logs in sets]),
        axes=np.stack([_axes(logs, rank) for logs in sets]),
        weights=weights / weights.sum(),
        sites=np.full(len(sets), "", dtype="<U7"),
    )


def _axes(logs: Floats, rank: int) -> Floats:
    """Return the axes (rank + RANK_BEYOND, 61): of what was measured, going on beyond, and of what is left beyond."""
    count, apart = len(MEASURED_NM), logs - logs.mean(axis=0)
    scores, lengths, axes = np.linalg.svd(apart[:, :count], full_matrices=False)
    scores, beyond = scores[:, :rank], apart[:, count:]
    going_on = scores.T @ beyond
    _, left_lengths, left_axes = np.linalg.svd(beyond - scores @ going_on, full_matrices=False)
    measured = np.concatenate([axes[:rank] * lengths[:rank, None], going_on], axis=1)
    left = left_axes[:RANK_BEYOND] * left_lengths[:RANK_BEYOND, None]
    both = np.concatenate([measured, np.pad(left, ((0, 0), (count, 0)))])
    return np.asarray(both / np.sqrt(max(1, len(logs) - 1)))
