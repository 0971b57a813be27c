"""Finding a ColorChecker of 24 patches in a photo: flat squares, the lattice they stand on, and which way up it is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dermis.colour.chart import COLUMNS, ROWS, ChartFit, fit_chart
from dermis.colour.lab import srgb_to_lab
from dermis.colour.srgb import decode
from dermis.core.arrays import FloatMap, hold
from dermis.errors import InputError

__all__ = ["Chart", "chart_at", "find_chart"]

_Floats = NDArray[np.float64]
_Cell = tuple[int, int]

LONG_SIDE_PX = 900
SCALES_PX = (1.0, 1.6)
FLATNESS = (1.0, 2.0, 4.0, 7.0)
"""Gradients, in CIELAB a pixel, below which a pixel is flat: dim photos need the low ones, noisy ones the high."""
FEWEST_PATCHES = 14
WORST_FIT = 12.0
"""A lattice whose colours fit the chart worse than this mean ΔE00 is something else, such as tiles."""
_SAMPLE_SHARE = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart in a photo. centres_px: (24, 2) of the patches, in the published order. corners_px: (4, 2) of the outer
    patches 1, 6, 24 and 19. patches_linear: (24, 3) median linear sRGB. fit: the correction they allow.
    """

    centres_px: _Floats
    corners_px: _Floats
    patches_linear: _Floats
    fit: ChartFit

    def __post_init__(self) -> None:
        hold(self, "centres_px", dtype=np.float64, shape=(COLUMNS * ROWS, 2))
        hold(self, "corners_px", dtype=np.float64, shape=(4, 2))
        hold(self, "patches_linear", dtype=np.float64, shape=(COLUMNS * ROWS, 3))


def find_chart(pixels: FloatMap, *, encoded: bool = True) -> Chart | None:
    """Return the chart in a photo, None where none is found.

    pixels: (h, w, 3) in [0, 1], sRGB-encoded, or linear where `encoded` is False. At least 14 patches must be seen as
    flat squares of 8 px or more on a long side of 900 px; the rest follows from their lattice.
    """
    from skimage.transform import resize  # late: 0.2 s

    scale = LONG_SIDE_PX / max(pixels.shape[:2])
    shape = (round(pixels.shape[0] * scale), round(pixels.shape[1] * scale))
    small = resize(pixels, shape, order=1, anti_aliasing=scale < 1).astype(np.float32)
    lab = np.asarray(srgb_to_lab(small) if encoded else _lab_of_linear(small), dtype=np.float32)
    best: tuple[_Floats, dict[int, _Cell]] | None = None
    for sigma in SCALES_PX:
        squares = _flat_squares(lab, sigma)
        cells = _lattice(squares)
        if best is None or len(cells) > len(best[1]):
            best = squares, cells
        if len(cells) >= COLUMNS * ROWS - 4:
            break
    if best is None or len(best[1]) < FEWEST_PATCHES:
        return None
    charts = [_chart(pixels, centres / scale, encoded) for centres in _placements(*best)]
    found = [chart for chart in charts if chart is not None]
    if not found:
        return None
    chart = min(found, key=lambda one: one.fit.delta_e_after)
    return chart if chart.fit.delta_e_after <= WORST_FIT else None


def chart_at(pixels: FloatMap, corners_px: _Floats, *, encoded: bool = True) -> Chart:
    """Return the chart whose outer patches 1, 6, 24 and 19 have these centres (4, 2).

    Raises InputError where its patches cannot be used.
    """
    unit = np.array([(0, 0), (COLUMNS - 1, 0), (COLUMNS - 1, ROWS - 1), (0, ROWS - 1)], dtype=np.float64)
    centres = _project(_homography(unit, np.asarray(corners_px, dtype=np.float64)), _grid())
    patches = _sampled(pixels, centres, encoded)
    return Chart(centres_px=centres, corners_px=_corners(centres), patches_linear=patches, fit=fit_chart(patches))


def _lab_of_linear(linear: FloatMap) -> FloatMap:
    from dermis.colour.lab import linear_to_lab

    return np.asarray(linear_to_lab(linear), dtype=np.float32)


