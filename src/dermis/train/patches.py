"""Each face as patches: forehead, cheeks and chin, as the Nestlé/Microsoft acne grader cuts them out.

Zhao, Zhang, Spoelstra 2019 (arXiv 1907.07901). The label of the face is copied to each patch; all patches of a photo
keep its subject, so no split parts them. Where a face is seen from the side, the patches of the side that is seen
remain; where there is a face without landmarks, its lower two thirds are one patch; else the photo is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dermis.core import Box, Face, Photo, Sample
from dermis.errors import InputError
from dermis.face.locate import Located, locate
from dermis.face.regions import patch_boxes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SIDE", "WHOLE", "PatchScore", "boxes_by_name", "patches_of", "score_patches"]

WHOLE = "whole"
SIDE = "side"
_LEAST_PX = 8
_BROWS = 1 / 3  # of the face's height, above which a side view shows mostly hair


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchScore:
    """The score of a photo: the mean over its patches, and the patch that scores highest."""

    mean: float
    most_severe: str


def patches_of(samples: Sequence[Sample], find: Callable[[Photo], Face | Located | None] | None = None) -> list[Sample]:
    """Return a sample a patch, with the trait `patch` and the patch in the key's view; patches stay as they are."""
    found: list[Sample] = []
    for sample in samples:
        found += [sample] if "patch" in sample.traits else _patches(sample, find or _largest)
    return found


def boxes_by_name(face: Face | Located | None, photo: Photo) -> dict[str, Box]:
    """Return the patches of a photo in its pixels, by name: regions, else `side`, else `whole`; never none."""
    everything = Box(x_px=0, y_px=0, width_px=photo.width_px, height_px=photo.height_px)
    if face is None or face.box is None:
        return {WHOLE: everything}
    named = {region.value: _on_photo(box, photo) for region, box in patch_boxes(face).items()}
    kept = {name: box for name, box in named.items() if min(box.width_px, box.height_px) >= _LEAST_PX}
    if kept:
        return kept
    top = face.box.y_px + _BROWS * face.box.height_px
    lower = Box(x_px=face.box.x_px, y_px=top, width_px=face.box.width_px, height_px=face.box.height_px * (1 - _BROWS))
    side = _on_photo(lower, photo)
    return {SIDE: side} if min(side.width_px, side.height_px) >= _LEAST_PX else {WHOLE: everything}


def score_patches(table: pd.DataFrame, column: str) -> dict[str, PatchScore]:
    """Return the score of each photo from the answers for its patches.

    table: as `predict` gives it for samples of `patches_of`. column: of the answer, such as "predicted.acne_grade".
    """
    photo = table["key"].str.rsplit(":", n=1).str[0]
    scores = {}
    for key, rows in table.groupby(photo, sort=False):
        values = rows[column].to_numpy(float)
        names = rows["trait.patch"].to_numpy(object)
        scores[str(key)] = PatchScore(mean=float(values.mean()), most_severe=str(names[int(np.argmax(values))]))
    return scores


def _largest(photo: Photo) -> Located | None:
    return next(iter(locate(photo)), None)


def _patches(sample: Sample, find: Callable[[Photo], Face | Located | None]) -> list[Sample]:
    photo = sample.read()
    if not isinstance(photo, Photo):
        raise InputError(f"{sample.key} is no photo.", advice="Patches are cut from photos of faces.")
    return [_cut_out(sample, name, box) for name, box in boxes_by_name(find(photo), photo).items()]


def _cut_out(sample: Sample, name: str, box: Box) -> Sample:
    def read() -> Photo:
        photo = sample.read()
        assert isinstance(photo, Photo)
        left, top = int(box.x_px), int(box.y_px)
        right, bottom = int(box.x_px + box.width_px), int(box.y_px + box.height_px)
        return replace(photo, pixels=photo.pixels[top : max(bottom, top + 1), left : max(right, left + 1)])

    key = replace(sample.key, view=f"{sample.key.view}:{name}")
    return replace(sample, key=key, read=read, traits={**sample.traits, "patch": name}, items=(), beside={})


def _on_photo(box: Box, photo: Photo) -> Box:
    left, top = max(0.0, np.floor(box.x_px)), max(0.0, np.floor(box.y_px))
    right = min(float(photo.width_px), np.ceil(box.x_px + box.width_px))
    bottom = min(float(photo.height_px), np.ceil(box.y_px + box.height_px))
    return Box(x_px=float(left), y_px=float(top), width_px=float(right - left), height_px=float(bottom - top))
