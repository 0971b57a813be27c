"""Estimators for ordinary sRGB photos, learnt once and kept beside the prior: learning one takes seconds."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from dermis.core import Encoding
from dermis.spectra.estimator import Estimator, fit_estimator
from dermis.spectra.sights import Sight, see
from dermis.spectra.skin_prior import PRIOR_FILE, SkinPrior, read_prior

__all__ = ["estimator_for", "write_ready"]


def estimator_for(sight: Sight) -> Estimator:
    """Return what is learnt for `sight`: kept, or learnt now in under a second for known cameras and lights."""
    if sight.encoding is Encoding.SRGB and sight.camera is None and sight.light is None:
        return _read(_file(balanced=sight.balanced))
    return _learnt(read_prior(), sight)


def write_ready(prior: SkinPrior, folder: Path = PRIOR_FILE.parent) -> None:
    """Learn and write the estimators for sRGB photos, with and without a patch of known colour."""
    for balanced in (False, True):
        learnt = _learnt(prior, Sight(encoding=Encoding.SRGB, balanced=balanced))
        held: dict[str, Any] = {field.name: np.asarray(getattr(learnt, field.name)) for field in fields(learnt)}
        np.savez_compressed(folder / _file(balanced=balanced).name, **held)


def _learnt(prior: SkinPrior, sight: Sight) -> Estimator:
    # What a photo in sRGB says of the level went through a tone curve and an exposure that nobody knows.
    level_known = sight.balanced or sight.encoding is Encoding.CAMERA_LINEAR
    return fit_estimator(see(prior, sight), prior.wavelengths_nm, level_known=level_known)


def _file(*, balanced: bool) -> Path:
    return PRIOR_FILE.with_name("srgb-balanced.npz" if balanced else "srgb.npz")


@cache
def _read(file: Path) -> Estimator:
    with np.load(file) as held:
        arrays = {name: held[name] for name in held.files if name != "known_within"}
        return Estimator(**arrays, known_within=float(held["known_within"]))
