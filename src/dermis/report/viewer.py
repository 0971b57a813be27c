"""The photo of a report with its overlays and contours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core import Analysis, Box, CropFrame, Face, Finding, Photo, Region, Skin, Task, ValueMap, region_mask
from dermis.core.arrays import BoolMap, FloatMap, LabelMap
from dermis.report.formatting import PLAIN_COLOURS, VIEW_WORDS, colour_table, map_colours, number, plain, region_title
from dermis.report.pictures import Window, cut, data_uri, levels_of, palette_png, resized, shown, window_of

__all__ = [
    "VIEWER_WIDTH",
    "Bar",
    "FramedItem",
    "Outline",
    "Overlay",
    "Rectangle",
    "Viewer",
    "outlines_of",
    "overlays_of",
    "viewer_of",
    "viewer_scale",
]

VIEWER_WIDTH = 1000
"""Width of a drawn photo in units of its SVG, so that lines and letters look alike on every photo."""

TOLERANCE_PX = 0.7
"""How far a line may leave the mask's edge, in pixels of the frame."""
SMALLEST_SHARE = 0.05
"""A piece of a region below this share of its largest piece is not drawn."""

COARSE_PX = 200
"""Long side of the mask in which the place of a name is looked for."""
LETTER_WIDTH, LINE_HEIGHT = 13.0, 40.0
"""What a name needs on the stage, in its units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A region on the stage: its path, a place well inside it, and whether its name has room there."""

    title: str
    path: str
    x: float
    y: float
    labelled: bool


def viewer_scale(window: Window) -> float:
    """Return stage units a photo pixel."""
    return VIEWER_WIDTH / window.width_px


def outlines_of(regions: LabelMap, frame: CropFrame, window: Window) -> tuple[Outline, ...]:
    """Return the outline of each region that `regions` (h, w) holds."""
    found = (_outline(region, region_mask(regions, region), frame, window) for region in list(Region)[1:])
    return tuple(outline for outline in found if outline is not None)


def _outline(region: Region, mask: BoolMap, frame: CropFrame, window: Window) -> Outline | None:
    rings = _rings(mask)
    if not rings:
        return None
    title, scale = region_title(region), viewer_scale(window)
    origin = np.array([frame.x_px - window.x_px, frame.y_px - window.y_px])
    placed = [(ring * frame.factor + origin) * scale for ring in rings]
    low, high = placed[0].min(axis=0), placed[0].max(axis=0)
    middle = (_roomiest(mask) * frame.factor + origin) * scale
    return Outline(
        title=title,
        path="".join(_path(ring) for ring in placed),
        x=round(float(middle[0]), 1),
        y=round(float(middle[1]), 1),
        labelled=bool(np.all(high - low >= (LETTER_WIDTH * len(title), LINE_HEIGHT))),
    )


def _rings(mask: BoolMap) -> list[NDArray[np.float64]]:
    """Return closed lines (n, 2) of x and y around the mask, in frame pixels, the largest first."""
    from skimage.measure import approximate_polygon, find_contours  # late: 0.1 s

    rings = [ring[:, ::-1] - 0.5 for ring in find_contours(np.pad(mask, 1).astype(np.float32), 0.5)]
    rings.sort(key=_area, reverse=True)
    large = [ring for ring in rings if _area(ring) >= SMALLEST_SHARE * _area(rings[0])]
    return [approximate_polygon(ring, TOLERANCE_PX) for ring in large]


def _roomiest(mask: BoolMap) -> NDArray[np.float64]:
    """Return the x and y of the frame that lies deepest inside the mask, to a few pixels."""
    from scipy import ndimage  # late: 0.1 s

    step = max(1, round(max(mask.shape) / COARSE_PX))
    depth = ndimage.distance_transform_edt(np.pad(mask[::step, ::step], 1))
    row, column = np.unravel_index(int(np.argmax(depth)), depth.shape)
    place: NDArray[np.float64] = np.array([column - 0.5, row - 0.5]) * step
    return place


def _area(ring: NDArray[np.float64]) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return abs(float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))) / 2


def _path(ring: NDArray[np.float64]) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in ring[:-1])
    return f"M{points}Z"


