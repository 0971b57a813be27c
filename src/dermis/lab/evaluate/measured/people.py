"""How well pixels tell the spectra of measured people who took no part: ISSA's faces and NIST's forearms.

Five folds by person. Each fold fits the prior to the other people; what is judged is seen by cameras of the data folder
`spectra` under known lights, with a noise of 0.3 %. Beside ours stand a straight line and a line on the 200 nearest of
the others' spectra, which are what a prior has to be better than.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core import Encoding
from dermis.lab.train.objectives.measured_skin import (
    MEASURED_NM,
    MeasuredSkin,
    only,
    person_folds,
    read_issa_faces,
    read_nist,
)
from dermis.lab.train.objectives.skin_prior import ALL_NM, prior_of_all, read_measured
from dermis.optics.camera import Camera, read_cameras, response, white_raw
from dermis.optics.illuminant import Illuminant, find_illuminant
from dermis.spectra.estimator import Estimator, add_band, band_gain, fit_estimator, spectra_of, terms_of
from dermis.spectra.prior import SITES, CaptureModel, SkinPrior, simulate_capture

__all__ = ["people_table"]

Floats = NDArray[np.float64]

FOLDS, SEED = 5, 5
NOISE = 0.003
NEAREST = 200
SIGHTS = ((0, "D65"), (5, "LED-B3"), (10, "A"), (15, "D65"), (20, "FL11"))
"""Cameras of the table by their place, and the light each sees."""
VISIBLE, WHOLE, BEYOND = slice(2, 31), slice(0, 31), slice(30, 61)
"""420-700 nm, 400-700 nm, 700-1000 nm."""
BAND_NM = 960.0
RESAMPLES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """Angles and errors (n,) of answers, the share of bands inside their intervals, and whose they are."""

    sam: Floats
    rmse: Floats
    covered: Floats
    person: NDArray[np.str_]
    group: NDArray[np.str_]


def people_table(issa: Path, nist: Path, spectra: Path) -> str:
    """Return the table of measured people as Markdown; the folders are those of the data sets of these names."""
    faces = read_issa_faces(issa)
    forearms, whose = read_nist(nist, ALL_NM)
    collection, vrhel = read_measured(spectra)
    cameras = read_cameras(spectra / "camera_sensitivities.csv")
    face_fold, arm_fold = person_folds(faces.subject, faces.group), person_folds(whose, whose.astype("<U1"))
    told: dict[str, list[_Judged]] = {}
    for fold in range(FOLDS):
        others, theirs = only(faces, face_fold != fold), only(faces, face_fold == fold)
        arms = _Forearms(
            taught=forearms[arm_fold != fold], judged=forearms[arm_fold == fold], whose=whose[arm_fold == fold]
        )
        prior = prior_of_all(others, arms.taught, collection, vrhel)
        for place, (camera, light) in enumerate(SIGHTS):
            rng = np.random.default_rng(SEED + FOLDS * fold + place)
            look = _Look(camera=cameras[camera], light=find_illuminant(light), rng=rng)
            of_face, of_forearm = (_estimator(look, prior, site) for site in SITES)
            _judge_faces(told, look, of_face, others, theirs)
            _judge_forearms(told, look, {"arm": of_face, "site": of_forearm}, arms)
    return _written({name: _joined(parts) for name, parts in told.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forearms:
    """Spectra (n, 61) that teach and that are judged, and whose the judged are."""

    taught: Floats
    judged: Floats
    whose: NDArray[np.str_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One camera under one light, and where the noise of its pixels comes from."""

    camera: Camera
    light: Illuminant
    rng: np.random.Generator


def _pixels(look: _Look, spectra: Floats) -> Floats:
    """Return the white-balanced raw pixels (n, 3) of spectra (n, 31)."""
    clean = spectra @ response(look.camera, look.light, MEASURED_NM) / white_raw(look.camera, look.light)
    return np.asarray(clean * (1.0 + NOISE * look.rng.standard_normal(clean.shape)))


