"""Photos of measured skin by cameras and lights that nobody knows, and how well they tell its spectrum.

`developed` makes them. The table `spectra-photos` judges faces of the International Skin Spectra Archive, five folds by
person, photographed by cameras of makers that took no part in the population which unknown cameras are drawn from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import decode
from dermis.colour.tone import ITA_CLASSES, ita_class
from dermis.core import Encoding
from dermis.lab.train.face_population import colours_of
from dermis.lab.train.objectives.measured_skin import MEASURED_NM, only, person_folds, read_issa_faces, read_nist
from dermis.lab.train.objectives.skin_prior import ALL_NM, prior_of_all, read_measured
from dermis.metrics.bootstrap import Interval, bootstrap_all
from dermis.optics.camera import Camera, fit_population, read_cameras, response, white_raw
from dermis.optics.isp import render
from dermis.optics.populations import colour_matrix, draw_illuminant, draw_isp
from dermis.spectra.estimator import spectra_of, terms_of
from dermis.spectra.prior import CaptureModel
from dermis.spectra.reconstruct import learn_estimator

__all__ = ["Development", "by_maker", "developed", "photos_table"]

Floats = NDArray[np.float64]

FOLDS, SEED, RESAMPLES, DRAWN_SIGHTS = 5, 7, 400, 200
VISIBLE = slice(2, 31)
"""420-700 nm."""
BALANCE_ERROR = (0.03, 0.0, 0.03)
"""Spread of the logarithm of a plain development's red, green and blue."""
DIMMEST = 0.6


class Development(Enum):
    """How photos come: plain sRGB over its white; as phones do, over a white, as exposed, or over a grey card."""

    PLAIN = "plain sRGB, over its white"
    PHONE_WHITE = "as phones do, over a white"
    PHONE = "as phones do, as it comes"
    PHONE_GREY = "as phones do, over a grey card"


KNOWN: Mapping[Development, CaptureModel] = {
    Development.PLAIN: CaptureModel(encoding=Encoding.SRGB, white_known=True),
    Development.PHONE_WHITE: CaptureModel(encoding=Encoding.SRGB, white_known=True),
    Development.PHONE: CaptureModel(encoding=Encoding.SRGB),
    Development.PHONE_GREY: CaptureModel(encoding=Encoding.SRGB, balanced=True),
}
"""What the estimator is told of each."""


def developed(
    sets: Mapping[str, Floats], cameras: Sequence[Camera], development: Development, seed: int = SEED
) -> dict[str, Floats]:
    """Return linear sRGB (n, 3) of 8-bit photos of each set of spectra (n, 31), drawn alike for all sets.

    Each part of the rows has a camera of `cameras`, a light and a development of its own.
    """
    rng = np.random.default_rng(seed)
    pixels = {name: np.empty((len(spectra), 3)) for name, spectra in sets.items()}
    count = len(next(iter(sets.values())))
    for part in np.array_split(rng.permutation(count), DRAWN_SIGHTS):
        camera, light = cameras[int(rng.integers(len(cameras)))], draw_illuminant(rng)
        white, seen_by = white_raw(camera, light), response(camera, light, MEASURED_NM)
        drawn = replace(draw_isp(rng, camera, light), denoise=0.0, sharpen=0.0, chroma_px=0.0)
        level, error = rng.uniform(DIMMEST, 1.0), np.exp(rng.standard_normal(3) * BALANCE_ERROR)
        if development is Development.PLAIN:
            level, matrix = 1.0, colour_matrix(camera, light)
            drawn = replace(drawn, exposure=1.0, gamma=1.0, contrast=0.0, saturation=1.0)
            drawn = replace(drawn, white_balance=white.max() / white * error, colour_matrix=matrix)
        for name, spectra in sets.items():
            raw = level * np.concatenate([spectra[part] @ seen_by, white[None], 0.18 * white[None]])
            shown = np.rint(255 * render(raw[:, None].astype(np.float32), drawn)[:, 0]) / 255
            pixels[name][part] = _over_what_is_known(np.asarray(decode(shown.astype(np.float64))), development)
    return pixels