OVERLAY_LONG_SIDE_PX = 720
LEVELS = 64
"""Colours of an overlay inside a page: steps too fine to be seen, few enough to store small."""
LEAST_SPAN = 0.25
"""The colours of a map span at least this share of its scale, so that even skin is not painted as uneven."""
BAR_STOPS = 17
CLEAR_COLOUR = "#000000"
MEASURED_COLOUR, LEFT_OUT_COLOUR = "#57cdb6", "#8b1e5b"
"""Far apart in lightness, so that no kind of colour blindness confuses them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """Where something lies on the stage, in stage units."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A colour bar: its colours from low to high, and the words at both ends."""

    colours: tuple[str, ...]
    low: str
    high: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FramedItem:
    """One thing found, framed on the stage."""

    place: Rectangle
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """A layer: a picture at `place` or marks, what it shows in words, its colours' meaning."""

    key: str
    title: str
    alt: str
    note: str = ""
    uri: str = ""
    place: Rectangle | None = None
    bar: Bar | None = None
    keys: tuple[tuple[str, str], ...] = ()
    marks: tuple[FramedItem, ...] = ()


def overlays_of(analysis: Analysis, face: Face, window: Window, tasks: Mapping[str, Task]) -> Iterator[Overlay]:
    """Yield what can be laid over a face: the measured skin, each task's map, each task's marks."""
    if analysis.skin is not None:
        yield _measured_overlay(analysis.skin, face.frame, window)
    for name in dict.fromkeys(finding.task for finding in analysis.findings):
        findings = [finding for finding in analysis.findings if finding.task == name]
        title = tasks[name].title if name in tasks else plain(name)
        evidence = next((f.evidence for f in findings if f.evidence is not None), None)
        if evidence is not None and np.isfinite(evidence.values).any():
            colours = tasks[name].colours if name in tasks else PLAIN_COLOURS
            yield _map_overlay(name, title, evidence, findings, face.frame, window, colours)
        if any(finding.items for finding in findings):
            yield _marks_overlay(name, f"{title}, each" if evidence is not None else title, findings, window)


def _measured_overlay(skin: Skin, frame: CropFrame, window: Window) -> Overlay:
    whole = skin.visible.astype(np.uint8) * np.uint8(2)
    whole[skin.measured] = 1
    labels, frame = cut(whole, frame, window)
    step = max(1, round(max(labels.shape) / OVERLAY_LONG_SIDE_PX))
    share = float(np.count_nonzero(skin.measured)) / max(1, int(np.count_nonzero(skin.visible)))
    colours = colour_table([CLEAR_COLOUR, MEASURED_COLOUR, LEFT_OUT_COLOUR])
    return Overlay(
        key="measured",
        title="Measured skin",
        alt=f"The skin that was measured: {share:.0%} of all visible skin.",
        note="All numbers come from the measured skin alone.",
        uri=data_uri("png", palette_png(labels[::step, ::step], colours, clear=0)),
        place=_frame_on_stage(frame, window),
        keys=((MEASURED_COLOUR, "measured"), (LEFT_OUT_COLOUR, "visible, left out")),
    )


def _marks_overlay(name: str, title: str, findings: Sequence[Finding], window: Window) -> Overlay:
    items = dict.fromkeys(item for finding in findings for item in finding.items)
    return Overlay(
        key=f"{name}-marks",
        title=title,
        alt=f"{title}: {len(items)} marks on the skin.",
        note="Each frame is one mark; rest the pointer on it for its kind and score.",
        marks=tuple(
            FramedItem(place=_on_stage(item.box, window), words=f"{plain(item.kind)}, {number(item.score, 2)}")
            for item in items
        ),
    )


