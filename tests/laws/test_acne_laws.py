"""What holds of acne whatever was found: mirrors, scales, the order of boxes, the order of scales."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dermis.core import Box, CropFrame, Encoding, Face, Lesions, Photo, Region, SegmentationClass, Skin, View
from dermis.tasks import TASKS
from dermis.tasks.acne.assign import place_lesions
from dermis.tasks.acne.hayashi import grade_of_count
from dermis.tasks.acne.iga import iga_of
from fakes.products import LESION_TASKS, measured

SIDE = 48
SWAPPED = {
    Region.LEFT_CHEEK: Region.RIGHT_CHEEK, Region.RIGHT_CHEEK: Region.LEFT_CHEEK,
    Region.LEFT_UNDER_EYE: Region.RIGHT_UNDER_EYE, Region.RIGHT_UNDER_EYE: Region.LEFT_UNDER_EYE,
}  # fmt: skip


def made(*, mirrored=False, factor=1):
    """A face of blocks: forehead above, right cheek, nose, left cheek in the middle, chin below; hair on top."""
    regions = np.zeros((SIDE, SIDE), np.uint8)
    regions[6:18, 8:40] = Region.FOREHEAD.code
    regions[18:34, 4:18] = Region.RIGHT_CHEEK.code
    regions[18:34, 20:28] = Region.NOSE.code
    regions[18:34, 30:44] = Region.LEFT_CHEEK.code
    regions[36:44, 16:32] = Region.CHIN.code
    parts = np.full((SIDE, SIDE), SegmentationClass.FACE_SKIN, np.uint8)
    parts[:4] = SegmentationClass.HAIR
    if mirrored:
        swap = np.arange(len(Region), dtype=np.uint8)
        for one, other in SWAPPED.items():
            swap[one.code] = other.code
        regions, parts = swap[regions[:, ::-1]], parts[:, ::-1]
    frame = CropFrame(x_px=0, y_px=0, width=SIDE, height=SIDE, factor=factor)
    skin = parts == SegmentationClass.FACE_SKIN
    face = Face(
        frame=frame, box=Box(x_px=0, y_px=0, width_px=SIDE * factor, height_px=SIDE * factor), landmarks=None,
        pose=None, view=View.FRONT, segmentation=np.ascontiguousarray(parts), regions=np.ascontiguousarray(regions),
        skin=np.ascontiguousarray(skin), face_width_px=40.0 * factor,
    )  # fmt: skip
    seen = Skin(
        linear=np.full((SIDE, SIDE, 3), 0.4, np.float32), visible=face.skin, measured=face.skin, regions=face.regions,
        excluded={}, view=View.FRONT, light_known=False,
    )  # fmt: skip
    return face, seen


def lesions(places, scores, *, mirrored=False, factor=1, size=3.0):
    places = np.asarray(places, np.float64).reshape(-1, 2)
    if mirrored:
        places = np.stack([SIDE - places[:, 0], places[:, 1]], axis=1)
    density = np.zeros((SIDE, SIDE), np.float32)
    for x, y in places:
        density[min(int(y), SIDE - 1), min(int(np.ceil(x) - 1 if mirrored else x), SIDE - 1)] += 1
    scaled = places * factor
    half = size * factor / 2
    return Lesions(
        boxes_px=np.concatenate([scaled - half, scaled + half], axis=1).astype(np.float32),
        scores=np.asarray(scores, np.float32), density=density, density_inclusive=density,
        area=Box(x_px=0, y_px=0, width_px=SIDE * factor, height_px=SIDE * factor), model="hand-made@1",
    )  # fmt: skip


spots = st.lists(
    st.tuples(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1), st.sampled_from([0.55, 0.6, 0.7, 0.8, 0.9])),
    max_size=12,
    unique_by=lambda spot: spot[:2],
)


def answers(face, skin, found):
    placed = place_lesions(found, face, skin)
    return placed, {(f.task, f.region): f for name in LESION_TASKS for f in measured(name, lesions=placed)}


@settings(max_examples=30)
@given(spots)
def test_a_mirrored_face_has_the_same_counts_with_its_sides_swapped(found):
    regions = made()[0].regions  # between two regions, equally near, either may win
    found = [spot for spot in found if regions[spot[1], spot[0]]]
    places = [(x + 0.5, y + 0.5) for x, y, _ in found]
    scores = [score for *_, score in found]
    one, said = answers(*made(), lesions(places, scores))
    other, mirrored = answers(*made(mirrored=True), lesions(places, scores, mirrored=True))
    for region in Region:
        partner = SWAPPED.get(region, region)
        assert one.counts[region] == other.counts[partner]
    assert {(task, SWAPPED.get(region, region)): f.value for (task, region), f in said.items()} == {
        key: f.value for key, f in mirrored.items()
    }
    assert len(one.items) == len(other.items)


@settings(max_examples=30)
@given(spots, st.integers(2, 5))
def test_a_larger_photo_of_the_same_face_has_the_same_answers(found, factor):
    places = [(x + 0.5, y + 0.5) for x, y, _ in found]
    scores = [score for *_, score in found]
    one, said = answers(*made(), lesions(places, scores))
    other, larger = answers(*made(factor=factor), lesions(places, scores, factor=factor))
    assert [item.region for item in one.items] == [item.region for item in other.items]
    for item, big in zip(one.items, other.items, strict=True):
        np.testing.assert_allclose(item.size_face_widths, big.size_face_widths, rtol=1e-5)
    for key, finding in said.items():
        np.testing.assert_allclose(finding.value, larger[key].value, rtol=1e-5)


@settings(max_examples=30)
@given(spots, st.randoms(use_true_random=False))
def test_the_order_of_boxes_does_not_matter(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    results = []
    for order in (found, shuffled):
        places = [(x + 0.5, y + 0.5) for x, y, _ in order]
        placed, said = answers(*made(), lesions(places, [score for *_, score in order]))
        results.append((placed.items, {key: finding.value for key, finding in said.items()}))
    assert results[0] == results[1]


@settings(max_examples=30)
@given(spots)
def test_values_lie_on_their_scales_and_in_their_intervals(found):
    places = [(x + 0.5, y + 0.5) for x, y, _ in found]
    placed, said = answers(*made(), lesions(places, [score for *_, score in found]))
    for (task, region), finding in said.items():
        scale = TASKS[task].scale
        assert region in TASKS[task].regions
        if hasattr(scale, "highest"):
            assert scale.lowest <= finding.value <= scale.highest
        if finding.interval is not None:
            assert finding.interval[0] <= finding.value <= finding.interval[1]
    assert all(item.region is not Region.FACE or placed.seen for item in placed.items)
    assert placed.counts[Region.FACE] + placed.beside == len(found)


@given(st.floats(0, 300), st.floats(0, 300))
def test_more_lesions_are_never_milder(one, other):
    few, many = sorted((one, other))
    assert grade_of_count(few) <= grade_of_count(many)
    assert iga_of(few, 0, 0.1) <= iga_of(many, 0, 0.1)


@given(st.integers(0, 5), st.floats(0, 1), st.floats(0, 1))
def test_more_of_the_face_is_never_milder(large, one, other):
    less, more = sorted((one, other))
    assert iga_of(3, large, less) <= iga_of(3, large, more)
    assert iga_of(3, large, less) <= iga_of(3, large + 1, less)


def test_a_photo_of_one_pixel_has_no_lesions():
    photo = Photo(pixels=np.zeros((1, 1, 3), np.float32), encoding=Encoding.SRGB)
    frame = CropFrame(x_px=0, y_px=0, width=1, height=1, factor=1)
    face = Face(
        frame=frame, box=None, landmarks=None, pose=None, view=View.CLOSE_UP, segmentation=np.zeros((1, 1), np.uint8),
        regions=np.zeros((1, 1), np.uint8), skin=np.zeros((1, 1), bool),
    )  # fmt: skip
    skin = Skin(
        linear=photo.pixels, visible=face.skin, measured=face.skin, regions=face.regions, excluded={},
        view=View.CLOSE_UP, light_known=False,
    )  # fmt: skip
    placed = place_lesions(lesions([(0.5, 0.5)], [0.9]), face, skin)
    assert (placed.items, placed.counts[Region.FACE], placed.involved) == ((), 0.0, 0.0)


@settings(max_examples=20)
@given(st.integers(300, 700), st.integers(5, 700), st.integers(0, 10_000))
def test_frames_of_any_shape_are_looked_up(width, height, seed):
    rng = np.random.default_rng(seed)
    parts = np.full((height, width), SegmentationClass.FACE_SKIN, np.uint8)
    face = Face(
        frame=CropFrame(x_px=3, y_px=7, width=width, height=height, factor=2),
        landmarks=None, pose=None, view=View.LEFT,
        box=Box(x_px=3, y_px=7, width_px=2 * width, height_px=2 * height), segmentation=parts,
        regions=np.full((height, width), Region.LEFT_CHEEK.code, np.uint8), skin=np.ones((height, width), bool),
        face_width_px=float(width),
    )  # fmt: skip
    linear = np.full((height, width, 3), 0.4, np.float32)
    skin = Skin(
        linear=linear, visible=face.skin, measured=face.skin, regions=face.regions, excluded={}, view=View.LEFT,
        light_known=False,
    )  # fmt: skip
    places = rng.uniform(0, 1, (5, 2)) * (2 * width - 1e-3, 2 * height - 1e-3) + (3, 7)
    found = Lesions(
        boxes_px=np.concatenate([places - 4, places + 4], axis=1).astype(np.float32),
        scores=np.full(5, 0.9, np.float32),
        density=np.full((5, 7), 0.1, np.float32), density_inclusive=np.full((5, 7), 0.2, np.float32),
        area=Box(x_px=3, y_px=7, width_px=2 * width, height_px=2 * height), model="hand-made@1",
    )  # fmt: skip
    placed = place_lesions(found, face, skin)
    assert len(placed.items) == 5
    assert {item.region for item in placed.items} == {Region.LEFT_CHEEK}
    np.testing.assert_allclose(placed.counts[Region.LEFT_CHEEK], 3.5, rtol=1e-5)
    assert placed.heat.shape == (height, width)
    assert np.isfinite(placed.heat).all()
