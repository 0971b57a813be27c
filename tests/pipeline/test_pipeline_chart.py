"""A chart in view: skin of every tone, through cameras and lights that nobody told, comes back near its own colour."""

import numpy as np
import pytest

from dermis.colour.chart import chart_linear, fit_chart
from dermis.colour.difference import delta_e_00
from dermis.colour.lab import lab_to_linear, linear_to_lab
from dermis.colour.tone import ita_deg
from dermis.core import CaptureCondition, Encoding, Origin, Photo
from dermis.errors import InputError, UsageError
from dermis.pipeline.reference import ChartCorners, ReferencePatch, correct_light, read_reference
from fakes.charts import chart_picture

SKIN = np.array([(72.0, 9.0, 14.0), (64.0, 12.0, 18.0), (55.0, 14.0, 19.0), (44.0, 13.0, 18.0), (33.0, 10.0, 12.0)])


def test_skin_of_every_tone_comes_back_through_mixing_cameras():
    rng = np.random.default_rng(11)
    errors, degrees = [], []
    for _ in range(60):
        camera = np.eye(3) + rng.normal(0, 0.06, (3, 3))
        camera = np.diag(rng.uniform(0.35, 0.9, 3)) @ camera
        noise = rng.normal(0, 0.002, (24, 3))
        fit = fit_chart(chart_linear() @ camera.T + 0.004 + noise)
        back = lab_to_linear(SKIN) @ camera.T + 0.004
        found = np.asarray(linear_to_lab(back @ fit.matrix.T + fit.offset))
        errors += np.asarray(delta_e_00(found, SKIN)).tolist()
        degrees += np.abs(np.asarray(ita_deg(found)) - np.asarray(ita_deg(SKIN))).tolist()
    assert np.quantile(errors, 0.9) < 2.5
    assert np.quantile(degrees, 0.9) < 4.0


def test_what_reference_takes():
    assert isinstance(read_reference("40,60,200,150=#767676"), ReferencePatch)
    assert read_reference(" Chart ") == ChartCorners()
    assert read_reference("chart:1,2,3,4,5,6,7,8.5").corners_px == (1, 2, 3, 4, 5, 6, 7, 8.5)
    for wrong in ("chart:1,2,3", "chart:a,b,c,d,e,f,g,h", "charts"):
        with pytest.raises(UsageError):
            read_reference(wrong)


def test_a_photo_without_a_chart_says_so():
    photo = Photo(pixels=np.full((80, 90, 3), 0.4, np.float32), encoding=Encoding.SRGB, origin=Origin(name="wall.jpg"))
    with pytest.raises(InputError, match=r"No ColorChecker was found in wall\.jpg"):
        correct_light(photo, ChartCorners())


def test_the_reference_of_a_chart_tells_how_well_it_fits():
    pixels, centres = chart_picture(matrix=np.diag([0.7, 0.6, 0.4]))
    photo = Photo(pixels=pixels, encoding=Encoding.SRGB, origin=Origin(name="a.png"))
    light = correct_light(photo, ChartCorners())
    assert (light.kind, light.patches) == ("chart", 24)
    assert light.delta_e_after < 2 < light.delta_e_before
    low, high = centres.min(axis=0), centres.max(axis=0)
    assert (light.box.x_px, light.box.y_px) == pytest.approx(tuple(low), abs=4)
    assert (light.box.width_px, light.box.height_px) == pytest.approx(tuple(high - low), abs=6)
    assert CaptureCondition.REFERENCED.value == "referenced"
