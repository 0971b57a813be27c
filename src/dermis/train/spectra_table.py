"""The table of the Hyper-Skin challenge: every way from pictures to spectra on the same data, judged alike.

A task says what is shown and what is asked. Its answerers, pixel methods and networks, give a cube for each picture of
the test part; each cube gets a row of scores, and a table says mean, spread and interval over people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Sample
from dermis.core.arrays import BoolMap, FloatMap
from dermis.metrics.bootstrap import bootstrap
from dermis.metrics.spectral import angle_map_rad, band_errors, challenge_angle_map_rad, challenge_scores
from dermis.spectra.examples import Examples, Predict
from dermis.train.decoded import Decoded
from dermis.train.spectra import mask_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SCORES", "Ask", "by_pixel", "examples_from", "row_of", "scored", "summary"]

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
