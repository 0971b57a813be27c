"""ACNE04-v2: 32 443 lesions on 1204 photos of ACNE04, marked as circles by a second team.

    Acne04-v2_annotations.json             images (id, file_name, width, height) and annotations (image_id,
                                           coordinates [x, y], radius) in pixels of the original photos
    images/levle1_508.jpg                  photos of ACNE04, also in JPEGImages, Classification/JPEGImages or beside it

The team marks small and faint lesions too, two to three times as many as the boxes of ACNE04. The digit after "levle"
is the grade of ACNE04's makers, not of this team. Who is who is not said: each photo is a subject of its own, and many
people are in it twice. Photos that are not there are passed over, so a part of the set can be read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Box, Label, Sample, SampleKey
from dermis.errors import InputError
from dermis.lab.datasets.acne04 import item
from dermis.lab.datasets.dataset import Dataset, existing, licence_of, read_json, reader

__all__ = ["DATASET", "index"]

_FILES = "*cne04-v2_annotations.json"
_FOLDERS = ("images", "JPEGImages", "Classification/JPEGImages", ".")
_NAME = re.compile(r"levle([0-3])_\d+")

Circles = NDArray[np.float32]


def index(root: Path) -> list[Sample]:
    """Return a sample a photo with labels `acne_lesions` (grader "second team") and `acne_grade`.

    items: the squares around the circles. beside: `circles` (n, 3), x, y and radius. Traits: width_px, height_px.
    InputError says what was expected where.
    """
    file = next(iter(sorted(existing(root).glob(_FILES))), None)
    if file is None:
        raise InputError(f"{root} has no Acne04-v2_annotations.json.", advice="Lay it beside the photos of ACNE04.")
    held = read_json(file)
    licence = licence_of(root, DATASET.licence)
    try:
        circles = _by_image(held)
        images: Any = held["images"]
        found = [
            _sample(photo, image, circles.get(image["id"], np.zeros((0, 3), np.float32)), licence)
            for image in images
            if (photo := _photo(root, str(image["file_name"]))) is not None
        ]
    except (KeyError, TypeError, ValueError) as fault:
        raise InputError(f"{file} lacks or misstates {fault}.", advice="Unpack it again.") from None
    if not found:
        raise InputError(f"{root} holds none of the photos of {file.name}.", advice="Expected images/levle0_1.jpg.")
    return found


def _by_image(held: dict[str, object]) -> dict[object, Circles]:
    rows: dict[object, list[tuple[float, float, float]]] = defaultdict(list)
    annotations: Any = held["annotations"]
    for one in annotations:
        x, y = one["coordinates"]
        rows[one["image_id"]].append((float(x), float(y), float(one["radius"])))
    return {image: np.array(circles, np.float32) for image, circles in rows.items()}


def _photo(root: Path, name: str) -> Path | None:
    return next((root / folder / name for folder in _FOLDERS if (root / folder / name).is_file()), None)


def _sample(photo: Path, image: dict[str, Any], circles: Circles, licence: str) -> Sample:
    width, height = float(image["width"]), float(image["height"])
    labels = [Label(task="acne_lesions", value=float(len(circles)), grader="second team")]
    named = _NAME.fullmatch(photo.stem)
    if named is not None:
        labels.append(Label(task="acne_grade", value=float(named[1]), grader="reference"))
    return Sample(
        key=SampleKey(dataset="acne04-v2", subject=photo.stem),
        read=reader(photo),
        labels=tuple(labels),
        traits={"width_px": width, "height_px": height},
        licence=licence,
        items=tuple(item("lesion", _square(circle, width, height)) for circle in circles.tolist()),
        beside={"circles": partial(np.copy, circles)},
    )


def _square(circle: list[float], width: float, height: float) -> Box:
    """Return the square around a circle, cut to the photo."""
    x, y, radius = circle
    left, top = max(x - radius, 0.0), max(y - radius, 0.0)
    return Box(
        x_px=left,
        y_px=top,
        width_px=max(min(x + radius, width) - left, 0.0),
        height_px=max(min(y + radius, height) - top, 0.0),
    )


DATASET = Dataset(
    name="acne04-v2",
    title="ACNE04-v2",
    about=__doc__ or "",
    licence="as ACNE04's photos: academic use",
    citation="AcneAI: a new acne severity assessment method using digital images and deep learning, MICCAI 2024",
    public=True,
    index=index,
)
