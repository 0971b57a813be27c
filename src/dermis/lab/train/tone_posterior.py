"""The fit of the tone posterior, as `dermis train tone-posterior` does it.

Measured facial spectra (`spectra.csv.gz` of the International Skin Spectra Archive) and drawn tissue in equal parts,
each ITA class alike, are photographed as patches: a drawn light, camera and development for each six people, with
shading, gloss, lips, surroundings, an exposure by the face or by the whole view, and errors beside. Boosted trees learn
the true colour from the clues, a second set the size of the error that people of other folds show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import decode, encode
from dermis.colour.tone import ita_deg
from dermis.core import CaptureCondition
from dermis.formats.files import write_arrays
from dermis.lab.belts import fit_belt, keep_belt
from dermis.lab.synth.skin.colour import MATT_SHARE
from dermis.lab.synth.subjects import SubjectPopulation, draw_subject
from dermis.lab.train.pigment_index import NM, read_issa
from dermis.lab.train.recipe import Recipe
from dermis.optics.camera import draw_camera, response, white_raw
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import lab_under
from dermis.optics.isp import develop
from dermis.optics.populations import draw_illuminant, draw_isp, training_reflectances
from dermis.optics.spectral_grid import VISIBLE, WORKING_NM
from dermis.optics.tissue import RANGES
from dermis.tasks.intervals import FOLDER
from dermis.tasks.tone_posterior import CLUES, FILE, LEAST_SCALE_DEG, OUTPUTS

__all__ = [
    "CLASSES_DEG",
    "FittedTone",
    "PatchPhotos",
    "arrays_of_trees",
    "drawn_people",
    "fit_table",
    "fit_trees",
    "patch_photos",
    "photograph_patches",
]

_Floats = NDArray[np.float64]

CLASSES_DEG = ((-65.0, -30.0), (-30.0, 10.0), (10.0, 28.0), (28.0, 41.0), (41.0, 55.0), (55.0, 70.0))
SEED, SHOTS, DRAWN = 5, 1600, 300
FOLDS, _SCALE_ROUNDS = 2, 40
_EXPOSURE_SD_EV, _BALANCE_SD, _WIDE_BALANCE_SD, _CURVE_SD = 0.25, 0.03, 0.25, 0.05
"""Errors beside those of an automatic camera; the wide one where white balance is set by hand, and in 3 % beside."""
_BY_FACE, _EDITED = 0.9, 0.06
"""Shares of photos that are exposed for the face, and whose brightness somebody changed afterwards."""
_SURROUNDINGS = 8
_MISSING = {"lips": 0.15, "around": 0.15, "photo": 0.15, "exif": 0.4}


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchPhotos:
    """Clues (n, k) of photos with the true colour (n, 3) under D65 and who each shows (n,)."""

    clues: _Floats
    lab: _Floats
    person: NDArray[np.str_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _People:
    """Spectra (n, 31) of skin and lips, 400-700 nm by 10, true colours (n, 3), names (n,)."""

    skin: _Floats
    lips: _Floats
    lab: _Floats
    name: NDArray[np.str_]

    @property
    def ita_deg(self) -> _Floats:
        return np.asarray(ita_deg(self.lab), dtype=np.float64)


def drawn_people(count: int, *, seed: int) -> _People:
    """Return drawn tissue, each ITA class alike; lips with less melanin and more blood, as made faces have them."""
    blood = RANGES["blood_fraction"]
    spectra = []
    for number in range(count):
        low, high = CLASSES_DEG[number % len(CLASSES_DEG)]
        population = SubjectPopulation(lowest_ita_deg=max(low, -60.0), highest_ita_deg=high)
        own = draw_subject(seed * 100_000 + number, population).skin.tissue
        both = replace(
            own,
            melanosome_fraction=own.melanosome_fraction * np.array([1.0, 0.8]),
            blood_fraction=np.clip(own.blood_fraction * np.array([1.0, 5.0]), blood.low, blood.high),
        )
        spectra.append(reflectance(both, NM, specular_share=MATT_SHARE))
    skin, lips = np.moveaxis(np.array(spectra), 1, 0)
    names = np.array([f"drawn {number}" for number in range(count)])
    return _People(skin=skin, lips=lips, lab=np.asarray(lab_under(skin, NM), dtype=np.float64), name=names)


def _measured_people(folder: Path, drawn: _People) -> _People:
    """Return measured skin, with the lips of drawn people of like tone."""
    told = read_issa(folder)
    lab = np.asarray(lab_under(told.values, NM), dtype=np.float64)
    near = np.abs(drawn.ita_deg[None] - np.asarray(ita_deg(lab))[:, None]).argmin(axis=1)
    lips = np.clip(told.values * drawn.lips[near] / drawn.skin[near], 0.005, 1.0)
    return _People(skin=told.values, lips=lips, lab=lab, name=told.person)


def patch_photos(folder: Path, *, shots: int = SHOTS, seed: int = SEED) -> PatchPhotos:
    """Return photos of a person of each ITA class a shot, by turns measured and drawn."""
    rng = np.random.default_rng(seed)
    drawn = drawn_people(DRAWN, seed=seed)
    sources = (_measured_people(folder, drawn), drawn)
    places = [
        [np.flatnonzero((of.ita_deg > low) & (of.ita_deg <= high)) for low, high in CLASSES_DEG] for of in sources
    ]
    clues, lab, person = [], [], []
    for shot in range(shots):
        of, classes = sources[shot % 2], places[shot % 2]
        chosen = np.array([rng.choice(members) for members in classes])
        clues.append(photograph_patches(rng, of.skin[chosen], of.lips[chosen]))
        lab.append(of.lab[chosen])
        person.append(of.name[chosen])
    return PatchPhotos(clues=np.concatenate(clues), lab=np.concatenate(lab), person=np.concatenate(person))


def photograph_patches(rng: np.random.Generator, skin: _Floats, lips: _Floats) -> _Floats:
    """Return the clues (n, k) of a photo of each of n people, by one camera in one light; (n, 31) spectra."""
    count = len(skin)
    light, camera = draw_illuminant(rng), draw_camera(rng)
    seen, white = response(camera, light, NM), white_raw(camera, light)

    def between(low: float, high: float) -> _Floats:
        return rng.uniform(low, high, (count, 1))

    shade, gloss = between(0.6, 1.0), between(0.0, 0.02)
    cheek = (skin @ seen) * shade + gloss * white
    lip_colour = np.exp(rng.normal(0, 0.10, (count, 3)) + rng.normal(0, 0.12, (count, 1)))
    lip = (lips @ seen) * lip_colour * shade * between(0.7, 1.05) + between(0.0, 0.03) * white
    paint = training_reflectances()[:300]
    level = np.exp(rng.normal(-0.3, 0.9, (count, 1)) + rng.normal(0, 0.5, (count, _SURROUNDINGS)))
    around = paint[rng.integers(len(paint), size=(count, _SURROUNDINGS))] @ response(camera, light, WORKING_NM[VISIBLE])
    around = around * level[..., None]
    if rng.random() < 0.3:  # another light behind
        other = white_raw(camera, draw_illuminant(rng)) / white
        around = around * (other / other.max())
    share = between(0.15, 0.6)[:, 0]
    bright = 0.85 * cheek.mean(axis=1)
    by_face = 0.5 * np.sqrt(0.2 * bright) * 2 ** rng.normal(0, 0.25, count)
    by_view = (share * bright + (1 - share) * around.mean(axis=(1, 2))) * 2 ** rng.normal(0, 0.3, count)
    metered = np.clip(np.where(rng.random(count) < _BY_FACE, by_face, by_view), 0.01, 1.0)
    gain = 0.18 / metered * 2 ** rng.normal(0, _EXPOSURE_SD_EV, count)
    isp = draw_isp(rng, camera, light, binning=10, metered_reflectance=0.18)
    hand_set = not isp.white_balance_auto or rng.random() < 0.03
    warm, green = rng.normal(0, _WIDE_BALANCE_SD if hand_set else _BALANCE_SD, 2) * (1, 0.5)
    gains = isp.white_balance * np.exp((warm, green, -warm))
    curve = rng.normal(0, _CURVE_SD, 2)
    plain = replace(
        isp,
        white_balance=gains / gains.min(),
        gamma=isp.gamma * float(np.exp(curve[0])),
        contrast=float(np.clip(isp.contrast + curve[1], 0, 0.45)),
        denoise=0.0, sharpen=0.0, chroma_px=0.0, full_well_e=1e9, read_noise_e=0.0,
    )  # fmt: skip
    raw = np.concatenate([cheek[:, None], lip[:, None], around], axis=1) * gain[:, None, None]
    photo = develop(np.maximum(raw, 0).astype(np.float32), plain, rng)
    edit = np.where(rng.random(count) < _EDITED, 2 ** rng.uniform(-1.2, 1.2, count), 1.0)[:, None, None]
    edited = encode(np.clip(np.asarray(decode(photo.pixels)) * edit, 0, 1))
    linear = np.asarray(decode(np.rint(np.asarray(edited) * 255) / 255), dtype=np.float64)
    logs = np.log10(np.maximum(linear, 1e-4))
    beside = logs[:, 2:]
    brightest = beside[np.arange(count), beside.sum(axis=2).argmax(axis=1)]
    photo_level = share * logs[:, 0, 1] + (1 - share) * beside[..., 1].mean(axis=1)
    capture = photo.capture
    brightness = (capture.brightness_ev or 0.0) - np.log2(gain)
    told = np.broadcast_to([float(bool(capture.white_balance_auto)), capture.exposure_bias_ev or 0.0], (count, 2))
    return np.concatenate(
        [
            _ratios(logs[:, 0]),
            _ratios(logs[:, 1]) - _ratios(logs[:, 0]),
            _ratios(np.log10(np.median(10**beside, axis=1))),
            _ratios(brightest),
            np.stack([photo_level, brightness], axis=1),
            told,
        ],
        axis=1,
    )


def _ratios(logs: _Floats) -> _Floats:
    return np.stack([logs[:, 1], logs[:, 0] - logs[:, 1], logs[:, 2] - logs[:, 1]], axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedTone:
    """arrays: those of `dermis.tasks.tone_posterior.FILE`. said, scale (n,): ITA and its usual error, in degrees, for
    each of the photos by trees that never saw its people.
    """

    arrays: Mapping[str, NDArray[Any]]
    said: _Floats
    scale: _Floats


def fit_trees(photos: PatchPhotos, *, rounds: int = 120) -> FittedTone:
    """Fit the trees; the same photos give the same."""
    clues = _with_gaps(photos.clues)
    ita = np.asarray(ita_deg(photos.lab), dtype=np.float64)
    people, place = np.unique(photos.person, return_inverse=True)
    fold = np.random.default_rng(SEED).permutation(len(people))[place] % FOLDS
    said = _by_others(clues, ita, fold, rounds)
    off = np.abs(said - ita)
    scale = _by_others(clues, off, fold, _SCALE_ROUNDS)
    wanted = {"ita": (ita, rounds), "scale": (off, _SCALE_ROUNDS)}
    wanted |= {name: (photos.lab[:, place], 40) for name, place in (("a", 1), ("b", 2))}
    arrays: dict[str, NDArray[Any]] = {}
    for name in OUTPUTS:
        target, count = wanted[name]
        for field, values in arrays_of_trees(_booster(count).fit(clues, target)).items():
            arrays[f"{name}_{field}"] = values
    return FittedTone(arrays=arrays, said=said, scale=np.maximum(scale, LEAST_SCALE_DEG))


def _by_others(clues: _Floats, target: _Floats, fold: NDArray[np.intp], rounds: int) -> _Floats:
    """Return for each photo the answer of trees that were fitted to the other folds."""
    said = np.zeros(len(target))
    for one in range(FOLDS):
        said[fold == one] = _booster(rounds).fit(clues[fold != one], target[fold != one]).predict(clues[fold == one])
    return said


def _booster(rounds: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 -- of scikit-learn, which the base has not
    from sklearn.ensemble import HistGradientBoostingRegressor  # late: a second, and of the extra `lab`

    return HistGradientBoostingRegressor(
        max_iter=rounds, learning_rate=0.1, max_leaf_nodes=15, min_samples_leaf=30, max_bins=64, random_state=SEED,
        early_stopping=False,
    )  # fmt: skip


def _with_gaps(clues: _Floats) -> _Floats:
    """Return the clues with some not told, as photos do not tell them."""
    rng, held = np.random.default_rng(SEED), clues.copy()
    groups: Mapping[str, Sequence[int]] = {
        "lips": [CLUES.index(name) for name in CLUES if name.startswith("lips")],
        "around": [CLUES.index(name) for name in CLUES if name.startswith("around")],
        "photo": [CLUES.index("photo_level")],
        "exif": [CLUES.index(name) for name in CLUES[-3:]],
    }
    for name, columns in groups.items():
        held[np.ix_(np.flatnonzero(rng.random(len(held)) < _MISSING[name]), np.array(columns))] = np.nan
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
    """Write the trees and the interval of a tone in unknown light to `out`.

    Returns errors and biases in degrees on people of other folds, by ITA class.
    """
    photos = patch_photos(folders["people"], shots=int(recipe.fit["shots"]), seed=recipe.seed)
    fitted = fit_trees(photos, rounds=int(recipe.fit["rounds"]))
    write_arrays(out / FILE.name, fitted.arrays)
    ita = np.asarray(ita_deg(photos.lab), dtype=np.float64)
    belt = fit_belt(ita, fitted.said, fitted.scale, people=photos.person.tolist())
    keep_belt(out / FOLDER.name, "skin_tone", CaptureCondition.UNKNOWN.value, belt)
    figures = {"photos": float(len(ita))}
    for low, high in CLASSES_DEG:
        error = (fitted.said - ita)[(ita > low) & (ita <= high)]
        name = f"{low:.0f}_to_{high:.0f}_deg"
        figures |= {f"error_{name}": float(np.abs(error).mean()), f"bias_{name}": float(error.mean())}
    return figures
