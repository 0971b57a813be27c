"""Ours in the comparison chart of the pigmentation trial: numbers of the brown marks of each photo, then a regression.

Of the whole side, the forehead and the cheek: area, contrast and weight of the marks, how they spread, and the mean of
what the network of brown marks makes of each pixel in its last hidden layer. Support vector regression learns the
graders' mean from these numbers, without each fold of people in turn; answers are real numbers. Ridge regression,
randomised and boosted trees, a Gaussian process and their means were compared on the validation parts, as were the
two settings; nothing was chosen on the test parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dermis.core import Photo, Region, Sample
from dermis.face.crop import crop
from dermis.face.find import find_face
from dermis.formats.files import write_arrays
from dermis.pipeline.analyse import measure_skin
from dermis.tasks.pigmentation.mark_network import MODEL, mark_network
from dermis.tasks.pigmentation.marks import contrast_of_density, mark_mask
from dermis.tasks.pigmentation.skin_grid import CLUES, SkinGrid, clues_of, excess_blood, frame_at, skin_grid

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NAME", "SAID", "TARGET", "answers_of_folds", "learnt", "mark_numbers", "numbers_of"]

NAME = "pigmentation-ours"
TARGET, SAID = "target.pigmentation_grade", "predicted.pigmentation_grade"
_FEWEST_PIXELS = 64
_PARTS: Mapping[str, tuple[Region, ...]] = {
    "side": (), "forehead": (Region.FOREHEAD,),
    "cheek": (Region.LEFT_CHEEK, Region.RIGHT_CHEEK, Region.LEFT_UNDER_EYE, Region.RIGHT_UNDER_EYE),
}  # fmt: skip
"""Parts of a side that are told apart; `()` is all that is judged."""
_QUANTILES = (0.5, 0.8, 0.95, 0.99)
_PENALTY, _GAMMA, _TUBE = 30.0, 1e-3, 0.2

Floats = NDArray[np.float64]


def mark_numbers(photo: Photo) -> Floats:
    """Return the numbers (k,) of the brown marks of a photo; NaN where no face is found or nothing is judged."""
    face = find_face(photo) or find_face(photo, close_up=True)
    grid = None if face is None else skin_grid(face, skin := measure_skin(crop(photo, face.frame), photo, face))
    if grid is None or face is None or np.count_nonzero(grid.judged) < _FEWEST_PIXELS:
        return np.full(_count(), np.nan)
    clues = clues_of(grid)
    network = mark_network()
    chance, density = network.answer(clues)
    hidden = network.hidden(clues)
    weight = contrast_of_density(density)
    seen = np.maximum(clues[:, CLUES.index("dark_around_0.03")], 0)
    marked = mark_mask(_on_grid(chance, grid))[grid.judged]
    codes = frame_at(skin.regions, grid)[grid.judged]
    level = -100 * np.log10(np.maximum(grid.linear[grid.judged], 0.004)).mean(axis=0)
    found = [excess_blood(clues), *level]
    for regions in _PARTS.values():
        own = np.isin(codes, [one.code for one in regions]) if regions else np.ones(len(codes), np.bool_)
        own = own if np.count_nonzero(own) >= _FEWEST_PIXELS else np.ones(len(codes), np.bool_)
        burden = float(weight[own].mean())
        inside = seen[own & marked]
        found += [burden, np.cbrt(burden), np.log(burden + 0.01), float(chance[own].mean()), float(marked[own].mean())]
        found += [float(inside.mean()) if inside.size else 0.0, float(np.log(np.mean(chance[own]) + 1e-3))]
        found += np.quantile(weight[own], _QUANTILES).tolist()
        found += np.quantile(seen[own], _QUANTILES).tolist()
        found += hidden[own].mean(axis=0).tolist()
    found += np.log(np.std(clues, axis=0) + 1e-3).tolist()
    return np.nan_to_num(np.array(found, np.float64))


def numbers_of(samples: Sequence[Sample], kept: Path) -> Floats:
    """Return the numbers of all samples (n, k); kept: a file that holds them between runs."""
    names = [str(sample.key) for sample in samples]
    if kept.is_file():
        with np.load(kept) as held:
            if held["keys"].tolist() == names and str(held["model"]) == MODEL:
                return np.asarray(held["numbers"], np.float64)
    numbers = np.stack([_read(sample) for sample in samples])
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_arrays(kept, {"keys": np.array(names), "model": np.array(MODEL), "numbers": numbers})
    return numbers


def answers_of_folds(
    numbers: Mapping[str, Floats], tables: Sequence[pd.DataFrame], *, teaches: str = ""
) -> list[pd.DataFrame]:
    """Return the tables of the folds with our answers in place of those they hold.

    numbers: by key. teaches: the only profile of people who teach; all by default.
    """
    found = []
    for table in tables:
        inputs = np.stack([numbers[key] for key in table["key"]])
        known = np.isfinite(inputs).all(axis=1)
        taught = (table["part"] == "train").to_numpy() & known & np.isfinite(table[TARGET].to_numpy(float))
        if teaches:
            taught &= (table["trait.profile"] == teaches).to_numpy()
        said = np.full(len(table), np.nan)
        said[known] = learnt(inputs[taught], table[TARGET].to_numpy(float)[taught], inputs[known])
        found.append(table.assign(**{SAID: said}))
    return found


def learnt(inputs: Floats, grades: Floats, asked: Floats) -> Floats:
    """Return the grades (m,) of `asked` (m, k), as learnt from `inputs` (n, k) and their grades (n,)."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVR

    model = make_pipeline(StandardScaler(), SVR(C=_PENALTY, gamma=_GAMMA, epsilon=_TUBE))
    return np.asarray(np.clip(model.fit(inputs, grades).predict(asked), 0, 9), np.float64)


def _count() -> int:
    last = len(mark_network().layers[-1][0])
    return 4 + len(_PARTS) * (7 + 2 * len(_QUANTILES) + last) + len(CLUES)


def _read(sample: Sample) -> Floats:
    photo = sample.read()
    assert isinstance(photo, Photo)
    return mark_numbers(photo)


def _on_grid(values: NDArray[np.float32], grid: SkinGrid) -> NDArray[np.float32]:
    plane = np.zeros(grid.judged.shape, np.float32)
    plane[grid.judged] = values
    return plane
