"""The skin-tone chips' layout; it is described and read in `dermis.lab.datasets.tone_chips`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import encode, xyz_to_linear
from dermis.colour.tone import ita_deg
from dermis.core import Capture, Label, SampleKey
from dermis.core.arrays import FloatMap
from dermis.formats.files import write_text
from dermis.formats.images.photo import write_photo
from dermis.formats.tables import write_csv
from dermis.lab.datasets.tone_chips import CAPTURES, LABELS, PICTURES
from dermis.lab.synth.camera.acquisition import stream
from dermis.lab.synth.layouts.layout import Job, Layout
from dermis.lab.synth.recipe import ChipRecipe
from dermis.lab.synth.record import Record, capture_object
from dermis.lab.synth.skin.colour import COLOUR_NM, MATT_SHARE
from dermis.lab.synth.subjects import SubjectPopulation, draw_subject
from dermis.optics.camera import Camera, draw_camera, response
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import Illuminant, cct_duv, lab_under, to_xyz, white_xyz
from dermis.optics.isp import IspSettings, develop
from dermis.optics.populations import draw_illuminant, draw_isp

__all__ = ["INK", "LAYOUT", "PAPER", "chip_spectra", "draw_table"]

TRAIN, TEST = "focus", "test"
PAPER, INK = 0.86, 0.04
"""Reflectance of the sheet and of the number printed on it."""


def plan(recipe: ChipRecipe) -> list[Job]:
    """Return a job a set: all tones of its part, by one camera under one light."""
    parts = ((TRAIN, recipe.cameras, recipe.sets), (TEST, recipe.test_cameras, recipe.test_sets))
    return [
        Job(
            number=number,
            visit=f"{part}/{camera}",
            records=tuple(f"{part}_{camera}-{number}_{tone:03d}" for tone in _tones(recipe, part)),
        )
        for part, cameras, sets in parts
        for camera in cameras
        for number in range(1, sets + 1)
    ]


def _tones(recipe: ChipRecipe, part: str) -> range:
    """Return the numbers of a part's tones: the test part goes on where the other ends."""
    first = 1 if part == TRAIN else recipe.tones + 1
    return range(first, first + (recipe.tones if part == TRAIN else recipe.test_tones))


def chip_spectra(recipe: ChipRecipe, part: str) -> NDArray[np.float64]:
    """Return (tone, band) reflectance of a part's chips at `COLOUR_NM`: skin, their ITA evenly spread.

    Each tone is another person's skin, so tones differ in more than melanin.
    """
    return np.stack([_tone(recipe, part, share) for share in _spread(recipe, part)])


def _spread(recipe: ChipRecipe, part: str) -> NDArray[np.float64]:
    count = len(_tones(recipe, part))
    return (np.arange(count) + stream(recipe.seed, part, "spread").random(count)) / count


def _tone(recipe: ChipRecipe, part: str, share: float) -> NDArray[np.float64]:
    wanted = recipe.lowest_ita_deg + float(share) * (recipe.highest_ita_deg - recipe.lowest_ita_deg)
    seed = int(stream(recipe.seed, part, "tone", round(share * 1e9)).integers(2**62))
    subject = draw_subject(seed, SubjectPopulation(lowest_ita_deg=wanted, highest_ita_deg=wanted))
    own = subject.skin.tissue
    chip = replace(own, melanosome_fraction=np.array(own.melanosome_fraction))
    return np.asarray(reflectance(chip, COLOUR_NM, specular_share=MATT_SHARE), dtype=np.float64)


def make(recipe: ChipRecipe, job: Job, names: Sequence[str], folder: Path) -> list[Record]:
    """Photograph the chips of one set."""
    part, camera_name = job.visit.split("/")
    camera, light = _camera(recipe, part, camera_name), _set_light(recipe, part, camera_name, job.number)
    table = draw_table(stream(recipe.seed, part, "table", camera_name, job.number))
    spectra, first = chip_spectra(recipe, part), _tones(recipe, part)[0]
    labels = lab_under(spectra, COLOUR_NM)
    records = []
    for name in names:
        tone = int(name.rsplit("_", 1)[1])
        rng = stream(recipe.seed, "photo", name)
        scene = _Sheet.draw(rng, recipe, table)
        raw = scene.raw(spectra[tone - first], camera, light)
        development = _development(recipe, job, camera, light, raw, rng)
        photo = develop(raw, development, rng)
        place = Path(part, camera_name, f"{camera_name}-{job.number}")
        file = f"{tone:03d}"
        for root in (PICTURES, CAPTURES):
            (folder / root / place).mkdir(parents=True, exist_ok=True)
        write_photo(folder / PICTURES / place / f"{file}.jpg", photo, quality=development.jpeg_quality)
        said = exif_object(photo.capture, file, (place / f"{file}.jpg").as_posix(), recipe.size_px)
        write_text(folder / CAPTURES / place / f"{file}.json", json.dumps(said, indent=2))
        records.append(
            _record(name, part, camera_name, job.number, tone, labels[tone - first], photo.capture, light, place, scene)
        )
    return records