def _estimator(look: _Look, prior: SkinPrior, site: str) -> Estimator:
    known = CaptureModel(
        encoding=Encoding.CAMERA_LINEAR, camera=look.camera, light=look.light, balanced=True, bits=16, site=site
    )
    return fit_estimator(simulate_capture(prior, known), ALL_NM)


def _judge_faces(
    told: dict[str, list[_Judged]], look: _Look, estimator: Estimator, others: MeasuredSkin, theirs: MeasuredSkin
) -> None:
    seen, taught = _pixels(look, theirs.spectra), _pixels(look, others.spectra)
    found = terms_of(estimator, seen.astype(np.float32))
    width = found.scale[:, :, None] * estimator.half_width
    answers: dict[str, tuple[NDArray[np.floating], NDArray[np.floating] | None]] = {
        "ours": (spectra_of(found.terms, estimator.weights)[:, WHOLE], width[:, :, WHOLE]),
        "nearest": (_on_nearest(taught, others.spectra, seen), None),
        "line": (_on_line(taught, others.spectra, seen), None),
    }
    for name, (answer, half_width) in answers.items():
        told.setdefault(name, []).append(
            _scored(answer, theirs.spectra, half_width, VISIBLE, theirs.subject, theirs.group)
        )


def _judge_forearms(
    told: dict[str, list[_Judged]], look: _Look, estimators: Mapping[str, Estimator], arms: _Forearms
) -> None:
    """Judge what estimators say of forearms, alone and with a further band, beside a straight line."""
    judged = arms.judged
    seen, learnt = _pixels(look, judged[:, WHOLE]), _pixels(look, arms.taught[:, WHOLE])
    place = int(np.flatnonzero(ALL_NM == BAND_NM)[0])
    answers: dict[str, tuple[NDArray[np.floating], NDArray[np.floating] | None]] = {
        "arm line": (_on_line(learnt, arms.taught, seen), None)
    }
    for name, estimator in estimators.items():
        found, gain = terms_of(estimator, seen.astype(np.float32)), band_gain(estimator, BAND_NM, ALL_NM)
        said, scale = spectra_of(found.terms, estimator.weights), found.scale[:, :, None]
        helped = add_band(said, found.terms, judged[:, place].astype(np.float32), gain)
        answers |= {name: (said, scale * estimator.half_width), f"{name} band": (helped, scale * gain.half_width)}
    group = np.full(len(judged), "forearms")
    for part, bands in (("visible", WHOLE), ("beyond", BEYOND)):
        for name, (answer, half_width) in answers.items():
            told.setdefault(f"{name} {part}", []).append(_scored(answer, judged, half_width, bands, arms.whose, group))


def _scored(
    answer: NDArray[np.floating],
    true: Floats,
    half_width: NDArray[np.floating] | None,
    bands: slice,
    person: NDArray[np.str_],
    group: NDArray[np.str_],
) -> _Judged:
    said, truth = np.asarray(answer, np.float64)[:, bands], true[:, bands]
    cosine = (said * truth).sum(axis=1) / np.linalg.norm(said, axis=1) / np.linalg.norm(truth, axis=1)
    off = truth - said
    inside = np.full(len(off), np.nan)
    if half_width is not None:
        below, above = half_width[:, 0, bands], half_width[:, 1, bands]
        inside = ((-below <= off) & (off <= above)).mean(axis=1)
    return _Judged(
        sam=np.arccos(np.clip(cosine, -1.0, 1.0)),
        rmse=np.sqrt(np.square(off).mean(axis=1)),
        covered=inside,
        person=person,
        group=group,
    )


def _on_line(pixels: Floats, spectra: Floats, asked: Floats) -> Floats:
    def columns(of: Floats) -> Floats:
        return np.concatenate([np.ones((len(of), 1)), of], axis=1)

    return np.asarray(columns(asked) @ np.linalg.lstsq(columns(pixels), spectra, rcond=None)[0])