def _map_overlay(
    name: str,
    title: str,
    evidence: ValueMap,
    findings: Sequence[Finding],
    frame: CropFrame,
    window: Window,
    anchors: tuple[str, ...],
) -> Overlay:
    low, high = _span(evidence)
    digits = 0 if high - low >= 10 else 1 if high - low >= 1 else 3
    colours = colour_table([CLEAR_COLOUR, *map_colours(anchors, LEVELS)])
    values, frame = cut(evidence.values, frame, window)
    levels = levels_of(_reduced(values), low, high, LEVELS)
    ends = f"{number(evidence.low, digits)} to {number(evidence.high, digits)}"
    whole = (low, high) == (evidence.low, evidence.high)
    return Overlay(
        key=name,
        title=title,
        alt=_map_alt(title, findings, digits),
        note="" if whole else f"Colours are spread over this photo; the whole scale is {ends}.",
        uri=data_uri("png", palette_png(levels, colours, clear=0)),
        place=_frame_on_stage(frame, window),
        bar=Bar(
            colours=map_colours(anchors, BAR_STOPS),
            low=number(low, digits),
            high=number(high, digits),
            unit=evidence.unit,
        ),
    )


def _span(evidence: ValueMap) -> tuple[float, float]:
    """Return the range that the colours cover: the middle 96 % of the values, inside the task's scale."""
    whole = evidence.high - evidence.low
    first, last = np.nanpercentile(evidence.values, (2, 98))
    middle, half = (first + last) / 2, max(last - first, LEAST_SPAN * whole) / 2
    if half >= 0.4 * whole:
        return evidence.low, evidence.high
    middle = min(max(middle, evidence.low + half), evidence.high - half)
    digits = 0 if 2 * half >= 10 else 2
    return round(float(middle - half), digits), round(float(middle + half), digits)


def _map_alt(title: str, findings: Sequence[Finding], digits: int) -> str:
    regions = sorted((f for f in findings if f.region is not Region.FACE), key=lambda finding: finding.value)
    if len(regions) < 2:
        return f"{title} over the measured skin, as colours."
    low, high = regions[0], regions[-1]
    return (
        f"{title} over the face, as colours: lowest at the {region_title(low.region).lower()} "
        f"({number(low.value, digits)}), highest at the {region_title(high.region).lower()} "
        f"({number(high.value, digits)} {high.unit})."
    )


def _reduced(values: FloatMap) -> FloatMap:
    scale = OVERLAY_LONG_SIDE_PX / max(values.shape)
    if scale >= 1:
        return values
    return resized(values, (max(1, round(values.shape[0] * scale)), max(1, round(values.shape[1] * scale))))


def _frame_on_stage(frame: CropFrame, window: Window) -> Rectangle:
    box = Box(
        x_px=frame.x_px,
        y_px=frame.y_px,
        width_px=frame.width * frame.factor,
        height_px=frame.height * frame.factor,
    )
    return _on_stage(box, window)


def _on_stage(box: Box, window: Window) -> Rectangle:
    scale = viewer_scale(window)
    sides = (box.x_px - window.x_px, box.y_px - window.y_px, box.width_px, box.height_px)
    x, y, width, height = (round(side * scale, 1) for side in sides)
    return Rectangle(x=x, y=y, width=width, height=height)


PHOTO_LONG_SIDE_PX = 1280


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """The window of the photo in stage units, with all that can be laid over it."""

    height: float
    uri: str
    alt: str
    outlines: tuple[Outline, ...]
    overlays: tuple[Overlay, ...]
    width: int = VIEWER_WIDTH


def viewer_of(analysis: Analysis, photo: Photo, tasks: Mapping[str, Task]) -> Viewer:
    """Return the stage of a photo; without a face the whole photo, bare, and so where it was rejected."""
    from dermis.formats.images.masks import encode_jpeg  # late: with it comes the image library

    face = analysis.face
    window = window_of(photo, face)
    pixels = shown(photo, window, PHOTO_LONG_SIDE_PX)
    measured = face is not None and analysis.quality.usable
    return Viewer(
        height=round(window.height_px * viewer_scale(window), 1),
        uri=data_uri("jpeg", encode_jpeg(pixels, quality=85)),
        alt=_photo_alt(face),
        outlines=outlines_of(face.regions, face.frame, window) if face is not None and measured else (),
        overlays=tuple(overlays_of(analysis, face, window, tasks)) if face is not None and measured else (),
    )


def _photo_alt(face: Face | None) -> str:
    if face is None:
        return "The photo; no face was found in it."
    if face.box is None:
        return "The photo: a close-up of skin."
    return f"The part of the photo with the face, seen {VIEW_WORDS[face.view]}."
