"""The fit of the tone posterior, as `dermis train tone-posterior` does it.

Made people of each ITA class alike, whose skin is that of measured people, are photographed as the recipe `everyday`
does it, with another seed: each face in a drawn light by a drawn camera, several times; one time in four with harsher
errors of exposure, white balance and tone curve, some photos edited or blurred afterwards. The clues are those that an
analysis reads off such a photo. Boosted trees learn the true colour from them, a second set the size of the error that
people of other folds show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import decode, encode
from dermis.colour.tone import ita_deg
from dermis.core import CaptureCondition, Face, Photo
from dermis.face.crop import crop
from dermis.face.find import find_face
from dermis.formats.files import write_arrays
from dermis.lab.belts import fit_belt, keep_belt, within
from dermis.lab.synth.camera.acquisition import draw_everyday_shot, everyday_isp, stream
from dermis.lab.synth.camera.scene import Scene, compose_scene, lab_of, raw_of, relight, skin_mask
from dermis.lab.synth.layouts.layout import person_at
from dermis.lab.synth.recipe import FacesRecipe
from dermis.lab.synth.recipe import read_recipe as read_synth_recipe
from dermis.lab.train.recipe import Recipe
from dermis.optics.isp import develop, through_jpeg
from dermis.pipeline.analyse import measure_skin
from dermis.tasks.intervals import FOLDER, LIGHTNESS
from dermis.tasks.tone_posterior import (
    CLUES,
    FILE,
    LEAST_SCALE_DEG,
    MOST_ITA_DEG,
    NO_WHITES,
    OUTPUTS,
    WHITES,
    ClueLikelihood,
    tone_posterior_clues,
)

__all__ = [
    "CLASSES_DEG",
    "FacePhotos",
    "FittedTone",
    "arrays_of_trees",
    "face_photos",
    "fit_likelihood",
    "fit_table",
    "fit_trees",
]

_Floats = NDArray[np.float64]
Step = Callable[[str], None]

CLASSES_DEG = ((-90.0, -30.0), (-30.0, 10.0), (10.0, 28.0), (28.0, 41.0), (41.0, 55.0), (55.0, 90.0))
FOLDS, COPIES = 5, 3
"""Parts that the people are dealt into; copies of each photo with other disturbances of its clues."""
_EXPOSURE_SD_EV, _BALANCE_SD, _CURVE_SD, _EVERY = 0.5, 0.09, 0.12, 4
"""Errors of every fourth photo."""
_EDITED, _EDIT_EV, _BLURRED, _BLUR_PX, _GRAIN = 0.4, 1.2, 0.35, (0.6, 3.0), 0.015
"""Share of those that somebody made lighter or darker afterwards, by so much at most; share of all that are blurred."""
_WHITE_SD, _WHITE_COLOUR_SD = 0.07, 0.02
"""By how much (log10) the whites of the eyes differ between people and in shade; made ones are all of one colour."""
_MISSING = {"lips": 0.15, "white": 0.15, "around": 0.05, "exif": 0.4}
_FEWEST_PX = 100
_SKIN_DEG = (-70.0, 75.0)
"""No skin is darker or lighter."""
_GRID_DEG, _WINDOW_DEG, _FLOOR = np.linspace(*_SKIN_DEG, 59), 14.0, 0.03
"""Tones, the window of people about each (1 sigma), and the least variance of standardised clues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FacePhotos:
    """Clues (n, k) of photos with the true colour (n, 3) under D65 and who each shows (n,)."""

    clues: _Floats
    lab: _Floats
    person: NDArray[np.str_]


def face_photos(*, people: int, shots: int, seed: int, step: Step = lambda words: None) -> FacePhotos:
    """Photograph so many people so often each, and read off the clues; the same numbers give the same photos."""
    recipe = read_synth_recipe("everyday", [f"seed={seed}"])
    if not isinstance(recipe, FacesRecipe):
        raise TypeError("The recipe everyday is one of faces.")
    clues, lab, person = [], [], []
    for number in range(people):
        step(f"person {number + 1} of {people}")
        for found, colour in _photos_of(recipe, number, shots):
            clues.append(found)
            lab.append(colour)
            person.append(f"s{number:04d}")
    return FacePhotos(clues=np.array(clues), lab=np.array(lab), person=np.array(person))