def _camera(recipe: ChipRecipe, part: str, name: str) -> Camera:
    return replace(draw_camera(stream(recipe.seed, part, "camera", name)), name=name)


def _set_light(recipe: ChipRecipe, part: str, camera: str, number: int) -> Illuminant:
    """Return the light of one set; a camera's sets go through the kinds in turn."""
    kinds = recipe.lights if part == TRAIN else recipe.test_lights
    kind = kinds[(number - 1) % len(kinds)]
    rng = stream(recipe.seed, part, "light", camera, number)
    return draw_illuminant(rng) if kind == "any" else draw_illuminant(rng, kind)


def _development(
    recipe: ChipRecipe, job: Job, camera: Camera, light: Illuminant, raw: FloatMap, rng: np.random.Generator
) -> IspSettings:
    """Return the development of one photo: the camera's own way, exposed for chip and table, balanced with an error.

    The meter sees the picture and the grey room around it.
    """
    metered = 0.35 * (0.18 + float(np.mean(raw[..., 1]))) * 2 ** float(rng.normal(0, 0.12))
    own = draw_isp(stream(recipe.seed, job.visit, "development"), camera, light, binning=8, metered_reflectance=metered)
    slip = np.exp(rng.normal(0, 0.012, 3))
    balance = own.white_balance * slip
    return replace(own, white_balance=balance / balance.min())


