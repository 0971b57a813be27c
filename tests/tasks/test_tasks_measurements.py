"""Skin of known colour in, the same colour out."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.colour.lab import lab_to_linear
from dermis.core import Region, Skin, ToneEstimate, View
from dermis.errors import UsageError
from dermis.tasks import TASKS, choose
from dermis.tasks.pigments import BLOOD_AXIS, MELANIN_AXIS, unmix
from dermis.tasks.region_statistics import FEWEST_PIXELS
from fakes.products import SKIN_TASKS, measured


def skin_of(linear, measured=None, regions=None):
    shape = linear.shape[:2]
    measured = np.ones(shape, bool) if measured is None else measured
    return Skin(
        linear=linear.astype(np.float32),
        visible=np.ones(shape, bool),
        measured=measured,
        regions=np.zeros(shape, np.uint8) if regions is None else regions,
        excluded={},
        view=View.FRONT,
        light_known=False,
    )


def patch(lab, shape=(40, 50)):
    return np.broadcast_to(np.asarray(lab_to_linear(np.array(lab, np.float32))), (*shape, 3)).copy()


def face_finding(task, skin):
    return next(f for f in measured(task, skin=skin) if f.region is Region.FACE)


@pytest.mark.parametrize(
    ("lab", "label"),
    [
        ((70.0, 10.0, 12.0), "very light"),
        ((66.0, 12.0, 17.0), "light"),
        ((55.0, 13.0, 18.0), "tan"),
        ((33.0, 11.0, 13.0), "dark"),
    ],
)
def test_tone_of_a_plain_patch_is_its_colour(lab, label):
    finding = face_finding("skin_tone", skin_of(patch(lab)))
    assert finding.detail["lab"] == pytest.approx(lab, abs=0.05)
    assert finding.value == pytest.approx(np.degrees(np.arctan2(lab[0] - 50, lab[2])), abs=0.2)
    assert finding.label == label
    assert finding.interval is None
    assert finding.spread[0] <= finding.value <= finding.spread[1]


def test_tone_ignores_what_is_not_measured():
    linear = patch((60.0, 12.0, 16.0))
    clean = face_finding("skin_tone", skin_of(linear))
    measured = np.ones(linear.shape[:2], bool)
    linear[:20] = 1.0
    measured[:20] = False
    assert face_finding("skin_tone", skin_of(linear, measured)).value == pytest.approx(clean.value, abs=1e-3)


def test_an_estimated_light_relights_every_region_and_says_so():
    seen, true = np.array((60.0, 12.0, 16.0)), np.array((64.0, 11.0, 15.0))
    tone = ToneEstimate(lab=true, measured_lab=seen, ita_scale_deg=12.0)
    regions = np.zeros((40, 50), np.uint8)
    regions[:20] = Region.NOSE.code
    linear = patch(seen)
    linear[:20] *= 0.8
    plain = skin_of(linear, regions=regions)
    before, after = (
        {f.region: f for f in measured("skin_tone", skin=one)} for one in (plain, replace(plain, tone=tone))
    )
    assert after[Region.FACE].detail["lab"] == pytest.approx(true, abs=1.0)
    for region, found in after.items():
        assert found.detail["lab"][0] > before[region].detail["lab"][0]
        assert found.detail["lab_photographed"] == before[region].detail["lab"]
        assert found.interval[0] < found.value < found.interval[1]
        assert "estimated" in found.detail["light"]
        assert (found.label is None) is (len(found.labels) > 1)
        assert before[region].interval is None


def test_an_estimate_of_the_face_is_that_of_its_cheeks_however_its_brow_shines():
    seen, true = np.array((60.0, 12.0, 16.0)), np.array((36.0, 12.0, 15.0))
    tone = ToneEstimate(lab=true, measured_lab=seen, ita_scale_deg=15.0)
    regions = np.zeros((40, 50), np.uint8)
    regions[:20], regions[20:] = Region.FOREHEAD.code, Region.LEFT_CHEEK.code
    linear = patch(seen)
    linear[:20] *= 1.4
    found = {f.region: f for f in measured("skin_tone", skin=replace(skin_of(linear, regions=regions), tone=tone))}
    assert found[Region.FACE].detail["lab"] == pytest.approx(true, abs=0.01)
    cheek, brow = found[Region.LEFT_CHEEK], found[Region.FOREHEAD]
    assert cheek.value == pytest.approx(found[Region.FACE].value, abs=0.3)
    assert cheek.interval == pytest.approx(found[Region.FACE].interval, abs=2.5)  # at -70 a colour leaves the gamut
    # A brighter region is lighter by as much light at both ends: fewer degrees where skin is dark than near L* 50.
    below, above = (brow.interval[end] - cheek.interval[end] for end in (0, 1))
    assert 0 < below < above
    assert brow.interval[0] < brow.value < brow.interval[1]


def test_a_photo_with_a_chart_has_the_interval_that_was_measured_with_charts():
    linear, regions = patch((60.0, 12.0, 16.0)), np.zeros((40, 50), np.uint8)
    regions[:20], regions[20:] = Region.NOSE.code, Region.LEFT_CHEEK.code
    skin = replace(skin_of(linear, regions=regions), light_known=True)
    charted, patched = (
        {f.region: f for f in measured("skin_tone", skin=replace(skin, measured_as=name))}
        for name in ("referenced", "referenced_patch")
    )
    for region in (Region.FACE, Region.LEFT_CHEEK):
        low, high = charted[region].interval
        assert low < charted[region].value < high
        assert set(charted[region].labels) >= {"intermediate"}
    lightness = charted[Region.FACE].detail["lightness_interval"]
    assert lightness[0] < 60.0 < lightness[1]
    assert charted[Region.NOSE].interval is None
    low, high = patched[Region.FACE].interval
    assert low < patched[Region.FACE].value < high
    assert patched[Region.NOSE].interval is None


def test_a_grey_photo_has_no_tone():
    assert measured("skin_tone", skin=skin_of(patch((60.0, 0.0, 0.0)))) == ()


@pytest.mark.parametrize("task", SKIN_TASKS)
def test_nothing_measured_gives_no_finding(task):
    linear = patch((60.0, 12.0, 16.0))
    nothing = np.zeros(linear.shape[:2], bool)
    assert measured(task, skin=skin_of(linear, nothing)) == ()


@pytest.mark.parametrize("task", SKIN_TASKS)
def test_a_region_needs_enough_pixels(task):
    linear = patch((60.0, 12.0, 16.0))
    regions = np.zeros(linear.shape[:2], np.uint8)
    regions.flat[: FEWEST_PIXELS - 1] = Region.NOSE.code
    regions.flat[FEWEST_PIXELS : 2 * FEWEST_PIXELS] = Region.CHIN.code
    found = {finding.region for finding in measured(task, skin=skin_of(linear, regions=regions))}
    assert found == {Region.FACE, Region.CHIN}


def test_pigments_come_back_from_their_densities():
    melanin, blood, shading = 0.35, 0.18, 0.12
    density = melanin * np.array(MELANIN_AXIS) + blood * np.array(BLOOD_AXIS) + shading
    parts = unmix(np.float32(10.0**-density)[None, None])
    got = [float(getattr(parts, name)[0, 0]) for name in ("melanin", "haemoglobin", "shading")]
    assert got == pytest.approx([35, 18, 12], abs=0.01)


@pytest.mark.parametrize("task", ["melanin", "haemoglobin"])
@pytest.mark.parametrize("lab", [(70.0, 10.0, 15.0), (60.0, 14.0, 18.0), (35.0, 11.0, 13.0)])
def test_shading_hardly_moves_a_pigment(task, lab):
    linear = patch(lab)
    across = np.linspace(0.75, 1.0, linear.shape[1])
    even, shaded = face_finding(task, skin_of(linear)), face_finding(task, skin_of(linear * across[None, :, None]))
    assert shaded.spread[1] - shaded.spread[0] < 1.0
    assert shaded.value == pytest.approx(face_finding(task, skin_of(linear * across[35])).value, abs=1.5)
    assert even.spread[1] - even.spread[0] < 0.01


def test_a_redder_spot_shows_on_the_maps():
    linear = patch((60.0, 12.0, 16.0))
    linear[10:20, 10:20, 1] *= 0.8
    for task, rise in (("haemoglobin", 1.5), ("redness", 3)):
        values = face_finding(task, skin_of(linear)).evidence.values
        assert values[15, 15] > values[30, 30] + rise


def test_maps_are_nan_where_nothing_was_measured():
    linear = patch((60.0, 12.0, 16.0))
    measured = np.ones(linear.shape[:2], bool)
    measured[:5] = False
    values = face_finding("melanin", skin_of(linear, measured)).evidence.values
    assert np.isnan(values[:5]).all()
    assert np.isfinite(values[5:]).all()


def test_light_that_is_known_is_said():
    skin = replace(skin_of(patch((60.0, 12.0, 16.0))), light_known=True)
    assert face_finding("skin_tone", skin).detail["light"] == "reference patch"


def test_tasks_are_chosen_by_name():
    assert [task.name for task in choose("redness, melanin,redness")] == ["redness", "melanin"]
    assert choose(None) == tuple(TASKS.values())


@pytest.mark.parametrize(
    ("text", "hint"), [("melanine", "Did you mean 'melanin'"), ("qq", "There are"), (" ,", "There are")]
)
def test_an_unknown_task_is_refused_with_a_hint(text, hint):
    with pytest.raises(UsageError, match=hint):
        choose(text)
