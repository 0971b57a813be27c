"""A chart that is found, and a flash that is just bright enough."""

import numpy as np
import pytest

from dermis.colour.srgb import decode
from dermis.core import Capture, Encoding, Photo
from dermis.errors import InputError
from dermis.pipeline.light import calibration
from dermis.pipeline.light.calibration import calibrate_rig
from dermis.pipeline.reference import ChartCorners
from fakes.charts import chart_picture

GIVEN = Capture(make="Maker", model="One", iso=100, exposure_s=0.02, f_number=2.0)
FLASH = np.diag([0.5, 0.55, 0.6]) @ np.array([[0.94, 0.04, 0.02], [0.03, 0.95, 0.02], [0.01, 0.05, 0.94]])


@pytest.mark.parametrize("encoding", list(Encoding))
def test_a_chart_whose_corners_nobody_named_is_found(encoding):
    pixels, centres = chart_picture(matrix=FLASH)
    seen = pixels if encoding is Encoding.SRGB else np.asarray(decode(pixels), np.float32)
    rig = Photo(pixels=seen, encoding=encoding, capture=GIVEN)
    found = calibrate_rig(rig, ChartCorners())
    named = calibrate_rig(rig, ChartCorners(corners_px=tuple(centres[[0, 5, 23, 18]].ravel())))
    assert found.matrix == pytest.approx(named.matrix, abs=0.01)
    assert found.tone_curve == pytest.approx(named.tone_curve, abs=0.01)
    assert (found.kind, found.patches) == ("rig", 24)


def test_a_flash_must_bring_a_fifth_of_the_light():
    bright = np.full((4, 3), 0.5)
    calibration._refuse_weak(0.2001 * bright, bright)
    with pytest.raises(InputError, match="brought only"):
        calibration._refuse_weak(0.1999 * bright, bright)
