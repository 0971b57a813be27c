"""Published datasets, one file each; this table is all there is to register."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from dermis.errors import UsageError
from dermis.lab.datasets import (
    acne04,
    acne04_v2,
    coco,
    faces,
    fasseg,
    ffhq_acne,
    graded_folders,
    hyper_skin,
    hyperpigmentation,
    table_csv,
    tone_chips,
)
from dermis.lab.datasets.dataset import Dataset

__all__ = ["DATASETS", "Dataset", "find_dataset"]

DATASETS: Mapping[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        faces.DATASET,
        hyper_skin.DATASET,
        tone_chips.DATASET,
        hyperpigmentation.DATASET,
        acne04.DATASET,
        acne04_v2.DATASET,
        ffhq_acne.DATASET,
        graded_folders.DATASET,
        table_csv.DATASET,
        coco.DATASET,
        fasseg.DATASET,
    )
}
"""Every dataset by its name."""


def find_dataset(name: str) -> Dataset:
    """Return the dataset of that name; UsageError names the nearest one."""
    if name in DATASETS:
        return DATASETS[name]
    near = get_close_matches(name, DATASETS, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(DATASETS)}."
    raise UsageError(f"No dataset is called {name!r}.", advice=hint)
