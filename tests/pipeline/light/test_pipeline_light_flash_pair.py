"""A flash pair gives the colour that the flash alone shows, and a useless one is refused with the reason."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import dermis
from dermis.colour.device import DeviceProfile
from dermis.colour.srgb import decode, encode
from dermis.core import Capture, CaptureCondition, Encoding, Photo
from dermis.errors import InputError, UsageError
from dermis.face.find import find_face
from dermis.formats.analysis_json import analysis_object
from dermis.pipeline.analyse import analyse
from dermis.pipeline.light import lighting
from dermis.pipeline.light.flash_pair import EYE_CORNERS_MM, eye_scale, flash_light
from dermis.pipeline.light.lighting import Lighting, check_lighting, with_pair
from dermis.pipeline.options import AnalyseOptions
from dermis.tasks import choose

GIVEN = Capture(make="Maker", model="One", iso=100, exposure_s=0.02, f_number=2.0)
ROOM = np.array([0.30, 0.20, 0.11])
"""Colour of the light in the room, warm."""


@pytest.fixture(scope="module")
def plain(selfie):
    """A selfie of 480 px, taken as what the flash alone shows."""
    photo = dermis.read_photo(selfie)
    step = max(1, photo.width_px // 480)
    return replace(photo, pixels=np.ascontiguousarray(photo.pixels[::step, ::step]), capture=GIVEN)


@pytest.fixture(scope="module")
def face(plain):
    return find_face(plain)


def frames(plain, face, *, flash=1.0, room=1.0, shift=0, longer=1.0, far=True):
    """Return the two frames of a pair; far: the flash does not reach the background."""
    linear = np.asarray(decode(plain.pixels)) * 0.6
    aside = np.linspace(1.6, 0.4, linear.shape[1])[None, :, None]
    dark = linear * ROOM * aside * room
    lit = linear * flash
    if far:
        beside = np.ones(linear.shape[:2], bool)
        frame = face.frame
        beside[
            frame.y_px : frame.y_px + frame.height * frame.factor, frame.x_px : frame.x_px + frame.width * frame.factor
        ] = np.repeat(np.repeat(face.segmentation == 0, frame.factor, 0), frame.factor, 1)
        lit[beside] *= 0.004
    given = replace(GIVEN, exposure_s=GIVEN.exposure_s * longer)
    ambient = np.roll(dark, shift, axis=(0, 1)) * longer
    return shown(ambient, given), shown(dark + lit, GIVEN)


def shown(linear, capture):
    pixels = np.asarray(encode(np.clip(linear, 0, 1)), np.float32)
    return Photo(pixels=np.round(pixels * 255) / np.float32(255), encoding=Encoding.SRGB, capture=capture)


def chroma(linear, mask):
    middle = np.median(linear[mask], axis=0)
    return middle / middle.sum()


def test_the_light_of_the_room_is_taken_away(plain, face):
    wanted = np.asarray(decode(plain.pixels))[
        face.frame.y_px : face.frame.y_px + face.frame.height, face.frame.x_px : face.frame.x_px + face.frame.width
    ]
    assert face.frame.factor == 1
    for longer, shift in ((1.0, 0), (2.0, 2)):
        ambient, flash = frames(plain, face, longer=longer, shift=shift)
        found = flash_light(ambient, flash, face)
        assert chroma(found.linear, face.skin) == pytest.approx(chroma(wanted, face.skin), abs=0.008)
        assert found.record.exposure == pytest.approx((1 / longer,) * 3, rel=0.05)
        assert 0.4 < found.record.flash_share < 0.95
        assert found.record.signal_to_noise > 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"flash": 0.04}, "brought only"),
        ({"shift": 120}, "moved too far|not found in both"),
    ],
)
def test_a_useless_pair_is_refused(plain, face, changes, said):
    ambient, flash = frames(plain, face, **changes)
    with pytest.raises(InputError, match=said):
        flash_light(ambient, flash, face)


def test_frames_that_are_no_pair_are_refused(plain, face):
    ambient, flash = frames(plain, face)
    with pytest.raises(InputError, match="same photo"):
        flash_light(flash, flash, face)
    with pytest.raises(InputError, match="without flash first"):
        flash_light(flash, ambient, find_face(ambient) or face)
    small = replace(ambient, pixels=np.ascontiguousarray(ambient.pixels[::2, ::2]))
    with pytest.raises(InputError, match="differ in size"):
        flash_light(small, flash, face)
    burnt = replace(flash, pixels=np.clip(flash.pixels * 3, 0, 1))
    with pytest.raises(InputError, match="overexposed"):
        flash_light(ambient, burnt, face)


def test_without_exif_and_background_nothing_is_guessed(plain, face):
    ambient, flash = (replace(one, capture=Capture()) for one in frames(plain, face, room=0.001))
    with pytest.raises(InputError, match="Neither EXIF nor a background"):
        flash_light(ambient, flash, face)


def test_a_calibrated_device_tells_lightness_at_any_distance_and_exposure(plain, face):
    ambient, flash = frames(plain, face, room=0.2)
    device = DeviceProfile(kind="flash", exposure=0.5, scale=eye_scale(face.landmarks, flash))
    near = flash_light(ambient, flash, face, device)
    shorter = replace(flash, capture=replace(GIVEN, exposure_s=0.01))
    other = flash_light(replace(ambient, capture=shorter.capture), shorter, face, device)
    assert near.record.level_by == other.record.level_by == "eyes"
    ratio = np.median(other.linear[face.skin]) / np.median(near.linear[face.skin])
    assert ratio == pytest.approx(2.0, rel=0.05)
    pupils = np.linalg.norm(face.landmarks[468] - face.landmarks[473]) / np.linalg.norm(
        face.landmarks[33] - face.landmarks[263]
    )
    same = flash_light(ambient, flash, face, device, pupils_mm=float(EYE_CORNERS_MM * pupils))
    assert same.record.level_by == "pupils"
    assert np.median(same.linear[face.skin]) == pytest.approx(float(np.median(near.linear[face.skin])), rel=0.01)
    far = flash_light(ambient, flash, face, replace(device, scale=device.scale * 2))
    assert np.median(far.linear[face.skin]) / np.median(near.linear[face.skin]) == pytest.approx(4.0, rel=0.05)


def test_the_analysis_says_how_the_pair_was_used(plain, face, monkeypatch, tmp_path):
    monkeypatch.setenv("DERMIS_CONFIG", str(tmp_path))
    ambient, flash = frames(plain, face)
    found = analyse(flash, tasks=choose("skin_tone"), ambient=ambient)
    assert found.condition is CaptureCondition.FLASH_PAIR
    told = analysis_object(found)["condition"]
    assert told["name"] == "flash_pair"
    assert told["flash_pair"]["level_by"] is None
    assert "no_device" in [problem.code for problem in found.quality.problems]
    assert found["skin_tone"].interval is None
    assert set(found.skin.excluded) >= {"unlit"}


def test_options_that_speak_against_each_other():
    for options, pair in (
        (AnalyseOptions(reference="chart", condition="controlled"), False),
        (AnalyseOptions(condition="studio"), False),
        (AnalyseOptions(reference="chart"), True),
        (AnalyseOptions(device="x.json"), False),
        (AnalyseOptions(pupils_mm=62.0), False),
        (AnalyseOptions(pupils_mm=6.2), True),
    ):
        with pytest.raises(UsageError):
            check_lighting(options, pair=pair)
    check_lighting(AnalyseOptions(condition="controlled"))


@pytest.mark.parametrize(
    ("profile", "level", "problems"),
    [(None, "", ()), (None, "eyes", ()), (DeviceProfile(kind="flash"), "", ("no_level",)),
     (DeviceProfile(kind="flash"), "eyes", ())],
)  # fmt: skip
def test_a_calibrated_flash_without_a_level_says_so(profile, level, problems, monkeypatch):
    found = SimpleNamespace(record=SimpleNamespace(level_by=level))
    monkeypatch.setattr(lighting, "flash_light", lambda *frames, pupils_mm: found)
    told = with_pair(Lighting(kind=CaptureCondition.FLASH_PAIR, profile=profile), None, None, None)
    assert (told.problems, told.pair, told.known) == (problems, found, bool(level))
