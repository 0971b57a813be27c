"""Heads: true sizes, traits that do what their names say, landmarks, views."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dermis.core import Pose, Region, SegmentationClass
from dermis.lab.synth.camera.render import Buffers, render, sample
from dermis.lab.synth.camera.viewpoint import FRAMINGS, Viewpoint, draw_viewpoint
from dermis.lab.synth.head.accessories import Glasses
from dermis.lab.synth.head.anatomy import LANDMARKS
from dermis.lab.synth.head.base_head import distance
from dermis.lab.synth.head.hair import HairStyle
from dermis.lab.synth.head.head import Expression, HeadGeometry, HeadShape, build_head, draw_head
from dermis.lab.synth.head.mesh import MeshPatch
from dermis.lab.synth.head.uv_atlas import eye_opening, places, template, trace


def place(head: HeadGeometry, name: str) -> np.ndarray:
    return head.landmarks[list(LANDMARKS).index(name)]


def apart(head: HeadGeometry, first: str, second: str) -> float:
    return float(np.linalg.norm(place(head, first) - place(head, second)))


def look(head: HeadGeometry, yaw_deg: float = 0, pitch_deg: float = 0, roll_deg: float = 0, side: int = 160) -> Buffers:
    pose = Pose(yaw_deg=yaw_deg, pitch_deg=pitch_deg, roll_deg=roll_deg)
    return render(head, Viewpoint(pose=pose), (side, side))


def mark(buffers: Buffers, name: str) -> np.ndarray:
    return buffers.landmarks[list(LANDMARKS).index(name)]


def across(buffers: Buffers, name: str) -> float:
    return float(mark(buffers, f"left_{name}")[0] - mark(buffers, f"right_{name}")[0])


@pytest.fixture(scope="module")
def average() -> HeadGeometry:
    return build_head(HeadShape())


def test_the_template_lies_on_the_surface() -> None:
    points = template().points
    gap = np.abs(distance(points))[eye_opening(points) < -0.5]
    assert np.percentile(gap, 99.9) < 0.05
    face = np.abs(distance(points))[(eye_opening(points) < -0.5) & (points[..., 2] > 0) & (points[..., 1] > -115)]
    assert face.max() < 0.1


def test_maps_of_the_square_lie_on_the_surface() -> None:
    rest = places(40, 40)
    centre = (np.arange(40) + 0.5) / 40
    gap = np.linalg.norm(rest - trace(centre, centre), axis=-1)
    assert np.median(gap) < 0.05
    assert np.percentile(gap, 95) < 1.5


def test_the_average_head_has_adult_sizes(average: HeadGeometry) -> None:
    # Ranges of adult means in facial anthropometry, mm.
    assert 58 < apart(average, "left_pupil", "right_pupil") < 68
    assert 29 < apart(average, "left_eye_inner", "right_eye_inner") < 40
    assert 31 < apart(average, "left_ala", "right_ala") < 39
    assert 45 < apart(average, "left_mouth_corner", "right_mouth_corner") < 57
    assert 128 < apart(average, "left_tragion", "right_tragion") < 150
    assert 100 < place(average, "nasion")[1] - place(average, "chin")[1] < 125
    body = average.skin.points[average.skin.patch == MeshPatch.BODY]
    assert 135 < np.ptp(body[body[:, 1] > -20][:, 0]) < 160
    assert 175 < np.ptp(body[np.abs(body[:, 1] - 30) < 10][:, 2]) < 205


def test_the_average_head_is_the_same_left_and_right(average: HeadGeometry) -> None:
    for name in LANDMARKS:
        if name.startswith("left_"):
            other = place(average, name.replace("left_", "right_"))
            assert np.allclose(place(average, name) * [-1, 1, 1], other, atol=1e-3)


@pytest.mark.parametrize(
    ("trait", "ends"),
    [
        ("eye_spacing", ("left_pupil", "right_pupil")),
        ("nose_width", ("left_ala", "right_ala")),
        ("mouth_width", ("left_mouth_corner", "right_mouth_corner")),
        ("face_width", ("left_tragion", "right_tragion")),
        ("eye_opening", ("left_eye_top", "left_eye_bottom")),
        ("lip_fullness", ("upper_lip", "lower_lip")),
        ("chin_length", ("nasion", "chin")),
        ("nose_length", ("nasion", "nose_tip")),
    ],
)
def test_a_trait_of_one_millimetre_moves_about_one(average: HeadGeometry, trait: str, ends: tuple[str, str]) -> None:
    grown = build_head(HeadShape(traits={trait: 1.0}))
    assert 0.5 < apart(grown, *ends) - apart(average, *ends) < 2.1


def test_an_unknown_trait_is_refused() -> None:
    with pytest.raises(ValueError, match="nose_colour"):
        HeadShape(traits={"nose_colour": 1.0})


def test_a_smile_lifts_and_widens_the_mouth(average: HeadGeometry) -> None:
    smiling = build_head(HeadShape(), Expression(smile=1.0))
    ends = ("left_mouth_corner", "right_mouth_corner")
    assert apart(smiling, *ends) > apart(average, *ends) + 6
    assert place(smiling, ends[0])[1] > place(average, ends[0])[1] + 3
    assert np.allclose(place(smiling, "trichion"), place(average, "trichion"), atol=0.1)
    assert np.array_equal(smiling.skin.uv, average.skin.uv)


def test_heads_are_drawn_by_seed_and_differ() -> None:
    first, again, other = (draw_head(np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert first == again
    assert first != other
    shapes = [draw_head(np.random.default_rng(seed)) for seed in range(40)]
    widths = [shape.traits["nose_width"] for shape in shapes]
    assert np.std(widths) > 1.5
    assert any(shape.hair.long for shape in shapes)
    assert any(shape.hair.beard > 0 for shape in shapes)
    assert any(shape.hair.top_mm == 0 for shape in shapes)


def test_dark_skin_goes_with_dark_hair_and_eyes() -> None:
    shapes = {
        fraction: [draw_head(np.random.default_rng(s), age_years=30, melanosome_fraction=fraction) for s in range(60)]
        for fraction in (0.01, 0.3)
    }
    blue = {fraction: np.mean([shape.iris[2] > 0.05 for shape in some]) for fraction, some in shapes.items()}
    bright = {fraction: np.mean([shape.hair.colour[0] > 0.06 for shape in some]) for fraction, some in shapes.items()}
    assert blue[0.01] > 0.2 > blue[0.3] == 0
    assert bright[0.01] > bright[0.3]
    nose = [np.mean([shape.traits["nose_width"] for shape in some]) for some in shapes.values()]
    assert nose[0] == pytest.approx(nose[1])


def test_the_eyeballs_are_round_and_lie_behind_the_lids() -> None:
    head = build_head(draw_head(np.random.default_rng(8)))
    body = head.skin.patch == MeshPatch.BODY
    slit, rest = eye_opening(head.skin.rest[body]), head.skin.rest[body]
    left = (slit > 1.5) & (rest[:, 0] > 0)
    reach = np.linalg.norm(head.skin.points[body][left] - head.eyes[1], axis=1)
    assert left.sum() > 50
    assert np.percentile(np.abs(reach - 13.0), 90) < 0.3
    lid = (slit < -0.3) & (slit > -4) & (rest[:, 0] > 0)
    assert np.linalg.norm(head.skin.points[body][lid] - head.eyes[1], axis=1).min() > 13.5


def test_turning_to_their_left_shows_their_right_cheek(average: HeadGeometry) -> None:
    regions = look(average, yaw_deg=40).regions
    right, left = ((regions == region.code).sum() for region in (Region.RIGHT_CHEEK, Region.LEFT_CHEEK))
    assert right > 2 * left
    assert look(average, yaw_deg=90).visible[list(LANDMARKS).index("right_eye_outer")]
    assert not look(average, yaw_deg=90).visible[list(LANDMARKS).index("left_eye_outer")]


def test_looking_up_and_leaning(average: HeadGeometry) -> None:
    level, up, lean = look(average), look(average, pitch_deg=20), look(average, roll_deg=15)
    assert (
        mark(up, "nose_tip")[1] - mark(up, "left_pupil")[1] < mark(level, "nose_tip")[1] - mark(level, "left_pupil")[1]
    )
    # Clockwise: the crown goes right, so the eye on the right of the picture, their left, goes down.
    assert mark(lean, "left_pupil")[1] > mark(lean, "right_pupil")[1] + 3
    assert mark(level, "left_pupil")[0] > mark(level, "right_pupil")[0]


def test_pixels_measure_what_the_head_measures(average: HeadGeometry) -> None:
    buffers = look(average, side=200)
    left, right = mark(buffers, "left_pupil"), mark(buffers, "right_pupil")
    row, column = left[1].astype(int), left[0].astype(int)
    seen_mm = (left - right)[0] * buffers.mm_per_px[row, column]
    assert seen_mm == pytest.approx(apart(average, "left_pupil", "right_pupil"), rel=0.03)


def test_parts_and_regions_are_where_they_belong(average: HeadGeometry) -> None:
    buffers = look(average, side=256)
    row, column = np.mgrid[:256, :256]

    def middle(where: np.ndarray) -> tuple[float, float]:
        assert where.any()
        return float(row[where].mean()), float(column[where].mean())

    eyes, nose, lips = (
        middle(buffers.parts == part)
        for part in (SegmentationClass.EYES, SegmentationClass.NOSE, SegmentationClass.LIPS)
    )
    forehead, chin = (middle(buffers.regions == region.code) for region in (Region.FOREHEAD, Region.CHIN))
    assert forehead[0] < eyes[0] < nose[0] < lips[0] < chin[0]
    assert middle(buffers.regions == Region.LEFT_CHEEK.code)[1] > 140
    assert middle(buffers.regions == Region.RIGHT_CHEEK.code)[1] < 116
    assert (buffers.parts == SegmentationClass.BACKGROUND).any()
    assert not buffers.regions[~np.isin(buffers.parts, (SegmentationClass.FACE_SKIN, SegmentationClass.NOSE))].any()


def test_hair_beard_and_glasses_have_their_parts() -> None:
    style = HairStyle(top_mm=20, sides_mm=12, long=True, beard=0.9)
    head = build_head(HeadShape(hair=style, glasses=Glasses()))
    bald = build_head(HeadShape())
    dressed, bare = look(head), look(bald)
    for part in (SegmentationClass.HAIR, SegmentationClass.FACIAL_HAIR, SegmentationClass.OCCLUDER):
        assert (dressed.parts == part).sum() > (bare.parts == part).sum() + 40
    assert dressed.skin.sum() < bare.skin.sum()
    assert np.isnan(dressed.uv[dressed.parts == SegmentationClass.OCCLUDER]).all()


def test_a_mark_keeps_its_place_on_the_square(average: HeadGeometry) -> None:
    spot = np.zeros((256, 256), np.float32)
    rest = places(256, 256)
    spot[np.linalg.norm(rest - [42, -40, 74], axis=-1) < 5] = 1
    for yaw, smile in ((0, 0.0), (-35, 0.0), (-35, 1.0)):
        head = build_head(HeadShape(), Expression(smile=smile))
        seen = sample(spot, look(head, yaw_deg=yaw)) > 0.5
        assert seen.any()
        assert (look(head, yaw_deg=yaw).regions[seen] == Region.LEFT_CHEEK.code).mean() > 0.9


def test_sampling_keeps_constants_and_means(average: HeadGeometry) -> None:
    buffers = look(average)
    here = np.isfinite(buffers.uv[..., 0])
    assert np.allclose(sample(np.full((64, 48), 0.3, np.float32), buffers)[here], 0.3, atol=1e-6)
    assert not sample(np.ones((64, 48), np.float32), buffers)[~here].any()
    ramp = np.broadcast_to((np.arange(512) + 0.5) / 512, (512, 512)).astype(np.float32)
    assert np.abs(sample(ramp, buffers) - buffers.uv[..., 0])[here].max() < 4e-3
    # Far finer than a pixel: nothing but the mean is left.
    noise = np.random.default_rng(0).integers(0, 2, (2048, 2048)).astype(np.float32)
    assert sample(noise, buffers)[here].std() < 0.2
    assert sample(np.full((1, 1), 2.0, np.float32), buffers)[here].mean() == 2


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (31, 50), (64, 17)])
def test_awkward_pictures(average: HeadGeometry, shape: tuple[int, int]) -> None:
    buffers = render(replace(average, glasses=None), Viewpoint(framing=FRAMINGS["right_cheek"]), shape)
    assert buffers.shape == shape
    assert buffers.skin.any()
    assert np.isfinite(buffers.normals).all()


def test_viewpoints_are_drawn_within_their_bounds() -> None:
    rng = np.random.default_rng(2)
    drawn = [draw_viewpoint(rng, name, yaw_deg=yaw) for name in FRAMINGS for yaw in (-90, 0, 60)]
    assert all(-90 <= one.pose.yaw_deg <= 90 and abs(one.pose.pitch_deg) <= 25 for one in drawn)
    assert all(300 <= one.distance_mm <= 600 for one in drawn)
    assert draw_viewpoint(np.random.default_rng(3)) == draw_viewpoint(np.random.default_rng(3))


def test_nearer_cameras_make_larger_noses(average: HeadGeometry) -> None:
    near, far = (render(average, Viewpoint(distance_mm=distance_mm), (200, 200)) for distance_mm in (300, 2000))
    share = [across(b, "ala") / across(b, "jaw_angle") for b in (near, far)]
    assert share[0] > share[1] * 1.05
