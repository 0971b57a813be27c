"""How brown marks look, outlined on photos of people or painted: size, contrast, colour, border and skew.

A folder of outlines holds `labels.csv` (file, group) and `polygons.csv` (file, label, points_xy_norm), as
`skin_problems_seg` does. Marks painted on made portraits (`dermis.lab.synth.lesions.photo_marks`), and those that grow
on the skin of made heads, are looked at in the same way, so that they can be held to real ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Face, Region
from dermis.core.arrays import BoolMap, FloatMap
from dermis.face.regions import FACE_MM, face_width_px
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import read_table
from dermis.lab.synth.head.uv import flat_atlas
from dermis.lab.synth.lesions.draw import grow_mark
from dermis.lab.synth.lesions.kinds import Mark, MarkKind, MarkSpec
from dermis.lab.synth.lesions.morphology import MORPHOLOGIES
from dermis.lab.synth.lesions.photo_marks import draw_photo_marks, paint_marks
from dermis.lab.synth.lesions.rasterise import apply_marks, lay_out
from dermis.lab.synth.skin.colour import COLOUR_NM, channels, skin_table
from dermis.lab.synth.skin.maps import Tone, base_skin
from dermis.lab.synth.skin.own_skin import draw_own_skin
from dermis.optics.camera import find_camera, response
from dermis.optics.illuminant import find_illuminant
from dermis.pipeline.analyse import analyse
from dermis.tasks import choose

__all__ = [
    "KINDS",
    "MarkLook",
    "clear_portraits_painted",
    "grown_looks",
    "look_of",
    "looks_of_masks",
    "looks_table",
    "outlined_looks",
    "painted_looks",
    "typical_look",
]

KINDS: Mapping[str, MarkKind] = {
    "freckles": MarkKind.FRECKLE, "dark_spots": MarkKind.LENTIGO, "PIH": MarkKind.PIH, "melasma": MarkKind.MELASMA,
}  # fmt: skip
"""What an outline is called there, and the kind that is painted."""
FIELDS = ("size_mm", "green", "red_share", "blue_share", "edge_mm", "skew")
_REACH_MM, _STEP_MM = 2.5, 0.25
_AT = np.arange(-_REACH_MM + _STEP_MM / 2, _REACH_MM, _STEP_MM)
_RING_MM, _ROOM_MM = 0.5, 8.0
_FEWEST, _FEWEST_RING, _FEWEST_FOR_SKEW = 6, 20, 20
_DARKEST, _FAINTEST = 0.004, 0.1
_OF_A_KIND = 12
_OUTLINE = 0.4
"""A painted mark is outlined where this share of its density is left."""
_PATCH_PX, _PITCH_MM, _LARGE_MM = 200, 0.5, 16.0
"""Of the cheek on which marks grow; larger marks are not looked at."""
_LEAST_FOR_BORDER = 2.0
"""Fainter marks, in green density, tell nothing of their border."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkLook:
    """One mark, or the median of the marks of a kind on a photo; NaN where too little of it shows.

    size_mm: diameter of the circle of its area, on a face of 140 mm. green: 100 x green density of its inside above
    the ring around; red_share, blue_share: those of the other channels over it. edge_mm: over how far its border falls
    from 90 to 10 %. skew: of green density inside. profile: (20,) green density above the ring over that inside, every
    quarter of a millimetre from 2.5 inside to 2.5 outside of the border.
    """

    group: str
    kind: str
    size_mm: float
    green: float
    red_share: float
    blue_share: float
    skew: float
    profile: tuple[float, ...]
    edge_mm: float = float("nan")


def look_of(
    density: FloatMap, mask: BoolMap, others: BoolMap, skin: BoolMap, px_mm: float, *, group: str = "", kind: str = ""
) -> MarkLook | None:
    """Return how one mark looks, None where too little of it or of the skin around shows.

    density: (h, w, 3), 100 x optical density. mask, others, skin: (h, w) bool: the mark, all marks, visible skin.
    """
    from scipy.ndimage import distance_transform_edt  # late: 0.1 s
    from scipy.stats import skew  # late: a third of a second

    inside = mask & skin
    size_mm = 2 * np.sqrt(np.count_nonzero(mask) / np.pi) / px_mm
    away_mm = (distance_transform_edt(~mask) - distance_transform_edt(mask)) / px_mm
    ring = skin & ~others & (away_mm > _RING_MM) & (away_mm < max(0.5 * size_mm, 2 / px_mm) + 1.0)
    if np.count_nonzero(inside) < _FEWEST or np.count_nonzero(ring) < _FEWEST_RING:
        return None
    above = density - np.median(density[ring], axis=0)
    red, green, blue = np.median(above[inside], axis=0)
    over = float(green) if abs(green) > _FAINTEST else float("nan")
    near = skin & (mask | ~others)
    return MarkLook(
        group=group,
        kind=kind,
        size_mm=float(size_mm),
        green=float(green),
        red_share=float(red) / over,
        blue_share=float(blue) / over,
        skew=float(skew(above[inside][:, 1])) if np.count_nonzero(inside) >= _FEWEST_FOR_SKEW else float("nan"),
        profile=_profile(above[..., 1][near] / max(float(green), 0.5), away_mm[near]),
    )


