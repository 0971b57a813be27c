"""How well colour tells the pigment of measured people who took no part: the table `pigment-people`.

Facial spectra of the International Skin Spectra Archive, as many of each group, five folds by person: each is judged by
indices fitted to the others. They are seen five ways, from the colour under D65 to a phone whose camera, light and
development are unknown; unknown cameras are of makers that taught nothing. What a quarter more melanin or blood does is
the tissue model's, as in the fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.lab.evaluate.measured.people import SIGHTS
from dermis.lab.evaluate.measured.photos import Development, by_maker, developed
from dermis.lab.train.objectives.measured_skin import person_folds
from dermis.lab.train.pigment_index import (
    FOLDS,
    NM,
    TAUGHT,
    TONES_DEG,
    Spectra,
    drawn_alike,
    fit,
    haemoglobin_density,
    linear_of,
    melanin_density,
    melanin_slope,
    photographs,
    read_issa,
    rows_of,
    varied,
)
from dermis.metrics.bootstrap import Interval, bootstrap_all
from dermis.metrics.ordinal import spearman
from dermis.optics.camera import Camera, fit_population, read_cameras, response, white_raw
from dermis.optics.illuminant import Illuminant, find_illuminant
from dermis.tasks.pigment_index import features

__all__ = ["pigment_table"]

Floats = NDArray[np.float64]
Sets = Mapping[str, Floats]

SEED, RESAMPLES, NOISE = 5, 300, 0.003
INDICES: Mapping[str, Callable[[Floats], Floats]] = {"melanin": melanin_density, "haemoglobin": haemoglobin_density}
OWN, OTHER = (
    {"melanin": "melanin+25%", "haemoglobin": "blood+25%"},
    {"melanin": "blood+25%", "haemoglobin": "melanin+25%"},
)
WAYS = ("D65", "known", "plain", "phone, white known", "phone")
"""Colour under D65; camera and light known; neither, sRGB with the white at 1; neither, as phones develop."""
RESPONSES = (
    "| index, look, ITA | n | its own +25 % [95 %] | rises in | other +25 % [95 %] | over own | density: own, other |\n"
    "|---|---|---|---|---|---|---|"
)


def pigment_table(issa: Path, cameras: Path) -> str:
    """Return the tables as Markdown; the folders are those of the data sets `issa_spectra` and `spectra`."""
    skin = drawn_alike(read_issa(issa))
    sets = varied(skin)
    held = read_cameras(cameras / "camera_sensitivities.csv")
    folds, halves = person_folds(skin.person, skin.group, FOLDS), by_maker(held)
    solved = _solved(skin, sets, folds, halves)
    seen: dict[str, list[Sets]] = {
        "D65": [{name: linear_of(spectra) for name, spectra in sets.items()}],
        "known": [_raw(sets, held[place], find_illuminant(light)) for place, light in SIGHTS],
        "plain": [_photos(sets, folds, halves, Development.PLAIN)],
        "phone, white known": [_photos(sets, folds, halves, Development.PHONE_WHITE)],
        "phone": [_photos(sets, folds, halves, Development.PHONE)],
    }
    told = {way: [_answers(sets, folds, solved, pixels, way) for pixels in looks] for way, looks in seen.items()}
    responses = [_responses(skin, sets, told[way][0], way) for way in ("D65", "plain")]
    return "\n\n".join([*(_orders(skin, sets, told, index) for index in INDICES), "\n".join([RESPONSES, *responses])])


def _solved(skin: Spectra, sets: Sets, folds: NDArray[np.intp], halves: Sequence[Sequence[Camera]]) -> list[Floats]:
    """Return the coefficients of each fold, fitted to the others, as photographed by cameras of half the makers."""
    photos = [photographs(sets, fit_population(half)) for half in halves]
    return [
        fit(skin.at(folds != one), rows_of(sets, folds != one), [rows_of(of, folds != one) for of in photos[one % 2]])
        for one in range(FOLDS)
    ]


def _photos(
    sets: Sets, folds: NDArray[np.intp], halves: Sequence[Sequence[Camera]], development: Development
) -> dict[str, Floats]:
    """Return photos of each set by the makers that taught nothing in the fold of a row."""
    by_half = [developed({name: sets[name] for name in TAUGHT}, half, development) for half in halves]
    first = (folds % 2 == 1)[:, None]
    return {name: np.where(first, by_half[0][name], by_half[1][name]) for name in TAUGHT}


def _raw(sets: Sets, camera: Camera, light: Illuminant) -> Sets:
    """Return the white-balanced raw pixels of each set, the noise the same for all."""
    seen_by = response(camera, light, NM) / white_raw(camera, light)
    noise = 1.0 + NOISE * np.random.default_rng(SEED).standard_normal((len(sets[""]), 3))
    return {name: spectra @ seen_by * noise for name, spectra in sets.items()}


def _answers(
    sets: Sets, folds: NDArray[np.intp], solved: Sequence[Floats], pixels: Sets, way: str
) -> dict[str, Floats]:
    """Return both indices (n, 2) of each set, by a fit without the person.

    Raw pixels are brought to D65 by the line that suits the others' spectra, which a known camera and light allow.
    """
    columns = (0, 1) if way in ("D65", "known") else (2, 3)
    answers = {name: np.zeros((len(folds), 2)) for name in pixels}
    for fold, coefficients in enumerate(solved):
        taught, judged = folds != fold, folds == fold
        to_d65 = np.eye(3)
        if way == "known":
            to_d65 = np.linalg.lstsq(pixels[""][taught], linear_of(sets[""][taught]), rcond=None)[0]
        for name, seen in pixels.items():
            answers[name][judged] = features(seen[judged] @ to_d65) @ coefficients[:, columns]
    return answers


def _orders(skin: Spectra, sets: Sets, told: Mapping[str, Sequence[Mapping[str, Floats]]], index: str) -> str:
    """Return the table of rank correlations of one index, by group of people and way of looking."""
    place = list(INDICES).index(index)
    truths = {"": INDICES[index](sets[""])}
    if index == "melanin":
        truths["slope"] = melanin_slope(sets[""])
    groups = sorted(set(skin.group.tolist()))
    title = f"| {index} index, Spearman [95 %] | people | {' | '.join(WAYS)} |"
    rows = [title, "|---|---|" + "---|" * len(WAYS)]
    for name, true in truths.items():
        columns = [_by_group(skin, true, [one[""][:, place] for one in told[way]], groups) for way in WAYS]
        for row, words in enumerate(("**all**", *groups, "mean of groups")):
            people = len(set(skin.person[skin.group == words] if words in groups else skin.person))
            said = f"{words}, against the slope" if name else words
            rows.append(f"| {said} | {people} | {' | '.join(_figure(column[row], 3) for column in columns)} |")
    return "\n".join(rows)


def _by_group(skin: Spectra, true: Floats, answers: Sequence[Floats], groups: Sequence[str]) -> tuple[Interval, ...]:
    """Return the correlation of all, of each group, and the mean of the groups; over several looks their mean."""

    def figures(places: NDArray[np.int64]) -> list[float]:
        theirs = skin.group[places]
        parts = [places, *(places[theirs == group] for group in groups)]
        found = [float(np.mean([spearman(true[part], one[part]) for one in answers])) for part in parts]
        return [*found, float(np.mean(found[1:]))]

    return bootstrap_all(figures, skin.person, resamples=RESAMPLES, method="percentile")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """What a quarter more of its own and of the other pigment does to an index or a density, (n,) each."""

    own: Floats
    other: Floats


def _responses(skin: Spectra, sets: Sets, answers: Mapping[str, Floats], way: str) -> str:
    """Return the rows of what a quarter more of a pigment does, by tone, beside what it does to the density."""
    rows = []
    for place, (index, density) in enumerate(INDICES.items()):
        told = _changed({name: answer[:, place] for name, answer in answers.items()}, index)
        true = _changed({name: density(spectra) for name, spectra in sets.items()}, index)
        for high, low in pairwise(TONES_DEG):
            here = np.flatnonzero((skin.ita_deg <= high) & (skin.ita_deg > low))
            own, other, share = _mean_changes(told, here, skin.person[here])
            rows.append(
                f"| {index}, {way}, {_tone(high, low)} | {len(here)} "
                f"| {_figure(own, 2)} | {np.mean(told.own[here] > 0):.3f} "
                f"| {_figure(other, 2)} | {share.value:.2f} [{share.low:.2f}, {share.high:.2f}] "
                f"| {true.own[here].mean():.2f}, {true.other[here].mean():.2f} |"
            )
    return "\n".join(rows)


def _changed(of: Mapping[str, Floats], index: str) -> _Change:
    return _Change(own=of[OWN[index]] - of[""], other=of[OTHER[index]] - of[""])


def _mean_changes(told: _Change, here: NDArray[np.int64], person: NDArray[np.str_]) -> tuple[Interval, ...]:
    def figures(places: NDArray[np.int64]) -> list[float]:
        own, other = told.own[here[places]].mean(), told.other[here[places]].mean()
        return [float(own), float(other), float(abs(other) / own)]

    return bootstrap_all(figures, person, resamples=RESAMPLES, method="percentile")


def _tone(high: int, low: int) -> str:
    if high == TONES_DEG[0]:
        return f"over {low}"
    return f"up to {high}" if low == TONES_DEG[-1] else f"{low} to {high}"


def _figure(found: Interval, digits: int) -> str:
    return f"{found.value:.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}]"
