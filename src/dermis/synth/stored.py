"""Spectra of a finished set, on demand: from the maps that lie beside a photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from dermis.core.arrays import FloatMap
from dermis.datasets.faces import read_map
from dermis.errors import InputError
from dermis.optics.tissue import Tissue
from dermis.synth.record import read_record
from dermis.synth.scene import CHROMOPHORES
from dermis.synth.skin_colour import skin_table, spectra

__all__ = ["stored_spectra"]


def stored_spectra(root: Path, name: str, wavelengths_nm: ArrayLike) -> FloatMap:
    """Return (h, w, band) reflectance of the skin of a photo in the set `root` of the `faces` layout.

    name: of its record, such as s0000_W00_front_neutral. Without light, shade and gloss; NaN off the skin. Maps are
    stored in half precision: within 0.2 % of `scene.cube_of`. Raises InputError where there is no such record or its
    recipe wrote no maps.
    """
    path = root / "truth" / f"{name}.json"
    if not path.is_file():
        raise InputError(f"{root} has no record {name!r}.", advice=f"Expected {path}.")
    record = read_record(path)
    if "maps" not in record.files:
        raise InputError(f"{name} has no maps.", advice='Make the set with write = ["maps"].')
    file = root / record.files["maps"]["file"]
    maps = {each: read_map(file, each) for each in CHROMOPHORES}
    shape = maps[CHROMOPHORES[0]].shape
    bare = np.isfinite(maps[CHROMOPHORES[0]])
    values = {each: held[bare] for each, held in maps.items()}
    bands = np.asarray(wavelengths_nm, dtype=np.float64)
    cube = np.full((*shape, bands.size), np.nan, np.float32)
    if bare.any():
        cube[bare] = spectra(skin_table(Tissue(**record.detail["tissue"]), values, bands), values)
    return cube
