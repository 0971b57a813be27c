"""Light on heads: shadows fall where they must, hollows are darker, relief bends normals."""

from __future__ import annotations

import numpy as np
import pytest

from dermis.core import Region, SegmentationClass
from dermis.lab.synth.camera.render import Buffers, render
from dermis.lab.synth.camera.shading import SceneLight, irradiance, relief_normals, shadows, specular
from dermis.lab.synth.camera.viewpoint import FRAMINGS, Viewpoint
from dermis.lab.synth.head.ambient_occlusion import depth_map, lit
from dermis.lab.synth.head.head import Expression, HeadShape, build_head
from dermis.lab.synth.head.uv_atlas import places
from dermis.lab.synth.skin.wrinkles import wrinkles

FRONT = SceneLight(towards=(0, 0, 1), size_deg=2)


@pytest.fixture(scope="module")
def face() -> Buffers:
    return render(build_head(HeadShape()), Viewpoint(framing=FRAMINGS["face"]), (160, 160))


def mean(values: np.ndarray, where: np.ndarray) -> float:
    assert where.any()
    return float(values[where].mean())


def test_light_from_one_side_lights_that_side(face: Buffers) -> None:
    left, right = (face.regions == region.code for region in (Region.LEFT_CHEEK, Region.RIGHT_CHEEK))
    arrives = irradiance(face, (SceneLight(towards=(1, 0.2, 0.3)), SceneLight(towards=(-1, 0.2, 0.3))))
    assert mean(arrives[..., 0], left) > 4 * mean(arrives[..., 0], right)
    assert mean(arrives[..., 1], right) == pytest.approx(mean(arrives[..., 0], left), rel=0.1)


def test_light_from_behind_leaves_the_face_dark(face: Buffers) -> None:
    arrives = irradiance(face, (SceneLight(towards=(0, 0.1, -1)),))[..., 0]
    assert mean(arrives, face.parts == SegmentationClass.NOSE) < 0.02


def test_a_face_lit_from_the_front_sends_back_about_one(face: Buffers) -> None:
    arrives = irradiance(face, (FRONT,))[..., 0]
    assert 0.8 < mean(arrives, face.regions == Region.FOREHEAD.code) <= 1.0


def test_light_from_above_is_kept_from_sockets_and_neck() -> None:
    face = render(build_head(HeadShape()), Viewpoint(), (200, 200))
    high = (SceneLight(towards=(0, 1, 0.35), size_deg=1),)
    reaching = shadows(face, high)[..., 0]
    neck = (face.parts == SegmentationClass.OTHER_SKIN) & (np.abs(np.arange(200) - 100) < 12)[None, :]
    assert mean(reaching, face.regions == Region.FOREHEAD.code) > 0.95
    assert mean(reaching, neck & (np.arange(200) < 185)[:, None]) < 0.4
    under = mean(irradiance(face, high)[..., 0], face.regions == Region.LEFT_UNDER_EYE.code)
    assert under < 0.7 * mean(irradiance(face, high)[..., 0], face.regions == Region.FOREHEAD.code)


def test_the_sky_is_hidden_in_hollows(face: Buffers) -> None:
    row = np.arange(160)[:, None] + np.zeros((160, 160))
    nose, lips = face.parts == SegmentationClass.NOSE, face.parts == SegmentationClass.LIPS
    below_nose = (face.parts == SegmentationClass.FACE_SKIN) & (row > row[nose].max()) & (row < row[lips].min())
    below_nose &= np.abs(np.arange(160) - 80)[None, :] < 4
    assert mean(face.open_sky, below_nose) < mean(face.open_sky, face.regions == Region.FOREHEAD.code) - 0.1
    assert 0 < face.open_sky.min() <= face.open_sky.max() <= 1


def test_a_wall_shades_what_is_behind_it() -> None:
    side = np.linspace(-50, 50, 101)
    wall = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    wall = np.column_stack([wall, np.zeros(len(wall))]).astype(np.float32)
    normals = np.tile(np.array([0, 0, 1], np.float32), (len(wall), 1))
    seen = depth_map(wall, normals, np.array([0, 0, 1], np.float32))
    points = np.array([[0, 0, -30], [0, 0, 30], [0, 0, 0]], np.float32)
    assert lit(points, normals[:3], seen).tolist() == [0, 1, 1]


def test_highlights_lie_where_the_mirror_points(face: Buffers) -> None:
    shine = specular(face, (SceneLight(towards=(0, 0, 1), size_deg=5),))[..., 0]
    skin = face.skin
    facing = face.normals[..., 2]
    assert mean(shine, skin & (facing > 0.97)) > 5 * mean(shine, skin & (facing < 0.7))
    assert shine.min() >= 0


def test_rougher_skin_shines_wider_and_weaker(face: Buffers) -> None:
    light = (SceneLight(towards=(0, 0.3, 1), size_deg=2),)
    sleek, dull = (
        specular(face, light, roughness=np.full(face.shape, rough, np.float32))[..., 0][face.skin]
        for rough in (0.25, 0.6)
    )
    assert sleek.max() > 2 * dull.max()
    assert (sleek > 0.3 * sleek.max()).sum() < (dull > 0.3 * dull.max()).sum()


def test_large_lights_cast_soft_shadows() -> None:
    face = render(build_head(HeadShape()), Viewpoint(framing=FRAMINGS["face"]), (160, 160))
    hard, soft = (shadows(face, (SceneLight(towards=(0.9, 0.4, 0.5), size_deg=size),))[..., 0] for size in (1, 50))
    between = [((reach > 0.15) & (reach < 0.85) & face.skin).sum() for reach in (hard, soft)]
    assert between[1] > 1.3 * between[0]


def test_flat_skin_keeps_its_normals_and_a_slope_bends_them() -> None:
    face = render(build_head(HeadShape(age_years=20)), Viewpoint(framing=FRAMINGS["face"]), (160, 160))
    flat = relief_normals(face, np.zeros((512, 512), np.float32))
    cheek = face.regions == Region.LEFT_CHEEK.code
    assert np.abs(flat - face.normals)[cheek].max() < 1e-3
    # Higher to the person's left by one millimetre in ten: normals turn away from there, about 6 degrees.
    slope = (places(512, 512)[..., 0] * 0.1).astype(np.float32)
    turned = relief_normals(face, slope)
    middle = cheek & (face.normals[..., 2] > 0.8)
    assert mean(face.normals[..., 0] - turned[..., 0], middle) == pytest.approx(0.1, abs=0.035)
    assert np.allclose(np.linalg.norm(turned, axis=-1), 1, atol=1e-4)


def test_lines_deepen_with_age_and_smile() -> None:
    texels = (256, 256)
    young, old = (wrinkles(HeadShape(age_years=age), Expression(), texels) for age in (20, 70))
    smiling = wrinkles(HeadShape(age_years=70), Expression(smile=1.0), texels)
    assert old.min() < young.min() - 0.1
    assert (smiling <= old + 1e-6).all()
    assert (smiling < old - 0.05).any()
    assert old.max() <= 0


def test_no_light_is_dark(face: Buffers) -> None:
    off = (SceneLight(towards=(0, 0, 1), strength=0.0), SceneLight(towards=(0, 1, 0), size_deg=180, strength=0.0))
    assert not irradiance(face, off).any()
    assert not specular(face, off).any()
