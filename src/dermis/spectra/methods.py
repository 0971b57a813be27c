"""Ways from a pixel to its spectrum: one interface, one table.

A method is fitted on examples, pixels whose spectra are known, and then predicts the spectra of other pixels, each
by itself. Pixels have any number of channels: three of a camera, or three and a near-infrared band. Networks that
look at a whole picture stand in the table of `dermis.networks` and are judged by the same metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dermis.spectra.examples import Examples, Predict
from dermis.spectra.methods_ours import fit_ours
from dermis.spectra.methods_physics import fit_physics
from dermis.spectra.regression import (
    fit_linear,
    fit_mean,
    fit_nearest,
    fit_pca_ridge,
    fit_polynomial,
    fit_root_polynomial,
)

__all__ = ["METHODS", "Examples", "Method", "Predict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way from pixels to spectra: `fit(examples)` returns what predicts; `about` is one line for tables."""

    name: str
    about: str
    fit: Callable[[Examples], Predict]


_METHODS = (
    Method(name="mean", about="mean spectrum of the examples", fit=fit_mean),
    Method(name="linear", about="least squares on the channels and a constant", fit=fit_linear),
    Method(name="polynomial", about="least squares on products of up to three channels", fit=fit_polynomial),
    Method(name="root_polynomial", about="the same on their roots, free of exposure", fit=fit_root_polynomial),
    Method(name="pca_ridge", about="ridge to six principal components", fit=fit_pca_ridge),
    Method(name="nearest", about="mean of the five nearest examples", fit=fit_nearest),
    Method(name="physics", about="most probable tissue, then its spectrum; no example's spectrum", fit=fit_physics),
    Method(name="ours", about="examples and drawn tissues together, shape and level apart", fit=fit_ours),
)
METHODS: Mapping[str, Method] = MappingProxyType({method.name: method for method in _METHODS})
"""Every pixel method by name."""