def _profile(values: NDArray[np.floating], away_mm: NDArray[np.floating]) -> tuple[float, ...]:
    place = np.floor((away_mm + _REACH_MM) / _STEP_MM).astype(np.intp)
    kept = (place >= 0) & (place < len(_AT))
    count = np.bincount(place[kept], minlength=len(_AT))
    total = np.bincount(place[kept], values[kept], minlength=len(_AT))
    return tuple(np.where(count > 0, total / np.maximum(count, 1), np.nan).tolist())


def typical_look(looks: Sequence[MarkLook]) -> MarkLook:
    """Return the median of marks of one kind on one photo; its border is that of their median profile."""
    middle = {name: float(_median([getattr(one, name) for one in looks])) for name in FIELDS if name != "edge_mm"}
    profiles = [list(one.profile) for one in looks if one.green > _LEAST_FOR_BORDER] or [[np.nan] * len(_AT)]
    profile = _median(np.array(profiles))
    first = looks[0]
    return MarkLook(
        group=first.group, kind=first.kind, **middle, profile=tuple(profile.tolist()), edge_mm=_edge_mm(profile)
    )


def _median(values: Any) -> NDArray[np.float64]:  # noqa: ANN401 -- numbers, one or more to a row
    """Return the median over rows of what is known, NaN where nothing is."""
    held = np.asarray(values, np.float64)
    unknown = np.isnan(held).all(axis=0)
    return np.asarray(np.where(unknown, np.nan, np.nanmedian(np.where(unknown, 0.0, held), axis=0)))


def _edge_mm(profile: NDArray[np.float64]) -> float:
    known = np.isfinite(profile)
    if np.count_nonzero(known) < _FEWEST:
        return float("nan")
    whole = np.interp(_AT, _AT[known], profile[known])
    smooth = np.convolve(np.pad(whole, 1, "edge"), (0.25, 0.5, 0.25), "valid")
    border = len(_AT) // 2
    smooth /= smooth[border - 5 : border + 1].max()
    outer, inner = np.flatnonzero(smooth[border:] < 0.1), np.flatnonzero(smooth[: border + 1] > 0.9)
    if not outer.size or not inner.size:
        return float("nan")
    return float(_AT[border + outer[0]] - _AT[inner[-1]])


def outlined_looks(folder: Path) -> Iterator[MarkLook]:
    """Yield the typical look of each kind of outlined marks on each photo with a face."""
    groups = {row["file"]: row["group"] for row in read_table(folder / "labels.csv", needs=("file", "group"))}
    outlines = defaultdict(list)
    for row in read_table(folder / "polygons.csv", needs=("file", "label", "points_xy_norm")):
        if row["label"] in KINDS:
            said = [[float(value) for value in point.split()] for point in row["points_xy_norm"].split(";")]
            outlines[row["file"]].append((row["label"], np.array(said)))
    for file, drawn in outlines.items():
        photo = read_photo(folder / file)
        found = analyse(photo, tasks=choose("melanin"))
        if found.face is None or found.skin is None:
            continue
        frame = found.face.frame
        size = np.array([photo.width_px, photo.height_px])
        placed = [(kind, (points * size - (frame.x_px, frame.y_px)) / frame.factor - 0.5) for kind, points in drawn]
        yield from _looks(found.skin.linear, found.face, placed, groups[file])


def _looks(
    linear: FloatMap, face: Face, outlines: Sequence[tuple[str, NDArray[np.float64]]], group: str
) -> Iterator[MarkLook]:
    from skimage.draw import polygon2mask  # late: 0.1 s

    shape = face.skin.shape
    masks = [(kind, np.asarray(polygon2mask(shape, points[:, ::-1]), np.bool_)) for kind, points in outlines]
    yield from looks_of_masks(linear, face, masks, group)


def looks_of_masks(
    linear: FloatMap, face: Face, masks: Sequence[tuple[str, BoolMap]], group: str
) -> Iterator[MarkLook]:
    """Yield the typical look of each kind among marks (kind, (h, w) bool) on a face."""
    px_mm = face_width_px(face) / face.frame.factor / FACE_MM
    density = -100 * np.log10(np.maximum(linear, _DARKEST), dtype=np.float32)
    others = np.logical_or.reduce([mask for _, mask in masks])
    found: dict[str, list[MarkLook]] = defaultdict(list)
    for kind, mask in masks:
        if not mask.any():
            continue
        part = _window(mask, int(_ROOM_MM * px_mm) + 6)
        look = look_of(density[part], mask[part], others[part], face.skin[part], px_mm, group=group, kind=kind)
        if look is not None:
            found[kind].append(look)
    yield from (typical_look(looks) for looks in found.values())


def _window(mask: BoolMap, room: int) -> tuple[slice, slice]:
    rows, columns = np.nonzero(mask)
    return (
        slice(max(0, int(rows.min()) - room), int(rows.max()) + room),
        slice(max(0, int(columns.min()) - room), int(columns.max()) + room),
    )


