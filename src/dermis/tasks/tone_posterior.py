"""The colour of a face's skin where the light is not known: what measured skin, photographed anyhow, looked like.

Boosted regression trees over clues of one photo, fitted by `dermis.lab.train.tone_posterior` to photos of made people
of every tone, alike, whose skin is that of measured people, in drawn lights, by drawn cameras. The clues: the
photographed skin; the whites of the eyes, which are of about one lightness in all people and lie in the same light;
the lips, whose contrast to the skin falls with melanin; what surrounds the head; and the exposure data. Trees take a
clue that is not there. Where the whites do not stand out, the other clues are inverted instead (`ClueLikelihood`):
trees never answer beyond what they have seen, and a dim photo in coloured light is. Exposure alone never makes a tone:
the interval (`dermis.tasks.intervals`), another for photos without whites, holds all true tones that go with the
answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from math import radians, tan
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import lab_to_linear, linear_to_lab
from dermis.colour.srgb import decode
from dermis.core import (
    Capture,
    CaptureCondition,
    Encoding,
    Face,
    Photo,
    Region,
    SegmentationClass,
    Skin,
    ToneEstimate,
    region_mask,
)
from dermis.core.arrays import BoolMap, FloatMap
from dermis.core.tables import load_table

__all__ = [
    "CLUES",
    "FILE",
    "LEAST_SCALE_DEG",
    "MOST_ITA_DEG",
    "NO_WHITES",
    "OUTPUTS",
    "WHITES",
    "ClueLikelihood",
    "Trees",
    "posterior_tone",
    "relighting",
    "relit_level",
    "tone_posterior",
    "tone_posterior_clues",
]

_Floats = NDArray[np.float64]

FILE = Path(__file__).parent / "data" / "tone_posterior.npz"
OUTPUTS = ("ita", "scale", "a", "b")
"""What the trees say: ITA in degrees, the usual size of its error, a* and b*."""
_COLOURS = ("skin", "lips", "white", "around", "around_bright")
CLUES = (
    *(f"{part}_{clue}" for part in _COLOURS for clue in ("green", "red_green", "blue_green")),
    "photo_level",
    "brightness_ev",
    "white_balance_auto",
    "exposure_bias_ev",
)
"""log10 of linear light: green, red over green, blue over green; lips and the whites of the eyes less skin. Then the
photo's mean, and EXIF."""
WHITES = np.array([name.startswith("white_") and name != "white_balance_auto" for name in CLUES])
"""Which clues are those of the whites of the eyes."""
NO_WHITES = "unknown_no_whites"
"""The name under which errors of photos without them are measured."""
_TEMPER = 0.7
"""Power of the likelihood, for clues hang together more than their covariance says (chosen)."""
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
_FEWEST, _SIDE = 12, 200
_LEAST_LIGHT = 1e-4
_WHITES, _IRIS, _STAND_OUT = (90, 97), (10, 30), 0.5
"""Percentiles of luminance that are the whites of the eyes, without the mirrored lamp, and the iris and lashes. Whites
are told where they are so much brighter (log10): three times. Through small eyes, blur and deep shade lids show."""
LEAST_SCALE_DEG, MOST_ITA_DEG = 3.0, 75.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """A sum of regression trees, their nodes one after another; `start` (t,) is the root of each.

    feature: (n,) of `CLUES`, below 0 at a leaf. threshold: a clue at most this goes left, NaN where `missing_left`.
    """

    baseline: float
    start: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: _Floats
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    value: _Floats

    def predict(self, clues: _Floats) -> _Floats:
        """Return the answers (n,) for clues (n, k)."""
        rows = np.arange(len(clues))[:, None]
        node = np.repeat(self.start[None], len(clues), axis=0)
        while (inner := self.feature[node] >= 0).any():  # all trees at once, a step down each time
            seen = clues[rows, np.maximum(self.feature[node], 0)]
            left = np.where(np.isnan(seen), self.missing_left[node], seen <= self.threshold[node])
            node = np.where(inner, np.where(left, self.left[node], self.right[node]), node)
        total: _Floats = self.baseline + self.value[node].sum(axis=1)
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class ClueLikelihood:
    """How clues are distributed given the tone: at each of `ita_deg` (g,) a normal distribution, every tone alike.

    Clues (k,) are taken as (clues - centre) / spread, 0 where they are not told. mean: (g, k). factor: (g, k, k), the
    lower triangle whose square is the covariance.
    """

    ita_deg: _Floats
    centre: _Floats
    spread: _Floats
    mean: _Floats
    factor: _Floats

    def predict(self, clues: _Floats) -> _Floats:
        """Return the mean ITA (n,) of all tones that go with clues (n, k), by Bayes' rule."""
        told = np.where(np.isfinite(clues), (clues - self.centre) / self.spread, 0.0)
        off = np.linalg.solve(self.factor, np.swapaxes(told[None] - self.mean[:, None], 1, 2))
        widths = np.log(np.diagonal(self.factor, axis1=1, axis2=2)).sum(axis=1)
        logs = (-0.5 * (off**2).sum(axis=1) - widths[:, None]) * _TEMPER
        chance = np.exp(logs - logs.max(axis=0))
        mean: _Floats = self.ita_deg @ chance / chance.sum(axis=0)
        return mean


