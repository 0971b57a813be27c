"""The link from lesions to the presence of acne, as `dermis train acne-presence` fits it to clear skin and to acne.

Each pool is a folder with a table (labels.csv or images.csv) of the columns `file` and `group`, one row a photo. Of
acne only the photos count that the recipe `acne` keeps aside: they teach its network nothing. The limit is the
evidence that a few of a hundred photos of clear skin exceed or, where it is more, that all but a few photos of acne
reach: other findings, which are in neither pool, lie between them. The slope is that of a logistic regression with both
kinds weighing alike. Figures are those of folds by person.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core import FaceLesions
from dermis.formats.files import write_text
from dermis.formats.images.photo import read_photo
from dermis.formats.tables.table import read_table
from dermis.lab.train.recipe import Recipe, find_recipe, read_recipe
from dermis.pipeline.analyse import analyse
from dermis.tasks.acne.assign import place_lesions
from dermis.tasks.acne.detect import find_lesions
from dermis.tasks.acne.presence import LINK, PresenceLink, evidence_of

__all__ = ["fit_link", "fit_table", "presence_in_folds", "untaught_photos"]

_Floats = NDArray[np.float64]
NETWORK = "acne"
"""The recipe whose lesions are linked."""
FALSE_ALARMS = 0.04
"""The share of photos of clear skin that may be called acne in the fit; 0.05 is aimed at on people kept aside."""
MISSED = 0.04
"""The share of photos of acne that may be called clear in the fit, to keep off other findings."""
FOLDS = 5
MOST = 150
"""No more photos of a folder are looked at: every second, third, ... of more."""


def fit_link(evidence: _Floats, acne: NDArray[np.bool_]) -> PresenceLink:
    """Return the link for evidence (n,), as `evidence_of` gives it, and whether there is acne (n,)."""
    from sklearn.linear_model import LogisticRegression  # late: 0.5 s

    limit = float(max(np.quantile(evidence[~acne], 1 - FALSE_ALARMS), np.quantile(evidence[acne], MISSED)))
    logs = np.log1p(evidence)[:, None] - np.log1p(limit)
    slope = float(LogisticRegression(class_weight="balanced", C=100.0).fit(logs, acne).coef_[0, 0])
    return PresenceLink(limit=round(limit, 2), slope=round(max(slope, 0.1), 2))


def presence_in_folds(evidence: _Floats, acne: NDArray[np.bool_], groups: NDArray[np.str_]) -> _Floats:
    """Return the probability (n,) for each photo by a link that was fitted to other people."""
    people = np.unique(groups)
    folds = np.random.default_rng(0).permutation(len(people)) % FOLDS
    told = np.zeros(len(evidence))
    for fold in range(FOLDS):
        out = np.isin(groups, people[folds == fold])
        link = fit_link(evidence[~out], acne[~out])
        told[out] = [link.probability(value) for value in evidence[out]]
    return told


def untaught_photos(folder: Path) -> frozenset[str]:
    """Return the names of the photos of ACNE04 in `folder` that the recipe `acne` keeps aside to choose by."""
    from dermis.lab.train.objectives.pooled import gather, parts_of_pools  # late: torch

    recipe = read_recipe(find_recipe(NETWORK))
    data = next(iter(recipe.pool.values())).data
    own = {name: pool for name, pool in recipe.pool.items() if pool.data == data}
    aside = parts_of_pools(recipe, gather(replace(recipe, pool=own), {data: folder}))["validate"]
    return frozenset(one.name for one in aside[next(iter(own))])


def _lesions_in(folder: Path, only: Container[str] | None = None) -> list[tuple[str, FaceLesions]]:
    """Return, by person, what was found in the photos of a folder, without any link; only: those of these names."""
    table = next(path for name in ("labels.csv", "images.csv") if (path := folder / name).is_file())
    rows = [row for row in read_table(table, needs=("file", "group")) if only is None or Path(row["file"]).stem in only]
    found = []
    for row in rows[:: -(-len(rows) // MOST)]:
        photo = read_photo(folder / row["file"])
        seen = analyse(photo, tasks=())
        if seen.face is not None and seen.skin is not None:
            placed = place_lesions(find_lesions(photo, seen.face), seen.face, seen.skin)
            found.append((f"{folder.name} {row['group']}", placed))
    return found


def fit_table(recipe: Recipe, folders: Mapping[str, Path], out: Path) -> dict[str, float]:
    """Write the link of a fit on all to `out`; return the shares that are called acne, in folds by person."""
    clear, sore = _lesions_in(folders["clear"]), _lesions_in(folders["acne"], untaught_photos(folders["acne"]))
    both = [*clear, *sore]
    acne = np.array([False] * len(clear) + [True] * len(sore))
    groups = np.array([group for group, _ in both])
    # The grade's share of the evidence follows from the limit, which the counts alone give to begin with.
    counts = np.array([evidence_of(lesions, 0.0) for _, lesions in both])
    limit = fit_link(counts, acne).limit
    evidence = np.array([evidence_of(lesions, limit) for _, lesions in both])
    told = presence_in_folds(evidence, acne, groups) >= 0.5
    link = fit_link(evidence, acne)
    people = [len({group for group, _ in rows}) for rows in (clear, sore)]
    numbers = (link.limit, link.slope, len(clear), people[0], len(sore), people[1])
    head = "limit,slope,clear_photos,clear_people,acne_photos,acne_people"
    write_text(out / LINK.name, f"{head}\n{','.join(map(str, numbers))}\n")
    return {"clear_called_acne": float(told[~acne].mean()), "acne_called_acne": float(told[acne].mean())}
