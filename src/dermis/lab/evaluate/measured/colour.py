"""Colour of measured people: what a reference in view is worth, and how far the Monk scale is from skin.

`chart-patches`: patches of a real chart on phone photos, each corrected without itself, and measured skin and chips of
the stand-in `tone-chips` beside a rendered chart, where camera, light and development are unknown: by 24 patches, by
six, by white paper, or by a level.
`monk-people`: each swatch of the scale beside the faces of the archive.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.colour.chart import affine_correction, chart_linear
from dermis.colour.difference import delta_e_00
from dermis.colour.lab import linear_to_lab, srgb_to_lab
from dermis.colour.srgb import decode, hex_to_srgb, xyz_to_linear
from dermis.colour.tone import ITA_CLASSES, MONK, MONK_REACH, ita_class
from dermis.lab.synth.layouts.tone_chips import TEST, chip_spectra
from dermis.lab.synth.recipe import ChipRecipe, read_recipe, recipe_hash
from dermis.lab.synth.skin.colour import COLOUR_NM
from dermis.lab.train.face_population import colours_of
from dermis.lab.train.objectives.measured_skin import MEASURED_NM, MeasuredSkin, only, read_issa_faces
from dermis.metrics.bootstrap import bootstrap
from dermis.optics.camera import Camera, read_cameras, response, white_raw
from dermis.optics.illuminant import to_xyz
from dermis.optics.isp import render
from dermis.optics.populations import draw_illuminant, draw_isp

__all__ = ["chart_table", "monk_table"]

Floats = NDArray[np.float64]

SEED, RESAMPLES = 3, 400
SIX = (0, 1, 6, 18, 20, 22)
"""Dark skin, light skin, orange, white, two greys: fixed before any photo was looked at."""
SKIN_PATCHES = (0, 1)
PAPERS = (18, 19)
"""The white patch, and the light grey one where the white is overexposed."""
CLIPPED, DARK = 0.95, 0.0015
A_TONE, A_SIGHT, A_CHIP = 150, 3, 6
"""Faces of each tone, faces or chips beside one rendered chart, and photos of each chip."""
METHODS = ("24 patches", "6 patches", "paper alone", "level alone")


def chart_table(photos: Path, issa: Path, cameras: Path) -> str:
    """Return the table as Markdown; folders of the data sets `colorchart_iphone6p`, `issa_spectra` and `spectra`."""
    rows = [f"| judged | n | {' | '.join(f'{name}: ΔE00' for name in METHODS)} |", "|---|---|" + "---|" * len(METHODS)]
    told, photo = _phone_patches(photos)
    for words, places in (("all patches", range(24)), ("its two of skin", SKIN_PATCHES)):
        rows.append(_row(f"phone photos of a chart, {words}", told[:, :, list(places)].mean(axis=2).T, photo))
    held = read_cameras(cameras / "camera_sensitivities.csv")
    recipe = read_recipe("tone-chips")
    assert isinstance(recipe, ChipRecipe)
    rows.append(_row(f"chips of `tone-chips` {recipe_hash(recipe)}, test part", *_rendered(_chips(recipe), held)))
    faces = _of_tones(read_issa_faces(issa)).spectra
    off, sight = _rendered(faces, held)
    tone = np.array([ita_class(value) for value in colours_of(faces)[:, 0]])
    rows.append(_row("measured skin beside a rendered chart", off, sight))
    rows += [
        _row(f"{name} skin", off[tone == name], sight[tone == name]) for name, _ in ITA_CLASSES if (tone == name).any()
    ]
    return "\n".join(rows)


def _row(words: str, off: Floats, group: NDArray[np.generic]) -> str:
    """Return the row of differences (n, method), with intervals over photos drawn again."""
    cells = []
    for place in range(len(METHODS)):
        found = bootstrap(partial(_mean_at, off[:, place]), group, resamples=RESAMPLES)
        cells.append(f"{found.value:.1f} [{found.low:.1f}, {found.high:.1f}]")
    return f"| {words} | {len(off)} | {' | '.join(cells)} |"


def _mean_at(off: Floats, places: NDArray[np.int64]) -> float:
    return float(np.nanmean(off[places]))


def _corrected(seen: Floats, asked: Floats) -> Mapping[str, Floats]:
    """Return `asked` (n, 3) by each method, from the patches `seen` (24, 3), NaN for those that are not in view."""
    true = chart_linear()
    brightest = np.nan_to_num(seen).max(axis=1)
    usable = np.asarray((brightest < CLIPPED) & (brightest > DARK))
    found: dict[str, Floats] = {}
    for name, places in (("24 patches", range(24)), ("6 patches", SIX)):
        rows = [place for place in places if usable[place]]
        matrix, offset = affine_correction(seen[rows], true[rows])
        found[name] = asked @ matrix.T + offset
    paper = next((place for place in PAPERS if usable[place]), None)
    found["paper alone"] = asked * np.nan if paper is None else asked * true[paper] / seen[paper]
    found["level alone"] = asked * float(np.median(true[usable] / np.maximum(seen[usable], DARK)))
    return found


def _differences(seen: Floats, asked: Floats, true: Floats) -> Floats:
    """Return ΔE00 (method, n) of `asked` as corrected from `true` linear sRGB (n, 3)."""
    wanted = linear_to_lab(np.maximum(true, 0.0))
    found = _corrected(seen, asked)
    return np.stack([np.asarray(delta_e_00(linear_to_lab(np.maximum(found[name], 0.0)), wanted)) for name in METHODS])


def _phone_patches(folder: Path) -> tuple[Floats, NDArray[np.intp]]:
    """Return ΔE00 (method, photo, 24) of each patch by a correction that did not see it, and the photo (photo,)."""
    seen: dict[str, Floats] = {}
    with (folder / "chart_patches.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            patches = seen.setdefault(row["file"], np.full((24, 3), np.nan))
            patches[int(row["patch_1_24"]) - 1] = [float(row[name]) for name in "RGB"]
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["file"] in seen:
                seen[row["file"]][PAPERS[0]] = [float(row[f"white_{name}"]) for name in "RGB"]
    true = chart_linear()
    told = np.full((len(METHODS), len(seen), 24), np.nan)
    for photo, patches in enumerate(seen.values()):
        linear = np.asarray(decode(patches / 255))
        for place in range(24):
            others = linear.copy()
            others[place] = np.nan
            told[:, photo, place] = _differences(others, linear[[place]], true[[place]])[:, 0]
    return told, np.arange(len(seen))


def _of_tones(faces: MeasuredSkin) -> MeasuredSkin:
    """Return faces of every ITA class alike, `A_TONE` of each or all there are."""
    rng = np.random.default_rng(SEED)
    tone = np.array([ita_class(value) for value in colours_of(faces.spectra)[:, 0]])
    places = [np.flatnonzero(tone == name) for name in np.unique(tone)]
    chosen = [rng.choice(one, min(A_TONE, len(one)), replace=False) for one in places]
    return only(faces, rng.permutation(np.concatenate(chosen)))


def _chips(recipe: ChipRecipe) -> Floats:
    """Return the spectra (n, 31) of chips that teach nothing, each `A_CHIP` times, in a drawn order."""
    spectra = np.stack([np.interp(MEASURED_NM, COLOUR_NM, one) for one in chip_spectra(recipe, TEST)])
    return np.random.default_rng(SEED).permutation(np.tile(spectra, (A_CHIP, 1)))


def _rendered(spectra: Floats, cameras: Sequence[Camera]) -> tuple[Floats, NDArray[np.intp]]:
    """Return ΔE00 (n, method) of skin (n, 31) beside a chart in drawn photos, and the photo of each."""
    rng = np.random.default_rng(SEED)
    chart, true = _chart_spectra(), np.asarray(xyz_to_linear(to_xyz(spectra, MEASURED_NM)))
    off = np.empty((len(true), len(METHODS)))
    sight = np.arange(len(true)) // A_SIGHT
    for rows in np.split(np.arange(len(true)), range(A_SIGHT, len(true), A_SIGHT)):
        camera, light = cameras[int(rng.integers(len(cameras)))], draw_illuminant(rng)
        drawn = replace(draw_isp(rng, camera, light), denoise=0.0, sharpen=0.0, chroma_px=0.0)
        seen_by, white = response(camera, light, MEASURED_NM), white_raw(camera, light)
        # Metered so that the chart's white is not overexposed, as who holds a chart sees to it.
        level = 0.8 / max(float((white * drawn.white_balance).max()) * drawn.exposure, 1e-6)
        raw = min(level, 1.0) * np.concatenate([chart, spectra[rows]]) @ seen_by
        shown = np.rint(255 * render(raw[:, None].astype(np.float32), drawn)[:, 0]) / 255
        linear = np.asarray(decode(shown.astype(np.float64)))
        off[rows] = _differences(linear[:24], linear[24:], true[rows]).T
    return off, sight


def _chart_spectra() -> Floats:
    """Return reflectances (24, 31) of the chart, the mean of thirty charts (BabelColor)."""
    from colour import SDS_COLOURCHECKERS  # late: it takes a second

    held = list(SDS_COLOURCHECKERS["BabelColor Average"].values())
    return np.stack([np.interp(MEASURED_NM, one.wavelengths, one.values) for one in held])


def monk_table(issa: Path) -> str:
    """Return how far each Monk swatch is from measured faces, and faces of each group from the nearest swatch."""
    faces = read_issa_faces(issa)
    lab = colours_of(faces.spectra)[:, 1:]
    swatches = np.asarray(srgb_to_lab(np.stack([hex_to_srgb(tone) for tone in MONK])))
    off = np.stack([np.asarray(delta_e_00(lab, np.broadcast_to(one, lab.shape))) for one in swatches], axis=1)
    rows = [
        f"| Monk tone | L*, a*, b* | nearest face, ΔE00 | people within 5 | within {MONK_REACH} | nearest of faces |",
        "|---|---|---|---|---|---|",
    ]
    for place, one in enumerate(swatches):
        near = [len(set(faces.subject[off[:, place] <= reach].tolist())) for reach in (5.0, MONK_REACH)]
        rows.append(
            f"| {place + 1} | {one[0]:.0f}, {one[1]:.0f}, {one[2]:.0f} | {off[:, place].min():.1f} "
            f"| {near[0]} | {near[1]} | {(off.argmin(axis=1) == place).mean():.1%} |"
        )
    rows += [
        "",
        f"| faces | n | ΔE00 to the nearest tone: median | 95 % | within {MONK_REACH} |",
        "|---|---|---|---|---|",
    ]
    nearest = off.min(axis=1)
    for name in ("all", *sorted(set(faces.group.tolist()))):
        theirs = nearest if name == "all" else nearest[faces.group == name]
        middle, most = np.quantile(theirs, (0.5, 0.95))
        rows.append(f"| {name} | {len(theirs)} | {middle:.1f} | {most:.1f} | {(theirs <= MONK_REACH).mean():.1%} |")
    return "\n".join(rows)
