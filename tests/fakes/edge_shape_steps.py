"""What parts of redness, alignment and charts give on small drawn inputs, at their limits: see `fakes.edge_steps`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np

from dermis.colour import chart_finder
from dermis.colour.chart import chart_linear, fit_chart
from dermis.colour.reference import fit_light
from dermis.core import Box, Detection, Encoding, Photo, Region
from dermis.pipeline import alignment, lesion_fates, longitudinal, skin_change
from dermis.pipeline.trial import difference_map
from dermis.tasks import repeatability
from dermis.tasks.redness import grade, redness_map, vessel_lines, vessels
from fakes.edge_light_steps import told_or_refused
from fakes.edge_steps import COLUMNS, FRAME, ROWS, edge_face

Told = Mapping[str, object]


def redness() -> Told:
    face, skin = edge_face()
    rng = np.random.default_rng(6)
    found = redness_map.redness_map(skin, face.frame)
    told: dict[str, object] = {"map": found}
    for count in (63, 64, 400):
        few = np.zeros_like(skin.measured)
        few[30:62].flat[:count] = True
        told[f"{count} pixels"] = redness_map.redness_map(replace(skin, measured=few)).excess
    depths = (np.full(300, 20.0), 20 + 0.9 * rng.random(300), 20 + 1.1 * rng.random(300), 40 * rng.random(1600),
              np.repeat([10.0, 20.0], 150), np.repeat([10.0, 20.0, 30.0], (300, 49, 50)))  # fmt: skip
    told["calm"] = [redness_map.above_calm_skin(rng.random(len(depth)) + 0.1 * depth, depth) for depth in depths]
    told["flush"] = [grade._flush(np.arange(count, dtype=float)) for count in (1, 4, 5, 9, 10, 101)]
    red = np.zeros_like(skin.measured)
    red[10:14, 20:24], red[30:34, :3], red[55:62, 80:], red[40, 40] = True, True, True, True
    painted = replace(found, red=red)
    told["areas"] = [grade._areas(painted, np.where(skin.measured, 9.0 + red, 0).astype(np.float32), kept, skin)
                     for kept in (skin.measured, skin.measured & (np.indices(red.shape)[1] > 1))]  # fmt: skip
    told["nowhere"] = [grade._areas(replace(painted, frame=None), found.excess, skin.measured, skin)]
    told["smoothed"] = [redness_map.smoothed(found.excess, skin.measured, share) for share in (0.001, 0.02, 0.1)]
    return told


def lines() -> Told:
    pieces = {}
    for name, (rows, columns) in {"short": (1, 6), "long": (1, 9), "wide": (3, 9), "thick": (4, 9), "dot": (2, 2),
                                  "just": (1, 7), "slender": (2, 8), "stout": (3, 8)}.items():  # fmt: skip
        pieces[name] = [
            vessel_lines._is_slender(np.ones((rows, columns), np.bool_), scale) for scale in (1.0, 2.2, 3.0)
        ]
    rng = np.random.default_rng(12)
    values = rng.random((23, 31, 3)).astype(np.float32)
    judged = values[..., 0] > 0.2
    answer = np.zeros((40, 60), np.float32)
    answer[10, 5:40], answer[20, 5:40], answer[30, 5:40], answer[20, 12] = 4.9, 4.5, 1.4, 7.0
    kernels = [vessel_lines._kernel(1.0, 3.0, 9, angle) for angle in (0.0, 0.4, np.pi / 2)]
    few = [vessels._notes(SimpleNamespace(seen_mm=seen)) for seen in (0.6, 0.7, 0.71)]
    strong = [vessel_lines._item((slice(2, 5), slice(3, 9)), FRAME, 2, 7.0, strength, Region.NOSE)
              for strength in (5.0, 20.0, 30.0)]  # fmt: skip
    return {
        "slender": pieces,
        "reduced": [vessel_lines._reduced(values, step) for step in (1, 2, 3)],
        "enlarged": [vessel_lines._enlarged(judged, step, (49, 70)).astype(np.float64) for step in (1, 2)],
        "core": [vessel_lines._core(np.ones((9, 12), np.bool_), scale) for scale in (1.0, 1.34, 2.0, 4.0)],
        "above": vessel_lines._above_around(values[..., 0], judged, 1.0),
        "turned": [vessel_lines._turned(values[..., 1], scale, 1.3) for scale in (1.0, 4.0)],
        "kernels": kernels,
        "filter": vessel_lines._line_filter(values, judged, 1.5),
        "lines": [
            vessel_lines._lines(answer * by, np.ones_like(answer) > 0).astype(np.float64) for by in (0.2, 0.3, 1.0)
        ],
        "notes": [len(one) for one in few],
        "items": tuple(strong),
    }


def moved() -> Told:
    face, _ = edge_face()
    rng = np.random.default_rng(16)
    points = np.stack(np.meshgrid(np.arange(-1.0, 220.0, 3.0), np.arange(-1.0, 210.0, 3.0)), -1)
    places = rng.uniform(0, 100, (40, 2))
    shifts = np.where(rng.random((40, 1)) < 0.8, 0.02 * places + (1.0, -0.5), np.nan)
    shifts[7] += 9.0
    lesion = Detection(kind="lesion", box=Box(x_px=1, y_px=2, width_px=4, height_px=9), region=Region.NOSE, score=0.5)
    laid = alignment.Alignment(
        moved=lambda given: 1.02 * given + (2.0, -1.0), off_face_widths=0.01, textured=1.0, by=""
    )
    other = replace(FRAME, x_px=3, y_px=9, factor=1)
    values = rng.random((ROWS, COLUMNS)).astype(np.float32)
    values[40:44] = np.nan
    first, second = (
        repeatability.Measured(value=value, condition="unknown", interval=(value - off, value + off), level=0.9)
        for value, off in ((3.0, 0.4), (4.0, 0.3))
    )
    later_ones = (second, replace(second, level=0.8), replace(second, interval=None),
                  replace(second, value=3.5, interval=(3.1, 3.6)))  # fmt: skip
    changes = [repeatability.value_change("made", region, "", first, later, same_photo=same, smallest=smallest)
               for region in (Region.FACE, Region.NOSE) for later in later_ones
               for same in (False, True) for smallest in (None, lambda before, after: 0.75)]  # fmt: skip
    curve = SimpleNamespace(scores=np.array([0.4]), score_curve=(2.87, 3.04),
                            boxes_px=np.array([[1.0, 4.5, 5.0, 8.5]]))  # fmt: skip
    wide = replace(face, face_width_px=100.0)
    plain = Photo(pixels=np.zeros((220, 240, 3), np.float32), encoding=Encoding.SRGB)
    here = SimpleNamespace(photo=plain, skin=None, lesions=SimpleNamespace(items=(), found=curve), face=wide,
                           all=np.array([[3.0, 6.5]]))  # fmt: skip
    echoes = []
    for apart in (6.9, 7.1):
        spot = np.array([[1.02 * 3 + 42 + apart, 1.02 * 6.5 + 39]])
        near = SimpleNamespace(photo=plain, skin=None, face=face, all=spot, lesions=SimpleNamespace(found=curve))
        there = replace(laid, moved=lambda given: 1.02 * given + (42.0, 39.0))
        with (
            patch("dermis.pipeline.lesion_fates.regions_at", return_value=np.zeros(1, np.intp)),
            patch("dermis.pipeline.lesion_fates.compared_contrast", return_value=(np.array([2.5]), np.array([0.5]))),
        ):
            echoes.append(lesion_fates.candidates(here, near, there))
    return {
        "echoes": echoes,
        "hidden": [skin_change.hidden_shares((plain, face), values > 0.4, places[:5] + 30, places[:5, 0] / 3, way)
                   for way in (None, laid)],
        "on skin": alignment.on_skin(face, points.reshape(-1, 2)).reshape(points.shape[:2]).astype(np.float64),
        "places": [alignment._places(replace(face, face_width_px=width)) for width in (150.0, 400.0)],
        "square": [alignment._square(half) for half in (1, 3)],
        "moved square": alignment._moved_square(lambda given: given**2 / 9, alignment._square(4) + 20),
        "sampled": alignment._sampled(values[:30], points[:30, :30] / 3),
        "between": [alignment._between(np.array(row), np.intp(1)) for row in ([1.0, 3, 2], [1.0, 1, 1], [0.0, 4, 3])],
        "agree": [alignment._in_agreement(places, shifts, width).astype(np.float64) for width in (20.0, 60.0, 400.0)],
        "few": [int(alignment._in_agreement(places[:count], places[:count] * 0, 9.0).sum()) for count in (5, 6, 7)],
        "fitted": alignment._fitted(places, 0.1 * np.sin(places / 9), 60.0)[1],
        "grey": list(alignment._reduced_grey(Photo(pixels=rng.random((220, 240, 3)).astype(np.float32),
                                                   encoding=Encoding.SRGB), replace(face, face_width_px=400.0))),
        "size": [longitudinal._size(one, face) for one in (lesion, replace(lesion, size_face_widths=0.07))],
        "box": lesion_fates._box(np.array([30.0, 40.0]), lesion.box, 1.5),
        "area": longitudinal._skin_area(face),
        "carried": [difference_map._carried(values, frame, one, laid)
                    for frame, one in ((FRAME, other), (other, FRAME))],
        "changes": changes,
    }  # fmt: skip


def chart_parts() -> Told:
    rng = np.random.default_rng(17)
    squares = np.array(
        [(40.0 * x + 0.2 * y + rng.normal(0, 0.7), 38.0 * y, 28 + rng.normal(0, 2)) for y in range(4) for x in range(6)]
    )
    lattice = chart_finder._lattice(squares)
    seen = chart_linear().clip(0.002) * rng.uniform(0.95, 1.05, (24, 3))
    dim = [fit_chart(seen * np.where(np.arange(24) < count, 1e-4, 1.0)[:, None]) for count in (0, 1, 12)]
    patch = np.repeat(rng.uniform(0.3, 0.5, (16, 1)), 3, 1) * np.array([1.1, 1.0, 0.8])
    corners = np.array([(30.0, 40), (330, 50), (320, 250), (25, 240)])
    pixels = rng.random((300, 400, 3)).astype(np.float32)
    unit = np.array([(0.0, 0), (5, 0), (5, 3), (0, 3)])
    matrix = chart_finder._homography(unit, corners)
    centres = chart_finder._project(matrix, chart_finder._grid())
    tops = [np.where(np.arange(16)[:, None] < count, 0.97, patch) for count in (0, 5)]
    return {
        "lattice": [list(lattice), list(lattice.values())],
        "placements": chart_finder._placements(squares, lattice),
        "orders": [*chart_finder._orders(6, 4), *chart_finder._orders(4, 6)],
        "homography": matrix.ravel().tolist(),
        "projected": centres,
        "corners": chart_finder._corners(np.arange(48.0).reshape(24, 2)),
        "sampled": [chart_finder._sampled(pixels, centres, encoded) for encoded in (True, False)],
        "expected": chart_finder._expected(squares[:, :2], lattice, (7, 2)),
        "dim": [*dim, told_or_refused(lambda: fit_chart(seen * np.where(np.arange(24) < 13, 1e-4, 1.0)[:, None]))],
        "patch": [fit_light(one, "#9a9a9a") for one in tops]
        + [told_or_refused(lambda one=one: fit_light(*one)) for one in ((patch[:15], "#9a9a9a"), (patch, "#9a0000"))],
    }  # fmt: skip
