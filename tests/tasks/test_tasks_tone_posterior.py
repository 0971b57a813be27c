"""What a photo tells of the true colour of skin where the light is not known."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.colour.srgb import encode
from dermis.colour.tone import ita_deg
from dermis.core import Capture, CropFrame, Encoding, Face, Photo, Region, SegmentationClass, Skin, View
from dermis.tasks.intervals import interval
from dermis.tasks.tone_posterior import CLUES, NO_WHITES, Trees, posterior_tone, tone_posterior, tone_posterior_clues

SIZE = 60
LIGHT, DARK = (0.55, 0.36, 0.27), (0.075, 0.042, 0.028)
LIPS = {LIGHT: (0.42, 0.18, 0.15), DARK: (0.07, 0.034, 0.025)}


def scene(colour=LIGHT, gain=1.0, *, lips=True, brightness_ev=None, iris=None):
    """A face of one colour with lips before a grey wall; with eyes, half white and half iris, where that is given."""
    linear = np.full((SIZE, SIZE, 3), 0.3)
    parts = np.zeros((SIZE, SIZE), np.uint8)
    parts[15:50, 15:45] = SegmentationClass.FACE_SKIN
    linear[15:50, 15:45] = colour
    if lips:
        parts[40:44, 25:35] = SegmentationClass.LIPS
        linear[40:44, 25:35] = LIPS[colour]
    if iris is not None:
        parts[22:26, 20:40] = SegmentationClass.EYES
        linear[22:26, 20:40] = (0.45, 0.42, 0.40)
        linear[22:24, 20:40] = iris
    linear = np.clip(linear * gain, 0, 1)
    visible = parts == SegmentationClass.FACE_SKIN
    face = Face(
        frame=CropFrame(x_px=0, y_px=0, width=SIZE, height=SIZE, factor=1), box=None, landmarks=None, pose=None,
        view=View.FRONT, segmentation=parts, regions=np.where(visible, Region.LEFT_CHEEK.code, 0).astype(np.uint8),
        skin=visible,
    )  # fmt: skip
    skin = Skin(
        linear=linear.astype(np.float32), visible=visible, measured=visible, regions=face.regions, excluded={},
        view=View.FRONT, light_known=False,
    )  # fmt: skip
    pixels = np.asarray(encode(linear)).astype(np.float32)
    return skin, face, Photo(pixels=pixels, encoding=Encoding.SRGB, capture=Capture(brightness_ev=brightness_ev))


def clues_of(*scene_parts):
    return dict(zip(CLUES, tone_posterior_clues(*scene_parts), strict=True))


def test_clues_are_named_and_unknown_ones_are_nan():
    told = clues_of(*scene(lips=False))
    assert told["skin_green"] == pytest.approx(np.log10(0.36), abs=1e-3)
    assert np.isnan(told["lips_green"])
    assert np.isnan(told["brightness_ev"])
    assert clues_of(*scene(brightness_ev=3.0))["brightness_ev"] == 3.0


def test_exposure_moves_skin_and_wall_and_leaves_the_contrast_of_the_lips():
    once, half = clues_of(*scene()), clues_of(*scene(gain=0.5))
    for name in ("skin_green", "around_green", "photo_level"):
        assert half[name] - once[name] == pytest.approx(-np.log10(2), abs=0.01)
    for name in ("lips_green", "lips_red_green", "skin_red_green", "around_blue_green"):
        assert half[name] == pytest.approx(once[name], abs=0.01)


def test_whites_of_eyes_are_told_against_the_skin_where_they_stand_out():
    dark, light = (clues_of(*scene(colour, iris=0.04))["white_green"] for colour in (DARK, LIGHT))
    assert dark == pytest.approx(np.log10(0.42 / 0.042), abs=0.01)
    assert light == pytest.approx(np.log10(0.42 / 0.36), abs=0.01)
    assert clues_of(*scene(DARK, 0.5, iris=0.04))["white_green"] == pytest.approx(dark, abs=0.02)
    for unseen in (scene(DARK), scene(DARK, iris=0.3)):  # no eyes, and blurred ones
        assert np.isnan(clues_of(*unseen)["white_green"])


def test_photos_without_whites_are_answered_by_the_other_clues_and_have_intervals_of_their_own():
    seen, unseen = posterior_tone(*scene(DARK, iris=0.04)), posterior_tone(*scene(DARK))
    assert (seen.measured_as, unseen.measured_as) == ("unknown", NO_WHITES)
    assert unseen.ita_scale_deg == 1.0
    assert float(ita_deg(seen.lab)) < 0
    told, blind = (
        interval("skin_tone", one.measured_as, float(ita_deg(one.lab)), one.ita_scale_deg) for one in (seen, unseen)
    )
    assert told[1] - told[0] < blind[1] - blind[0] + 20
    assert blind[0] < float(ita_deg(unseen.lab)) < blind[1]


def test_a_tree_goes_left_up_to_its_threshold_and_where_it_was_told_without_a_clue():
    tree = Trees(
        baseline=10.0,
        start=np.array([0]),
        feature=np.array([1, -1, -1]),
        threshold=np.array([0.5, 0.0, 0.0]),
        left=np.array([1, 0, 0]),
        right=np.array([2, 0, 0]),
        missing_left=np.array([False, False, False]),
        value=np.array([0.0, -1.0, 2.0]),
    )
    clues = np.array([[9.0, 0.5], [9.0, 0.51], [9.0, np.nan]])
    np.testing.assert_array_equal(tree.predict(clues), [9.0, 12.0, 12.0])


def test_light_and_dark_skin_are_told_apart_at_the_same_exposure():
    light, dark = (posterior_tone(*scene(colour)) for colour in (LIGHT, DARK))
    assert float(ita_deg(light.lab)) > float(ita_deg(dark.lab)) + 20
    assert light.ita_scale_deg > 0


def test_half_the_light_moves_the_tone_far_less_than_the_photographed_colour():
    first, second = (posterior_tone(*scene(gain=gain)) for gain in (1.0, 0.5))
    seen = abs(float(ita_deg(first.measured_lab)) - float(ita_deg(second.measured_lab)))
    told = abs(float(ita_deg(first.lab)) - float(ita_deg(second.lab)))
    assert told < 0.6 * seen


def test_no_posterior_where_the_light_is_known_or_the_photo_is_linear_or_shows_no_skin():
    skin, face, photo = scene()
    assert posterior_tone(replace(skin, light_known=True), face, photo) is None
    assert posterior_tone(skin, face, replace(photo, encoding=Encoding.LINEAR_SRGB)) is None
    nothing = replace(skin, measured=np.zeros_like(skin.measured))
    assert posterior_tone(nothing, face, photo) is None


def test_the_answer_is_a_colour_of_skin_whatever_the_clues():
    for value in (-4.0, 0.0, 4.0, np.nan):
        lab = tone_posterior(np.full(len(CLUES), value)).lab if np.isfinite(value) else None
        if lab is not None:
            assert 3 <= lab[1] <= 25
            assert 3 <= lab[2] <= 30
