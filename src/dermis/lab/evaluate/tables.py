"""Tables of figures: spectral methods, sweeps."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Sample
from dermis.core.arrays import BoolMap, FloatMap
from dermis.formats.files import write_bytes
from dermis.lab.train.cache import Decoded
from dermis.lab.train.spectra import mask_of
from dermis.lab.train.sweep import Outcome
from dermis.metrics.bootstrap import bootstrap
from dermis.metrics.spectral import angle_map_rad, band_errors, challenge_angle_map_rad, challenge_scores
from dermis.spectra.methods import Examples, Predict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SCORES", "Ask", "by_factor", "by_pixel", "examples_from", "row_of", "scored", "summary", "write_summary"]

Ask = Callable[[NDArray[Any]], FloatMap]
"""A picture (h, w, channels) as decoded to its spectra (h, w, band)."""

PIXELS = 300
"""Pixels of each picture that pixel methods learn from."""
SCORES = ("challenge_sam_rad", "sam_rad", "challenge_ssim", "mrae", "rmse", "psnr_db")
"""Columns of scores: those that begin with challenge are as the challenge counts, see `dermis.metrics.spectral`."""


def examples_from(
    samples: Sequence[Sample],
    decoded: Decoded,
    name: str,
    places: NDArray[np.int64],
    wavelengths_nm: Sequence[float],
    *,
    seed: int = 0,
) -> Examples:
    """Return pixels of the masks (all where there is none) of the samples `places`, equally many of each."""
    draw = np.random.default_rng(seed)
    inputs, spectra = [], []
    for place in places.tolist():
        inside = np.flatnonzero(mask_of(samples[place], decoded.shown))
        chosen = np.sort(draw.choice(inside, min(PIXELS, len(inside)), replace=False))
        rows, columns = np.divmod(chosen, decoded.shown.size_px)
        inputs.append(np.asarray(decoded.pictures[place])[rows, columns].astype(np.float32))
        spectra.append(np.asarray(decoded.targets[name][place])[rows, columns].astype(np.float32))
    return Examples(
        inputs=np.concatenate(inputs),
        spectra=np.concatenate(spectra),
        wavelengths_nm=np.asarray(wavelengths_nm, np.float64),
    )


def by_pixel(predict: Predict) -> Ask:
    """Return a pixel method as something that answers whole pictures."""

    def ask(picture: NDArray[Any]) -> FloatMap:
        height, width, channels = picture.shape
        flat = np.ascontiguousarray(picture.reshape(-1, channels), np.float32)
        return predict(flat).reshape(height, width, -1)

    return ask


def scored(
    samples: Sequence[Sample],
    decoded: Decoded,
    name: str,
    places: NDArray[np.int64],
    ask: Ask,
    bands: slice,
    *,
    similar_every: int = 1,
) -> Iterator[dict[str, Any]]:
    """Yield a row of scores for each sample of `places`: key, subject and `SCORES`; bands: those that are judged.

    similar_every: structural similarity, most of the work, of the first of so many pictures alone; NaN for the others.
    """
    for number, place in enumerate(places.tolist()):
        target = np.asarray(decoded.targets[name][place], np.float32)[:, :, bands]
        said = ask(np.asarray(decoded.pictures[place]))[:, :, bands]
        mask = mask_of(samples[place], decoded.shown)
        yield row_of(samples[place], target, said, mask, similar=number % similar_every == 0)


def row_of(sample: Sample, target: FloatMap, said: FloatMap, mask: BoolMap, *, similar: bool = True) -> dict[str, Any]:
    """Return the scores of one cube (h, w, band) with whose it is; similar: structural similarity, too."""
    errors = band_errors(target, said, mask)
    rmse = float(np.sqrt(np.square(errors.rmse).mean()))
    with np.errstate(invalid="ignore"):
        angles = challenge_angle_map_rad(target, said)[mask]
    return {
        "key": str(sample.key),
        "subject": sample.key.subject,
        "challenge_sam_rad": float(np.nanmean(angles, dtype=np.float64)),
        "sam_rad": float(angle_map_rad(target, said)[mask].mean(dtype=np.float64)),
        "challenge_ssim": challenge_scores(target, said, mask).ssim if similar else float("nan"),
        "mrae": float(errors.mrae.mean()),
        "rmse": rmse,
        "psnr_db": -20 * float(np.log10(max(rmse, 1e-12))),
    }


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each task and method of `rows`, in their order: mean and standard deviation of every score.

    Columns: task, method, images, subjects; for each of `SCORES` the score and SCORE_sd; challenge_ssim_n, the pictures
    that similarity was taken of; low and high, the 95 % interval of the challenge's mean angle when people are drawn
    again.
    """
    import pandas as pd  # late: half a second

    told = []
    for (task, method), held in rows.groupby(["task", "method"], sort=False):
        angles = held["challenge_sam_rad"].to_numpy(np.float64)
        interval = bootstrap(_mean_of(angles), held["subject"].to_numpy())
        one: dict[str, Any] = {"task": task, "method": method, "images": len(held), "subjects": interval.groups}
        for score in SCORES:
            values = held[score].dropna().to_numpy(np.float64)
            some, several = len(values) > 0, len(values) > 1
            one |= {
                score: values.mean() if some else float("nan"),
                f"{score}_sd": values.std(ddof=1) if several else float("nan"),
            }
        similar = int(held["challenge_ssim"].notna().sum())
        told.append(one | {"challenge_ssim_n": similar, "low": interval.low, "high": interval.high})
    return pd.DataFrame(told)


