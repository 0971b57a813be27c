"""Putting marks on skin: shapes in mm, changes that add up, truth that says what was done."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dermis.core import Region
from dermis.lab.synth.head.uv import Atlas, flat_atlas
from dermis.lab.synth.lesions.kinds import MarkKind, MarkLayer, MarkSpec
from dermis.lab.synth.lesions.rasterise import added, apply_marks, lay_out
from dermis.lab.synth.skin.maps import LIMITS, SkinMaps

MM_PER_PX = 0.1


def flat(side: int = 200, mm_u: float = MM_PER_PX, mm_v: float = MM_PER_PX) -> Atlas:
    every = np.ones((side, side), dtype=np.bool_)
    cheek = np.full((side, side), Region.LEFT_CHEEK.code, dtype=np.uint8)
    atlas = flat_atlas(cheek, every, every, mm_u)
    return replace(atlas, mm_per_px_v=np.full((side, side), mm_v, dtype=np.float32))


def even_skin(atlas: Atlas, melanosome_fraction: float = 0.05) -> SkinMaps:
    def full(value: float) -> np.ndarray:
        return np.full(atlas.regions.shape, value, dtype=np.float32)

    return SkinMaps(
        melanosome_fraction=full(melanosome_fraction),
        blood_fraction=full(0.01),
        oxygen_saturation=full(0.7),
        scattering=full(1),
        pus=full(0),
        height_mm=full(0),
        roughness=full(0.5),
    )


def darker(change: float = 0.1, *, reach: float = 1.0, edge: float = 0.05) -> MarkLayer:
    return MarkLayer(map="melanosome_fraction", change=change, reach=reach, edge=edge)


def spot(**changes: object) -> MarkSpec:
    first = MarkSpec(identity=1, kind=MarkKind.LENTIGO, u=0.5, v=0.5, radius_mm=3.0, layers=(darker(),))
    return replace(first, **changes)  # type: ignore[arg-type]


def put(spec: MarkSpec, atlas: Atlas | None = None) -> tuple[np.ndarray, object]:
    atlas = atlas or flat()
    skin = even_skin(atlas)
    after, marks = apply_marks(skin, lay_out([spec], atlas), atlas)
    return after.melanosome_fraction - skin.melanosome_fraction, marks


def raggedness(mask: np.ndarray) -> float:
    """Length of the border, in steps along the axes, over the square root of the area."""
    border = sum(np.abs(np.diff(mask.astype(int), axis=axis)).sum() for axis in (0, 1))
    return float(border / np.sqrt(mask.sum()))


@pytest.mark.parametrize("aspect", [1.0, 2.5])
def test_a_mark_has_the_area_of_its_radius(aspect: float) -> None:
    _, (mark,) = put(spot(aspect=aspect, angle_rad=0.6))
    assert mark.mask.sum() * MM_PER_PX**2 == pytest.approx(np.pi * 3.0**2, rel=0.03)
    assert mark.box.width_px == mark.mask.shape[1]
    assert mark.box.x_px == mark.column
    assert mark.mask.any(axis=0).all()
    assert mark.mask.any(axis=1).all()


def test_the_long_axis_points_along_its_angle() -> None:
    change, _ = put(spot(aspect=3.0, angle_rad=np.pi / 6))
    rows, columns = np.nonzero(change > 0.05)
    spread = np.linalg.eigh(np.cov(columns, rows))
    axis = spread.eigenvectors[:, -1]
    assert abs(axis @ (np.cos(np.pi / 6), np.sin(np.pi / 6))) > 0.99
    assert np.sqrt(spread.eigenvalues[1] / spread.eigenvalues[0]) == pytest.approx(3.0, rel=0.05)


def test_a_circle_stays_round_where_pixels_are_not_square() -> None:
    _, (mark,) = put(spot(), flat(mm_u=0.1, mm_v=0.2))
    assert mark.box.width_px * 0.1 == pytest.approx(6, abs=0.3)
    assert mark.box.height_px * 0.2 == pytest.approx(6, abs=0.5)


def test_a_layer_is_full_inside_half_at_reach_and_gone_beyond_its_edge() -> None:
    atlas = flat(401)
    layer = darker(0.2, reach=0.6, edge=0.3)
    change, _ = put(spot(layers=(layer,), radius_mm=10.0), atlas)
    along = change[200, 200:]
    at = [round(share * 10.0 / MM_PER_PX) for share in (0.0, 0.3, 0.6, 0.9, 1.2)]
    np.testing.assert_allclose(along[at], [0.2, 0.2, 0.1, 0.0, 0.0], atol=1e-3)


def test_strength_scales_the_change() -> None:
    whole, _ = put(spot())
    half, (mark,) = put(spot(strength=0.5))
    np.testing.assert_allclose(half, whole / 2, atol=1e-6)
    assert mark.changes["melanosome_fraction"] == pytest.approx(0.05)


def test_a_mark_smaller_than_a_pixel_still_shows() -> None:
    atlas = flat(50, 1.0, 1.0)
    change, (mark,) = put(spot(radius_mm=0.3), atlas)
    assert mark.mask.sum() >= 1
    assert 0 < change.max() <= 0.1 + 1e-6


def test_borders_wander_more_with_irregularity_and_keep_their_seed() -> None:
    shapes = [put(spot(irregularity=much, seed=3))[0] for much in (0.0, 0.15, 0.15, 0.4)]
    np.testing.assert_array_equal(shapes[1], shapes[2])
    smooth, uneven, ragged = (raggedness(shapes[i] > 0.05) for i in (0, 1, 3))
    assert 1.05 * smooth < uneven
    assert 1.05 * uneven < ragged
    assert not np.array_equal(put(spot(irregularity=0.15, seed=4))[0], shapes[1])


def test_a_vessel_is_a_thin_line_along_its_path() -> None:
    path = ((2.0, 0.0), (2.0, 3.0))
    spec = spot(kind=MarkKind.TELANGIECTASIA, radius_mm=0.1, path_mm=path, layers=(darker(edge=0.5),))
    change, (mark,) = put(spec)
    assert mark.box.width_px * MM_PER_PX == pytest.approx(2.2, abs=0.3)
    assert mark.box.height_px * MM_PER_PX == pytest.approx(3.2, abs=0.3)
    assert mark.mask.sum() * MM_PER_PX**2 == pytest.approx(5 * 0.2, rel=0.35)
    assert change[100, 110] > 0.05
    assert change[110, 105] == 0


def test_order_does_not_matter_overlaps_add_up_and_the_largest_loss_counts() -> None:
    atlas = flat()
    skin = even_skin(atlas)
    paler = MarkLayer(map="melanosome_fraction", change=-0.5, reach=1.0, edge=0.1, scaling=True)
    loss = spot(identity=3, kind=MarkKind.DEPIGMENTATION, layers=(paler,))
    specs = [spot(), spot(identity=2, u=0.52), loss, replace(loss, identity=4, strength=0.4)]
    one, _ = apply_marks(skin, lay_out(specs, atlas), atlas)
    two, _ = apply_marks(skin, lay_out(specs[::-1], atlas), atlas)
    np.testing.assert_allclose(one.melanosome_fraction, two.melanosome_fraction, atol=1e-6)
    assert one.melanosome_fraction[100, 100] == pytest.approx((0.05 + 0.1 + 0.1) * 0.5, abs=1e-4)


def test_maps_stay_within_their_limits() -> None:
    atlas = flat(60)
    layers = tuple(MarkLayer(map=name, change=sign * 10.0, reach=1.0, edge=0.1) for name in LIMITS for sign in (1, 1))
    after, _ = apply_marks(even_skin(atlas), lay_out([spot(layers=layers, radius_mm=1.0)], atlas), atlas)
    for name, (_, high) in LIMITS.items():
        assert getattr(after, name).max() == pytest.approx(high)


def test_added_is_what_was_added() -> None:
    atlas = flat()
    specs = [spot(), spot(identity=2, u=0.3)]
    change = sum(put(spec)[0] for spec in specs)
    np.testing.assert_allclose(added(lay_out(specs, atlas), atlas, "melanosome_fraction"), change, atol=1e-6)


def test_changes_are_in_the_unit_of_the_map() -> None:
    paler = MarkLayer(map="melanosome_fraction", change=-0.4, reach=1.0, edge=0.1, scaling=True)
    change, (mark,) = put(spot(layers=(paler, MarkLayer(map="height_mm", change=0.7, reach=0.5, edge=0.5))))
    assert mark.changes["melanosome_fraction"] == pytest.approx(change.min(), abs=1e-5)
    assert mark.height_mm == pytest.approx(0.7)


def test_marks_outside_the_atlas_or_off_the_skin_are_not_seen() -> None:
    atlas = flat()
    assert lay_out([spot(u=5.0)], atlas) == ()
    bald = replace(atlas, skin=np.zeros_like(atlas.skin))
    assert apply_marks(even_skin(atlas), lay_out([spot()], bald), bald)[1] == ()


def test_only_the_part_on_skin_is_masked() -> None:
    atlas = flat()
    skin = np.array(atlas.skin)
    skin[:, 100:] = False
    half = replace(atlas, skin=skin)
    _, (whole,) = put(spot(), atlas)
    _, (cut,) = put(spot(), half)
    assert cut.mask.sum() == pytest.approx(whole.mask.sum() / 2, rel=0.05)
    assert cut.column + cut.mask.shape[1] <= 100


def test_a_mark_over_the_edge_of_the_atlas_is_cut() -> None:
    change, (mark,) = put(spot(u=0.0, v=0.0))
    assert mark.row == mark.column == 0
    assert change[0, 0] == pytest.approx(0.1, abs=1e-6)


def test_a_mark_knows_its_region_and_half() -> None:
    atlas = flat()
    regions = np.full_like(np.array(atlas.regions), Region.NOSE.code)
    regions[:, :80] = Region.RIGHT_CHEEK.code
    left = np.broadcast_to(np.arange(200) >= 100, (200, 200)).copy()
    sided = replace(atlas, regions=regions, left=left)
    (near,) = put(spot(u=0.2), sided)[1]
    (far,) = put(spot(u=0.8), sided)[1]
    assert (near.region, near.left) == (Region.RIGHT_CHEEK, False)
    assert (far.region, far.left) == (Region.NOSE, True)


def test_a_pinched_atlas_does_not_smear_a_mark_over_everything() -> None:
    atlas = flat(mm_u=1e-6)
    change, _ = put(spot(radius_mm=0.5), atlas)
    assert (change > 0).mean() < 0.1


def test_one_pixel() -> None:
    atlas = flat(1, 0.3, 0.3)
    change, (mark,) = put(spot(), atlas)
    assert mark.mask.shape == (1, 1)
    assert change[0, 0] > 0
