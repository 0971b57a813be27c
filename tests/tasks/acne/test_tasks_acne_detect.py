"""The lesions of a face: what is shown to the network, and the way from its maps back to the photo."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dermis.core import Box, CropFrame, Encoding, Face, Photo, SegmentationClass, View
from dermis.models.weights import WEIGHTS
from dermis.tasks.acne import detect
from dermis.tasks.acne.decode import (
    boxes_at_peaks,
    expected_grade,
    grade_probabilities,
    mirrored_back,
    presence_features,
)
from dermis.tasks.acne.detect import crop_face_square, find_lesions


def face_of(mask, *, factor=1, corner=(0, 0), box=True):
    height, width = mask.shape
    return Face(
        frame=CropFrame(x_px=corner[0], y_px=corner[1], width=width, height=height, factor=factor),
        box=Box(x_px=0, y_px=0, width_px=width, height_px=height) if box else None,
        landmarks=None,
        pose=None,
        view=View.FRONT if box else View.CLOSE_UP,
        segmentation=np.where(mask, SegmentationClass.FACE_SKIN, SegmentationClass.BACKGROUND).astype(np.uint8),
        regions=np.zeros(mask.shape, np.uint8),
        skin=mask,
    )


def photo_of(pixels):
    return Photo(pixels=pixels.astype(np.float32), encoding=Encoding.SRGB)


def half_skin(height=200, width=300):
    mask = np.zeros((height, width), bool)
    mask[40:160, 100:200] = True
    return mask


def test_the_square_lies_about_the_face_and_shows_it_upright():
    pixels = np.full((200, 300, 3), 0.2)
    pixels[40:160, 100:200] = (0.8, 0.6, 0.5)
    pixels[60:70, 120:130] = (0.1, 0.9, 0.1)
    seen = crop_face_square(photo_of(pixels), face_of(half_skin()), 256)
    assert seen.area.width_px == seen.area.height_px == pytest.approx(1.12 * 120, rel=0.05)
    assert seen.area.x_px + seen.area.width_px / 2 == pytest.approx(150, abs=2)
    green = np.argwhere((seen.picture[..., 1] > 200) & (seen.picture[..., 0] < 100))
    y, x = green.mean(axis=0) * seen.area.width_px / 256
    assert (x + seen.area.x_px, y + seen.area.y_px) == pytest.approx((125, 65), abs=1.0)
    assert seen.skin.shape == (64, 64)
    assert seen.skin[32, 32] == 1
    assert seen.skin[32, 0] == 0


def test_where_frame_and_photo_differ_the_skin_lies_where_the_picture_shows_it():
    pixels = np.zeros((500, 700, 3))
    mask = np.zeros((100, 120), bool)
    mask[20:80, 30:90] = True
    pixels[100 + 80 : 100 + 320, 50 + 120 : 50 + 360] = 0.9
    seen = crop_face_square(photo_of(pixels), face_of(mask, factor=4, corner=(50, 100)), 256)
    bright = seen.picture[2::4, 2::4].mean(axis=-1) > 128
    assert (bright <= (seen.skin > 0)).all()
    assert seen.skin.sum() < 1.3 * bright.sum()


@pytest.mark.parametrize("shape", [(1, 1), (3, 700), (64, 2)])
@pytest.mark.parametrize("close_up", [True, False])
def test_awkward_photos_give_a_view(shape, close_up):
    mask = np.ones(shape, bool)
    seen = crop_face_square(photo_of(np.full((*shape, 3), 0.5)), face_of(mask, box=not close_up), 64)
    assert seen.picture.shape == (64, 64, 3)
    assert seen.picture.max() > 100


def test_a_face_without_any_skin_is_looked_at_whole():
    seen = crop_face_square(photo_of(np.full((30, 20, 3), 0.5)), face_of(np.zeros((30, 20), bool)), 64)
    assert not seen.skin.any()
    assert seen.area.width_px >= 30


def test_linear_photos_are_shown_as_srgb():
    mask = np.ones((40, 40), bool)
    linear = Photo(pixels=np.full((40, 40, 3), 0.2140, np.float32), encoding=Encoding.LINEAR_SRGB)
    assert np.abs(crop_face_square(linear, face_of(mask), 64).picture[32, 32].astype(int) - 128).max() <= 1


def test_a_box_stands_at_each_peak_the_surest_first():
    centres = np.zeros((32, 32), np.float32)
    centres[10, 20], centres[25, 5], centres[10, 21] = 0.9, 0.5, 0.3
    reaches = np.stack([np.full((32, 32), side) for side in (3.0, 5.0, 9.0, 15.0)]).astype(np.float32)
    boxes, scores = boxes_at_peaks(centres, reaches, 4)
    assert scores.tolist() == pytest.approx([0.9, 0.5])
    assert boxes[1].tolist() == pytest.approx([22 - 3, 102 - 5, 22 + 9, 102 + 15])


def test_of_boxes_that_cover_each_other_the_surer_stays():
    centres = np.zeros((32, 32), np.float32)
    centres[10, 10], centres[10, 12] = 0.8, 0.9
    assert boxes_at_peaks(centres, np.full((4, 32, 32), 20.0, np.float32), 4)[1].tolist() == pytest.approx([0.9])
    assert len(boxes_at_peaks(centres, np.full((4, 32, 32), 3.0, np.float32), 4)[1]) == 2


def test_a_mirror_image_reaches_to_the_other_side():
    reaches = np.arange(4.0, dtype=np.float32)[:, None, None] + np.zeros((4, 2, 3), np.float32)
    assert mirrored_back("reaches", reaches)[:, 0, 0].tolist() == [2, 1, 0, 3]
    density = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    assert mirrored_back("density", density).tolist() == [[2, 1, 0], [5, 4, 3]]
    assert mirrored_back("grade", np.array([1.0, 2.0, 3.0], np.float32)).tolist() == [1, 2, 3]


def test_no_peak_no_box():
    boxes, scores = boxes_at_peaks(np.zeros((8, 8), np.float32), np.ones((4, 8, 8), np.float32), 4)
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)


def test_grades_follow_from_logits():
    assert grade_probabilities(np.array([20.0, 20.0, -20.0])) == pytest.approx([0, 0, 1, 0], abs=1e-6)
    assert expected_grade(grade_probabilities(np.array([20.0, 0.0, -20.0]))) == pytest.approx(1.5)


def test_limits_become_halves():
    assert detect.calibrated(0.7, [0.7, 1.4, 2.6]) == pytest.approx(0.5)
    assert detect.calibrated(2.6, [0.7, 1.4, 2.6]) == pytest.approx(2.5)
    assert detect.calibrated(0.0, [0.7, 1.4, 2.6]) == 0


shipped = pytest.mark.skipif(not (WEIGHTS / "acne" / "meta.json").is_file(), reason="the network acne is not here")


@shipped
def test_answers_lie_on_the_photo_and_do_not_depend_on_its_mirror_image():
    draw = np.random.default_rng(3)
    mask = half_skin()
    pixels = np.where(mask[..., None], (0.75, 0.55, 0.45), (0.3, 0.3, 0.35)) + draw.normal(0, 0.01, (200, 300, 1))
    for y, x in ((70, 130), (100, 160), (130, 150)):
        pixels[y - 3 : y + 4, x - 3 : x + 4] = (0.75, 0.3, 0.28)
    found = find_lesions(photo_of(pixels), face_of(mask))
    turned = find_lesions(photo_of(pixels[:, ::-1]), face_of(mask[:, ::-1]))
    assert found.density.shape == found.density_inclusive.shape
    assert found.area.width_px == found.area.height_px
    assert found.count == pytest.approx(turned.count, rel=0.15, abs=0.3)
    assert found.grade_interval[0] <= found.grade <= found.grade_interval[1]
    assert found.count_interval[0] <= found.count <= found.count_interval[1]
    assert found.grade_probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_one_plain_lesion_is_fuller_than_many_traces():
    plain, traces = np.zeros((64, 64), np.float32), np.full((64, 64), 1 / 64**2, np.float32)
    plain[30:33, 30:33] = 1 / 9
    lesion, faint = presence_features(plain, plain), presence_features(traces, traces)
    assert lesion[:2] == pytest.approx(faint[:2], abs=1e-5)
    assert lesion[2] == pytest.approx(np.log(2), abs=1e-5)
    assert faint[2] < 0.02


def weights_answering(density, **calibration):
    """Stand for the network: it answers the same for every picture."""
    cells = density.shape[0]
    maps = {"density": density, "density_all": 2 * density, "centres": np.zeros((cells, cells)),
            "reaches": np.ones((4, cells, cells)), "grade": np.array([-3.0, -6.0, -9.0])}  # fmt: skip
    told = {"count_factor": 1.0, "count_all_factor": 1.0, "score_from": 0.3, "grade_limits": [0.5, 1.5, 2.5],
            "grade_error": 0.7, "count_error_log": 0.6, "level": 0.9, **calibration}  # fmt: skip
    answers = {name: held[None].astype(np.float32) for name, held in maps.items()}
    return SimpleNamespace(
        shown=SimpleNamespace(size_px=4 * cells),
        meta={"version": "made", "calibration": told},
        model="acne made",
        network=SimpleNamespace(run=lambda image, skin: answers),
    )


def test_any_lesion_is_as_likely_as_the_formula_says(monkeypatch):
    density = np.zeros((32, 32))
    density[16, 15:17] = 0.5  # its own mirror image
    monkeypatch.setattr(detect, "_weights", lambda: weights_answering(density, presence=[-1.0, 0.5, 0.25, 2.0]))
    found = find_lesions(photo_of(np.full((200, 300, 3), 0.6)), face_of(half_skin()))
    logit = -1 + 0.5 * np.log(2) + 0.25 * np.log(3) + 2 * np.log(3)
    assert found.presence == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-5)


def test_a_face_too_small_for_a_nearer_look_is_counted_by_the_second_protocol_alone(monkeypatch):
    monkeypatch.setattr(detect, "_weights", lambda: weights_answering(np.eye(32), count_all_factor=1.25))
    found = find_lesions(photo_of(np.full((200, 300, 3), 0.6)), face_of(half_skin()))
    np.testing.assert_allclose(found.density_inclusive, found.density_afar, rtol=1e-6)
    assert found.density_afar.sum() > found.density.sum()


def test_weights_without_a_formula_do_not_say_how_likely_any_lesion_is(monkeypatch):
    monkeypatch.setattr(detect, "_weights", lambda: weights_answering(np.zeros((32, 32))))
    assert find_lesions(photo_of(np.full((200, 300, 3), 0.6)), face_of(half_skin())).presence is None


def looking(answer, size):
    """Stand for the network: `answer` gives the density of each cell from the red of what it is shown."""

    def run(image, skin):
        red = image[0, 0].reshape(size // 4, 4, size // 4, 4).mean(axis=(1, 3))
        maps = {"density": answer(red), "density_all": answer(red), "centres": 0 * red, "grade": np.zeros(3),
                "reaches": np.ones((4, *red.shape))}  # fmt: skip
        return {name: held[None].astype(np.float32) for name, held in maps.items()}

    return replace_run(weights_answering(np.zeros((size // 4, size // 4))), run)


def replace_run(weights, run):
    weights.network.run = run
    return weights


def test_small_lesions_are_counted_where_both_looks_see_them(monkeypatch):
    mask = np.ones((600, 600), np.bool_)
    pixels = np.full((600, 600, 3), 0.5)
    pixels[150:170, 150:170] = 0.9
    monkeypatch.setattr(detect, "_weights", lambda: looking(lambda red: (red > 0.6) / 10, 256))
    agreed = find_lesions(photo_of(pixels), face_of(mask))
    row, column = np.unravel_index(agreed.density_inclusive.argmax(), agreed.density_inclusive.shape)
    place = np.array([column + 0.5, row + 0.5]) * agreed.area.width_px / 64 + (agreed.area.x_px, agreed.area.y_px)
    assert np.abs(place - 160).max() < 12
    assert agreed.count < agreed.count_all < 4 * agreed.count
    # Texture that only the near look takes for lesions does not count.
    shown = iter([*[True] * 4, *[False] * 8])  # two looks from afar, four near, two densities each
    monkeypatch.setattr(detect, "_weights", lambda: looking(lambda red: np.where(next(shown), 0, 1) + 0 * red, 256))
    assert find_lesions(photo_of(pixels), face_of(mask)).count_all == pytest.approx(0, abs=1e-3)


def test_the_nearer_look_counts_alone_where_the_whole_shows_plain_acne():
    shares = [detect._share_of_near(afar) for afar in (0.0, 2.0, 4.0, 6.0, 40.0)]
    assert shares == [0.5, 0.5, 0.75, 1.0, 1.0]
    near, afar = np.zeros((32, 32), np.float32), np.ones((32, 32), np.float32)
    near[8, 8] = 1.0
    assert detect._agreed(afar, near, 1.0).sum() == pytest.approx(1.0, rel=1e-3)
    assert detect._agreed(afar, near, 0.5).sum() > 2


def test_only_a_quarter_that_shows_something_is_looked_at_nearer(monkeypatch):
    looks = []
    pixels = np.full((600, 600, 3), 0.5)
    pixels[150:170, 150:170] = 0.9
    monkeypatch.setattr(detect, "_weights", lambda: looking(lambda red: looks.append(1) or (red > 0.6) / 10, 256))
    find_lesions(photo_of(pixels), face_of(np.ones((600, 600), np.bool_)))
    assert len(looks) == 6  # the whole, its mirror image and one quarter, two densities each


def test_a_small_picture_is_not_looked_at_nearer(monkeypatch):
    looks = []
    monkeypatch.setattr(detect, "_weights", lambda: looking(lambda red: looks.append(1) or 0 * red, 256))
    find_lesions(photo_of(np.full((200, 300, 3), 0.6)), face_of(half_skin()))
    assert len(looks) == 4  # two looks, two densities


@shipped
def test_nothing_is_counted_beside_the_skin():
    draw = np.random.default_rng(4)
    mask = half_skin()
    pixels = np.where(mask[..., None], (0.75, 0.55, 0.45), draw.uniform(0, 1, (200, 300, 3)))
    found = find_lesions(photo_of(pixels), face_of(mask))
    seen = crop_face_square(photo_of(pixels), face_of(mask), 4 * len(found.density))
    assert found.density[seen.skin == 0].max() == 0


def test_with_nobody_else_in_view_all_that_was_parsed_as_skin_counts():
    mask = half_skin()
    half = mask.copy()
    half[:, 150:] = False
    alone = replace(face_of(mask), skin=half)
    with_others = replace(alone, others=(Box(x_px=250, y_px=10, width_px=20, height_px=20),))
    pixels = np.full((200, 300, 3), 0.5)
    assert (
        crop_face_square(photo_of(pixels), alone, 256).skin.sum()
        > 1.5 * crop_face_square(photo_of(pixels), with_others, 256).skin.sum()
    )


def test_a_mask_that_misses_most_lesions_is_not_believed():
    skin = np.zeros((112, 112), np.float32)
    skin[:20, :20] = 1
    at = np.arange(0, 440, 20, dtype=np.float32)[:, None]
    spread = np.concatenate([at, at, at + 8, at + 8], axis=1)
    assert detect.misses_face(skin, spread)
    assert not detect.misses_face(np.ones_like(skin), spread)
    assert not detect.misses_face(skin, spread[:9])  # few, and some of them on skin
    assert not detect.misses_face(skin, np.zeros((0, 4), np.float32))


def test_the_skin_of_a_wide_view_is_looked_up_across_all_of_it():
    skin = np.zeros((20, 60), np.float32)
    skin[:, 40:] = 1
    left = np.arange(190, 230, 2, dtype=np.float32)[:, None]
    boxes = np.concatenate([left, np.full_like(left, 40), left + 4, np.full_like(left, 44)], axis=1)
    assert not detect.misses_face(skin, boxes)
    assert detect.misses_face(1 - skin, boxes)


@pytest.mark.parametrize(("cells", "wide"), [(32, 3), (64, 3), (127, 3), (128, 5), (192, 7)])
def test_the_mask_is_widened_by_a_cell_in_sixty_four(cells, wide):
    sure = np.zeros((cells, cells), np.uint8)
    sure[cells // 2, cells // 2] = 255
    assert np.count_nonzero(detect.widened(sure)) == wide**2
    sure[cells // 2, cells // 2] = 102  # 0.4 of it is not enough
    assert not detect.widened(sure).any()