def posterior_tone(skin: Skin, face: Face, photo: Photo) -> ToneEstimate | None:
    """Return what the photo tells of the true colour of the skin.

    None where the light is known, for photos that are not sRGB, and where no skin or no colour was measured.
    """
    if skin.light_known or photo.encoding is not Encoding.SRGB:
        return None
    clues = tone_posterior_clues(skin, face, photo)
    if not np.isfinite(clues[:3]).all():
        return None
    return tone_posterior(clues)


def tone_posterior(clues: _Floats) -> ToneEstimate:
    """Return the colour that goes with the clues (k,) of one photo."""
    said = {name: float(trees.predict(clues[None])[0]) for name, trees in _trees().items()}
    whites = bool(np.isfinite(clues[WHITES]).all())
    ita = said["ita"] if whites else float(_likelihood().predict(clues[None, ~WHITES])[0])
    ita = float(np.clip(ita, -MOST_ITA_DEG, MOST_ITA_DEG))
    lab = np.array([50 + said["b"] * tan(radians(ita)), said["a"], said["b"]])
    green, red, blue = clues[0], clues[0] + clues[1], clues[0] + clues[2]
    measured = np.asarray(linear_to_lab(10.0 ** np.array([red, green, blue])), dtype=np.float64)
    return ToneEstimate(
        lab=lab,
        measured_lab=measured,
        ita_scale_deg=max(said["scale"], LEAST_SCALE_DEG) if whites else 1.0,
        measured_as=CaptureCondition.UNKNOWN.value if whites else NO_WHITES,
    )


def relighting(tone: ToneEstimate, true_lab: _Floats | None = None) -> _Floats:
    """Return by what factor (3,) linear light changes where the skin comes out as it is estimated, or as `true_lab`."""
    wanted = tone.lab if true_lab is None else true_lab
    true, seen = (
        np.maximum(np.asarray(lab_to_linear(one), dtype=np.float64), 1e-4) for one in (wanted, tone.measured_lab)
    )
    return true / seen


def relit_level(tone: ToneEstimate) -> float:
    """Return by what factor the luminance changes where the skin comes out as it is estimated."""
    true, seen = (
        np.maximum(np.asarray(lab_to_linear(one)) @ _LUMINANCE, 1e-4) for one in (tone.lab, tone.measured_lab)
    )
    return float(true / seen)


@cache
def _trees() -> Mapping[str, Trees]:
    held = load_table(FILE)
    return {name: trees_of(held, name) for name in OUTPUTS}


@cache
def _likelihood() -> ClueLikelihood:
    held = load_table(FILE)
    names = (field.name for field in fields(ClueLikelihood))
    return ClueLikelihood(**{name: held[f"likelihood_{name}"].astype(np.float64) for name in names})


