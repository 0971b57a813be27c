"""Polynomials in the logarithms of three channels: the terms that pigment indices and spectra are fitted on."""

from __future__ import annotations

from functools import cache
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["log_terms", "term_count"]


def log_terms(logs: NDArray[Any], degree: int) -> NDArray[Any]:
    """Return the products (term, n) of up to `degree` of the rows of `logs` (3, n), in their precision; 1 is first.

    By rising degree, and within one in the order of the channels: 1, r, g, b, rr, rg, rb, gg, gb, bb, rrr, ...
    """
    plan = _plan(degree)
    terms = np.empty((len(plan) + 1, logs.shape[1]), dtype=logs.dtype)
    terms[0] = 1
    for place, (shorter, channel) in enumerate(plan, start=1):
        np.multiply(terms[shorter], logs[channel], out=terms[place])
    return terms


def term_count(degree: int) -> int:
    """Return how many terms there are: 10 of degree 2, 20 of 3, 35 of 4."""
    return len(_plan(degree)) + 1


@cache
def _plan(degree: int) -> tuple[tuple[int, int], ...]:
    """Return, for each term after the first, the shorter term that it is a multiple of, and by which channel."""
    names = [c for size in range(degree + 1) for c in combinations_with_replacement(range(3), size)]
    place = {name: at for at, name in enumerate(names)}
    return tuple((place[name[:-1]], name[-1]) for name in names[1:])
