"""A mixed model over visits: what each visit and arm add, with each person's own level beside.

Value = first visit + visit + arm + arm x visit + the person's own level + error, by restricted maximum likelihood
(statsmodels). People who missed a visit stay in, which is right where they missed it by chance or for what is seen in
their other values.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from dermis.errors import UsageError
from dermis.study.measurements import Measurement
from dermis.study.trial import Floats, control_of

__all__ = ["MixedEffect", "MixedModel", "fit_mixed_model", "mixed_model_installed"]

_LEAST_PEOPLE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedEffect:
    """One contrast: an arm's change from the first visit; with `control`, its difference to the control's change."""

    arm: str
    control: str
    week: float
    estimate: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedModel:
    """The fit. person_sd: of people's own levels; error_sd: of what is left. notes: what the fit complained of."""

    effects: tuple[MixedEffect, ...]
    person_sd: float
    error_sd: float
    people: int
    values: int
    notes: tuple[str, ...] = ()


def mixed_model_installed() -> bool:
    """Return whether the extra `study` is installed."""
    return find_spec("statsmodels") is not None


def fit_mixed_model(measurements: Sequence[Measurement], *, control: str = "", level: float = 0.95) -> MixedModel:
    """Return the fit. Raises UsageError where statsmodels is not installed, or there are too few people or visits."""
    if not mixed_model_installed():
        raise UsageError("The mixed model needs statsmodels.", advice="pip install 'dermis[study]'.")
    from statsmodels.regression.mixed_linear_model import MixedLM  # late: two seconds, and an extra

    people = sorted({one.subject for one in measurements})
    weeks, arms = sorted({one.week for one in measurements}), sorted({one.arm for one in measurements})
    if len(people) < _LEAST_PEOPLE * len(arms) or len(weeks) < 2:
        raise UsageError(
            f"{len(people)} people in {len(arms)} arms at {len(weeks)} visits are too few for a mixed model.",
            advice=f"It needs {_LEAST_PEOPLE} people an arm and two visits.",
        )
    reference = control_of(set(arms), control)
    arms = [reference, *(arm for arm in arms if arm != reference)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = MixedLM(
            np.array([one.value for one in measurements]),
            _design(measurements, weeks, arms),
            groups=np.array([one.subject for one in measurements]),
        ).fit(reml=True)
    size = len(weeks) * len(arms)
    mean, spread = np.asarray(fitted.fe_params), np.asarray(fitted.cov_params())[:size, :size]
    return MixedModel(
        effects=tuple(_effects(mean, spread, weeks, arms, level)),
        person_sd=float(np.sqrt(max(np.asarray(fitted.cov_re).item(), 0.0))),
        error_sd=float(np.sqrt(fitted.scale)),
        people=len(people),
        values=len(measurements),
        notes=tuple(dict.fromkeys(str(one.message) for one in caught)),
    )


def _design(measurements: Sequence[Measurement], weeks: Sequence[float], arms: Sequence[str]) -> Floats:
    """Return (n, weeks x arms): for each arm, the control first, a column for the arm and one for each later week."""
    rows = np.zeros((len(measurements), len(arms), len(weeks)))
    for row, one in zip(rows, measurements, strict=True):
        for place in {0, arms.index(one.arm)}:
            row[place, 0] = 1.0
            if one.week != weeks[0]:
                row[place, weeks.index(one.week)] = 1.0
    return rows.reshape(len(measurements), -1)


def _effects(
    mean: Floats, spread: Floats, weeks: Sequence[float], arms: Sequence[str], level: float
) -> list[MixedEffect]:
    """Return each arm's change at each later week, and the differences to the control."""
    from scipy import stats

    z = float(stats.norm.ppf((1 + level) / 2))
    found = []
    for place, arm in enumerate(arms):
        for later, week in enumerate(weeks[1:], 1):
            own = np.zeros((len(arms), len(weeks)))
            own[place, later] = 1.0
            change = own.copy()
            change[0, later] = 1.0
            for weights, against in ((change, ""), *(((own, arms[0]),) if place else ())):
                flat = weights.reshape(-1)
                estimate, error = float(flat @ mean), float(np.sqrt(flat @ spread @ flat))
                found.append(
                    MixedEffect(
                        arm=arm, control=against, week=week, estimate=estimate, low=estimate - z * error,
                        high=estimate + z * error, p=float(2 * stats.norm.sf(abs(estimate) / error)),
                    )
                )  # fmt: skip
    return found