def trees_of(held: Mapping[str, NDArray[Any]], name: str) -> Trees:
    """Return the trees that arrays named NAME_FIELD hold."""

    def places(field: str) -> NDArray[np.int64]:
        return held[f"{name}_{field}"].astype(np.int64)

    return Trees(
        baseline=float(held[f"{name}_baseline"]),
        start=places("start"),
        feature=places("feature"),
        threshold=held[f"{name}_threshold"].astype(np.float64),
        left=places("left"),
        right=places("right"),
        missing_left=held[f"{name}_missing_left"].astype(np.bool_),
        value=held[f"{name}_value"].astype(np.float64),
    )


def tone_posterior_clues(skin: Skin, face: Face, photo: Photo) -> _Floats:
    """Return the clues of one photo, (len(CLUES),), NaN where it does not tell one."""
    cheeks = skin.measured & np.isin(skin.regions, (Region.LEFT_CHEEK.code, Region.RIGHT_CHEEK.code))
    seen = _middle(skin.linear[cheeks], 50, 95)
    if np.isnan(seen).any():
        seen = _middle(skin.linear[skin.measured & region_mask(skin.regions, Region.FACE)], 50, 95)
    lips = _middle(skin.linear[face.segmentation == SegmentationClass.LIPS], 20, 80)
    surrounding, level = _surroundings(face, photo)
    return np.concatenate(
        [
            _ratios(seen),
            _ratios(lips) - _ratios(seen),
            _eye_whites(skin.linear[face.segmentation == SegmentationClass.EYES]) - _ratios(seen),
            _ratios(_middle(surrounding, 5, 95)),
            _ratios(_middle(surrounding, 90, 100)),
            [level],
            _exposure(photo.capture),
        ]
    )


def _eye_whites(eyes: FloatMap) -> _Floats:
    """Return the whites of the eyes, of their pixels (n, 3); NaN where they do not stand out."""
    white, iris = _ratios(_middle(eyes, *_WHITES)), _ratios(_middle(eyes, *_IRIS))
    return white if white[0] - iris[0] >= _STAND_OUT else np.full(3, np.nan)


def _surroundings(face: Face, photo: Photo) -> tuple[FloatMap, float]:
    """Return the pixels beside the head (n, 3) in linear light, and the mean log10 luminance of the photo."""
    step = max(1, max(photo.width_px, photo.height_px) // _SIDE)
    linear = np.asarray(decode(photo.every(step)), dtype=np.float32)
    frame, head = face.frame, face.skin | (face.segmentation != SegmentationClass.BACKGROUND)
    rows, columns = (
        (np.arange(0, length, step) - start) // frame.factor
        for length, start in ((photo.height_px, frame.y_px), (photo.width_px, frame.x_px))
    )
    above, across = (
        (places >= 0) & (places < length) for places, length in zip((rows, columns), head.shape, strict=True)
    )
    outside: BoolMap = np.ones((len(rows), len(columns)), dtype=np.bool_)
    outside[np.ix_(above, across)] = ~head[np.ix_(rows[above], columns[across])]
    level = float(np.log10(np.maximum(linear @ _LUMINANCE, 1e-3)).mean())
    return linear[outside], level


def _middle(pixels: FloatMap, low: float, high: float) -> _Floats:
    """Return the median light (3,) of those pixels whose luminance lies between two percentiles."""
    if len(pixels) < _FEWEST:
        return np.full(3, np.nan)
    level = pixels @ _LUMINANCE
    least, most = np.percentile(level, (low, high))
    middle: _Floats = np.median(pixels[(level >= least) & (level <= most)], axis=0).astype(np.float64)
    return middle


def _ratios(linear: _Floats) -> _Floats:
    """Return log10 of green, red over green and blue over green of (..., 3) linear light."""
    logs = np.log10(np.maximum(linear, _LEAST_LIGHT))
    return np.stack([logs[..., 1], logs[..., 0] - logs[..., 1], logs[..., 2] - logs[..., 1]], axis=-1)


def _exposure(capture: Capture) -> list[float]:
    auto = None if capture.white_balance_auto is None else float(capture.white_balance_auto)
    said = (capture.brightness_ev, auto, capture.exposure_bias_ev)
    return [float("nan") if one is None else float(one) for one in said]