def _mean_of(values: NDArray[np.float64]) -> Callable[[NDArray[np.int64]], float]:
    return lambda places: float(values[places].mean())


_TOP = 20
_MANY = 6

Row = dict[str, Any]


def write_summary(outcomes: Sequence[Outcome], out: Path, name: str) -> Path:
    """Write `name`-runs.csv, `name`-factors.csv and `name`.md to `out`, and return the path of the last.

    The error is that of the part which chose the epoch: good for choosing, too good for a claim.
    """
    runs = [_run_row(one) for one in outcomes]
    stages = list(dict.fromkeys(one.stage for one in outcomes))
    factors = [row for stage in stages for row in by_factor([one for one in outcomes if one.stage == stage])]
    write_bytes(out / f"{name}-runs.csv", _csv(runs))
    write_bytes(out / f"{name}-factors.csv", _csv(factors))
    lines = [
        f"# {name}",
        "",
        f"{len(runs)} runs. The error is that of the part which chose the epoch (smaller is better); "
        "`dermis evaluate` judges the test part.",
        "",
        "## Best runs",
        "",
        *_markdown(runs[:_TOP]),
        "",
        "## By factor",
        "",
        *_markdown(factors),
        "",
    ]
    path = out / f"{name}.md"
    write_bytes(path, "\n".join(lines).encode())
    return path


def by_factor(outcomes: Sequence[Outcome]) -> list[Row]:
    """Return for each value of each factor how its runs did, in the order of their medians."""
    rows: list[Row] = []
    for factor in dict.fromkeys(name for one in outcomes for name in one.point):
        errors: dict[str, list[float]] = defaultdict(list)
        for one, value in zip(outcomes, _values([one.point.get(factor) for one in outcomes]), strict=True):
            errors[value].append(one.error)
        if len(errors) > 1:
            ranked = sorted(errors.items(), key=lambda pair: median(pair[1]))
            rows += [_factor_row(outcomes[0].stage, factor, value, held) for value, held in ranked]
    return rows


def _values(values: Sequence[object]) -> list[str]:
    """Return values as words; many different numbers as the third that they are in."""
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    if len(numbers) < len(values) or len(set(numbers)) <= _MANY:
        return [_short(value) for value in values]
    thirds = [sorted(numbers)[len(numbers) * place // 3 - (place == 3)] for place in range(4)]
    names = [f"{low:.3g} to {high:.3g}" for low, high in pairwise(thirds)]
    return [names[(number >= thirds[1]) + (number >= thirds[2])] for number in numbers]


def _factor_row(stage: str, factor: str, value: str, errors: list[float]) -> Row:
    return {
        "stage": stage,
        "factor": factor,
        "value": value,
        "runs": len(errors),
        "best": min(errors),
        "median": median(errors),
        "mean": mean(errors),
        "worst": max(errors),
    }


def _run_row(one: Outcome) -> Row:
    network = one.recipe.network
    stands_in = f"{network.name} for {network.stands_in_for}" if network.stands_in_for else network.name
    return {
        "stage": one.stage,
        "error": one.error,
        **{name: _short(value) for name, value in one.point.items()},
        "network": stands_in,
        "best_epoch": int(one.result["epoch"]) + 1,
        "epochs": one.result["epochs"],
        "run": one.run,
    }


def _short(value: object) -> str:
    if isinstance(value, list):
        return "+".join(str(one) for one in value) or "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _markdown(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[f"{row.get(name, ''):.4g}" if isinstance(row.get(name), float) else str(row.get(name, ""))
              for name in names] for row in rows]  # fmt: skip
    return (
        [f"| {' | '.join(line)} |" for line in (names, ["---"] * len(names), *cells)] if rows else ["Nothing varied."]
    )
