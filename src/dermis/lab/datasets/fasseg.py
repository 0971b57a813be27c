"""FASSEG: faces with hand-made masks of their parts.

`frontal` (20 pictures) and `multipose` (182: 7 people in two series each, 13 yaw angles from -90 to 90 degrees).

    frontal/images/1.jpg                            frontal/labels/1.png
    multipose/images/personne01140p0m90.jpg         multipose/labels/personne01140p0m90.png

A label picture holds 0 background, 1 skin (ears and neck count), 2 hair and brows, 3 nose, 4 lips, 5 eyes. The end
of a multipose name is the angle in degrees, p plus, m minus; `personne01` is the person and the digit after it the
series (once with, once without glasses, say): a split by series would put one person on both sides.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np

from dermis.core import Sample, SampleKey, SegmentationClass
from dermis.core.arrays import LabelMap
from dermis.errors import InputError
from dermis.lab.datasets.dataset import Dataset, existing, licence_of, photos_in, read_grey, reader

__all__ = ["DATASET", "PARTS", "index"]

PARTS = (
    SegmentationClass.BACKGROUND,
    SegmentationClass.FACE_SKIN,
    SegmentationClass.HAIR,
    SegmentationClass.NOSE,
    SegmentationClass.LIPS,
    SegmentationClass.EYES,
)
"""What each number of a label picture is; skin is all visible skin."""
_ANGLE = re.compile(r"(personne\d{2})(\d)\d{2}p0([pm])(\d+)")


def index(root: Path) -> list[Sample]:
    """Return a sample a picture; beside it `parts`, (h, w) uint8 of `SegmentationClass`. Traits: poses, yaw_deg.

    InputError where neither set is there, or a picture has no label.
    """
    sets = [name for name in ("frontal", "multipose") if (existing(root) / name / "images").is_dir()]
    if not sets:
        raise InputError(f"{root} has no frontal/images.", advice="Expected the folders frontal and multipose.")
    licence = licence_of(root, DATASET.licence)
    return [_sample(photo, name, licence) for name in sets for photo in photos_in(root / name / "images")]


def _sample(photo: Path, poses: str, licence: str) -> Sample:
    label = photo.parents[1] / "labels" / f"{photo.stem}.png"
    if not label.is_file():
        raise InputError(f"{photo} has no label.", advice=f"Expected {label}.")
    named = _ANGLE.fullmatch(photo.stem)
    yaw_deg = 0.0 if named is None else float(named[4]) * (1 if named[3] == "p" else -1)
    subject, series = (f"frontal-{photo.stem}", "") if named is None else named.group(1, 2)
    return Sample(
        key=SampleKey(dataset="fasseg", subject=subject, visit=series, view=f"{yaw_deg:+.0f} deg"),
        read=reader(photo),
        traits={"poses": poses, "yaw_deg": yaw_deg},
        licence=licence,
        beside={"parts": partial(_parts, label)},
    )


def _parts(path: Path) -> LabelMap:
    held = read_grey(path)
    if held.max(initial=0) >= len(PARTS):
        raise InputError(f"{path.name} holds class {held.max()}.", advice=f"Expected 0 to {len(PARTS) - 1}.")
    return np.array(PARTS, dtype=np.uint8)[held]


DATASET = Dataset(
    name="fasseg",
    title="FASSEG",
    about=__doc__ or "",
    licence="none stated; cite the paper",
    citation="Khan, Mauro, Leonardi: Multi-class semantic segmentation of faces, ICIP 2015",
    public=True,
    index=index,
)
