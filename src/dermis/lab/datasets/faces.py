"""Synthetic faces of `dermis synth faces`: photos of people who do not exist, with all that is known of them.

    photos/s0001_W00_front_neutral.jpg      subject, visit, view, expression
    truth/s0001_W00_front_neutral.json      labels, boxes, counts, colours, landmarks, light, camera, pose
    maps/s0001_W00_front_neutral.npz        per pixel: melanosome_fraction, blood_fraction, lab (under D65), ...
    masks/s0001_W00_front_neutral_skin.png  white: visible skin; also _parts, _regions (class numbers), _lesions
    cubes/s0001_W00_front_neutral.npz       reflectance: values (h, w, band), wavelengths_nm
    dermis-synth.json, card.md              the recipe, and what the set is

A recipe chooses what is written; what was not is not there. Every photo has its JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from dermis.core import Box, Cube, Detection, Label, Quantity, Region, Sample, SampleKey
from dermis.errors import InputError
from dermis.lab.datasets.dataset import Dataset, existing, licence_of, read_grey, read_json, reader

__all__ = ["DATASET", "index", "read_map"]

Beside = dict[str, Callable[[], Cube | NDArray[Any]]]


def index(root: Path) -> list[Sample]:
    """Return a sample a photo with its true labels, the graders' where there are some, and its lesions.

    beside, as far as written: `skin` (h, w) bool; `parts`, `regions` (h, w) uint8; `lesions` (h, w) uint16, numbers
    of items counted from 1; each map by its name; `cube`. Traits: ita_deg, age_years, profile, camera, light, yaw_deg,
    expression. InputError says what was expected where.
    """
    truths = sorted((existing(root) / "truth").glob("*.json"))
    if not truths:
        raise InputError(f"{root} has no truth/*.json.", advice="Make such a folder with `dermis synth faces`.")
    licence = licence_of(root, DATASET.licence)
    return [_sample(root, path, licence) for path in truths]


def _sample(root: Path, path: Path, licence: str) -> Sample:
    said = read_json(path)
    try:
        return Sample(
            key=SampleKey(**cast(dict[str, str], said["key"])),
            read=reader(root / cast(str, said["photo"])),
            labels=tuple(Label(**label) for label in cast(list[dict[str, Any]], said["labels"])),
            traits=cast(Mapping[str, str | float], said["traits"]),
            licence=licence,
            items=tuple(_items(cast(list[dict[str, Any]], said["items"]))),
            beside=_beside(root, cast(dict[str, Any], said["files"])),
        )
    except (KeyError, TypeError, ValueError) as fault:
        raise InputError(f"{path} lacks or misstates {fault}.", advice="Make the set again.") from None


def _items(listed: list[dict[str, Any]]) -> Iterator[Detection]:
    for one in listed:
        x, y, width, height = one["box_px"]
        box = Box(x_px=x, y_px=y, width_px=width, height_px=height)
        yield Detection(kind=one["kind"], box=box, region=Region(one["region"]), score=float(one["visible"]))


def _beside(root: Path, files: Mapping[str, Any]) -> Beside:
    beside: Beside = {}
    for name, file in files.items():
        if name == "maps":
            beside |= {each: partial(read_map, root / file["file"], each) for each in file["names"]}
        elif name == "cube":
            beside[name] = partial(_cube, root / file)
        elif name == "skin":
            beside[name] = partial(_mask, root / file)
        else:
            beside[name] = partial(_numbers, root / file)
    return beside


def read_map(path: Path, name: str) -> NDArray[np.float32]:
    """Return one map (h, w) or (h, w, 3) of such an NPZ; NaN where there is no skin. Raises InputError."""
    return _array(path, name).astype(np.float32)


def _array(path: Path, name: str) -> NDArray[Any]:
    try:
        with np.load(path) as held:
            return cast(NDArray[Any], held[name])
    except (OSError, KeyError, ValueError) as fault:
        raise InputError(f"{path} does not give {name} ({fault}).", advice="Make the set again.") from None


def _cube(path: Path) -> Cube:
    return Cube(
        values=_array(path, "values").astype(np.float32),
        wavelengths_nm=_array(path, "wavelengths_nm").astype(np.float64),
        quantity=Quantity.REFLECTANCE,
    )


def _mask(path: Path) -> NDArray[np.bool_]:
    return read_grey(path) > 127


def _numbers(path: Path) -> NDArray[Any]:
    from PIL import Image  # late: needed only when a mask is read

    try:
        with Image.open(path) as image:
            return np.array(image)
    except OSError as fault:
        raise InputError(f"{path} cannot be read ({fault}).", advice="Make the set again.") from None


DATASET = Dataset(
    name="faces",
    title="Synthetic faces",
    about=__doc__ or "",
    licence="made by `dermis synth`: shows no real person, use it freely",
    citation="dermis, `dermis synth faces`",
    public=True,
    index=index,
)
