"""Made flash pairs: a device and its chart."""

import numpy as np
import pytest

from dermis.colour.chart_finder import find_chart
from dermis.lab.synth.camera.flash_pair import draw_chart_pair, draw_device
from dermis.pipeline.light.calibration import calibrate_flash
from dermis.pipeline.reference import ChartCorners


def test_the_chart_of_a_drawn_device_calibrates_it():
    rng = np.random.default_rng(4)
    device = draw_device(rng, size_px=400)
    ambient, flash, corners = draw_chart_pair(rng, device)
    profile = calibrate_flash(ambient, flash, ChartCorners(corners_px=tuple(corners.ravel().tolist())))
    assert profile.delta_e_after < 4
    assert profile.model == flash.capture.model
    found = find_chart(flash.pixels)
    assert found.corners_px == pytest.approx(corners, abs=3)