def _on_nearest(pixels: Floats, spectra: Floats, asked: Floats) -> Floats:
    """Return what a line says that is fitted to the 200 pixels nearest in their logarithms."""
    from scipy.spatial import cKDTree  # late: only this table needs it

    near = np.asarray(cKDTree(np.log(pixels)).query(np.log(asked), k=NEAREST)[1])
    return np.concatenate(
        [_on_line(pixels[rows], spectra[rows], one[None]) for rows, one in zip(near, asked, strict=True)]
    )


def _joined(parts: Sequence[_Judged]) -> _Judged:
    return _Judged(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in _Judged.__slots__})


def _written(told: dict[str, _Judged]) -> str:
    rows = [
        "| people | n | ours: SAM [95 %], RMSE | covered (0.90) | line on the 200 nearest | straight line |",
        "|---|---|---|---|---|---|",
    ]
    ours, nearest, line = told["ours"], told["nearest"], told["line"]
    groups = np.unique(ours.group).tolist()
    for group in groups:
        rows.append(
            f"| {group} | {(ours.group == group).sum() // len(SIGHTS)} | {_with_interval(ours, [group])} "
            f"| {_mean(ours, [group], 'covered'):.3f} | {_plain(nearest, [group])} | {_plain(line, [group])} |"
        )
    rows.append(
        f"| **mean of groups** | {len(ours.group) // len(SIGHTS)} | {_with_interval(ours, groups)} "
        f"| {_mean(ours, groups, 'covered'):.3f} | {_plain(nearest, groups)} | {_plain(line, groups)} |"
    )
    rows += ["", "| forearms (NIST) | ours | covered | with a band at 960 nm | covered | straight line |"]
    rows.append("|---|---|---|---|---|---|")
    arms = ["forearms"]
    for part, words in (("visible", "400-700 nm"), ("beyond", "700-1000 nm")):
        for name, site in (("arm", ""), ("site", ", `--site forearm`")):
            plain, band, straight = (told[f"{one} {part}"] for one in (name, f"{name} band", "arm line"))
            rows.append(
                f"| {words}{site} | {_with_interval(plain, arms)} | {_mean(plain, arms, 'covered'):.3f} "
                f"| {_with_interval(band, arms)} | {_mean(band, arms, 'covered'):.3f} | {_plain(straight, arms)} |"
            )
    return "\n".join(rows)


def _mean(judged: _Judged, groups: Sequence[str], what: str, weight: Floats | None = None) -> float:
    values: Floats = getattr(judged, what)
    counted = np.ones(len(values)) if weight is None else weight
    return float(np.mean([np.average(values[on], weights=counted[on]) for on in _of(judged, groups)]))


def _of(judged: _Judged, groups: Sequence[str]) -> list[NDArray[np.bool_]]:
    return [np.asarray(judged.group == group) for group in groups]


def _plain(judged: _Judged, groups: Sequence[str]) -> str:
    return f"{_mean(judged, groups, 'sam'):.4f}, {_mean(judged, groups, 'rmse'):.4f}"


def _with_interval(judged: _Judged, groups: Sequence[str]) -> str:
    """Return mean angle and error, with the interval of the angle over people drawn again."""
    people, place = np.unique(judged.person, return_inverse=True)
    rng = np.random.default_rng(SEED)
    means = []
    for _ in range(RESAMPLES):
        times = np.bincount(rng.integers(len(people), size=len(people)), minlength=len(people))
        means.append(_mean(judged, groups, "sam", np.asarray(times[place] + 1e-12, np.float64)))
    low, high = np.quantile(means, (0.025, 0.975))
    return f"{_mean(judged, groups, 'sam'):.4f} [{low:.4f}, {high:.4f}], {_mean(judged, groups, 'rmse'):.4f}"
