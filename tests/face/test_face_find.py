"""The whole way from a photo to a face, on people who do not exist."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from PIL import Image

from dermis.colour.srgb import decode, encode
from dermis.core import Encoding, Face, Photo, Region, SegmentationClass, View, region_mask
from dermis.errors import ModelMissing, UsageError
from dermis.face.crop import to_frame
from dermis.face.find import find_face, models_used
from dermis.face.landmarks import CHEEKS, EYES, FOREHEAD_EDGE, LIPS
from dermis.models import registry

PEOPLE = ("P003_studio", "P005_studio", "P009_selfie")


@pytest.fixture(scope="module", autouse=True)
def portraits(models: None) -> None:
    try:
        registry.fetch(PEOPLE[0])
    except ModelMissing as error:
        pytest.skip(f"portraits cannot be fetched: {error}")


@lru_cache
def _pixels(name: str, long_side: int = 720) -> np.ndarray:
    with Image.open(registry.fetch(name)) as image:
        image.thumbnail((long_side, long_side))
        return np.asarray(image.convert("RGB"), dtype=np.float32) / 255


def _photo(pixels: np.ndarray, encoding: Encoding = Encoding.SRGB) -> Photo:
    return Photo(pixels=np.ascontiguousarray(pixels, dtype=np.float32), encoding=encoding)


@lru_cache
def _found(name: str) -> Face:
    face = find_face(_photo(_pixels(name)))
    assert face is not None
    return face


def _centre(face: Face) -> np.ndarray:
    assert face.landmarks is not None
    return face.landmarks[:, :2].mean(axis=0)


def _darkened(pixels: np.ndarray, gains: tuple[float, float, float]) -> np.ndarray:
    return encode(np.clip(decode(pixels) * np.array(gains, dtype=np.float32), 0, 1))


@pytest.mark.parametrize("name", PEOPLE)
def test_a_portrait_is_found_with_all_its_regions(name):
    face = _found(name)
    assert face.view is View.FRONT
    assert face.pose is not None
    assert abs(face.pose.yaw_deg) < 15
    assert face.others == ()
    assert all(region_mask(face.regions, region).any() for region in Region)
    assert face.skin[face.regions > 0].all()


@pytest.mark.parametrize("name", PEOPLE)
def test_skin_is_skin(name):
    """Cheeks and forehead are measured; eyes and lips are not, nor is anything that no part calls skin."""
    face = _found(name)
    points = np.floor(to_frame(face.landmarks, face.frame)).astype(int)
    at = {what: face.skin[points[list(what), 1], points[list(what), 0]] for what in (LIPS, *EYES)}
    assert not any(seen.any() for seen in at.values())
    upper_cheek = points[list(CHEEKS[0][2:6]) + list(CHEEKS[1][2:6])]
    assert face.skin[upper_cheek[:, 1], upper_cheek[:, 0]].all()
    assert np.isin(
        face.segmentation[face.skin],
        (SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN, SegmentationClass.NOSE),
    ).all()
    assert 0.05 < face.skin.mean() < 0.6


def test_hair_and_shirt_are_not_skin():
    face = _found("P003_studio")
    points = to_frame(face.landmarks, face.frame)
    top = points[list(FOREHEAD_EDGE)].min(axis=0)[1]
    assert not face.skin[: int(top * 0.3)].any()
    assert (face.segmentation == SegmentationClass.HAIR).mean() > 0.1
    assert not face.skin[-10:, :10].any()


def test_a_beard_is_not_skin():
    face = _found("P005_studio")
    chin = region_mask(face.regions, Region.CHIN)
    assert (face.segmentation == SegmentationClass.FACIAL_HAIR).sum() > 5 * chin.sum()
    assert not (_found("P003_studio").segmentation == SegmentationClass.FACIAL_HAIR).any()


def test_dark_skin_is_found_as_light_skin_is():
    """The same picture through a filter that turns light skin very dark, black hair blacker still."""
    light = _found("P003_studio")
    dark = find_face(_photo(_darkened(_pixels("P003_studio"), (0.16, 0.1, 0.07))))
    assert dark is not None
    assert np.linalg.norm(_centre(dark) - _centre(light)) < 0.03 * light.face_width_px
    assert _iou(light, dark, (720, 720)) > 0.9


def _iou(one: Face, other: Face, shape: tuple[int, int]) -> float:
    a, b = (_on_photo(face, shape) for face in (one, other))
    return float((a & b).sum() / (a | b).sum())


def _on_photo(face: Face, shape: tuple[int, int]) -> np.ndarray:
    frame, full = face.frame, np.zeros(shape, dtype=np.bool_)
    part = np.kron(face.skin, np.ones((frame.factor, frame.factor), dtype=np.bool_))
    full[frame.y_px : frame.y_px + part.shape[0], frame.x_px : frame.x_px + part.shape[1]] = part
    return full


def test_a_mirrored_person_has_sides_exchanged():
    pixels = _pixels("P009_selfie")
    face, mirrored = _found("P009_selfie"), find_face(_photo(pixels[:, ::-1]))
    assert mirrored is not None
    assert mirrored.pose is not None
    assert mirrored.pose.yaw_deg == pytest.approx(-face.pose.yaw_deg, abs=4)
    assert mirrored.pose.roll_deg == pytest.approx(-face.pose.roll_deg, abs=3)
    for one, other in ((Region.LEFT_CHEEK, Region.RIGHT_CHEEK), (Region.RIGHT_UNDER_EYE, Region.LEFT_UNDER_EYE)):
        here, there = region_mask(face.regions, one).mean(), region_mask(mirrored.regions, other).mean()
        assert here == pytest.approx(there, rel=0.25)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_on_its_side_is_read_all_the_same(quarters):
    pixels = np.rot90(_pixels("P003_studio"), -quarters)  # clockwise
    face, turned = _found("P003_studio"), find_face(_photo(pixels))
    assert turned is not None
    assert turned.pose is not None
    lean = (turned.pose.roll_deg - face.pose.roll_deg - 90 * quarters + 180) % 360 - 180
    assert abs(lean) < 3
    assert turned.face_width_px == pytest.approx(face.face_width_px, rel=0.03)
    upright = _on_photo(face, (720, 720))
    again = np.rot90(_on_photo(turned, (720, 720)), quarters)
    assert (upright & again).sum() / (upright | again).sum() > 0.93


def test_the_largest_of_several_is_taken_and_the_others_are_named():
    large, small = _pixels("P003_studio"), _pixels("P009_selfie", 400)
    height = large.shape[0]
    canvas = np.full((height, large.shape[1] + small.shape[1], 3), 0.5, dtype=np.float32)
    canvas[:, small.shape[1] :] = large
    canvas[: small.shape[0], : small.shape[1]] = small
    face = find_face(_photo(canvas))
    assert face is not None
    assert _centre(face)[0] > small.shape[1]
    assert len(face.others) == 1
    assert face.others[0].x_px < small.shape[1]
    assert face.others[0].width_px < face.box.width_px
    assert not _on_photo(face, canvas.shape[:2])[:, : small.shape[1]].any()


def test_linear_light_gives_the_same_face():
    pixels = _pixels("P003_studio")
    face = find_face(_photo(decode(pixels), Encoding.LINEAR_SRGB))
    assert face is not None
    assert _iou(face, _found("P003_studio"), (720, 720)) > 0.98


def test_the_same_photo_gives_the_same_face():
    again = find_face(_photo(_pixels("P003_studio")))
    face = _found("P003_studio")
    np.testing.assert_array_equal(again.landmarks, face.landmarks)
    np.testing.assert_array_equal(again.skin, face.skin)


def test_a_small_face_in_a_large_photo_is_found():
    small = _pixels("P003_studio", 150)
    canvas = np.full((1500, 2000, 3), 0.45, dtype=np.float32)
    canvas[900:1050, 1700:1850] = small
    face = find_face(_photo(canvas))
    assert face is not None
    assert face.frame.factor == 1
    assert abs(_centre(face) - (1775, 980)).max() < 30
    assert face.face_width_px < 100


def test_a_cheek_alone_is_a_close_up():
    """From under the eye to the jaw: no face to be found, plainly skin."""
    pixels = _pixels("P003_studio", 2048)
    scale = pixels.shape[0] / 720
    face = _found("P003_studio")
    x, y = face.landmarks[205, :2] * scale
    half = int(0.25 * face.face_width_px * scale)
    cheek = pixels[int(y) - half : int(y) + half, int(x) - half : int(x) + half]
    found = find_face(_photo(cheek))
    assert found is not None
    assert found.view is View.CLOSE_UP
    assert (found.box, found.landmarks, found.pose, found.face_width_px) == (None, None, None, None)
    assert found.skin.mean() > 0.5


@pytest.mark.parametrize("gains", [(1.0, 1.0, 1.0), (0.12, 0.07, 0.05)])
def test_bare_skin_of_any_tone_is_measured_when_asked(gains):
    """A forehead has nothing that a network would know: only its user can tell."""
    face = _found("P003_studio")
    pixels = _darkened(_pixels("P003_studio"), gains)
    x, y = face.landmarks[151, :2].astype(int)
    forehead = np.kron(pixels[y - 32 : y + 32, x - 32 : x + 32], np.ones((4, 4, 1), dtype=np.float32))
    found = find_face(_photo(forehead), close_up=True)
    assert found is not None
    assert found.view is View.CLOSE_UP
    assert found.skin.mean() > 0.9


def test_close_up_leaves_out_what_is_not_skin():
    face = _found("P003_studio")
    asked = find_face(_photo(_pixels("P003_studio")), close_up=True)
    assert asked is not None
    assert asked.view is View.CLOSE_UP
    skin, near = _on_photo(asked, (720, 720)), _on_photo(face, (720, 720))
    assert (skin & near).sum() / near.sum() > 0.9
    assert not skin[:20].any()  # the grey wall


def test_a_mask_is_the_skin_and_a_face_lends_the_rest():
    face = _found("P003_studio")
    mask = np.zeros((720, 720), dtype=np.bool_)
    x, y = face.landmarks[50, :2].astype(int)
    mask[y - 20 : y + 20, x - 20 : x + 20] = True
    masked = find_face(_photo(_pixels("P003_studio")), mask=mask)
    assert masked is not None
    assert masked.view is View.FRONT
    np.testing.assert_array_equal(masked.landmarks, face.landmarks)
    np.testing.assert_array_equal(_on_photo(masked, (720, 720)), mask)
    assert set(np.unique(masked.regions)) <= {0, Region.RIGHT_CHEEK.code}


def test_a_mask_without_a_face_is_a_close_up():
    photo = _photo(np.full((300, 200, 3), 0.4, dtype=np.float32))
    mask = np.zeros((300, 200), dtype=np.bool_)
    mask[250:260, 20:120] = True
    found = find_face(photo, mask=mask)
    assert found is not None
    assert found.view is View.CLOSE_UP
    assert (found.frame.x_px, found.frame.y_px, found.frame.width, found.frame.height) == (20, 250, 100, 10)
    assert found.skin.all()
    one = np.zeros((300, 200), dtype=np.bool_)
    one[7, 9] = True
    assert find_face(photo, mask=one).skin.sum() == 1


def test_an_empty_mask_finds_nothing_and_a_wrong_one_is_refused():
    photo = _photo(np.full((30, 20, 3), 0.4, dtype=np.float32))
    assert find_face(photo, mask=np.zeros((30, 20), dtype=np.bool_)) is None
    with pytest.raises(UsageError, match="20 x 30"):
        find_face(photo, mask=np.zeros((20, 30), dtype=np.bool_))


def _wall(red: float, green: float, blue: float) -> np.ndarray:
    light = np.linspace(0.7, 1.1, 320, dtype=np.float32)[None, :, None]
    grain = np.random.default_rng(8).normal(1, 0.01, (240, 320, 1)).astype(np.float32)
    return np.clip(np.array((red, green, blue), dtype=np.float32) * light * grain, 0, 1)


@pytest.mark.parametrize(
    "colour", [(0.85, 0.74, 0.62), (0.86, 0.66, 0.6), (0.45, 0.3, 0.2), (0.22, 0.14, 0.11), (0.93, 0.92, 0.9)]
)
def test_a_wall_of_the_colour_of_skin_is_not_skin(colour):
    assert find_face(_photo(_wall(*colour))) is None


@pytest.mark.parametrize("name", ["chelsea", "coffee", "brick", "immunohistochemistry", "page", "retina", "rocket"])
def test_other_things_are_not_faces(name):
    from skimage import data

    image = np.atleast_3d(getattr(data, name)())[..., :3]
    image = np.asarray(Image.fromarray(np.broadcast_to(image, (*image.shape[:2], 3)).astype(np.uint8)))
    assert find_face(_photo(image[:: 1 + image.shape[0] // 600, :: 1 + image.shape[0] // 600] / 255)) is None


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 1000), (1, 1)])
def test_awkward_photos_end_quietly(height, width):
    pixels = np.random.default_rng(9).random((height, width, 3), dtype=np.float32)
    assert find_face(_photo(pixels)) is None


def test_the_networks_are_named_with_their_versions():
    assert set(models_used()) == {row.name for row in registry.MODELS} | {"face-parser"}
