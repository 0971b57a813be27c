"""Skin-tone chips: photos of printed tones by three phones, with EXIF and the tones' Lab.

Three phones, five sets each, 138 tones: 2070 crops of 256 x 256.

    cropped-merged-256/focus/iphone/iphone-1/001.jpg     the chip, numbered by tone
    original/focus/iphone/iphone-1/001.json              {"exif": {"0th": {...}, "Exif": {...}}}
    gt/pantone_labels.csv                                Index, L*, a*, b*, R_web, G_web, B_web

Lab is under D50 or D65 as the CSV's maker says; a stand-in by `dermis synth` holds D65. A picture without its JSON has
no capture data. A stand-in's frozen test part lies beside `focus` as `test`, with other cameras, lights and tones.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from dermis.core import Capture, Cube, Label, Photo, Sample, SampleKey
from dermis.errors import InputError
from dermis.formats.tables import Row, number_in, read_table
from dermis.lab.datasets.dataset import Dataset, licence_of, photos_in, reader, subfolder

__all__ = ["DATASET", "capture_of", "index"]

PICTURES, CAPTURES, LABELS = "cropped-merged-256", "original", "gt/pantone_labels.csv"
_LAB = ("L*", "a*", "b*")
_TASKS = ("tone_lightness", "tone_a", "tone_b")


def index(root: Path) -> list[Sample]:
    """Return a sample a picture, its subject the tone; labels `tone_lightness`, `tone_a`, `tone_b` (CIELAB).

    Traits: part (focus or test), camera, set, tone. InputError: folders or columns missing, a tone without label.
    """
    pictures = subfolder(root, PICTURES)
    tones = _tones(root / LABELS)
    licence = licence_of(root, DATASET.licence)
    found = [_sample(root, picture, tones, licence) for picture in photos_in(pictures, deep=True)]
    if not found:
        raise InputError(f"{pictures} holds no pictures.", advice="Expected focus/iphone/iphone-1/001.jpg.")
    return found


def _tones(path: Path) -> dict[int, tuple[float, float, float]]:
    tones = {}
    for row in read_table(path, needs=("Index", *_LAB)):
        number = number_in(row, "Index", path.name)
        if number is not None:
            tones[int(number)] = _lab(row, f"{path.name}, tone {int(number)}")
    return tones


def _lab(row: Row, where: str) -> tuple[float, float, float]:
    found = [number_in(row, column, where) for column in _LAB]
    if None in found:
        raise InputError(f"{where} lacks a value.", advice="Expected numbers in L*, a* and b*.")
    lightness, a, b = (float(value) for value in found if value is not None)
    return lightness, a, b


def _sample(root: Path, picture: Path, tones: dict[int, tuple[float, float, float]], licence: str) -> Sample:
    folders = picture.relative_to(root / PICTURES).parts[:-1]
    if len(folders) != 3 or not picture.stem.isdecimal():
        raise InputError(f"{picture} lies in no set.", advice="Expected focus/iphone/iphone-1/001.jpg.")
    part, camera, shots = folders
    tone = int(picture.stem)
    if tone not in tones:
        raise InputError(f"{root / LABELS} has no row for tone {tone}.", advice=f"It is shown on {picture}.")
    return Sample(
        key=SampleKey(dataset="tone-chips", subject=f"tone-{tone:03d}", visit=f"{part}/{shots}", view=camera),
        read=partial(_read, reader(picture), root / CAPTURES / Path(*folders) / f"{picture.stem}.json"),
        labels=tuple(
            Label(task=task, value=value, grader="reference") for task, value in zip(_TASKS, tones[tone], strict=True)
        ),
        traits={"part": part, "camera": camera, "set": shots, "tone": float(tone)},
        licence=licence,
    )


def _read(picture: Callable[[], Photo | Cube], exif: Path) -> Photo:
    photo = picture()
    assert isinstance(photo, Photo)
    if not exif.is_file():
        return photo
    try:
        return replace(photo, capture=capture_of(json.loads(exif.read_text(encoding="utf-8"))))
    except (OSError, ValueError) as fault:
        raise InputError(f"{exif} cannot be read ({fault}).", advice="Expected JSON with an 'exif' object.") from None


def capture_of(held: object) -> Capture:
    """Return the capture data in such a JSON; None for what it does not say or says wrongly.

    Numbers are plain or [numerator, denominator]. Where the time is missing it comes from the APEX value.
    """
    exif = held.get("exif") if isinstance(held, dict) else None
    blocks = [exif.get(name) for name in ("0th", "Exif")] if isinstance(exif, dict) else []
    said = {name: value for block in blocks if isinstance(block, dict) for name, value in block.items()}
    time_s, apex = _number(said, "ExposureTime"), _number(said, "ShutterSpeedValue")
    balance, flash = _number(said, "WhiteBalance"), _number(said, "Flash")
    return Capture(
        make=_text(said, "Make"),
        model=_text(said, "Model"),
        iso=_positive(_number(said, "ISOSpeedRatings")),
        exposure_s=_positive(time_s) or (None if apex is None else float(2.0**-apex)),
        f_number=_positive(_number(said, "FNumber")),
        brightness_ev=_number(said, "BrightnessValue"),
        exposure_bias_ev=_number(said, "ExposureBiasValue"),
        focal_length_mm=_positive(_number(said, "FocalLength")),
        white_balance_auto=None if balance is None else balance == 0,
        flash_fired=None if flash is None else bool(int(flash) & 1),
    )


def _number(said: dict[str, Any], name: str) -> float | None:
    value = said.get(name)
    if isinstance(value, list) and len(value) == 2 and all(isinstance(part, int | float) for part in value):
        value = value[0] / value[1] if value[1] else None
    return float(value) if isinstance(value, int | float) else None


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None


def _text(said: dict[str, Any], name: str) -> str | None:
    value = said.get(name)
    return value.strip("\0 ") or None if isinstance(value, str) else None


DATASET = Dataset(
    name="tone-chips",
    title="Skin-tone chips",
    about=__doc__ or "",
    licence="not published; `dermis synth tone-chips` makes a stand-in",
    citation="Agejev: ster, skin-tone estimation from phone photos and their metadata, 2025 (code without data)",
    public=False,
    index=index,
)
