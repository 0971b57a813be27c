"""Painted marks look as outlined ones do: size, contrast, colour, border and skew, measured in the same way.

The ranges are the 10th to 90th percentile over 40 photos of 35 people with outlined freckles, dark spots, melasma and
post-inflammatory marks, the train part of `skin_problems_seg` (github.com/taufikiqbalr/skin_problems_segmentation):
`dermis evaluate --table mark-looks`.
"""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dermis.core import CropFrame, Face, Region, SegmentationClass, View
from dermis.lab.evaluate.diagnoses.mark_looks import FIELDS, KINDS, grown_looks, look_of, looks_table, painted_looks

SIZE, PX_MM = 300, 2.6
OUTLINED = {
    "size_mm": (1.96, 36.4), "green": (4.48, 16.5), "red_share": (0.35, 0.79), "blue_share": (0.89, 1.67),
    "edge_mm": (1.25, 2.67), "skew": (-0.39, 0.26),
}  # fmt: skip
ROOM = {"skew": 1.0}
"""Painted marks are more skewed: their border is symmetric, that of people's outlines lies further out."""
MEDIANS = {"size_mm": 3.95, "green": 8.65, "red_share": 0.60, "blue_share": 1.17, "edge_mm": 2.0, "skew": -0.04}


@pytest.fixture(scope="module")
def face():
    regions = np.full((SIZE, SIZE), Region.LEFT_CHEEK.code, np.uint8)
    regions[:, : SIZE // 2] = Region.RIGHT_CHEEK.code
    return Face(
        frame=CropFrame(x_px=0, y_px=0, width=SIZE, height=SIZE, factor=1), box=None, landmarks=None, pose=None,
        view=View.CLOSE_UP, segmentation=np.full((SIZE, SIZE), SegmentationClass.FACE_SKIN, np.uint8),
        regions=regions, skin=np.ones((SIZE, SIZE), bool), face_width_px=140 * PX_MM,
    )  # fmt: skip


@pytest.fixture(scope="module")
def painted(face):
    rng = np.random.default_rng(1)
    grain = np.zeros((SIZE, SIZE))
    for sigma_px in (1.0, 3.0, 6.0):  # as clear cheeks have it: 1 to 1.5 in 100 x density an octave
        noise = gaussian_filter(rng.standard_normal((SIZE, SIZE)), sigma_px)
        grain += 1.3 * noise / noise.std()
    skin = (np.array((0.45, 0.27, 0.18)) * 10 ** (-0.01 * grain[..., None])).astype(np.float32)
    return [one for seed in range(2) for one in painted_looks(skin, face, group=str(seed), seed=seed)]


@pytest.mark.parametrize("field", FIELDS)
def test_painted_marks_look_as_outlined_ones(painted, field):
    values = np.array([getattr(one, field) for one in painted])
    low, high = OUTLINED[field]
    room = ROOM.get(field, 0.25) * (high - low)
    assert np.nanmean((values > low - room) & (values < high + room)) > 0.8
    assert low - room < np.nanmedian(values) < high + room
    assert abs(np.nanmedian(values) - MEDIANS[field]) < max(0.75, ROOM.get(field, 0)) * (high - low)


@pytest.fixture(scope="module")
def grown():
    return [one for seed in range(3) for one in grown_looks(seed)]


@pytest.mark.parametrize("field", FIELDS)
def test_marks_of_made_heads_look_as_outlined_ones(grown, field):
    values = np.array([getattr(one, field) for one in grown])
    low, high = OUTLINED[field]
    room = (0.25 if field != "skew" else 1.2) * (high - low)
    assert np.nanmean((values > low - room) & (values < high + room)) > 0.8
    assert low < np.nanmedian(values) < high


def test_kinds_differ_as_they_should(painted):
    size = {kind: np.median([one.size_mm for one in painted if one.kind == kind]) for kind in KINDS}
    assert size["freckles"] < size["dark_spots"] < size["melasma"]
    green = {kind: np.median([one.green for one in painted if one.kind == kind]) for kind in KINDS}
    assert green["freckles"] < green["dark_spots"]
    table = looks_table(painted, painted, painted)
    assert f"| outlined | {len(painted)} | 2 |" in table
    assert "| made heads, melasma | 2 | 2 |" in table


def test_a_disc_of_known_size_contrast_and_border_is_measured_so(face):
    yy, xx = np.mgrid[:SIZE, :SIZE]
    away_mm = np.hypot(xx - 150, yy - 150) / PX_MM - 4
    density = 8.0 / (1 + np.exp(4.4 / 1.6 * away_mm))[..., None] * np.array((0.6, 1.0, 1.2))
    mask = away_mm < 0
    look = look_of(density.astype(np.float32), mask, mask, face.skin, PX_MM)
    assert look.size_mm == pytest.approx(8.0, abs=0.3)
    assert look.green == pytest.approx(7.6, abs=0.6)
    assert (look.red_share, look.blue_share) == pytest.approx((0.6, 1.2), abs=0.02)
    assert look_of(density.astype(np.float32), np.zeros_like(mask), mask, face.skin, PX_MM) is None
