"""What holds for every head, view and light."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dermis.core import Pose, Region, SegmentationClass
from dermis.lab.synth.camera.render import Buffers, render
from dermis.lab.synth.camera.shading import SceneLight, irradiance, shadows, specular
from dermis.lab.synth.camera.viewpoint import FRAMINGS, Framing, Viewpoint
from dermis.lab.synth.head.accessories import draw_clothing
from dermis.lab.synth.head.anatomy import LANDMARKS
from dermis.lab.synth.head.hair import HairStyle
from dermis.lab.synth.head.head import Expression, HeadGeometry, HeadShape, build_head, draw_head, mirrored

FEW = settings(max_examples=8, deadline=None)

seeds = st.integers(0, 10_000)
yaws = st.floats(-90, 90)
tilts = st.floats(-25, 25)
lights = st.builds(
    SceneLight,
    towards=st.tuples(st.floats(-1, 1), st.floats(-0.2, 1), st.floats(0.2, 1)),
    size_deg=st.sampled_from([1.0, 20.0, 60.0, 180.0]),
    strength=st.floats(0.05, 1.5),
)


def person(seed: int) -> HeadShape:
    return draw_head(np.random.default_rng(seed), glasses_share=0.3)


def shot(
    shape: HeadShape, yaw: float, pitch: float = 0.0, roll: float = 0.0, *, side: int = 96, smile: float = 0.0
) -> Buffers:
    pose = Pose(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll)
    return render(build_head(shape, Expression(smile=smile)), Viewpoint(pose=pose), (side, side))


@FEW
@given(seeds, yaws, tilts, st.sampled_from(sorted(FRAMINGS)))
def test_every_pixel_is_one_thing(seed: int, yaw: float, pitch: float, framing: str) -> None:
    view = Viewpoint(pose=Pose(yaw_deg=yaw, pitch_deg=pitch, roll_deg=5.0), framing=FRAMINGS[framing])
    dress = draw_clothing(np.random.default_rng(seed))
    seen = render(build_head(person(seed)), view, (70, 83), dress)
    assert np.isin(seen.parts, list(SegmentationClass)).all()
    assert np.allclose(np.linalg.norm(seen.normals, axis=-1), 1, atol=1e-4)
    assert ((seen.cover >= 0) & (seen.cover <= 1)).all()
    assert ((seen.paint >= 0) & (seen.paint <= 1)).all()
    nothing = ~np.isfinite(seen.depth_mm)
    assert (seen.parts[nothing] == SegmentationClass.BACKGROUND).all()
    assert (seen.cover[seen.parts == SegmentationClass.BACKGROUND] == 1).all()
    assert np.isfinite(seen.uv[seen.skin | (seen.parts == SegmentationClass.LIPS)]).all()
    assert np.isnan(seen.uv[seen.parts == SegmentationClass.BACKGROUND]).all()
    uv = seen.uv[np.isfinite(seen.uv[..., 0])]
    assert ((uv >= 0) & (uv <= 1)).all()


@FEW
@given(seeds, st.floats(-80, 80), tilts, tilts)
def test_a_mirrored_head_at_the_opposite_yaw_is_the_mirrored_picture(
    seed: int, yaw: float, pitch: float, roll: float
) -> None:
    shape = replace(person(seed), glasses=None)
    seen, other = shot(shape, yaw, pitch, roll), shot(mirrored(shape), -yaw, pitch, -roll)
    assert (seen.parts == other.parts[:, ::-1]).mean() > 0.985
    swap = np.arange(len(Region))
    for name in ("CHEEK", "UNDER_EYE"):
        left, right = Region[f"LEFT_{name}"].code, Region[f"RIGHT_{name}"].code
        swap[[left, right]] = right, left
    assert (seen.regions == swap[other.regions[:, ::-1]]).mean() > 0.98
    names = list(LANDMARKS)
    partner = [names.index(_other_side(name)) for name in names]
    back = other.landmarks[partner] * [-1, 1, 1] + [96, 0, 0]
    assert np.allclose(back, seen.landmarks, atol=0.05)


def _other_side(name: str) -> str:
    if name.startswith("left_"):
        return name.replace("left_", "right_")
    return name.replace("right_", "left_")


@FEW
@given(seeds, st.floats(-65, 65), tilts)
def test_landmarks_that_are_seen_lie_in_their_part(seed: int, yaw: float, pitch: float) -> None:
    shape = replace(person(seed), hair=HairStyle(), glasses=None)
    seen = shot(shape, yaw, pitch, side=256)
    for (name, mark), (x, y, _), visible in zip(LANDMARKS.items(), seen.landmarks, seen.visible, strict=True):
        # On a part's rim the pixel itself may be the neighbour; on the head's outline all of them.
        row, column = int(y), int(x)
        around = seen.parts[max(row - 4, 0) : row + 5, max(column - 4, 0) : column + 5]
        if visible and SegmentationClass.BACKGROUND not in around:
            assert mark.part in around, name


@FEW
@given(seeds, st.floats(-45, 45), tilts, st.floats(0, 1))
def test_a_place_keeps_its_uv(seed: int, yaw: float, pitch: float, smile: float) -> None:
    shape = replace(person(seed), hair=HairStyle(), glasses=None)
    front, turned = shot(shape, 0, side=256), shot(shape, yaw, pitch, side=256, smile=smile)
    for name in ("nasion", "left_cheek", "right_cheek", "chin", "glabella"):
        k = list(LANDMARKS).index(name)
        if _faces_camera(front, k) and _faces_camera(turned, k):
            (here, step), (there, other_step) = _uv_at(front, k), _uv_at(turned, k)
            assert np.abs(here - there).max() < 1.5 * (step + other_step), name


def _faces_camera(seen: Buffers, k: int) -> bool:
    if not seen.visible[k]:
        return False
    column, row = seen.landmarks[k, :2].astype(int)
    here = abs(float(seen.depth_mm[row, column] - seen.landmarks[k, 2])) < 3
    return here and bool(seen.skin[row, column]) and float(seen.normals[row, column, 2]) > 0.35


def _uv_at(seen: Buffers, k: int) -> tuple[np.ndarray, float]:
    """The place's uv in a picture, and by how much it changes from pixel to pixel there."""
    column, row = seen.landmarks[k, :2].astype(int)
    slant = float(seen.normals[row, column, 2])
    unit_mm = min(np.linalg.norm(along[row, column]) for along in (seen.along_u, seen.along_v))
    return seen.uv[row, column], float(seen.mm_per_px[row, column]) / slant / float(unit_mm)


