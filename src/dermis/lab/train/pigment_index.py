"""The closed-form fit of the pigment indices: `dermis train pigment-index`.

Facial spectra of the International Skin Spectra Archive, people of every group alike, and the same spectra with more or
less melanin and blood: the tissue behind each is found (`optics.inverse`), its pigment changed, and the ratio of the
two modelled spectra laid over the measured one. A cubic in log RGB is then solved so that it meets the density of the
measured spectra, as drawn cameras see them too, while on every tone the other pigment moves it by no more than a share
of what its own does. Two further ones, for photos in a light nobody knows, are taught by drawn photos instead of the
colour under D65. Only the 80 coefficients are kept.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import xyz_to_linear
from dermis.core import Encoding
from dermis.formats.files import write_text
from dermis.lab.train.recipe import Recipe
from dermis.metrics.ordinal import spearman
from dermis.optics.camera import CameraPopulation, draw_camera, response, white_raw
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import find_illuminant, xyz_weights
from dermis.optics.inverse import from_spectrum
from dermis.spectra.prior import CaptureModel, photographed
from dermis.tasks.pigment_index import COEFFICIENTS, INDICES, features

__all__ = [
    "Spectra",
    "drawn_alike",
    "evaluate_folds",
    "fit",
    "fit_table",
    "haemoglobin_density",
    "linear_of",
    "melanin_density",
    "melanin_slope",
    "photographs",
    "read_issa",
    "rows_of",
    "varied",
]

_Floats = NDArray[np.float64]
Sets = Mapping[str, _Floats]

NM = np.arange(400.0, 701.0, 10.0)
FACIAL = ("cheek", "forehead", "chin", "nose_tip", "cheekbone")
A_GROUP = 200
"""Spectra of each group of people in the fit, drawn with a fixed seed: all groups alike."""
MOST = {"melanosome_fraction": 0.6, "blood_fraction": 0.2}
CHANGES: Mapping[str, tuple[str, float]] = {
    "melanin+25%": ("melanosome_fraction", 1.25),
    "melanin-20%": ("melanosome_fraction", 0.80),
    "melanin+60%": ("melanosome_fraction", 1.60),
    "blood+25%": ("blood_fraction", 1.25),
    "blood-25%": ("blood_fraction", 0.75),
    "blood+80%": ("blood_fraction", 1.80),
}
TONES_DEG = (90, 50, 30, 10, -10, -30, -50, -90)
"""Edges of the ITA between which responses are bounded, and told."""
CROSS_TALK = {"melanin": 0.15, "haemoglobin": 0.52}
"""What a quarter more of the other pigment does at most to an index, over what a quarter more of its own does: means
over the people of a tone. The haemoglobin index with 0.17 orders people worse: docs/concepts/pigment-indices.md."""
LEAST_OWN = {"melanin": 0.0, "haemoglobin": 1.0}
"""What a quarter more of its own pigment does at least, times 0.3 on brown skin (ITA -40) to 1.2 on light skin (40)."""
LIGHTS = ("D65", "D50", "A", "LED-B3", "FL2")
"""Lights of the drawn cameras where camera and light are known."""
UNKNOWN = CaptureModel(encoding=Encoding.SRGB, white_known=True)
TAUGHT = ("", "melanin+25%", "blood+25%")
PHOTOS, SIGHTS, PLAIN_SHARE = 4, 120, 0.6
"""Drawn photos of each person, cameras and lights in each round of them, and how many are developed plainly."""
FEWEST = 5
"""Spectra of a tone below which it bounds nothing."""
SEED, RIDGE, NOISE, FOLDS = 0, 1e-6, 0.003, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectra:
    """Measured spectra (n, 31), 400-700 nm, with the person, the group and the ITA of each."""

    values: _Floats
    person: NDArray[np.str_]
    group: NDArray[np.str_]
    ita_deg: _Floats

    def at(self, places: NDArray[np.intp] | NDArray[np.bool_]) -> Spectra:
        """Return some of the spectra."""
        return Spectra(
            values=self.values[places],
            person=self.person[places],
            group=self.group[places],
            ita_deg=self.ita_deg[places],
        )


def read_issa(folder: Path) -> Spectra:
    """Read the facial spectra of the archive's table `spectra.csv.gz` in `folder`."""
    with gzip.open(folder / "spectra.csv.gz", "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["location"] in FACIAL]
    return Spectra(
        values=np.array([[float(row[f"R{nm:.0f}"]) for nm in NM] for row in rows]),
        person=np.array([row["group"] for row in rows]),
        group=np.array([row["ethnicity"] for row in rows]),
        ita_deg=np.array([float(row["ITA"]) for row in rows]),
    )


def melanin_density(spectra: _Floats) -> _Floats:
    """Return 100 x mean optical density at 650-700 nm."""
    mean: _Floats = 100 * _density(spectra)[:, (NM >= 650) & (NM <= 700)].mean(axis=1)
    return mean


def haemoglobin_density(spectra: _Floats) -> _Floats:
    """Return 100 x mean optical density at 540-580 nm above the line through 510 and 610 nm."""
    density = _density(spectra)
    share = np.clip((NM - 510) / 100, 0, 1)
    first, last = density[:, NM == 510], density[:, NM == 610]
    above: _Floats = density - first * (1 - share) - last * share
    mean: _Floats = 100 * above[:, (NM >= 540) & (NM <= 580)].mean(axis=1)
    return mean


def melanin_slope(spectra: _Floats) -> _Floats:
    """Return 100 x how much the optical density falls in 100 nm over 620-700 nm: melanin freed of the level."""
    red = NM >= 620
    return np.asarray(-1e4 * np.polyfit(NM[red], _density(spectra)[:, red].T, 1)[0])


def linear_of(spectra: _Floats) -> _Floats:
    """Return linear sRGB (n, 3) of spectra (n, 31) under D65."""
    return np.asarray(xyz_to_linear(spectra @ xyz_weights(NM, "D65")), dtype=np.float64)


def varied(spectra: Spectra) -> dict[str, _Floats]:
    """Return the spectra as measured, under "", and with more or less of a pigment, by the names in `CHANGES`."""
    found = from_spectrum(spectra.values, NM)
    plain = reflectance(found.tissue, NM, specular_share=found.specular_share)
    sets = {"": spectra.values}
    for name, (pigment, factor) in CHANGES.items():
        amount = np.minimum(getattr(found.tissue, pigment) * factor, MOST[pigment])
        changed = replace(found.tissue, **{pigment: amount})
        sets[name] = spectra.values * reflectance(changed, NM, specular_share=found.specular_share) / plain
    return sets


def photographs(sets: Sets, cameras: CameraPopulation | None = None) -> list[dict[str, _Floats]]:
    """Return linear pixels (n, 3) over the white of the sets `TAUGHT` in drawn photos, in rounds; a row has one photo.

    cameras: that they are drawn from, by default the population that comes with the package.
    """
    rng, count = np.random.default_rng(SEED), len(sets[""])
    rounds = []
    for _ in range(PHOTOS):
        pixels = {name: np.empty((count, 3)) for name in TAUGHT}
        for part in np.array_split(rng.permutation(count), SIGHTS):
            spectra = np.concatenate([sets[name][part] for name in TAUGHT])
            seen = photographed(rng, spectra, NM, UNKNOWN, cameras, PLAIN_SHARE)
            for name, theirs in zip(TAUGHT, np.split(seen, len(TAUGHT)), strict=True):
                pixels[name][part] = theirs
        rounds.append(pixels)
    return rounds


def fit(skin: Spectra, sets: Sets, photos: Sequence[Sets]) -> _Floats:
    """Return the coefficients (20, 4) of `INDICES`.

    sets: of `skin`, as `varied` gives them. photos: rounds of drawn photos of the sets, as `photographs` gives them.
    """
    plain = {name: linear_of(sets[name]) for name in TAUGHT}
    known = _as_cameras_see(sets[""], plain[""])
    densities = {"melanin": melanin_density(sets[""]), "haemoglobin": haemoglobin_density(sets[""])}
    columns = [
        _solved(skin, name, level, looks, beside)
        for looks, beside in (([plain], known), (photos, []))
        for name, level in densities.items()
    ]
    return np.stack(columns, axis=1)


def _solved(skin: Spectra, name: str, level: _Floats, looks: Sequence[Sets], beside: Sequence[_Floats]) -> _Floats:
    """Return the coefficients (20,) of an index of `level` (n,).

    looks: pixels of the spectra as measured and with a quarter more of each pigment, on which responses are bounded.
    beside: further pixels of the spectra as measured.
    """
    own, other = ("blood+25%", "melanin+25%") if name == "haemoglobin" else ("melanin+25%", "blood+25%")
    seen = [{change: features(pixels) for change, pixels in look.items()} for look in looks]
    by_own, by_other = (np.mean([one[change] - one[""] for one in seen], axis=0) for change in (own, other))
    bounds, least = [], []
    for high, low in pairwise(TONES_DEG):
        here = (skin.ita_deg <= high) & (skin.ita_deg > low)
        if here.sum() >= FEWEST:
            most, crossed = CROSS_TALK[name] * by_own[here].mean(axis=0), by_other[here].mean(axis=0)
            bounds += [most - crossed, most + crossed, by_own[here].mean(axis=0)]
            least += [0.0, 0.0, LEAST_OWN[name] * float(np.interp((high + low) / 2, (-40, 40), (0.3, 1.2)))]
    rows = [*(one[""] for one in seen), *(features(pixels) for pixels in beside)]
    return _least_squares(np.concatenate(rows), np.tile(level, len(rows)), np.stack(bounds), np.array(least))


def _as_cameras_see(spectra: _Floats, wanted: _Floats) -> list[_Floats]:
    """Return linear sRGB (n, 3) by drawn cameras, each under a light of its own, brought to `wanted` by a line."""
    rng = np.random.default_rng(SEED)
    found = []
    for name in LIGHTS:
        camera, light = draw_camera(rng), find_illuminant(name)
        raw = spectra @ response(camera, light, NM) / white_raw(camera, light)
        raw *= 1.0 + NOISE * rng.standard_normal(raw.shape)
        found.append(raw @ np.linalg.lstsq(raw, wanted, rcond=None)[0])
    return found


def _least_squares(matrix: _Floats, answers: _Floats, bounds: _Floats, least: _Floats) -> _Floats:
    """Return x (term,): matrix (n, term) @ x nearest to `answers` (n,), while bounds (k, term) @ x >= least (k,).

    Least distance programming by non-negative least squares (Lawson and Hanson, Solving Least Squares Problems, 1974,
    chapter 23).
    """
    from scipy.optimize import nnls  # late: only this fit needs it

    terms = matrix.shape[1]
    root = np.linalg.cholesky(matrix.T @ matrix + RIDGE * len(matrix) * np.eye(terms))
    free = np.linalg.solve(root, matrix.T @ answers)
    rows = np.linalg.solve(root, bounds.T).T
    size = np.linalg.norm(rows, axis=1, keepdims=True)
    rows, short = rows / size, least / size[:, 0] - rows @ free / size[:, 0]
    target = np.append(np.zeros(terms), 1.0)
    dual = np.vstack([rows.T, short])
    left = dual @ nnls(dual, target)[0] - target
    return np.asarray(np.linalg.solve(root.T, free - left[:-1] / left[-1]), dtype=np.float64)


def rows_of(sets: Sets, rows: NDArray[np.bool_]) -> dict[str, _Floats]:
    """Return some rows of every set."""
    return {name: values[rows] for name, values in sets.items()}


def evaluate_folds(spectra: Spectra, sets: Sets) -> list[dict[str, object]]:
    """Return a row an index and a group, each person judged by a fit without him.

    spearman: with the density. own, other: mean response to a quarter more of its own and of the other pigment.
    """
    people = np.unique(spectra.person)
    fold_of = dict(zip(people, np.random.default_rng(SEED).permutation(len(people)) % FOLDS, strict=True))
    folds = np.array([fold_of[person] for person in spectra.person])
    answers = {name: np.zeros((len(folds), len(INDICES))) for name in sets}
    photos = photographs(sets)
    for fold in range(FOLDS):
        taught, judged = folds != fold, folds == fold
        solved = fit(spectra.at(taught), rows_of(sets, taught), [rows_of(one, taught) for one in photos])
        for name, values in sets.items():
            answers[name][judged] = features(linear_of(values[judged])) @ solved
    rows: list[dict[str, object]] = []
    for place, (name, truth, own, other) in enumerate(
        (
            ("melanin", melanin_density, "melanin+25%", "blood+25%"),
            ("haemoglobin", haemoglobin_density, "blood+25%", "melanin+25%"),
        )
    ):
        level = answers[""][:, place]
        for group in ("all", *sorted(set(spectra.group.tolist()))):
            here = np.ones(len(folds), bool) if group == "all" else spectra.group == group
            rows.append(
                {
                    "index": name,
                    "group": group,
                    "people": len(np.unique(spectra.person[here])),
                    "spearman": round(float(spearman(truth(sets[""])[here], level[here])), 3),
                    "own": round(float((answers[own][here, place] - level[here]).mean()), 2),
                    "other": round(float((answers[other][here, place] - level[here]).mean()), 2),
                }
            )
    return rows


def drawn_alike(spectra: Spectra) -> Spectra:
    """Return as many spectra of each group, drawn with the fixed seed."""
    rng = np.random.default_rng(SEED)
    groups = sorted(set(spectra.group.tolist()))
    return spectra.at(
        np.concatenate([rng.choice(np.flatnonzero(spectra.group == one), A_GROUP, replace=False) for one in groups])
    )


def _density(spectra: _Floats) -> _Floats:
    return -np.log10(np.clip(spectra, 1e-3, 1.0))


def fit_table(recipe: Recipe, folders: Mapping[str, Path], out: Path) -> dict[str, float]:
    """Write the coefficients of a fit on all to `out`; return ranks and responses of folds by person, by group."""
    spectra = drawn_alike(read_issa(folders["people"]))
    sets = varied(spectra)
    numbers = (",".join(f"{one:.9g}" for one in row) for row in fit(spectra, sets, photographs(sets)).tolist())
    lines = [",".join(("term", *INDICES)), *(f"{term},{row}" for term, row in enumerate(numbers))]
    write_text(out / COEFFICIENTS.name, "\n".join(lines) + "\n")
    figures: dict[str, float] = {}
    for row in evaluate_folds(spectra, sets):
        for name in ("people", "spearman", "own", "other"):
            figures[f"{row['index']}_{row['group']}_{name}"] = float(str(row[name]))
    return figures
