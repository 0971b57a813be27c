"""What a reference in view is worth, on made skin beside a rendered chart."""

import numpy as np
import pytest

from dermis.colour.chart import chart_linear
from dermis.lab.evaluate.measured import colour
from dermis.lab.train.objectives.measured_skin import MEASURED_NM
from dermis.optics.camera import draw_camera
from dermis.optics.face_population import draw_faces
from dermis.optics.forward import reflectance


def test_more_in_view_is_worth_more() -> None:
    rng = np.random.default_rng(5)
    skin = reflectance(draw_faces(rng, 60), MEASURED_NM)
    off, photo = colour._rendered(skin, [draw_camera(rng) for _ in range(3)])
    chart_24, _, paper, level = off.mean(axis=0)
    assert chart_24 < paper < level
    assert len(photo) == 60
    assert photo.max() == 60 // colour.A_SIGHT - 1


def test_a_photo_that_needs_no_correction_gets_none() -> None:
    true = np.clip(chart_linear(), 0.0, 0.9)
    seen = 0.5 * true
    for name, found in colour._corrected(seen, seen[:18]).items():
        np.testing.assert_allclose(found, true[:18], atol=0.03, err_msg=name)


def test_an_overexposed_paper_gives_way_to_the_grey_beside_it() -> None:
    seen = 0.5 * chart_linear()
    expected = colour._corrected(seen, seen)["paper alone"]
    seen[18] = 1.0
    np.testing.assert_allclose(colour._corrected(seen, seen)["paper alone"][:18], expected[:18], rtol=0.1)
    assert colour._corrected(seen, seen)["paper alone"][0] == pytest.approx(expected[0], rel=0.1)