@FEW
@given(seeds, yaws)
def test_size_does_not_change_shares(seed: int, yaw: float) -> None:
    small, large = shot(person(seed), yaw, side=80), shot(person(seed), yaw, side=160)
    for part in SegmentationClass:
        assert abs((small.parts == part).mean() - (large.parts == part).mean()) < 0.012, part.name


@FEW
@given(seeds, st.floats(-40, 40), st.lists(lights, min_size=1, max_size=3), st.floats(1, 3))
def test_more_light_never_darkens(seed: int, yaw: float, lamps: list[SceneLight], times: float) -> None:
    seen = shot(person(seed), yaw, side=64)
    some = tuple(lamps)
    reaching = shadows(seen, some)
    assert ((reaching >= 0) & (reaching <= 1)).all()
    brighter = tuple(replace(light, strength=light.strength * times) for light in some)
    for kind in (irradiance, specular):
        before, after = kind(seen, some, reaching=reaching), kind(seen, brighter, reaching=reaching)
        assert (before >= 0).all()
        assert (after >= before - 1e-6).all()
        assert np.allclose(after, before * times, rtol=1e-3, atol=1e-5)
    facing = irradiance(seen, some, reaching=reaching)
    assert (facing <= [light.strength * 1.001 for light in some]).all()


@FEW
@given(seeds, st.floats(-60, 60), lights)
def test_a_mirrored_scene_has_mirrored_light(seed: int, yaw: float, light: SceneLight) -> None:
    shape = replace(person(seed), glasses=None)
    other_light = replace(light, towards=(-light.towards[0], *light.towards[1:]))
    seen, other = shot(shape, yaw), shot(mirrored(shape), -yaw)
    here, there = irradiance(seen, (light,))[..., 0], irradiance(other, (other_light,))[:, ::-1, 0]
    assert np.abs(here - there).mean() < 0.02 * light.strength


@FEW
@given(seeds, yaws, st.floats(0, 1))
def test_the_same_seed_gives_the_same_picture(seed: int, yaw: float, smile: float) -> None:
    first, again = (shot(person(seed), yaw, smile=smile, side=48) for _ in range(2))
    for name in ("parts", "paint", "cover", "normals", "open_sky"):
        assert np.array_equal(getattr(first, name), getattr(again, name)), name


@FEW
@given(seeds, st.floats(-30, 30))
def test_half_the_span_shows_twice_the_size(seed: int, yaw: float) -> None:
    head: HeadGeometry = build_head(person(seed))
    pose = Pose(yaw_deg=yaw, pitch_deg=0.0, roll_deg=0.0)
    wide = Framing(middle_mm=(0, -20, 0), span_mm=300)
    close = replace(wide, span_mm=150)
    seen = render(head, Viewpoint(pose=pose, framing=wide), (120, 120))
    near = render(head, Viewpoint(pose=pose, framing=close), (120, 120))
    inner = seen.landmarks[:, :2] - 60
    assert np.allclose(near.landmarks[:, :2] - 60, 2 * inner, atol=0.05)
