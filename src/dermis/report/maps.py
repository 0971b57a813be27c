"""Maps as PNG files at photo size, for programs and for eyes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dermis.core import Analysis, Face, Photo, SegmentationClass, Task, ValueMap
from dermis.core.arrays import BoolMap
from dermis.report.formatting import PLAIN_COLOURS, colour_table, map_colours
from dermis.report.page import write
from dermis.report.pictures import labels_on_photo, levels_of, palette_png, values_on_photo

__all__ = ["OVERLAY_LEVELS", "REASONS", "mask_name", "write_maps"]

OVERLAY_LEVELS = 255
"""Levels of an overlay: its index 1 is the low end of the task's scale, 255 the high end, 0 not measured."""
CLEAR_COLOUR = "#000000"

PART_COLOURS = {
    SegmentationClass.BACKGROUND: "#1b1f24",
    SegmentationClass.FACE_SKIN: "#e8b796",
    SegmentationClass.OTHER_SKIN: "#c98f6d",
    SegmentationClass.HAIR: "#5b4a7d",
    SegmentationClass.FACIAL_HAIR: "#8c6bb1",
    SegmentationClass.NOSE: "#f2d49b",
    SegmentationClass.LIPS: "#c4485c",
    SegmentationClass.EYES: "#3f8fd2",
    SegmentationClass.OCCLUDER: "#4f9d69",
}
REGION_COLOURS = ("#1b1f24", "#e6c229", "#2a9d8f", "#7fc8a9", "#e76f51", "#8d6fc1", "#3f8fd2", "#93c5e8")
"""The colours of region codes 0 to 7: none, forehead, cheeks, nose, chin, under-eyes."""
REASONS = {
    "clipped": "#ffffff",
    "specular": "#f4d35e",
    "shadow": "#28659a",
    "border": "#9aa5b1",
    "facial_hair": "#8c6bb1",
    "beside_face": "#c98f6d",
    "unlit": "#3d2b4f",
}
"""The reasons to leave skin out in the order of their bits, and their colours; the lowest bit of a pixel shows."""


def write_maps(analysis: Analysis, folder: Path, tasks: Mapping[str, Task]) -> list[Path]:
    """Write an analysis' masks and maps into `folder`, which exists, and return their paths.

    skin_mask.png: 255 on all visible skin of the person. measured_mask.png: 255 on what was measured.
    parts.png, regions.png: palette images whose indices are `SegmentationClass` and `Region.code`. left_out.png: a
    palette image whose index has a bit set for each reason not to measure a pixel, in the order of `REASONS`:
    1 clipped, 2 specular, 4 shadow, 8 border, 16 facial_hair, 32 beside_face, 64 unlit. pigmentation_mask.png: 255 on
    brown marks; redness_mask.png: on red areas; vessels_mask.png: on fine vessels. overlay_TASK.png: one a task with a
    map, a palette image to lay over the photo, transparent where nothing was measured; indices 1 to 255 run over the
    task's scale. All have the photo's size. Nothing is written
    where no face or skin was found; a rejected photo gets its masks, without overlays.
    """
    face, photo = analysis.face, analysis.photo
    if face is None or photo is None:
        return []
    return [
        *_write_masks(analysis, photo, face, folder),
        *_write_found(analysis, photo, face, folder, tasks),
        *_write_overlays(analysis, photo, face, folder, tasks),
    ]


def _write_masks(analysis: Analysis, photo: Photo, face: Face, folder: Path) -> list[Path]:
    from dermis.formats.images.masks import encode_png  # late: with it come the readers of photos

    measured = np.zeros_like(face.skin) if analysis.skin is None else analysis.skin.measured
    parts = labels_on_photo(face.segmentation, face.frame, photo)
    regions = labels_on_photo(face.regions, face.frame, photo)
    written = [
        write(folder / "skin_mask.png", encode_png(labels_on_photo(face.skin, face.frame, photo))),
        write(folder / "measured_mask.png", encode_png(labels_on_photo(measured, face.frame, photo))),
        write(folder / "parts.png", palette_png(parts, colour_table(PART_COLOURS.values()))),
        write(folder / "regions.png", palette_png(regions, colour_table(REGION_COLOURS))),
    ]
    if analysis.skin is not None:
        written.append(write(folder / "left_out.png", _left_out_png(analysis.skin.excluded, face, photo)))
    return written


def _write_found(analysis: Analysis, photo: Photo, face: Face, folder: Path, tasks: Mapping[str, Task]) -> list[Path]:
    """Write the mask of each finding that has one; findings of one thing have one mask."""
    from dermis.formats.images.masks import encode_png  # late: with it come the readers of photos

    if not analysis.quality.usable:
        return []
    masks = {
        mask_name(tasks[one.task]): one.mask for one in analysis.findings if one.mask is not None and one.task in tasks
    }
    return [write(folder / name, encode_png(labels_on_photo(mask, face.frame, photo))) for name, mask in masks.items()]


def mask_name(task: Task) -> str:
    """Return the file of what a task found: named after what its mask is of, else its group."""
    return f"{task.mask_of or task.group or task.name}_mask.png"


def _left_out_png(excluded: Mapping[str, BoolMap], face: Face, photo: Photo) -> bytes:
    bits = np.zeros(face.segmentation.shape, dtype=np.uint8)
    for place, reason in enumerate(REASONS):
        if reason in excluded:
            bits |= excluded[reason].astype(np.uint8) << np.uint8(place)
    lowest = [(index & -index).bit_length() for index in range(1 << len(REASONS))]
    colours = colour_table([CLEAR_COLOUR if place == 0 else list(REASONS.values())[place - 1] for place in lowest])
    return palette_png(labels_on_photo(bits, face.frame, photo), colours)


def _write_overlays(
    analysis: Analysis, photo: Photo, face: Face, folder: Path, tasks: Mapping[str, Task]
) -> list[Path]:
    if not analysis.quality.usable:
        return []
    maps = {f.task: f.evidence for f in reversed(analysis.findings) if f.evidence is not None}
    return [
        write(
            folder / f"overlay_{task}.png",
            _overlay_png(evidence, face, photo, tasks[task].colours if task in tasks else PLAIN_COLOURS),
        )
        for task, evidence in reversed(maps.items())
    ]


def _overlay_png(evidence: ValueMap, face: Face, photo: Photo, anchors: tuple[str, ...]) -> bytes:
    values = values_on_photo(evidence.values, face.frame, photo)
    levels = levels_of(values, evidence.low, evidence.high, OVERLAY_LEVELS)
    colours = colour_table([CLEAR_COLOUR, *map_colours(anchors, OVERLAY_LEVELS)])
    return palette_png(levels, colours, clear=0)
