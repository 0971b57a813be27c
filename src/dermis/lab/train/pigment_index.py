"""The closed-form fit of the pigment indices: `dermis train pigment-index`.

Facial spectra of the International Skin Spectra Archive, people of every group alike, and the same spectra with more or
less melanin and blood: the tissue behind each is found (`optics.inverse`), its pigment changed, and the ratio of the
two modelled spectra laid over the measured one. A cubic in log RGB is then solved so that it meets the density of the
measured spectra, follows its own pigment and leaves the other out. Only the 40 coefficients are kept.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import xyz_to_linear
from dermis.formats.files import write_text
from dermis.lab.train.recipe import Recipe
from dermis.metrics.ordinal import spearman
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import xyz_weights
from dermis.optics.inverse import from_spectrum
from dermis.tasks.pigment_index import COEFFICIENTS, features

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
    "read_issa",
    "varied",
]

_Floats = NDArray[np.float64]

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
WEIGHTS = {"melanin": 0.7, "haemoglobin": 0.4}
"""What a response counts beside a level: more makes an index purer, and worse in order."""
LEAST_BLOOD = 0.8
"""A quarter more blood changes the haemoglobin index by at least this, also where melanin hides it."""
SEED, RIDGE, FOLDS = 0, 1e-6, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectra:
    """Measured spectra (n, 31), 400-700 nm, with the person, the group and the ITA of each."""

    values: _Floats
    person: NDArray[np.str_]
    group: NDArray[np.str_]
    ita_deg: _Floats

    def at(self, places: NDArray[np.intp]) -> Spectra:
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


def fit(sets: Mapping[str, _Floats]) -> _Floats:
    """Return the coefficients (20, 2) of both indices."""
    return np.stack([_solved(sets, "melanin"), _solved(sets, "haemoglobin")], axis=1)


def _solved(sets: Mapping[str, _Floats], name: str) -> _Floats:
    truth = melanin_density if name == "melanin" else haemoglobin_density
    own = "melanin" if name == "melanin" else "blood"
    weight = WEIGHTS[name]
    plain, level = features(linear_of(sets[""])), truth(sets[""])
    rows, wanted = [plain], [level]
    for change, spectra in sets.items():
        if not change:
            continue
        step = truth(spectra) - level if change.startswith(own) else np.zeros(len(level))
        if own == "blood" and change.startswith(own):
            step = np.sign(step) * np.maximum(np.abs(step), LEAST_BLOOD * abs(CHANGES[change][1] - 1) / 0.25)
        rows.append(weight * (features(linear_of(spectra)) - plain))
        wanted.append(weight * step)
    matrix, answers = np.concatenate(rows), np.concatenate(wanted)
    normal = matrix.T @ matrix + RIDGE * len(matrix) * np.eye(matrix.shape[1])
    return np.asarray(np.linalg.solve(normal, matrix.T @ answers), dtype=np.float64)


def evaluate_folds(spectra: Spectra, sets: Mapping[str, _Floats]) -> list[dict[str, object]]:
    """Return a row an index and a group, each person judged by a fit without him.

    spearman: with the density. own, other: mean response to a quarter more of its own and of the other pigment.
    """
    people = np.unique(spectra.person)
    fold_of = dict(zip(people, np.random.default_rng(SEED).permutation(len(people)) % FOLDS, strict=True))
    folds = np.array([fold_of[person] for person in spectra.person])
    answers = {name: np.zeros((len(folds), 2)) for name in sets}
    for fold in range(FOLDS):
        taught, judged = folds != fold, folds == fold
        solved = fit({name: values[taught] for name, values in sets.items()})
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
    lines = ["term,melanin,haemoglobin", *(f"{n},{a:.9g},{b:.9g}" for n, (a, b) in enumerate(fit(sets).tolist()))]
    write_text(out / COEFFICIENTS.name, "\n".join(lines) + "\n")
    figures: dict[str, float] = {}
    for row in evaluate_folds(spectra, sets):
        for name in ("people", "spearman", "own", "other"):
            figures[f"{row['index']}_{row['group']}_{name}"] = float(str(row[name]))
    return figures