def _photos_of(recipe: FacesRecipe, number: int, shots: int) -> Iterator[tuple[_Floats, _Floats]]:
    """Yield the clues of each photo of one person, and the true colour of the face."""
    own, visit = person_at(recipe, number, "W00")
    rng = stream(recipe.seed, "tone posterior", number)
    view, expression = str(rng.choice(recipe.views)), recipe.expressions[number % len(recipe.expressions)]
    scene = compose_scene(own, visit, draw_everyday_shot(rng, recipe, view, expression))
    colours = lab_of(scene)[skin_mask(scene) & (scene.buffers.regions > 0)]
    if len(colours) < _FEWEST_PX:
        return
    face: Face | None = None
    for shot in range(shots):
        if shot:
            scene = relight(scene, draw_everyday_shot(rng, recipe, view, expression))
        photo = _taken(rng, recipe, scene, harsh=shot % _EVERY == _EVERY - 1)
        face = face or find_face(photo)  # the parts of a face stay where they are; finding them takes longest
        if face is None:
            continue
        clues = tone_posterior_clues(measure_skin(crop(photo, face.frame), photo, face), face, photo)
        if np.isfinite(clues[:3]).all():
            yield clues, np.nanmedian(colours, axis=0).astype(np.float64)


def _taken(rng: np.random.Generator, recipe: FacesRecipe, scene: Scene, *, harsh: bool) -> Photo:
    raw = raw_of(scene)
    faults = recipe
    if harsh:
        faults = replace(recipe, exposure_sd_ev=_EXPOSURE_SD_EV, balance_sd=_BALANCE_SD, curve_sd=_CURVE_SD)
    isp = everyday_isp(rng, scene.shot, raw, scene.buffers.regions > 0, faults)
    photo = through_jpeg(develop(raw, isp, rng), isp)
    edited = harsh and rng.random() < _EDITED
    blurred = rng.random() < _BLURRED
    if not (edited or blurred):
        return photo
    linear = np.asarray(decode(photo.pixels), np.float32)
    if edited:
        linear = linear * np.float32(2 ** rng.uniform(-_EDIT_EV, _EDIT_EV))
    pixels = np.asarray(encode(np.clip(linear, 0, 1)), np.float64)
    if blurred:
        from scipy.ndimage import gaussian_filter  # late: a tenth of a second

        sigma = float(rng.uniform(*_BLUR_PX))
        pixels = gaussian_filter(pixels, (sigma, sigma, 0)) + rng.normal(0, rng.uniform(0, _GRAIN), pixels.shape)
    return replace(photo, pixels=(np.rint(np.clip(pixels, 0, 1) * 255) / 255).astype(np.float32))


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedTone:
    """arrays: those of `dermis.tasks.tone_posterior.FILE`. said, scale, lightness (n,): ITA and its usual error, in
    degrees, and L*, for each of the photos by trees that never saw its people. blind, blind_lightness: the same by
    the other clues, as if no whites of eyes stood out.
    """

    arrays: Mapping[str, NDArray[Any]]
    said: _Floats
    scale: _Floats
    lightness: _Floats
    blind: _Floats
    blind_lightness: _Floats


