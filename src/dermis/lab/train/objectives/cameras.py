"""The fit of the camera population to a table of measured sensitivities."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dermis.formats.files import write_arrays
from dermis.lab.train.recipe import Recipe
from dermis.optics.camera import fit_population, read_cameras

__all__ = ["fit_table"]

_FIELDS = ("mean", "components", "deviations", "gain_mean", "gain_deviation")


def fit_table(recipe: Recipe, folders: Mapping[str, Path], out: Path) -> dict[str, float]:
    """Write the population of the cameras in `camera_sensitivities.csv`; return their number."""
    cameras = read_cameras(folders["cameras"] / "camera_sensitivities.csv")
    fitted = fit_population(cameras)
    arrays = {name: getattr(fitted, name).astype(np.float32) for name in _FIELDS}
    write_arrays(out / "camera_population.npz", arrays)
    return {"cameras": float(len(cameras)), "components": float(len(fitted.components))}
