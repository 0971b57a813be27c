from dataclasses import replace

import numpy as np
import pytest

from dermis.colour.difference import delta_e_00
from dermis.colour.lab import srgb_to_lab
from dermis.colour.srgb import encode, xyz_to_linear
from dermis.core import Box, CropFrame, Encoding, Face, Photo, Region, View
from dermis.errors import NoSkin
from dermis.lab.synth.camera.scene import cube_of, skin_mask
from dermis.lab.synth.head.uv import coarse
from dermis.lab.synth.lesions.draw import draw_marks
from dermis.lab.synth.lesions.kinds import MarkKind
from dermis.lab.synth.portrait import middle_tone, portrait_of, read_portrait, render_again, with_marks, with_tone
from dermis.lab.synth.skin.colour import COLOUR_NM
from dermis.lab.synth.skin.maps import LIMITS
from dermis.optics.illuminant import xyz_weights


def photographed(scene):
    """The scene as an ideal camera sees it under D65: sRGB, nothing else done."""
    linear = xyz_to_linear(cube_of(scene, COLOUR_NM, shaded=True) @ xyz_weights(COLOUR_NM))
    return Photo(pixels=encode(np.clip(linear, 0, 1)).astype(np.float32), encoding=Encoding.SRGB)


@pytest.fixture(scope="module")
def photo(scene):
    matt = replace(scene, mirrored=np.zeros_like(scene.mirrored))
    return photographed(matt)


@pytest.fixture(scope="module")
def portrait(scene, photo):
    return read_portrait(photo, skin_mask(scene), mm_per_px=1.2)


def spots(portrait, kind, count):
    from dermis.lab.synth.skin.maps import Tone

    tone = Tone(melanosome_fraction=0.05, blood_fraction=0.02, oxygen_saturation=0.7)
    return draw_marks(np.random.default_rng(1), kind, count, tone, coarse(portrait.atlas))


def test_no_change_gives_the_very_same_picture(portrait, photo):
    assert render_again(portrait, portrait.maps) is photo
    again, marks = with_marks(portrait, ())
    np.testing.assert_array_equal(again.pixels, photo.pixels)
    assert marks == ()
    np.testing.assert_allclose(with_tone(portrait, melanin=1.0).pixels, photo.pixels, atol=1 / 255)


def test_the_tone_is_that_of_the_middle_of_the_skin_alone(portrait):
    melanin = portrait.maps.melanosome_fraction.copy()
    melanin[portrait.atlas.skin] = np.linspace(0.01, 0.03, np.count_nonzero(portrait.atlas.skin))
    melanin[~portrait.atlas.skin] = 0.4
    told = middle_tone(replace(portrait, maps=replace(portrait.maps, melanosome_fraction=melanin)))
    assert told.melanosome_fraction == pytest.approx(0.02, abs=1e-4)
    assert told.blood_fraction == pytest.approx(np.median(portrait.maps.blood_fraction[portrait.atlas.skin]))


def test_unchanged_pixels_stay(portrait, photo, scene):
    changed, marks = with_marks(portrait, spots(portrait, MarkKind.LENTIGO, 4))
    touched = np.any(changed.pixels != photo.pixels, axis=-1)
    assert touched.any()
    assert not touched[~skin_mask(scene)].any()
    assert touched.mean() < 0.1
    for mark in marks:
        assert touched[mark.row : mark.row + mark.mask.shape[0], mark.column : mark.column + mark.mask.shape[1]].any()


def test_marks_do_what_they_are(portrait, photo):
    for kind, channel, sign in ((MarkKind.LENTIGO, 0, -1), (MarkKind.PIE, 1, 1)):
        changed, marks = with_marks(portrait, spots(portrait, kind, 3))
        before, after = (np.asarray(srgb_to_lab(p.pixels.astype(np.float64))) for p in (photo, changed))
        mark = max(marks, key=lambda one: one.mask.sum())
        window = np.s_[mark.row : mark.row + mark.mask.shape[0], mark.column : mark.column + mark.mask.shape[1]]
        assert sign * (after - before)[window][mark.mask][:, channel].mean() > 0.5


@pytest.mark.parametrize("change", [{"melanin": 2.0}, {"melanin": 0.6}, {"blood": 2.0}])
def test_a_known_change_looks_as_if_it_had_been_so_from_the_start(scene, photo, portrait, change):
    skin = dict(scene.skin)
    for name, factor in change.items():
        field = "melanosome_fraction" if name == "melanin" else "blood_fraction"
        skin[field] = np.clip(skin[field] * np.float32(factor), *LIMITS[field])
    truth = photographed(replace(scene, skin=skin, mirrored=np.zeros_like(scene.mirrored)))
    made = with_tone(portrait, **change)
    from scipy.ndimage import binary_erosion

    inside = binary_erosion(skin_mask(scene) & (scene.buffers.regions > 0), iterations=4)
    before, wanted, got = (np.asarray(srgb_to_lab(p.pixels[inside].astype(np.float64))) for p in (photo, truth, made))
    change_made = np.median(delta_e_00(before, wanted))
    error = np.median(delta_e_00(wanted, got))
    assert change_made > 2
    assert error < 0.35 * change_made


def test_the_face_that_was_found_places_regions_and_size(photo, scene):
    height, width = scene.buffers.parts.shape
    half = scene.buffers.parts[::2, ::2]
    regions = scene.buffers.regions[::2, ::2]
    face = Face(
        frame=CropFrame(x_px=0, y_px=0, width=half.shape[1], height=half.shape[0], factor=2),
        box=Box(x_px=0, y_px=0, width_px=width, height_px=height),
        landmarks=None,
        pose=None,
        view=View.FRONT,
        segmentation=half,
        regions=regions,
        skin=skin_mask(scene)[::2, ::2],
        face_width_px=120.0,
    )
    found = portrait_of(photo, face)
    assert found.atlas.mm_per_px_u[0, 0] == pytest.approx(140 / 120)
    assert found.atlas.regions.shape == (height, width)
    np.testing.assert_array_equal(found.atlas.regions[::2, ::2], regions)
    assert (found.atlas.regions == Region.NOSE.code).any()


def test_what_is_wrong_is_said(photo, scene):
    nothing = np.zeros(photo.pixels.shape[:2], bool)
    with pytest.raises(NoSkin):
        read_portrait(photo, nothing, mm_per_px=1.0)
    with pytest.raises(ValueError, match="mask of its size"):
        read_portrait(photo, nothing[1:], mm_per_px=1.0)
    with pytest.raises(ValueError, match="sRGB"):
        read_portrait(replace(photo, encoding=Encoding.LINEAR_SRGB), nothing, mm_per_px=1.0)
