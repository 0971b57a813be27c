"""Unmarked skin: textures in mm, regions that differ, one seed one skin."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from dermis.core import Region
from dermis.lab.synth.head.uv import Atlas, coarse, flat_atlas, spread_gain, zoned
from dermis.lab.synth.noise import draw_waves, wave_field
from dermis.lab.synth.skin.maps import LIMITS, SkinMaps, Tone, base_skin
from dermis.lab.synth.skin.texture import atlas_noise, draw_points, pore_depth, scatter

TONE = Tone(melanosome_fraction=0.05, blood_fraction=0.012, oxygen_saturation=0.7)


def face_atlas(side: int = 256, width_mm: float = 160.0) -> Atlas:
    """A face of rectangles: forehead above, cheeks beside the nose, chin below."""
    regions = np.zeros((side, side), dtype=np.uint8)

    def put(region: Region, top: float, bottom: float, left: float, right: float) -> None:
        regions[int(top * side) : int(bottom * side), int(left * side) : int(right * side)] = region.code

    put(Region.FOREHEAD, 0.05, 0.3, 0.1, 0.9)
    put(Region.RIGHT_CHEEK, 0.45, 0.75, 0.08, 0.42)
    put(Region.LEFT_CHEEK, 0.45, 0.75, 0.58, 0.92)
    put(Region.RIGHT_UNDER_EYE, 0.36, 0.44, 0.15, 0.42)
    put(Region.LEFT_UNDER_EYE, 0.36, 0.44, 0.58, 0.85)
    put(Region.NOSE, 0.36, 0.66, 0.44, 0.56)
    put(Region.CHIN, 0.8, 0.97, 0.3, 0.7)
    skin = np.ones((side, side), dtype=np.bool_)
    left = np.broadcast_to(np.arange(side) >= side / 2, (side, side)).copy()
    return flat_atlas(regions, skin, left, width_mm / side)


def within(atlas: Atlas, values: np.ndarray, region: Region) -> float:
    return float(np.median(values[atlas.regions == region.code]))


def test_waves_sum_as_cosines_do() -> None:
    waves = draw_waves(np.random.default_rng(1), 7, shortest_mm=2, longest_mm=20)
    u, v = np.array([0.0, 1.3, 9.0]), np.array([-2.0, 4.5])
    each = [
        a * np.cos(ku * u[None, :] + kv * v[:, None] + p)
        for ku, kv, a, p in zip(waves.along_u, waves.along_v, waves.amplitude, waves.phase, strict=True)
    ]
    np.testing.assert_allclose(wave_field(waves, u, v), np.sum(each, axis=0), atol=1e-5)


def test_noise_has_mean_nought_and_variance_one() -> None:
    waves = draw_waves(np.random.default_rng(2), 64, shortest_mm=1, longest_mm=8, slope=0.5)
    field = wave_field(waves, np.arange(0, 400, 0.5), np.arange(0, 400, 0.5))
    assert abs(field.mean()) < 0.02
    assert field.var() == pytest.approx(1, abs=0.1)


def test_waves_too_short_for_the_grid_are_left_out() -> None:
    waves = draw_waves(np.random.default_rng(3), 40, shortest_mm=0.5, longest_mm=0.9)
    assert not wave_field(waves, np.arange(20.0), np.arange(20.0), finest_mm=1.0).any()


def test_noise_looks_alike_in_every_direction() -> None:
    waves = draw_waves(np.random.default_rng(4), 48, shortest_mm=2, longest_mm=10)
    energy = np.array([np.sum((waves.amplitude * k) ** 2) for k in (waves.along_u, waves.along_v)])
    assert energy.max() / energy.min() < 1.6


def test_points_fall_where_the_density_is() -> None:
    density = np.array([[0.0, 3.0], [1.0, 0.0]])
    u, v = draw_points(np.random.default_rng(5), density, 4000)
    upper_right, lower_left = (u > 0.5) & (v < 0.5), (u < 0.5) & (v > 0.5)
    assert (upper_right | lower_left).all()
    assert upper_right.mean() == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize("density", [np.zeros((3, 3)), np.zeros((1, 1))])
def test_no_density_no_points(density: np.ndarray) -> None:
    u, v = draw_points(np.random.default_rng(6), density, 10)
    assert len(u) == len(v) == 0


def test_scatter_is_as_dense_as_asked() -> None:
    grid = coarse(face_atlas())
    u, _ = scatter(np.random.default_rng(7), grid, np.full(grid.codes.shape, 0.5))
    assert len(u) == pytest.approx(0.5 * grid.mm2.sum(), rel=0.05)


def test_twice_the_pores_hold_twice_the_depth() -> None:
    atlas = face_atlas()
    grid = coarse(atlas)
    one, two = (
        pore_depth(
            np.random.default_rng(8), atlas, grid, np.full(grid.codes.shape, per_cm2), radius_mm=(0.1, 0.3)
        ).sum()
        for per_cm2 in (20.0, 40.0)
    )
    assert two / one == pytest.approx(2, rel=0.1)


def test_a_pore_smaller_than_a_pixel_keeps_its_volume() -> None:
    sums = []
    for side in (128, 512):
        atlas = face_atlas(side)
        grid = coarse(atlas)
        depth = pore_depth(np.random.default_rng(9), atlas, grid, np.full(grid.codes.shape, 20.0), radius_mm=(0.2, 0.2))
        sums.append(float((depth * atlas.mm2_per_px).sum()))
    assert sums[0] == pytest.approx(sums[1], rel=0.1)


def test_skin_has_its_tone_within_its_limits() -> None:
    atlas = face_atlas()
    skin = base_skin(np.random.default_rng(10), TONE, atlas)
    for field in fields(SkinMaps):
        values = getattr(skin, field.name)
        low, high = LIMITS[field.name]
        assert values.dtype == np.float32
        assert values.shape == atlas.regions.shape
        assert values.min() >= np.float32(low)
        assert values.max() <= np.float32(high)
    assert np.median(skin.melanosome_fraction) == pytest.approx(TONE.melanosome_fraction, rel=0.2)
    assert np.median(skin.blood_fraction) == pytest.approx(TONE.blood_fraction, rel=0.35)
    assert not skin.pus.any()


def test_regions_differ_as_faces_do() -> None:
    atlas = face_atlas()
    found = [base_skin(np.random.default_rng(seed), TONE, atlas) for seed in range(6)]
    melanin = np.mean([skin.melanosome_fraction for skin in found], axis=0)
    blood = np.mean([skin.blood_fraction for skin in found], axis=0)
    oxygen = found[0].oxygen_saturation
    gloss = np.mean([skin.roughness for skin in found], axis=0)
    assert within(atlas, blood, Region.NOSE) > within(atlas, blood, Region.FOREHEAD)
    assert within(atlas, blood, Region.LEFT_CHEEK) > within(atlas, blood, Region.FOREHEAD)
    assert within(atlas, melanin, Region.LEFT_UNDER_EYE) > within(atlas, melanin, Region.LEFT_CHEEK)
    assert within(atlas, melanin, Region.FOREHEAD) > within(atlas, melanin, Region.RIGHT_CHEEK)
    assert within(atlas, oxygen, Region.RIGHT_UNDER_EYE) < within(atlas, oxygen, Region.NOSE)
    assert within(atlas, gloss, Region.NOSE) < within(atlas, gloss, Region.LEFT_CHEEK)


def test_one_seed_one_skin() -> None:
    atlas = face_atlas(96)
    one, same, other = (base_skin(np.random.default_rng(seed), TONE, atlas) for seed in (1, 1, 2))
    for field in fields(SkinMaps):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(same, field.name))
    assert not np.array_equal(one.melanosome_fraction, other.melanosome_fraction)


def test_the_same_skin_at_another_size() -> None:
    large = base_skin(np.random.default_rng(11), TONE, face_atlas(512)).melanosome_fraction
    small = base_skin(np.random.default_rng(11), TONE, face_atlas(256)).melanosome_fraction
    shrunk = large.reshape(256, 2, 256, 2).mean(axis=(1, 3))
    assert np.corrcoef(shrunk.ravel(), small.ravel())[0, 1] > 0.95


def test_older_skin_is_less_even_and_has_deeper_creases() -> None:
    atlas = face_atlas(512, width_mm=80.0)

    def unevenness(age_years: float) -> tuple[float, float]:
        skin = base_skin(np.random.default_rng(12), TONE, atlas, age_years=age_years)
        cheek = np.ix_(*(np.unique(at) for at in np.nonzero(atlas.regions == Region.LEFT_CHEEK.code)))
        steps = np.diff(skin.height_mm[cheek], axis=0)
        return float(np.log(skin.melanosome_fraction[cheek]).std()), float(steps.std())

    young, old = unevenness(20), unevenness(70)
    assert old[0] > 1.2 * young[0]
    assert old[1] > 1.2 * young[1]


@pytest.mark.parametrize("side", [1, 2, 3])
def test_the_smallest_atlases(side: int) -> None:
    atlas = flat_atlas(
        np.zeros((side, side), dtype=np.uint8),
        np.zeros((side, side), dtype=np.bool_),
        np.zeros((side, side), dtype=np.bool_),
        0.3,
    )
    skin = base_skin(np.random.default_rng(13), TONE, atlas)
    assert np.isfinite(skin.melanosome_fraction).all()


def test_a_grid_names_the_nearest_region_and_knows_how_far_it_is() -> None:
    grid = coarse(face_atlas())
    named = zoned(grid, {Region.FOREHEAD: 5.0}, otherwise=1.0)
    height = grid.codes.shape[0]
    assert grid.codes.min() > 0
    assert (named[: height // 4] == 5.0).all()
    assert grid.beyond_mm.max() > 0
    inside = coarse(face_atlas()).codes[int(0.6 * height), int(0.2 * height)]
    assert inside == Region.RIGHT_CHEEK.code


def test_gains_fade_away_from_the_face() -> None:
    side = 200
    regions = np.zeros((side, side), dtype=np.uint8)
    regions[:20, :20] = Region.NOSE.code
    every = np.ones((side, side), dtype=np.bool_)
    atlas = flat_atlas(regions, every, every, 1.0)
    gain = spread_gain(atlas, coarse(atlas), {Region.NOSE: 2.0}, blur_mm=2.0)
    assert gain[3, 3] == pytest.approx(2, abs=0.05)
    assert gain[-1, -1] == pytest.approx(1, abs=1e-3)


def test_maps_are_checked_and_read_only() -> None:
    atlas = face_atlas(32)
    skin = base_skin(np.random.default_rng(14), TONE, atlas)
    with pytest.raises(ValueError, match="read-only"):
        skin.pus[0, 0] = 1
    parts = {field.name: getattr(skin, field.name) for field in fields(SkinMaps)}
    with pytest.raises(ValueError, match="height_mm"):
        SkinMaps(**{**parts, "height_mm": np.zeros((3, 3), dtype=np.float32)})


def test_noise_covers_the_atlas() -> None:
    atlas = face_atlas(64)
    waves = draw_waves(np.random.default_rng(15), 8, shortest_mm=20, longest_mm=50)
    assert atlas_noise(waves, atlas).shape == atlas.regions.shape