def fit_trees(photos: FacePhotos, *, rounds: int, seed: int = 0) -> FittedTone:
    """Fit the trees; the same photos give the same."""
    ita = np.asarray(ita_deg(photos.lab), dtype=np.float64)
    people, place = np.unique(photos.person, return_inverse=True)
    fold = np.random.default_rng(seed).permutation(len(people))[place] % FOLDS
    few = max(rounds // 3, 1)
    said = _by_others(photos.clues, ita, fold, rounds, seed)
    off = np.abs(said - ita)
    scale = _by_others(photos.clues, off, fold, few, seed)
    yellow = _by_others(photos.clues, photos.lab[:, 2], fold, few, seed)
    blind = np.zeros(len(ita))
    for one in np.unique(fold):
        blind[fold == one] = fit_likelihood(photos.clues[fold != one], ita[fold != one], seed).predict(
            photos.clues[fold == one][:, ~WHITES]
        )
    wanted = {"ita": (ita, rounds), "scale": (off, few)}
    wanted |= {name: (photos.lab[:, column], few) for name, column in (("a", 1), ("b", 2))}
    arrays: dict[str, NDArray[Any]] = {}
    for name in OUTPUTS:
        for field, values in arrays_of_trees(_fitted(photos.clues, *wanted[name], seed)).items():
            arrays[f"{name}_{field}"] = values
    likelihood = fit_likelihood(photos.clues, ita, seed)
    arrays |= {f"likelihood_{one.name}": getattr(likelihood, one.name).astype(np.float32) for one in fields(likelihood)}
    return FittedTone(
        arrays=arrays,
        said=said,
        scale=np.maximum(scale, LEAST_SCALE_DEG),
        lightness=_lightness(said, yellow),
        blind=blind,
        blind_lightness=_lightness(blind, yellow),
    )


def _lightness(ita: _Floats, yellow: _Floats) -> _Floats:
    return np.asarray(50 + yellow * np.tan(np.radians(np.clip(ita, -MOST_ITA_DEG, MOST_ITA_DEG))), dtype=np.float64)


def fit_likelihood(clues: _Floats, ita: _Floats, seed: int = 0) -> ClueLikelihood:
    """Fit how the clues but the whites of the eyes lie given the tone: a line and a covariance about each ITA."""
    told = _disturbed(clues, np.random.default_rng(seed))[:, ~WHITES]
    centre, spread = np.nanmean(told, axis=0), np.nanstd(told, axis=0) + 1e-6
    held = np.where(np.isfinite(told), (told - centre) / spread, 0.0)
    means, factors = [], []
    for tone in _GRID_DEG:
        weight = np.exp(-0.5 * ((ita - tone) / _WINDOW_DEG) ** 2)
        root = np.sqrt(weight)[:, None]
        line = np.linalg.lstsq(np.column_stack([np.ones(len(ita)), ita - tone]) * root, held * root, rcond=None)[0]
        off = held - np.column_stack([np.ones(len(ita)), ita - tone]) @ line
        covariance = (off * weight[:, None]).T @ off / weight.sum() + _FLOOR * np.eye(held.shape[1])
        means.append(line[0])
        factors.append(np.linalg.cholesky(covariance))
    return ClueLikelihood(
        ita_deg=_GRID_DEG, centre=centre, spread=spread, mean=np.array(means), factor=np.array(factors)
    )


def _by_others(clues: _Floats, target: _Floats, fold: NDArray[np.intp], rounds: int, seed: int) -> _Floats:
    """Return for each photo, as it is, the answer of trees that were fitted to the other folds."""
    said = np.zeros(len(target))
    for one in range(FOLDS):
        if (fold == one).any():
            booster = _fitted(clues[fold != one], target[fold != one], rounds, seed)
            said[fold == one] = booster.predict(clues[fold == one])
    return said


def _fitted(clues: _Floats, target: _Floats, rounds: int, seed: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from sklearn.ensemble import HistGradientBoostingRegressor  # late: a second, and of the extra `lab`

    rng = np.random.default_rng(seed)
    disturbed = np.concatenate([_disturbed(clues, rng) for _ in range(COPIES)])
    booster = HistGradientBoostingRegressor(
        max_iter=rounds, learning_rate=0.06, max_leaf_nodes=12, min_samples_leaf=15, l2_regularization=1.0,
        max_features=0.5, random_state=seed, early_stopping=False,
    )  # fmt: skip
    return booster.fit(disturbed, np.tile(target, COPIES))


def _disturbed(clues: _Floats, rng: np.random.Generator) -> _Floats:
    """Return the clues with other whites of the eyes, and some not told, as photos do not tell them."""
    held, names = clues.copy(), np.array(CLUES)
    level, colour = names == "white_green", np.isin(names, ("white_red_green", "white_blue_green"))
    held[:, level] += rng.normal(0, _WHITE_SD, (len(held), 1))
    held[:, colour] += rng.normal(0, _WHITE_COLOUR_SD, (len(held), 2))
    groups = {name: np.char.startswith(names, name) for name in ("lips", "white", "around")}
    groups["exif"] = np.isin(names, CLUES[-3:])
    for name, columns in groups.items():
        held[np.ix_(rng.random(len(held)) < _MISSING[name], columns)] = np.nan
    return held


def arrays_of_trees(booster) -> dict[str, NDArray[Any]]:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Return the trees of a booster of scikit-learn as `dermis.tasks.tone_posterior.Trees` holds them."""
    nodes = [predictor.nodes for (predictor,) in booster._predictors]
    start = np.cumsum([0, *(len(one) for one in nodes)])[:-1]
    every = np.concatenate(nodes)
    offset = np.repeat(start, [len(one) for one in nodes])
    leaf = every["is_leaf"].astype(bool)
    return {
        "baseline": np.float64(np.ravel(booster._baseline_prediction)[0]),
        "start": start.astype(np.int32),
        "feature": np.where(leaf, -1, every["feature_idx"]).astype(np.int8),
        "threshold": np.where(leaf, 0, every["num_threshold"]).astype(np.float64),
        "left": (every["left"] + offset).astype(np.int32),
        "right": (every["right"] + offset).astype(np.int32),
        "missing_left": every["missing_go_to_left"].astype(bool),
        "value": every["value"].astype(np.float32),
    }


def fit_table(recipe: Recipe, folders: Mapping[str, Path], out: Path) -> dict[str, float]:
    """Write the trees, and the intervals of ITA and L* in unknown light, to `out`; no data is needed.

    Returns errors and biases in degrees on people of other folds, by ITA class.
    """
    photos = face_photos(people=int(recipe.fit["people"]), shots=int(recipe.fit["shots"]), seed=recipe.seed)
    fitted = fit_trees(photos, rounds=int(recipe.fit["rounds"]), seed=recipe.seed)
    write_arrays(out / FILE.name, fitted.arrays)
    ita = np.asarray(ita_deg(photos.lab), dtype=np.float64)
    people = photos.person.tolist()
    ones, true = np.ones(len(ita)), photos.lab[:, 0]
    usual = CaptureCondition.UNKNOWN.value
    belts = {
        ("skin_tone", usual): within(fit_belt(ita, fitted.said, fitted.scale, people=people), *_SKIN_DEG),
        ("skin_tone", NO_WHITES): within(fit_belt(ita, fitted.blind, ones, people=people), *_SKIN_DEG),
        (LIGHTNESS, usual): fit_belt(true, fitted.lightness, people=people),
        (LIGHTNESS, NO_WHITES): fit_belt(true, fitted.blind_lightness, people=people),
    }
    for (task, condition), belt in belts.items():
        keep_belt(out / FOLDER.name, task, condition, belt)
    error = fitted.said - ita
    figures = {"photos": float(len(ita)), "error": float(np.abs(error).mean())}
    figures["error_without_whites"] = float(np.abs(fitted.blind - ita).mean())
    for low, high in CLASSES_DEG:
        inside, name = (ita > low) & (ita <= high), f"{low:.0f}_to_{high:.0f}_deg"
        if inside.any():
            figures |= {
                f"error_{name}": float(np.abs(error[inside]).mean()),
                f"bias_{name}": float(error[inside].mean()),
            }
    return figures
