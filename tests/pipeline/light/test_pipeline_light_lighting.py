"""What fixes the light of a photo: the profile of a rig, whose it may be, and what it makes of the pixels."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dermis.colour.device import DeviceProfile
from dermis.colour.srgb import decode
from dermis.core import Box, Capture, CaptureCondition, CropFrame, Encoding, LightReference, Photo
from dermis.errors import InputError, UsageError
from dermis.formats.device_json import default_profile, write_profile
from dermis.pipeline.light import lighting
from dermis.pipeline.light.lighting import AS_BALANCED, Lighting, check_lighting, lighting_of, linear_light
from dermis.pipeline.options import AnalyseOptions

RIG = DeviceProfile(kind="rig", make="Maker", model="One", matrix=np.diag([1.2, 1.0, 0.8]),
                    offset=np.array([0.01, 0, 0]), tone_curve=(0.9, 0.0, 0.0), exposure=0.5)  # fmt: skip
GIVEN = Capture(make="Maker", model="One", iso=100, exposure_s=0.04, f_number=2.0)
CONTROLLED = AnalyseOptions(condition="controlled")


def photo(**capture):
    levels = np.random.default_rng(1).integers(20, 200, (8, 9, 3)).astype(np.uint8)
    pixels = levels / np.float32(255)
    return Photo(pixels=pixels, levels=levels, encoding=Encoding.SRGB, capture=replace(GIVEN, **capture))


def face(factor=1):
    return SimpleNamespace(frame=CropFrame(x_px=2, y_px=1, width=5, height=4, factor=factor))


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("DERMIS_CONFIG", str(tmp_path))
    return tmp_path


def test_a_rig_undoes_its_curve_and_the_exposure_and_turns_the_colours():
    seen = photo().pixels[1:5, 2:7]
    plain, light, unlit = linear_light(seen, photo(), face(2), Lighting(profile=RIG))
    np.testing.assert_allclose(plain, decode(seen), rtol=1e-5)
    straight = 0.18 * (plain / 0.18) ** 0.9 * (0.5 / 1.0)
    np.testing.assert_allclose(light, straight * np.array([1.2, 1.0, 0.8]) + np.array([0.01, 0, 0]), rtol=1e-4)
    assert unlit is None
    bare = linear_light(seen, photo(iso=None), face(2), Lighting(profile=RIG))[1]
    np.testing.assert_allclose(bare - np.array([0.01, 0, 0]), 2 * (light - np.array([0.01, 0, 0])), rtol=1e-4)


def test_levels_of_the_photo_are_decoded_as_its_pixels_are():
    seen = photo()
    plain, light, unlit = linear_light(seen.pixels[1:5, 2:7], seen, face(), AS_BALANCED)
    np.testing.assert_allclose(plain, decode(seen.pixels[1:5, 2:7]), rtol=1e-5)
    assert light is plain
    assert unlit is None
    linear = replace(seen, encoding=Encoding.LINEAR_SRGB)
    assert linear_light(seen.pixels, linear, face(), AS_BALANCED)[0] is seen.pixels


def test_a_reference_turns_the_light_and_a_pair_stands_for_itself():
    reference = LightReference(box=Box(x_px=0, y_px=0, width_px=4, height_px=4), colour_hex="#777777",
                               matrix=np.diag([2.0, 1.0, 0.5]), offset=np.array([0, 0.02, 0]), delta_e_before=1.0,
                               delta_e_after=0.1, spread=0.1, clipped_share=0.0)  # fmt: skip
    linear = np.full((4, 5, 3), 0.2, np.float32)
    seen = replace(photo(), encoding=Encoding.LINEAR_SRGB)
    plain, light, _ = linear_light(linear, seen, face(), Lighting(reference=reference))
    assert plain is linear
    assert light[0, 0] == pytest.approx((0.4, 0.22, 0.1))
    pair = SimpleNamespace(linear=2 * linear, unlit=linear[..., 0] > 0)
    told = linear_light(linear, seen, face(), Lighting(pair=pair, reference=reference))
    assert told[0] is told[1] is pair.linear
    assert told[2] is pair.unlit


def test_the_users_own_profile_counts_where_it_is_of_this_camera(config):
    assert lighting_of(photo(), CONTROLLED).problems == ("no_device",)
    write_profile(RIG, default_profile("rig"))
    told = lighting_of(photo(), CONTROLLED)
    assert (told.kind, told.problems, told.profile.name, told.known) == (
        CaptureCondition.CONTROLLED, (), "Maker One", True
    )  # fmt: skip
    other = lighting_of(photo(model="Two"), CONTROLLED)
    assert (other.problems, other.profile, other.known) == (("other_device",), None, False)
    assert lighting_of(photo(), AnalyseOptions()) is AS_BALANCED


def test_a_named_profile_of_another_camera_is_refused(config, tmp_path):
    path = write_profile(RIG, tmp_path / "rig.json")
    named = replace(CONTROLLED, device=path)
    assert lighting_of(photo(), named).profile.exposure == 0.5
    assert lighting_of(photo(make=None), named).profile.exposure == 0.5
    with pytest.raises(InputError, match="Maker Two"):
        lighting_of(photo(model="Two"), named)


@pytest.mark.parametrize(
    ("make", "model", "same"),
    [("Maker", "One", True), ("Maker", "Two", False), ("Other", "One", False), (None, "One", True), (None, None, True),
     ("Maker", None, True), ("Other", None, False)],
)  # fmt: skip
def test_what_a_photo_does_not_say_speaks_not_against_its_camera(make, model, same):
    assert lighting._same_camera(RIG, photo(make=make, model=model)) is same


@pytest.mark.parametrize(("apart", "refused"), [(44.9, True), (45.0, False), (80.0, False), (80.1, True)])
def test_pupils_lie_within_those_of_people(apart, refused):
    options = AnalyseOptions(pupils_mm=apart)
    if refused:
        with pytest.raises(UsageError, match="pupils"):
            check_lighting(options, pair=True)
    else:
        check_lighting(options, pair=True)


def test_a_device_goes_with_what_it_is_of(tmp_path):
    check_lighting(AnalyseOptions(device=tmp_path, condition="controlled"))
    check_lighting(AnalyseOptions(device=tmp_path), pair=True)
    for options in (AnalyseOptions(device=tmp_path), AnalyseOptions(device=tmp_path, reference="1,1,20,20=#777777")):
        with pytest.raises(UsageError, match="--device"):
            check_lighting(options)