def _over_what_is_known(linear: Floats, development: Development) -> Floats:
    """Return all but the last two pixels, which are a white and a mid grey, over what a user would mark."""
    if development is Development.PHONE:
        return linear[:-2]
    return np.asarray(linear[:-2] / (linear[-1] / 0.18 if development is Development.PHONE_GREY else linear[-2].max()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """Angles, errors, those of the line, the share of bands inside the intervals, and their half width, (n,) each."""

    sam: Floats
    rmse: Floats
    line_sam: Floats
    line_rmse: Floats
    covered: Floats
    half_width: Floats


def photos_table(issa: Path, nist: Path, spectra: Path) -> str:
    """Return the table of unknown cameras and lights as Markdown; the folders are those of the data sets."""
    faces = read_issa_faces(issa)
    forearms, whose = read_nist(nist, ALL_NM)
    collection, vrhel = read_measured(spectra)
    halves = by_maker(read_cameras(spectra / "camera_sensitivities.csv"))
    face_fold, arm_fold = person_folds(faces.subject, faces.group), person_folds(whose, whose.astype("<U1"))
    told = {one: np.zeros((len(faces.subject), len(_Told.__slots__))) for one in Development}
    for fold in range(FOLDS):
        prior = prior_of_all(only(faces, face_fold != fold), forearms[arm_fold != fold], collection, vrhel)
        population, judging = fit_population(halves[fold % 2]), halves[1 - fold % 2]
        rows = np.flatnonzero(face_fold == fold)
        others = faces.spectra[face_fold != fold]
        learnt = {known: learn_estimator(prior, known, population) for known in set(KNOWN.values())}
        for one, known in KNOWN.items():
            seen = developed({"": faces.spectra[rows]}, judging, one, SEED + fold)[""]
            taught = developed({"": others}, halves[fold % 2], one, SEED + FOLDS + fold)[""]
            found = terms_of(learnt[known], seen.astype(np.float32))
            answer = spectra_of(found.terms, learnt[known].weights)[:, VISIBLE].astype(np.float64)
            width = (found.scale[:, :, None] * learnt[known].half_width)[:, :, VISIBLE]
            line = _on_line(taught, others, seen)[:, VISIBLE]
            true = faces.spectra[rows][:, VISIBLE]
            held = ((answer - width[:, 0] <= true) & (true <= answer + width[:, 1])).mean(axis=1)
            half_width = width.mean(axis=(1, 2))
            told[one][rows] = np.column_stack([*_errors(answer, true), *_errors(line, true), held, half_width])
    ita = colours_of(faces.spectra)[:, 0]
    tone = np.array([ita_class(value) for value in ita])
    judged = {one: _Told(**dict(zip(_Told.__slots__, columns.T, strict=True))) for one, columns in told.items()}
    return _written(judged, faces.subject, tone)


def by_maker(cameras: Sequence[Camera]) -> tuple[list[Camera], list[Camera]]:
    """Return the cameras of every other maker, in a drawn order, and those of the rest."""
    makers = sorted({camera.name.split()[0] for camera in cameras})
    first = set(np.random.default_rng(SEED).permutation(makers)[::2].tolist())
    halves: tuple[list[Camera], list[Camera]] = ([], [])
    for camera in cameras:
        halves[camera.name.split()[0] not in first].append(camera)
    return halves


def _errors(found: Floats, true: Floats) -> tuple[Floats, Floats]:
    cosine = (found * true).sum(axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(true, axis=1)
    return np.arccos(np.clip(cosine, -1.0, 1.0)), np.sqrt(np.square(found - true).mean(axis=1))


def _on_line(pixels: Floats, spectra: Floats, asked: Floats) -> Floats:
    taught, wanted = (np.column_stack([np.ones(len(of)), of]) for of in (pixels, asked))
    return np.asarray(wanted @ np.linalg.lstsq(taught, spectra, rcond=None)[0])


def _written(told: Mapping[Development, _Told], person: NDArray[np.str_], tone: NDArray[np.str_]) -> str:
    tones = [name for name, _ in ITA_CLASSES if (tone == name).any()]
    head = f"| photos | SAM [95 %], RMSE | straight line | half width | covered [95 %] | {' | '.join(tones)} |"
    rows = [head, "|---|---|---|---|---|" + "---|" * len(tones)]
    for one, judged in told.items():
        sam, covered = _intervals(judged, person)
        held = [_intervals(judged, person, tone == name)[1] for name in tones]
        by_tone = " | ".join(f"{one.value:.3f} [{one.low:.2f}, {one.high:.2f}]" for one in held)
        rows.append(
            f"| {one.value} | {sam.value:.4f} [{sam.low:.4f}, {sam.high:.4f}], {judged.rmse.mean():.4f} "
            f"| {judged.line_sam.mean():.4f}, {judged.line_rmse.mean():.4f} | {judged.half_width.mean():.3f} "
            f"| {covered.value:.3f} [{covered.low:.3f}, {covered.high:.3f}] | {by_tone} |"
        )
    counts = " | ".join(str((tone == name).sum()) for name in tones)
    return "\n".join([*rows, f"| faces | {len(person)} | | | | {counts} |"])


def _intervals(
    judged: _Told, person: NDArray[np.str_], rows: NDArray[np.bool_] | slice = slice(None)
) -> tuple[Interval, ...]:
    """Return the mean angle and the mean share covered of some rows, people drawn again."""
    sam, covered = judged.sam[rows], judged.covered[rows]

    def figures(places: NDArray[np.int64]) -> list[float]:
        return [float(sam[places].mean()), float(covered[places].mean())]

    return bootstrap_all(figures, person[rows], resamples=RESAMPLES, method="percentile")
