"""One tone from several photos of one face."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.colour.tone import ita_deg
from dermis.core import Analysis, CaptureCondition, Finding, Provenance, Quality, Region
from dermis.pipeline.one_tone import combine_tones


def photo(name, lab, *, condition=CaptureCondition.UNKNOWN, interval=True, region=Region.FACE):
    value = float(ita_deg(np.array(lab, float)))
    finding = Finding(
        task="skin_tone",
        region=region,
        value=value,
        unit="ITA deg",
        interval=(value - 10, value + 20) if interval else None,
        level=0.9,
        detail={"lab": [float(number) for number in lab], "light": "as it was"},
        model="tone@1",
    )
    return Analysis(
        name=name,
        photo=None,
        quality=Quality(),
        provenance=Provenance(dermis="1"),
        condition=condition,
        findings=(finding,),
    )


LABS = [(60.0, 12, 17), (62.0, 12, 18), (61.0, 11, 17), (60.5, 12, 17.5)]


def test_the_mean_of_all_and_how_far_they_are_apart():
    [found] = combine_tones([photo(f"{place}.jpg", lab) for place, lab in enumerate(LABS)])
    assert found.value == pytest.approx(float(ita_deg(np.mean(LABS, axis=0))))
    values = [float(ita_deg(np.array(lab, float))) for lab in LABS]
    assert found.detail["apart"]["low"] == pytest.approx(min(values), abs=0.01)
    assert found.detail["apart"]["sd"] == pytest.approx(np.std(values, ddof=1), abs=0.01)
    assert found.detail["from"] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert found.interval == pytest.approx((found.value - 10, found.value + 20))
    assert "4 photos" in found.notes[0].text


def test_an_outlier_is_named_and_does_not_count():
    [found] = combine_tones([*[photo(f"{k}.jpg", lab) for k, lab in enumerate(LABS)], photo("dark.jpg", (35, 10, 12))])
    assert found.detail["left_out"] == ["dark.jpg"]
    assert found.value == pytest.approx(float(ita_deg(np.mean(LABS, axis=0))))
    assert found.detail["apart"]["low"] < -40


def test_the_best_condition_counts_alone():
    known = photo("card.jpg", (50, 14, 19), condition=CaptureCondition.REFERENCED, interval=False)
    [found] = combine_tones([photo("plain.jpg", (70, 9, 14)), known])
    assert found.detail["from"] == ["card.jpg"]
    assert found.interval is None
    assert "1 of another capture condition" in found.notes[0].text


def test_regions_come_from_the_photos_that_show_them():
    cheek = photo("left.jpg", (58, 12, 16), region=Region.LEFT_CHEEK)
    face, left = combine_tones([photo("front.jpg", (60, 12, 17)), cheek])
    assert (face.region, left.region) == (Region.FACE, Region.LEFT_CHEEK)
    assert left.detail["from"] == ["left.jpg"]


def test_without_a_tone_there_is_none():
    assert combine_tones([]) == ()
    assert combine_tones([replace(photo("a.jpg", (60, 12, 17)), findings=())]) == ()