def _flat_squares(lab: FloatMap, sigma: float) -> _Floats:
    """Return (n, 3) x, y and side of flat, roughly square regions, larger ones first, none twice."""
    from scipy import ndimage
    from skimage.measure import label, regionprops

    slopes = [ndimage.gaussian_gradient_magnitude(lab[..., channel], sigma) for channel in range(3)]
    gradient = np.sqrt(np.sum(np.square(slopes), axis=0))
    found = []
    for limit in FLATNESS:
        flat = ndimage.binary_opening(gradient < limit)
        for region in regionprops(label(flat, connectivity=1)):
            top, left, bottom, right = region.bbox
            height, width = bottom - top, right - left
            small, large = sorted((height, width))
            if not 25 <= region.area <= 0.01 * flat.size or large > 1.8 * small or region.area < 0.47 * height * width:
                continue
            if region.axis_major_length > 1.7 * region.axis_minor_length or region.solidity < 0.85:
                continue
            found.append((region.centroid[1], region.centroid[0], float(np.sqrt(region.area))))
    kept: list[tuple[float, float, float]] = []
    for x, y, side in sorted(found, key=lambda one: -one[2]):
        if all((x - a) ** 2 + (y - b) ** 2 > (0.5 * min(side, c)) ** 2 for a, b, c in kept):
            kept.append((x, y, side))
    return np.array(kept, dtype=np.float64).reshape(-1, 3)


def _lattice(squares: _Floats) -> dict[int, _Cell]:
    """Return the largest set of squares that stand on one lattice, each with its cell."""
    from scipy.spatial import cKDTree

    best: dict[int, _Cell] = {}
    if len(squares) < FEWEST_PATCHES:
        return best
    tree = cKDTree(squares[:, :2])
    for start in range(len(squares)):
        if start in best:
            continue
        for along, down in _bases(squares, tree, start):
            cells = _grown(squares, tree, start, along, down)
            if len(cells) > len(best):
                best = cells
        if len(best) >= COLUMNS * ROWS:
            break
    return best


def _bases(squares: _Floats, tree: object, start: int) -> list[tuple[_Floats, _Floats]]:
    """Return pairs of steps to neighbours that may span a lattice, y to the left of x as seen in the picture."""
    distances, places = tree.query(squares[start, :2], k=min(9, len(squares)))  # type: ignore[attr-defined]
    side = squares[start, 2]
    near = [
        squares[place, :2] - squares[start, :2]
        for place, distance in zip(places[1:], distances[1:], strict=True)
        if 0.9 * side < distance < 2.6 * side and 0.45 < squares[place, 2] / side < 2.2
    ]
    pairs = []
    for along in near:
        for down in near:
            lengths = np.hypot(*along), np.hypot(*down)
            sine = (along[0] * down[1] - along[1] * down[0]) / (lengths[0] * lengths[1])
            if sine > 0.8 and 0.7 < lengths[0] / lengths[1] < 1.43:
                pairs.append((along, down))
    return pairs


def _grown(squares: _Floats, tree: object, start: int, along: _Floats, down: _Floats) -> dict[int, _Cell]:
    """Return the squares that are reached from `start` in steps of the lattice, each with its cell."""
    points, side = squares[:, :2], squares[start, 2]
    reach = 0.28 * min(np.hypot(*along), np.hypot(*down))
    steps = np.stack([along, down])
    cells: dict[int, _Cell] = {start: (0, 0)}
    taken = {(0, 0)}
    front = [start]
    while front:
        new = []
        for place in front:
            for step in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                cell = (cells[place][0] + step[0], cells[place][1] + step[1])
                if cell in taken:
                    continue
                where = _expected(points, cells, cell) if len(cells) >= 6 else points[place] + np.array(step) @ steps
                distance, other = tree.query(where)  # type: ignore[attr-defined]
                if distance < reach and other not in cells and 0.45 < squares[other, 2] / side < 2.2:
                    cells[int(other)] = cell
                    taken.add(cell)
                    new.append(int(other))
        front = new
    return cells


def _expected(points: _Floats, cells: dict[int, _Cell], cell: _Cell) -> _Floats:
    rows = np.array([(*one, 1.0) for one in cells.values()])
    where: _Floats = np.array([*cell, 1.0]) @ np.linalg.lstsq(rows, points[list(cells)], rcond=None)[0]
    return where


