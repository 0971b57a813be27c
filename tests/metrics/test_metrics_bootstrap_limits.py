"""Levels, draws and figures at which there is an interval, or none."""

import numpy as np
import pytest

from dermis.metrics.bootstrap import bootstrap


@pytest.mark.parametrize(("level", "resamples"), [(0.0, 10), (1.0, 10), (0.5, 0)])
def test_levels_and_draws_have_ends(level, resamples):
    with pytest.raises(ValueError, match="level"):
        bootstrap(lambda places: 0.0, [1, 2], level=level, resamples=resamples)


def test_a_figure_defined_on_half_of_the_draws_has_an_interval():
    drawn = iter([2.5, *[1.0, np.nan] * 10])
    found = bootstrap(lambda places: next(drawn), np.arange(4), resamples=20, method="percentile")
    assert (found.low, found.value, found.high) == (1.0, 2.5, 1.0)
    fewer = iter([2.5, *[1.0, np.nan] * 9, np.nan, np.nan])
    assert np.isnan(bootstrap(lambda places: next(fewer), np.arange(4), resamples=20, method="percentile").low)


def test_draws_that_all_lie_beyond_the_figure_are_not_corrected():
    drawn = iter([9.0, *np.arange(20.0) / 20, *[1.0] * 4])
    found = bootstrap(lambda places: next(drawn), np.arange(4), resamples=20, level=0.5)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(np.arange(20.0) / 20, (0.25, 0.75))))
