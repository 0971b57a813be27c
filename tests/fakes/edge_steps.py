"""What parts of the tasks give on small drawn inputs, at their limits and where masks touch the frame.

See `fakes.frozen_steps`: a painted face lies well inside its photo, and reaches few of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import numpy as np

from dermis.core import (
    Box,
    CropFrame,
    Detection,
    Encoding,
    Face,
    Lesions,
    Photo,
    Region,
    SegmentationClass,
    Skin,
    View,
)
from dermis.tasks.acne import assign, comedones, decode, detect, gags, hayashi, iga, presence, visibility
from dermis.tasks.pigmentation import contrast, grade, melasma, skin_grid

Told = Mapping[str, object]
ROWS, COLUMNS = 90, 96
FRAME = CropFrame(x_px=7, y_px=5, width=COLUMNS, height=ROWS, factor=2)


def edge_face(**changes: object) -> tuple[Face, Skin]:
    """Return a face that fills its frame: hair at the top, a neck at the left, a beard, two cheeks and a gap."""
    rng = np.random.default_rng(21)
    parts = np.full((ROWS, COLUMNS), SegmentationClass.FACE_SKIN, np.uint8)
    parts[:9], parts[60:, :12], parts[70:, 60:80] = (
        SegmentationClass.HAIR,
        SegmentationClass.OTHER_SKIN,
        SegmentationClass.FACIAL_HAIR,
    )
    parts[20:24, 30:40], parts[20:24, 60:70], parts[66:70, 40:60] = (
        SegmentationClass.EYES,
        SegmentationClass.EYES,
        SegmentationClass.LIPS,
    )
    regions = np.zeros((ROWS, COLUMNS), np.uint8)
    regions[30:62, :40], regions[30:62, 56:] = Region.RIGHT_CHEEK.code, Region.LEFT_CHEEK.code
    regions[9:18, 20:], regions[76:, 30:50] = Region.FOREHEAD.code, Region.CHIN.code
    skin = np.isin(parts, (SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN))
    given = {
        "frame": FRAME, "box": Box(x_px=7, y_px=5, width_px=192, height_px=180), "landmarks": None, "pose": None,
        "view": View.FRONT, "segmentation": parts, "regions": regions, "skin": skin, "face_width_px": 150.0,
    }  # fmt: skip
    spots = np.zeros((ROWS, COLUMNS))
    for row, column in ((12, 4), (35, 10), (35, 80), (50, 94), (55, 30), (80, 40), (88, 20), (40, 60)):
        spots += np.exp(-((np.arange(ROWS)[:, None] - row) ** 2 + (np.arange(COLUMNS)[None] - column) ** 2) / 5.0)
    density = 0.02 * rng.normal(0, 1, (ROWS, COLUMNS, 1)) + 0.12 * spots[..., None] * np.array([0.4, 1.0, 0.9])
    linear = (np.array([0.5, 0.3, 0.2]) * 10.0**-density).clip(0, 1.1).astype(np.float32)
    clipped = np.zeros((ROWS, COLUMNS), np.bool_)
    clipped[33:37, 78:82] = True
    seen = Skin(linear=linear, visible=skin, measured=skin & ~clipped, regions=regions, excluded={"clipped": clipped},
                view=View.FRONT, light_known=False)  # fmt: skip
    return Face(**(given | changes)), seen


def found_lesions() -> Lesions:
    """Return boxes at the corners and edges of the frame, two of them as sure as each other, and one just called."""
    middles = np.array([(8, 6), (27, 75), (167, 75), (196, 105), (67, 115), (87, 165), (47, 181), (127, 85), (300, 90),
                        (87, 145), (110, 62)], np.float64)  # fmt: skip
    sizes = np.linspace(3, 14, len(middles))[:, None]
    scores = np.array([0.9, 0.7, 0.7, 0.5, 0.8, 0.31, 0.3, 0.29, 0.9, 0.6, 0.75], np.float32)
    rng = np.random.default_rng(3)
    density = (0.02 * rng.random((24, 24))).astype(np.float32)
    return Lesions(
        boxes_px=np.concatenate([middles - sizes, middles + 1.2 * sizes], axis=1).astype(np.float32), scores=scores,
        density=density, density_inclusive=2 * density, density_afar=1.5 * density, score_threshold=0.3,
        area=Box(x_px=-3.0, y_px=11.0, width_px=200.0, height_px=190.0), model="made@1", presence=0.5,
    )  # fmt: skip


def lesions() -> Told:
    face, skin = edge_face()
    points = np.stack(np.meshgrid(np.arange(-1.0, 220.0, 3.0), np.arange(-1.0, 210.0, 3.0)), -1)
    values = np.random.default_rng(1).integers(1, 9, (ROWS, COLUMNS)).astype(np.uint8)
    dots = np.zeros((11, 13), np.bool_)
    dots[5, 4] = dots[0, 12] = True
    marked = np.where(dots, 3, 0).astype(np.uint8)
    boxes = [Box(x_px=x, y_px=y, width_px=w, height_px=h) for x, y, w, h in
             ((3, 2, 9, 7), (190, 170, 20, 30), (-50, 40, 20, 20), (60, 60, 1, 1), (100, 90, 14, 8))]  # fmt: skip
    items = [Detection(kind="lesion", box=box, region=Region.FACE, score=0.5) for box in boxes]
    placed = {
        "whole": assign.place_lesions(found_lesions(), face, skin),
        "own area": assign.place_lesions(found_lesions(), face, skin, own_area=True),
        "no box": assign.place_lesions(found_lesions(), replace(face, box=None, view=View.CLOSE_UP), skin),
        "no lesions": assign.place_lesions(replace(found_lesions(), scores=0 * found_lesions().scores), face, skin),
        "no skin": assign.place_lesions(found_lesions(), replace(face, skin=face.skin & ~face.skin), skin),
    }
    told = {
        name: [one.items, one.counts, one.counts_all, one.seen, one.involved, one.heat, one.beside, one.count_afar,
               one.covered, [item.kind for item in one.items]] if one.items else [one.counts, one.involved, one.seen]
        for name, one in placed.items()
    }  # fmt: skip
    return told | {
        "looked up": assign._looked_up(values, points, FRAME).astype(np.float64),
        "regions at": assign.regions_at(points.reshape(-1, 2), face).reshape(points.shape[:2]).astype(np.float64),
        "covered": [assign._covered([item], FRAME) for item in items],
        "grown": [assign._grown(dots, by) for by in (0.5, 1.0, 2.0, 2.9, 3.0)] + [assign._grown(dots & ~dots, 2.0)],
        "nearest": [assign._nearest_regions(marked, reach) for reach in (0.5, 1.0, 2.9, 3.0, 30.0)],
        "steps": [assign._step(replace(FRAME, height=side)) for side in (90, 319, 320, 321, 640, 641)],
        "reduced": [assign._reduced(replace(FRAME, height=91), step) for step in (1, 2, 4)],
        "sides": [assign._side(np.array(one, np.float64)) for one in ((0, 0, 4, 9), (3, 3, 1, 8), (1, 1, 8, 0))],
    }


def looks() -> Told:
    _, skin = edge_face()
    usable = skin.visible & ~skin.excluded["clipped"]
    boxes = [(31, 52, 36, 58), (0, 0, 6, 6), (76, 30, 86, 41), (90, 45, 99, 55), (37, 77, 43, 84), (-9, 5, -2, 9),
             (20, 40, 20, 40), (58, 38, 62, 42), (30.4, 51.3, 33.9, 56.2)]  # fmt: skip
    few = np.zeros_like(usable)
    few[50:60, 25:40] = True
    rings = []
    for kept in range(3, 10):
        inside = few.copy()
        inside[52:58, 28:34].flat[kept:] = False
        rings.append(decode.looks_of(np.array([26.0, 50.0, 36.0, 60.0]), skin.linear, inside))
    centres = np.zeros((30, 30), np.float32)
    centres[2:28:2, 2:28:2] = np.linspace(0.005, 0.9, 169).reshape(13, 13)
    centres[4, 4], centres[4, 6] = 0.02, 0.0199
    reaches = np.stack([np.full((30, 30), side, np.float32) for side in (2.0, 3.0, 2.5, 3.5)])
    many = np.random.default_rng(5).random((60, 60)).astype(np.float32)
    photo = Photo(pixels=skin.linear.clip(0, 1), encoding=Encoding.SRGB)
    kinds = [decode.kind_by_looks(decode.LesionFeatures(reddest=reddest, darkness=darkness)) for reddest, darkness in
             product((None, 4.99, 5.0, 7.0), (None, 0.99, 1.0, 2.0))]  # fmt: skip
    return {
        "boxes": [decode.looks_of(np.array(box, np.float64), skin.linear, usable) for box in boxes],
        "few pixels": rings,
        "kinds": kinds,
        "peaks": [decode.boxes_at_peaks(centres, reaches, stride) for stride in (1.0, 4.0)],
        "overlaps": [decode._apart(np.array([[0, 0, 10, 10], [shift, 0, 10 + shift, 10]], np.float32)).tolist()
                     for shift in (3.7, 3.79, 3.8, 9.0)],
        "many": len(decode.boxes_at_peaks(many, np.full((4, 60, 60), 0.1, np.float32), 1.0)[1]),
        "presence": [decode.presence_features(many[:5, :9], 2 * many[:9, :5]),
                     decode.presence_features(many, 0.5 * many)],
        "about": [decode.about_box(photo, Box(x_px=x, y_px=y, width_px=w, height_px=h), room).pixels
                  for x, y, w, h, room in ((0, 0, 4, 4, 1.0), (90, 85, 9, 5, 1.0), (40, 40, 30, 20, 1.0),
                                           (40, 40, 11, 11, 1.5), (3, 80, 12, 13, 0.9), (40, 40, 12, 2, 1.0))],
        "grades": decode.grade_probabilities(np.array([[50.0, -50, -60], [1, 0.5, 0.2], [-2, 1, 0]])).tolist(),
        "expected": decode.expected_grade(np.array([0.1, 0.2, 0.3, 0.4])),
    }  # fmt: skip


def acne_scales() -> Told:
    numbers = (0.0, 0.49, 0.5, 4.99, 5.0, 19.99, 20.0)
    judged = ["".join(str(iga.iga_of(count, large, involved, number)) for count in numbers for number in numbers)
              for large in (0, 1, 2, 3) for involved in (0.0, 0.5, 0.51, 0.799, 0.8)]  # fmt: skip
    box = Box(x_px=0, y_px=0, width_px=1, height_px=1)
    sizes = (None, 0.05, 0.1099, 0.11)
    kinds = ("inflamed", "open_comedo", "closed_comedo", "papule", "pustule", "nodule", "comedone", "lesion")
    items = {f"{kind} {size}": Detection(kind=kind, box=box, region=Region.CHIN, score=0.5, size_face_widths=size,
                                         redness=redness)
             for kind in kinds for size, redness in zip(sizes, (None, -2.0, 0.0, 3.0), strict=True)}  # fmt: skip
    face, skin = edge_face()
    placed = assign.place_lesions(found_lesions(), face, skin)
    shares = (None, 0.1, 0.149, 0.15, 0.699, 0.7)
    shown = [replace(placed, seen={**placed.seen, Region.CHIN: share}) for share in shares]
    in_doubt = [presence._count_in_doubt(count, chance) for count in (0.0, 0.4, 0.5, 0.6, 9.0)
                for chance in (0.0, 0.3, 0.499, 0.5, 0.51, 0.7, 0.8, 0.81, 1.0)]  # fmt: skip
    link = presence.PresenceLink(limit=2.0, slope=3.0)
    return {
        "iga": judged,
        "bands": [gags._band(score) for score in (-1, 0, 1, 18, 19, 30, 31, 38, 39, 44)],
        "worths": {name: gags._worth(item) for name, item in items.items()},
        "worst": [gags._worths(list(items.values())[start : start + 3], ends)
                  for start in (0, 4, 9, 20, 28) for ends in ((0, 0.99, 1), (0, 1, 3), (1, 2, 5), (0, 0, 0.5))],
        "severity": [visibility.severity(item) for item in items.values()],
        "large": [visibility.is_large(item) for item in list(items.values())[:4]],
        "names": [visibility.lesion_name(item) for item in items.values()],
        "in view": [[visibility.in_view(one, Region.CHIN), visibility.hidden_detail(one, Region.CHIN),
                     visibility.visible_share(one, Region.CHIN)] for one in shown],
        "rounded": [hayashi._rounded(value) for value in (0.0, 0.49, 0.5, 1.49, 1.5, 2.5, 3.0, 3.7)],
        "in doubt": in_doubt,
        "link": [link.probability(number) for number in (-1.0, 0.0, 1.0, 2.0, 30.0)],
        "evidence": [presence.evidence_of(replace(placed, count_afar=afar), limit)
                     for afar in (None, 0.0, 9.0) for limit in (0.5, 4.0)],
        "comedones": [comedones.comedo_number(*one) for one in ((4, 2, 6), (4, 6, 2), (0, 0, 0))],
    }  # fmt: skip


def comedo_maps() -> Told:
    face, skin = edge_face()
    rng = np.random.default_rng(8)
    small = rng.random((37, 30)).astype(np.float32)
    told: dict[str, object] = {
        "blurred": [comedones._blurred(small, size) for size in (0.7, 5.9, 6.0, 9.0)],
        "resized": [comedones._resized(small, size) for size in ((30, 37), (10, 12), (60, 80), (31, 37), (30, 30))],
        "mask": comedones._smooth_where(small > 0.4)(small, 2.0),
        "called": [comedones.comedo_trees().clear, comedones.CALLED_FROM],
    }
    for side in (15, 16, 17, 60, 90):
        part = Skin(linear=skin.linear[:side], visible=skin.visible[:side], measured=skin.measured[:side],
                    regions=skin.regions[:side], excluded={}, view=View.FRONT, light_known=False)  # fmt: skip
        shown = replace(face, frame=replace(FRAME, height=side), regions=face.regions[:side], skin=face.skin[:side],
                        segmentation=face.segmentation[:side])  # fmt: skip
        seen = comedones.comedo_candidates(shown, part)
        told[f"{side} rows"] = [len(seen.clues), seen.places_px, seen.radii_px, *seen.clues.T]
    placed = assign.place_lesions(found_lesions(), face, skin)
    points = np.stack(np.meshgrid(np.arange(0.0, 220.0, 2.0), np.arange(0.0, 210.0, 2.0)), -1).reshape(-1, 2)
    sure = [replace(placed, found=replace(placed.found, scores=np.full(11, score, np.float32)))
            for score in (0.19, 0.2, 0.9)]  # fmt: skip
    told["in lesions"] = [int(comedones._in_lesions(points, one).sum()) for one in sure]
    for name, chance in (("unlikely", 0.499), ("likely", 0.5), ("unknown", None)):
        asked = replace(placed, found=replace(placed.found, presence=chance))
        after = comedones.with_comedones(asked, face, skin)
        told[name] = [after.comedones, after.open_share]
    widths = [
        replace(
            face,
            segmentation=face.segmentation.repeat(by, 0).repeat(by, 1),
            skin=face.skin,
            view=view,
            frame=replace(FRAME, factor=factor),
        )
        for by, factor in ((1, 1), (1, 2), (1, 3), (1, 5), (1, 7))
        for view in (View.FRONT, View.CLOSE_UP)
    ]
    told["fine"] = [comedones._is_fine(one) for one in widths]  # fmt: skip
    told["square"] = [detect.face_square(face), detect._ends(np.zeros(9, np.int64)), detect._ends(np.arange(300))]
    return told


def brown() -> Told:
    face, skin = edge_face()
    rng = np.random.default_rng(4)
    plane, colour = rng.random((41, 53)).astype(np.float32), rng.random((41, 53, 3)).astype(np.float32)
    judged = plane > 0.3
    clues = rng.normal(0, 4, (60, len(skin_grid.CLUES))).astype(np.float32)
    zones = [melasma.ZonePart(share=share, contrast_l=drop, evenness=even) for share in
             (0.0, 0.0049, 0.005, 0.0999, 0.1, 0.3, 0.31, 0.6, 0.9, 1.0) for drop, even in
             ((0.5, 0.0), (1.0, 0.4), (3.0, 0.5), (7.0, 0.9), (10.0, 1.0))]  # fmt: skip
    scores = {
        name: [getattr(melasma, f"_{name}")(zone) for zone in zones]
        for name in (
            "masi_points",
            "masi_continuous",
            "mmasi_points",
            "mmasi_continuous",
            "msi_points",
            "msi_continuous",
        )
    }
    bare = {}
    for count in (63, 64, 65):
        few = np.zeros_like(skin.visible)
        few[30:40, 60:].flat[:count] = True
        grid = skin_grid.skin_grid(face, replace(skin, visible=few))
        bare[f"{count} pixels"] = None if grid is None else [grid.judged, grid.linear, grid.to_edge_mm]
    grid = skin_grid.skin_grid(face, replace(skin, excluded={"border": skin.excluded["clipped"]}))
    number = np.cumsum(grid.judged.ravel()).reshape(grid.judged.shape)
    glossy = [replace(grid, glossy=grid.judged & (number > left)) for left in (number.max(), 400, 200, 199)]
    return {
        "blurred": [contrast.blurred(plane, reach) for reach in (2.0, 5.9, 6.0, 9.5, 12.0)],
        "of three": [contrast.blurred(colour, reach) for reach in (2.0, 7.0)],
        "smoothed": contrast.smoothed(colour, judged, 3.0),
        "around": [contrast.skin_around(40 * colour, judged, reach) for reach in (2.0, 8.0)],
        "ridges": [skin_grid._ridges(plane, blur) for blur in (0.5, 1.0, 2.0)],
        "slopes": skin_grid._slopes(8 * colour, judged, 3.0),
        "rising": [float(skin_grid._rising(np.float32(one), 0.3, 0.6)) for one in (0.2, 0.3, 0.4, 0.6, 0.9)],
        "blood": [skin_grid.excess_blood(one) for one in glossy],
        "shade": skin_grid._slope_of_shade(clues),
        "melanin": skin_grid.like_melanin(clues),
        "grid": grid, "regions": skin_grid.frame_at(skin.regions, grid).astype(np.float64), **bare,
        "scores": scores,
        "evenness": [melasma._evenness(plane > least, judged) for least in (0.0, 0.5, 0.99, 2.0)],
        "words": [grade.severity_word(one) for one in (0.0, 0.749, 0.75, 3.749, 3.75, 6.749, 6.75, 9.0)],
    }  # fmt: skip
