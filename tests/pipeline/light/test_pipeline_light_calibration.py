"""A chart tells what a flash or a rig makes of colours."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.colour.chart import chart_linear
from dermis.colour.device import STRAIGHT, straighten
from dermis.colour.srgb import decode, encode
from dermis.core import Capture, Encoding, Photo
from dermis.errors import InputError, UsageError
from dermis.formats.device_json import read_profile, write_profile
from dermis.pipeline.light.calibration import calibrate_flash, calibrate_rig
from dermis.pipeline.reference import ChartCorners, read_reference
from fakes.charts import GAP, PATCH, chart_picture

GIVEN = Capture(make="Maker", model="One", iso=100, exposure_s=0.02, f_number=2.0)
FLASH = np.diag([0.5, 0.55, 0.6]) @ np.array([[0.94, 0.04, 0.02], [0.03, 0.95, 0.02], [0.01, 0.05, 0.94]])


def pair(*, curve=lambda values: values):
    dark, centres = chart_picture(matrix=np.diag([0.12, 0.08, 0.05]))
    lit, _ = chart_picture(matrix=FLASH)
    bright = np.asarray(encode(np.clip(decode(dark) + decode(lit), 0, 1)), np.float32)
    frames = [Photo(pixels=curve(one), encoding=Encoding.SRGB, capture=GIVEN) for one in (dark, bright)]
    corners = centres[[0, 5, 23, 18]]
    return frames, ChartCorners(corners_px=tuple(corners.ravel()))


def test_the_flash_alone_is_calibrated():
    (ambient, flash), chart = pair()
    profile = calibrate_flash(ambient, flash, chart)
    assert profile.delta_e_after < 2
    assert (profile.kind, profile.make, profile.exposure) == ("flash", "Maker", pytest.approx(0.5))
    assert profile.scale == pytest.approx((PATCH + GAP) / 44.5 / 800, rel=0.02)
    back = chart_linear()[:4] @ FLASH.T @ profile.matrix.T + profile.offset
    assert back == pytest.approx(chart_linear()[:4], abs=0.02)


def test_a_tone_curve_is_undone():
    (ambient, flash), chart = pair(curve=lambda values: (values**0.85).astype(np.float32))
    profile = calibrate_flash(ambient, flash, chart)
    seen = np.asarray(decode(np.array([0.3, 0.5, 0.7]) ** 0.85))
    true = np.asarray(decode(np.array([0.3, 0.5, 0.7])))
    straight = straighten(seen, profile.tone_curve)
    assert straight / straight[1] == pytest.approx(true / true[1], rel=0.06)
    assert seen / seen[1] != pytest.approx(true / true[1], rel=0.06)


def test_a_rig_is_one_photo():
    pixels, centres = chart_picture(matrix=FLASH)
    rig = Photo(pixels=pixels, encoding=Encoding.SRGB, capture=GIVEN)
    by_chart = calibrate_rig(rig, ChartCorners(corners_px=tuple(centres[[0, 5, 23, 18]].ravel())))
    assert (by_chart.kind, by_chart.patches) == ("rig", 24)
    assert by_chart.delta_e_after < 2
    x, y = centres[20].astype(int) - 12
    by_patch = calibrate_rig(rig, read_reference(f"{x},{y},24,24=#a0a0a0"))
    assert by_patch.patches == 1
    assert by_patch.exposure == pytest.approx(0.5)


def test_what_cannot_calibrate_is_refused():
    (ambient, flash), chart = pair()
    with pytest.raises(InputError, match="how they were exposed"):
        calibrate_flash(replace(ambient, capture=Capture()), flash, chart)
    with pytest.raises(InputError, match="brought only"):
        calibrate_flash(flash, flash, chart)
    wall = Photo(pixels=np.full((80, 90, 3), 0.4, np.float32), encoding=Encoding.SRGB)
    with pytest.raises(InputError, match="No ColorChecker"):
        calibrate_rig(wall, ChartCorners())


def test_profiles_are_files(tmp_path):
    (ambient, flash), chart = pair()
    profile = calibrate_flash(ambient, flash, chart)
    path = write_profile(profile, tmp_path / "deep" / "flash.json")
    back = read_profile(path, "flash")
    assert back.matrix == pytest.approx(profile.matrix, abs=1e-5)
    assert (back.name, back.scale) == (profile.name, profile.scale)
    with pytest.raises(InputError, match="of a rig is needed"):
        read_profile(path, "rig")
    with pytest.raises(UsageError, match="cannot be read"):
        read_profile(tmp_path / "none.json", "flash")
    for wrong in ("{", "[]", "{}", path.read_text().replace('"flash"', '"lamp"')):
        (tmp_path / "wrong.json").write_text(wrong)
        with pytest.raises(InputError, match="no profile"):
            read_profile(tmp_path / "wrong.json", "flash")


def test_plain_values_stay():
    values = np.linspace(0, 1, 9)
    assert straighten(values, STRAIGHT) == pytest.approx(values)