def draw_table(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return (band,) reflectance of the table that a set is taken on: between black and light wood, a little tinted."""
    level, tilt = np.exp(rng.normal(np.log(0.2), 0.35)), rng.normal(0, 0.15)
    return np.asarray(np.clip(level * np.exp(tilt * (COLOUR_NM - 580) / 200), 0, 0.9), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """One chip on its sheet as a picture shows it.

    light: (h, w) over it. shares: (h, w, 4) of each pixel that show chip, paper, ink and table. table: (band,)
    reflectance. shadow, border: whether the edge of a shadow is in view, or paper that reaches into the chip.
    """

    light: FloatMap
    shares: FloatMap
    table: NDArray[np.float64]
    shadow: bool
    border: bool

    @classmethod
    def draw(cls, rng: np.random.Generator, recipe: ChipRecipe, table: NDArray[np.float64]) -> _Sheet:
        side = recipe.size_px
        down, across = np.meshgrid(*[np.linspace(-1, 1, side, dtype=np.float32)] * 2, indexing="ij")
        slope = rng.normal(0, 0.025, 2)
        light = 1 + slope[0] * down + slope[1] * across - 0.01 * (down**2 + across**2)
        light *= 1 + 0.004 * rng.standard_normal((side, side)).astype(np.float32)
        shadow = bool(rng.random() < recipe.shadow_share)
        border = bool(rng.random() < recipe.border_share)
        if shadow:
            light *= 1 - 0.45 * _beyond(rng, down, across, soft=0.12)
        paper = _beyond(rng, down, across, soft=0.01) if border else np.zeros_like(down)
        shares = _layers(rng, down, across, recipe.chip_share, paper)
        return cls(light=light.astype(np.float32), shares=shares, table=table, shadow=shadow, border=border)

    def raw(self, spectrum: NDArray[np.float64], camera: Camera, light: Illuminant) -> FloatMap:
        flat = np.ones_like(spectrum)
        there = np.stack([spectrum, PAPER * flat, INK * flat, self.table])
        colours = (there @ response(camera, light, COLOUR_NM)).astype(np.float32)
        return np.asarray((self.shares @ colours) * self.light[..., None], np.float32)


def _layers(rng: np.random.Generator, down: FloatMap, across: FloatMap, chip_share: float, paper: FloatMap) -> FloatMap:
    """Return (h, w, 4), the shares of chip, paper, ink and table: a chip on a sheet whose number stands below it."""
    if chip_share >= 1:
        none = np.zeros_like(down)
        return np.stack([1 - paper, paper, none, none], axis=-1)
    y, x = down - rng.normal(-0.06, 0.02), across - rng.normal(0, 0.02)
    inside = _box(y, x, chip_share, chip_share)
    margin = chip_share + rng.uniform(0.1, 0.16)
    sheet = _box(y - 0.06, x, margin + 0.06, margin)
    mark = _box(y - chip_share - 0.1, x + 0.3, 0.045, 0.3) * (np.mod(x, 0.14) < 0.09)
    chip = inside * (1 - paper)
    ink = mark * (1 - inside)
    white = np.maximum(sheet, paper) * (1 - chip) * (1 - ink)
    shares = np.stack([chip, white, ink, np.maximum(1 - chip - white - ink, 0)], axis=-1)
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True), np.float32)


def _box(down: FloatMap, across: FloatMap, high: float, wide: float) -> FloatMap:
    """Return (h, w): 1 inside a box about the origin with these half sides, soft at its edge."""
    out = np.maximum(np.abs(down) - high, np.abs(across) - wide)
    return np.asarray(np.clip(0.5 - out / 0.012, 0, 1), np.float32)


def _beyond(rng: np.random.Generator, down: FloatMap, across: FloatMap, *, soft: float) -> FloatMap:
    """Return (h, w): 1 beyond a straight line near one edge of the picture, 0 on the other side, soft between."""
    angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(0.62, 0.9)
    away = down * np.sin(angle) + across * np.cos(angle) - offset
    return np.asarray(np.clip(away / soft + 0.5, 0, 1), np.float32)


def _record(
    name: str,
    part: str,
    camera: str,
    number: int,
    tone: int,
    lab: NDArray[np.float64],
    capture: Capture,
    light: Illuminant,
    place: Path,
    scene: _Sheet,
) -> Record:
    tasks = zip(("tone_lightness", "tone_a", "tone_b"), lab, strict=True)
    return Record(
        name=name,
        key=SampleKey(dataset="tone-chips", subject=f"tone-{tone:03d}", visit=f"{part}/{camera}-{number}", view=camera),
        photo=f"{PICTURES}/{place.as_posix()}/{tone:03d}.jpg",
        labels=tuple(Label(task=task, value=round(float(value), 4), grader="truth") for task, value in tasks),
        traits={
            "part": part,
            "camera": camera,
            "set": f"{camera}-{number}",
            "tone": float(tone),
            "ita_deg": round(float(ita_deg(lab)), 2),
            "light": light.kind,
            "cct_k": round(float(cct_duv(white_xyz(light))[0])),
        },
        detail={
            "capture": capture_object(capture),
            "light": {"name": light.name, "illuminance_lux": light.illuminance_lux},
            "shadow": scene.shadow,
            "border": scene.border,
        },
    )


def exif_object(capture: Capture, file: str, place: str, size_px: int) -> dict[str, Any]:
    """Return the JSON that lies beside a photo: EXIF by block, fractions as [numerator, denominator]."""
    exif = {
        "ExposureTime": _ratio(capture.exposure_s),
        "FNumber": _ratio(capture.f_number),
        "ISOSpeedRatings": None if capture.iso is None else round(capture.iso),
        "BrightnessValue": _ratio(capture.brightness_ev),
        "ExposureBiasValue": _ratio(capture.exposure_bias_ev),
        "FocalLength": _ratio(capture.focal_length_mm),
        "WhiteBalance": None if capture.white_balance_auto is None else int(not capture.white_balance_auto),
        "Flash": None if capture.flash_fired is None else int(capture.flash_fired),
    }
    return {
        "file": f"{file}.jpg",
        "relative_path": place,
        "format": "JPEG",
        "mode": "RGB",
        "size": [size_px, size_px],
        "exif": {
            "0th": {"Make": capture.make, "Model": capture.model},
            "Exif": {name: value for name, value in exif.items() if value is not None},
        },
    }


def _ratio(value: float | None) -> list[int] | None:
    if value is None:
        return None
    ratio = Fraction(value).limit_denominator(1_000_000)
    return [ratio.numerator, ratio.denominator]


def finish(recipe: ChipRecipe, root: Path, records: Sequence[Record]) -> None:
    """Write the table of the tones' Lab under D65 and the nearest sRGB."""
    rows = []
    for part in (TRAIN, TEST):
        spectra = chip_spectra(recipe, part)
        lab = lab_under(spectra, COLOUR_NM)
        shown = np.rint(255 * np.clip(encode(np.clip(xyz_to_linear(to_xyz(spectra, COLOUR_NM)), 0, 1)), 0, 1))
        for tone, colour, rgb in zip(_tones(recipe, part), lab, shown, strict=True):
            rows.append([tone, *(f"{value:.4f}" for value in colour), *(int(value) for value in rgb)])
    (root / LABELS).parent.mkdir(exist_ok=True)
    write_csv(root / LABELS, ("Index", "L*", "a*", "b*", "R_web", "G_web", "B_web"), rows)


LAYOUT = Layout(name="tone-chips", plan=plan, make=make, finish=finish)
