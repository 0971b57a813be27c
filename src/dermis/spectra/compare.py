"""Two cubes of the same view side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dermis.core import Cube
from dermis.core.arrays import BoolMap, FloatMap
from dermis.errors import InputError
from dermis.metrics.spectral import (
    BandErrors,
    SpectralScores,
    angle_map_rad,
    band_errors,
    challenge_scores,
    spectral_scores,
)
from dermis.spectra.resample import resample

__all__ = ["CubeComparison", "compare_cubes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CubeComparison:
    """How far `predicted` is from `target`, on their common bands.

    scores: as they should be counted; challenge: as the Hyper-Skin challenge counts them (`dermis.metrics.spectral`).
    angles_rad: (h, w), NaN outside `mask`. excluded: pixels of the mask whose values are not finite in one of the two.
    """

    target: Cube
    predicted: Cube
    mask: BoolMap
    scores: SpectralScores
    challenge: SpectralScores
    bands: BandErrors
    angles_rad: FloatMap
    excluded: int
    notes: tuple[str, ...] = ()


def compare_cubes(target: Cube, predicted: Cube, mask: BoolMap | None = None) -> CubeComparison:
    """Compare two cubes of one size, on the pixels of `mask`, all where None.

    Where their bands differ, `predicted` is read in the bands of `target` that lie within its range.
    Raises InputError for cubes of other sizes or without common bands, and for a mask without a finite pixel.
    """
    if target.values.shape[:2] != predicted.values.shape[:2]:
        (height, width), (own_height, own_width) = target.values.shape[:2], predicted.values.shape[:2]
        raise InputError(
            f"The cubes have {width} x {height} and {own_width} x {own_height} pixels.",
            advice="Compare cubes of the same view and size.",
        )
    target, predicted, notes = _on_common_bands(target, predicted)
    everywhere = np.ones(target.values.shape[:2], np.bool_) if mask is None else mask
    inside = everywhere & np.isfinite(target.values).all(axis=2) & np.isfinite(predicted.values).all(axis=2)
    if not inside.any():
        raise InputError("No pixel of the mask has values in both cubes.", advice="Check the mask.")
    angles = angle_map_rad(target.values, predicted.values)
    return CubeComparison(
        target=target,
        predicted=predicted,
        mask=inside,
        scores=spectral_scores(target.values, predicted.values, inside),
        challenge=challenge_scores(target.values, predicted.values, inside),
        bands=band_errors(target.values, predicted.values, inside),
        angles_rad=np.where(inside, angles, np.float32(np.nan)),
        excluded=int(np.count_nonzero(everywhere & ~inside)),
        notes=notes,
    )


def _on_common_bands(target: Cube, predicted: Cube) -> tuple[Cube, Cube, tuple[str, ...]]:
    own, other = target.wavelengths_nm, predicted.wavelengths_nm
    if own.shape == other.shape and np.allclose(own, other, atol=0.05):
        return target, predicted, ()
    common = (own >= other[0] - 0.05) & (own <= other[-1] + 0.05)
    if not common.any():
        raise InputError(
            f"The cubes have no band in common: {own[0]:g}-{own[-1]:g} nm and {other[0]:g}-{other[-1]:g} nm.",
            advice="Compare cubes of the same part of the spectrum.",
        )
    kept = Cube(values=target.values[:, :, common].copy(), wavelengths_nm=own[common], quantity=target.quantity)
    note = f"The second cube was read in the {np.count_nonzero(common)} bands of the first that it covers."
    return kept, resample(predicted, kept.wavelengths_nm), (note,)
