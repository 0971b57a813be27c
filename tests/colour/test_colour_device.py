"""The tone curve of a camera: told by grey ramps, undone, and not carried into the dark."""

import numpy as np
import pytest

from dermis.colour.device import MID_GREY, STRAIGHT, fit_tone_curve, straighten

CURVE = (1.1, 0.04, -0.01)


def test_grey_ramps_tell_the_curve_whatever_the_exposure_and_the_balance():
    seen = MID_GREY * np.exp2(np.linspace(-4.0, 2.0, 12))
    true = straighten(seen, CURVE).astype(np.float64)
    told = fit_tone_curve([(np.repeat(seen[:, None], 3, axis=1), true * level) for level in (0.7, 1.0)])
    assert told == pytest.approx(CURVE, abs=0.01)


def test_the_curve_is_that_of_the_formula_between_its_ends_and_stops_there():
    stops = np.array([-5.0, -1.0, 0.0, 2.0])
    wanted = MID_GREY * np.exp2(1.1 * stops + 0.04 * stops**2 - 0.01 * stops**3)
    np.testing.assert_allclose(straighten(MID_GREY * np.exp2(stops), CURVE), wanted, rtol=1e-5)
    black, darkest = straighten(np.array([0.0, MID_GREY * 2.0**-8]), CURVE)
    assert black == pytest.approx(darkest, rel=1e-5)
    beyond, brightest = straighten(np.array([10.0, MID_GREY * 2.0**2.6]), CURVE)
    assert beyond == pytest.approx(brightest, rel=1e-5)


def test_too_few_steps_leave_it_straight():
    seen = np.array([[0.001] * 3, [0.2] * 3, [0.99] * 3])
    assert fit_tone_curve([(seen, seen[:, 0])]) == STRAIGHT
    assert straighten(seen, STRAIGHT) == pytest.approx(seen, rel=1e-6)


def test_three_steps_tell_a_curve():
    seen = MID_GREY * np.exp2(np.array([-3.0, -1.0, 1.0]))
    ramp = np.repeat(seen[:, None], 3, axis=1)
    told = fit_tone_curve([(ramp, straighten(seen, CURVE).astype(np.float64))])
    assert told == pytest.approx((1.1, 0.04, -0.01), abs=0.03)
    assert fit_tone_curve([(ramp[:2], seen[:2])]) == STRAIGHT


@pytest.mark.parametrize(("level", "used"), [(0.003, False), (0.00301, True), (0.969, True), (0.97, False)])
def test_steps_at_the_ends_of_the_range_take_no_part(level, used):
    seen = np.array([0.1, 0.3, level])
    told = fit_tone_curve([(np.repeat(seen[:, None], 3, axis=1), seen**1.2)])
    assert (told != STRAIGHT) == used