def painted_looks(linear: FloatMap, face: Face, *, group: str, seed: int) -> Iterator[MarkLook]:
    """Yield the typical look of each kind of mark painted on a clear face; see `_OUTLINE`."""
    for name, kind in KINDS.items():
        marks = draw_photo_marks(np.random.default_rng(seed), face, kind, _OF_A_KIND)
        masks = [(name, _outline(paint_marks(linear, face, [mark]).density)) for mark in marks]
        yield from looks_of_masks(paint_marks(linear, face, marks).linear, face, masks, group)


def _outline(density: FloatMap) -> BoolMap:
    inside = density[density > 0]
    if not inside.size:
        return np.zeros(density.shape, np.bool_)
    return np.asarray(density > _OUTLINE * float(np.quantile(inside, 0.9)))


def clear_portraits_painted(folder: Path) -> Iterator[MarkLook]:
    """Yield the looks of marks painted on each portrait of a folder of made people; `P001_selfie.jpg` shows P001."""
    for seed, path in enumerate(sorted(folder.glob("*_selfie.jpg"))):
        found = analyse(read_photo(path), tasks=choose("melanin"))
        if found.face is not None and found.skin is not None:
            yield from painted_looks(found.skin.linear, found.face, group=path.stem.split("_")[0], seed=seed)


def grown_looks(seed: int) -> Iterator[MarkLook]:
    """Yield the typical look of each kind of mark on a patch of a made head's cheek, in D65 by a typical camera.

    Without shade, lens, noise and JPEG, half a millimetre a pixel.
    """
    from dermis.lab.synth.camera.scene import CHROMOPHORES  # late: the renderer

    rng = np.random.default_rng(seed)
    every = np.ones((_PATCH_PX, _PATCH_PX), np.bool_)
    cheek = np.full(every.shape, Region.LEFT_CHEEK.code, np.uint8)
    atlas = flat_atlas(cheek, every, every, _PITCH_MM)
    skin = draw_own_skin(rng, lowest_ita_deg=-40, highest_ita_deg=60)
    base = base_skin(rng, skin.tone, atlas, age_years=40.0)
    weights = response(find_camera("typical"), find_illuminant("D65"), COLOUR_NM)
    for name, kind in KINDS.items():
        maps, marks = apply_marks(base, lay_out(_spaced(rng, kind, skin.tone), atlas), atlas)
        flat = {each: getattr(maps, each).ravel() for each in CHROMOPHORES}
        raw = channels(skin_table(skin.tissue, flat), weights / weights.sum(axis=0), flat).reshape(*every.shape, 3)
        masks = [_placed(mark, every.shape) for mark in marks]
        others, density = np.logical_or.reduce(masks), (-100 * np.log10(raw)).astype(np.float32)
        looks = [look_of(density, one, others, every, 1 / _PITCH_MM, group=str(seed), kind=name) for one in masks]
        yield typical_look([look for look in looks if look is not None])


def _spaced(rng: np.random.Generator, kind: MarkKind, tone: Tone) -> list[MarkSpec]:
    """Return marks of a kind that do not touch: nine, of large ones two."""
    low, high = MORPHOLOGIES[kind].radius_mm
    large = high > _LARGE_MM
    places = [(0.3, 0.3), (0.7, 0.7)] if large else [(u, v) for u in (0.2, 0.5, 0.8) for v in (0.2, 0.5, 0.8)]
    radii = np.minimum(low * (high / low) ** rng.random(len(places)), _LARGE_MM)
    return [
        grow_mark(rng, kind, tone, place=place, radius_mm=float(radius), identity=number)
        for number, (place, radius) in enumerate(zip(places, radii, strict=True))
    ]


def _placed(mark: Mark, shape: tuple[int, ...]) -> BoolMap:
    whole = np.zeros(shape, np.bool_)
    whole[mark.row : mark.row + mark.mask.shape[0], mark.column : mark.column + mark.mask.shape[1]] = mark.mask
    return whole


def looks_table(outlined: Iterable[MarkLook], painted: Iterable[MarkLook], grown: Iterable[MarkLook] = ()) -> str:
    """Return the 10th, 50th and 90th percentile over photos of each, all kinds, and each kind painted and grown."""
    real, made, heads = list(outlined), list(painted), list(grown)
    words = ("size, mm", "green density", "red / green", "blue / green", "border, mm", "skew")
    lines = [f"| marks | photos | people | {' | '.join(words)} |", f"|{'---|' * (3 + len(words))}"]
    parts = [("outlined", real), ("painted", made)]
    parts += [(f"painted, {name.lower()}", [one for one in made if one.kind == name]) for name in KINDS]
    if heads:
        parts.append(("made heads", heads))
        parts += [(f"made heads, {name.lower()}", [one for one in heads if one.kind == name]) for name in KINDS]
    for name, some in parts:
        cells = [_three([getattr(one, field) for one in some]) for field in FIELDS]
        lines.append(f"| {name} | {len(some)} | {len({one.group for one in some})} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _three(values: Sequence[float]) -> str:
    low, middle, high = np.nanpercentile(values, (10, 50, 90))
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"