def _placements(squares: _Floats, cells: dict[int, _Cell]) -> list[_Floats]:
    """Return the 24 centres of every way in which a chart covers nearly all of the lattice."""
    coordinates = np.array(list(cells.values()), dtype=np.float64)
    points = squares[list(cells), :2]
    low, high = coordinates.min(axis=0).astype(int), coordinates.max(axis=0).astype(int)
    placements: list[tuple[int, _Floats]] = []
    for width, height in ((COLUMNS, ROWS), (ROWS, COLUMNS)):
        for x in range(min(low[0], high[0] - width + 1), max(low[0], high[0] - width + 1) + 1):
            for y in range(min(low[1], high[1] - height + 1), max(low[1], high[1] - height + 1) + 1):
                local = coordinates - (x, y)
                inside = ((local >= 0) & (local < (width, height))).all(axis=1)
                if inside.sum() < FEWEST_PATCHES:
                    continue
                matrix = _homography(local[inside], points[inside])
                placements += [(int(inside.sum()), _project(matrix, order)) for order in _orders(width, height)]
    most = max((count for count, _ in placements), default=0)
    return [centres for count, centres in placements if count >= most - 2]


def _grid() -> _Floats:
    """Return the cells (24, 2) of the patches in the published order."""
    return np.array([(column, row) for row in range(ROWS) for column in range(COLUMNS)], dtype=np.float64)


def _orders(width: int, height: int) -> list[_Floats]:
    """Return the cells of a window in the order of the patches, for each way the chart may lie, mirrored too."""
    ways = []
    grid = _grid() if width == COLUMNS else _grid()[:, ::-1]
    for flip_x in (False, True):
        for flip_y in (False, True):
            cells = grid.copy()
            if flip_x:
                cells[:, 0] = width - 1 - cells[:, 0]
            if flip_y:
                cells[:, 1] = height - 1 - cells[:, 1]
            ways.append(cells)
    return ways


def _chart(pixels: FloatMap, centres: _Floats, encoded: bool) -> Chart | None:
    try:
        patches = _sampled(pixels, centres, encoded)
        fit = fit_chart(patches)
    except InputError:
        return None
    if (np.abs(fit.matrix).argmax(axis=1) != range(3)).any():  # an affine map could also swap channels; no light does
        return None
    neutrals = patches[18:24].sum(axis=1)
    if any(first < 0.97 * second for first, second in pairwise(neutrals.tolist())):
        return None
    return Chart(centres_px=centres, corners_px=_corners(centres), patches_linear=patches, fit=fit)


def _corners(centres: _Floats) -> _Floats:
    return centres[[0, COLUMNS - 1, COLUMNS * ROWS - 1, COLUMNS * (ROWS - 1)]]


def _sampled(pixels: FloatMap, centres: _Floats, encoded: bool) -> _Floats:
    """Return the median linear colour (24, 3) of the middle of each patch. Raises InputError outside the photo."""
    step = float(np.median(np.hypot(*np.diff(centres.reshape(ROWS, COLUMNS, 2), axis=1).reshape(-1, 2).T)))
    half = max(1, round(_SAMPLE_SHARE * step / 2))
    height, width = pixels.shape[:2]
    if centres.min() < half or (centres >= (width - half, height - half)).any():
        raise InputError("The chart reaches out of the photo.", advice="Take it whole into the picture.")
    squares = [
        pixels[round(y) - half : round(y) + half + 1, round(x) - half : round(x) + half + 1].reshape(-1, 3)
        for x, y in centres
    ]
    medians = np.stack([np.median(decode(one) if encoded else one, axis=0) for one in squares])
    return np.asarray(medians, dtype=np.float64)


def _homography(source: _Floats, target: _Floats) -> _Floats:
    """Return the (3, 3) projective map between points (n, 2), n at least 4, by the normalised direct linear transform
    (Hartley and Zisserman, Multiple View Geometry, 2nd ed., algorithm 4.2).
    """
    to_unit, to_target = _normaliser(source), _normaliser(target)
    a, b = _project(to_unit, source), _project(to_target, target)
    rows = []
    for (x, y), (u, v) in zip(a, b, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, -u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, -v])
    matrix = np.linalg.svd(np.array(rows))[2][-1].reshape(3, 3)
    found: _Floats = np.linalg.solve(to_target, matrix @ to_unit)
    return found


def _normaliser(points: _Floats) -> _Floats:
    middle, spread = points.mean(axis=0), max(float(points.std()), 1e-9)
    return np.array([[1 / spread, 0, -middle[0] / spread], [0, 1 / spread, -middle[1] / spread], [0, 0, 1]])


def _project(matrix: _Floats, points: _Floats) -> _Floats:
    moved = np.hstack([points, np.ones((len(points), 1))]) @ matrix.T
    projected: _Floats = moved[:, :2] / moved[:, 2:]
    return projected
