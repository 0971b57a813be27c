"""What a page draws: axes, outlines, windows, colours."""

import re
from base64 import b64decode
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from dermis.colour.lab import srgb_to_lab
from dermis.colour.srgb import hex_to_srgb
from dermis.colour.tone import ITA_CLASSES, ita_class
from dermis.core import Box, Count, CropFrame, Encoding, Finding, Map, Measure, Ordinal, Photo, Presence, Region
from dermis.report.blocks import drawn_blocks
from dermis.report.formatting import PLAIN_COLOURS, hex_of_lab, map_colours
from dermis.report.panels import axis_of, panels_of
from dermis.report.pictures import Window, cut, levels_of, resized, shown, window_of
from dermis.report.viewer import outlines_of, overlays_of, viewer_scale
from dermis.tasks import TASKS
from dermis.tasks.tone import SAMPLE_ITA_DEG


@pytest.mark.parametrize("task", list(TASKS))
def test_map_colours_fall_in_lightness_by_equal_steps(task):
    lab = np.stack([np.asarray(srgb_to_lab(hex_to_srgb(colour))) for colour in map_colours(TASKS[task].colours, 33)])
    assert (np.diff(lab[:, 0]) < 0).all()
    assert lab[0, 0] - lab[-1, 0] > 60
    steps = np.linalg.norm(np.diff(lab, axis=0), axis=1)
    assert np.abs(steps - steps.mean()).max() < 1.0  # what rounding to 8 bits does to dark colours


def test_map_colours_end_where_the_table_says():
    assert map_colours(PLAIN_COLOURS, 5)[0].lower() == PLAIN_COLOURS[0]
    assert map_colours(PLAIN_COLOURS, 7)[-1].lower() == PLAIN_COLOURS[-1]


def test_a_swatch_has_the_colour_that_was_measured():
    for colour in ("#F6EDE4", "#825C43", "#292420"):
        assert hex_of_lab(np.asarray(srgb_to_lab(hex_to_srgb(colour))).tolist()) == colour


def test_axes_reach_from_end_to_end_with_readable_marks():
    for scale in (
        Presence(),
        Ordinal(lowest=0, highest=9, step=0.5),
        Measure(unit="ITA deg", low=-90, high=90),
        Map(unit="", low=0, high=0.37),
        Count(unit="spots"),
    ):
        axis = axis_of(scale)
        places = [float(tick.at.rstrip("%")) for tick in axis.ticks]
        assert 3 <= len(places) <= 11
        assert places == sorted(places)
        assert places[0] >= 0
        assert places[-1] <= 100
        assert len({tick.words for tick in axis.ticks}) == len(places)


def test_marks_of_an_axis_do_not_run_into_each_other():
    ticks = axis_of(Measure(unit="%", low=0, high=100)).ticks
    assert [tick.words for tick in ticks] == ["0 %", "50 %", "100 %"]
    assert [tick.words for tick in axis_of(Map(unit="", low=0, high=40)).ticks] == ["0", "10", "20", "30", "40"]


def test_a_count_axis_reaches_its_largest_end():
    finding = Finding(task="x", region=Region.FACE, value=40, unit="", model="x", interval=(30, 55))
    assert axis_of(Count(unit="spots"), [finding]).high == 55


def test_window_holds_the_face_with_its_regions_inside_the_photo(photo, face):
    assert window_of(photo, None) == Window(x_px=0, y_px=0, width_px=300, height_px=400)
    close = replace(face, box=None)
    assert window_of(photo, close) == Window(x_px=30, y_px=20, width_px=240, height_px=300)
    small = window_of(photo, replace(face, box=Box(x_px=120, y_px=150, width_px=30, height_px=30)))
    forehead_top, chin_bottom = 20 + 2 * 20, 20 + 2 * 135
    assert small.y_px < forehead_top
    assert small.y_px + small.height_px > chin_bottom
    assert small.x_px >= 0
    assert small.x_px + small.width_px <= photo.width_px
    beyond = window_of(photo, replace(face, box=Box(x_px=-500, y_px=-500, width_px=5000, height_px=5000)))
    assert beyond == window_of(photo, None)


def test_cut_keeps_what_the_window_touches():
    values = np.arange(12, dtype=np.uint8).reshape(3, 4)
    frame = CropFrame(x_px=10, y_px=20, width=4, height=3, factor=5)
    part, inner = cut(values, frame, Window(x_px=14, y_px=25, width_px=7, height_px=5))
    assert part.tolist() == [[4, 5, 6]]
    assert inner == CropFrame(x_px=10, y_px=25, width=3, height=1, factor=5)
    same, whole = cut(values, frame, Window(x_px=0, y_px=0, width_px=99, height_px=99))
    assert same.tolist() == values.tolist()
    assert whole == frame
    away, _ = cut(values, frame, Window(x_px=200, y_px=200, width_px=5, height_px=5))
    assert away.tolist() == [[11]]


def test_shown_photo_keeps_colour_and_shape(photo):
    window = Window(x_px=140, y_px=150, width_px=20, height_px=40)
    whole = shown(photo, window, 1000)
    assert whole.shape == (40, 20, 3)
    small = shown(photo, window_of(photo, None), 100)
    assert small.shape == (100, 75, 3)
    assert np.abs(small[42, 37] / 255 - (0.78, 0.60, 0.50)).max() < 0.05


def test_linear_photo_is_shown_encoded():
    grey = Photo(pixels=np.full((80, 80, 3), 0.2140, dtype=np.float32), encoding=Encoding.LINEAR_SRGB)
    assert np.abs(shown(grey, window_of(grey, None), 40).astype(int) - 127.5).max() <= 1  # IEC 61966-2-1


def test_thin_photo_can_be_shown():
    strip = Photo(pixels=np.full((3, 4000, 3), 0.5, dtype=np.float32), encoding=Encoding.SRGB)
    assert shown(strip, window_of(strip, None), 100).shape[:2] == (1, 100)


def test_missing_values_do_not_bleed():
    values = np.array([[1.0, np.nan], [1.0, np.nan]], dtype=np.float32)
    large = resized(values, (6, 6))
    assert np.nanmax(np.abs(large - 1)) < 1e-6
    assert np.isfinite(large[:, :3]).all()
    assert np.isnan(large[:, 3:]).all()
    assert np.isnan(resized(np.full((2, 2), np.nan, dtype=np.float32), (4, 4))).all()


def test_levels_cover_the_range():
    values = np.array([[np.nan, -9.0, 0.0, 5.0, 10.0, 99.0]], dtype=np.float32)
    assert levels_of(values, 0.0, 10.0, 11).tolist() == [[0, 1, 1, 6, 11, 11]]


def test_outline_encloses_its_region(face, photo):
    window = window_of(photo, face)
    scale = viewer_scale(window)
    drawn = {outline.title: outline for outline in outlines_of(face.regions, face.frame, window)}
    assert set(drawn) == {"Forehead", "Left cheek", "Right cheek", "Nose", "Chin"}
    points = np.array(re.findall(r"([\d.-]+),([\d.-]+)", drawn["Left cheek"].path), dtype=float) / scale
    frame = face.frame
    points += np.array([window.x_px, window.y_px])
    left, top = points.min(axis=0)
    right, bottom = points.max(axis=0)
    assert left == pytest.approx(frame.x_px + 70 * 2, abs=0.2)
    assert right == pytest.approx(frame.x_px + 100 * 2, abs=0.2)
    assert top == pytest.approx(frame.y_px + 70 * 2, abs=0.2)
    assert bottom == pytest.approx(frame.y_px + 100 * 2, abs=0.2)


def test_a_name_stands_inside_its_region(face, photo):
    ring = np.zeros_like(face.regions)
    ring[30:120, 20:100] = Region.CHIN.code
    ring[30:100, 35:85] = 0  # a bay: the middle of the whole lies outside
    window = window_of(photo, face)
    (outline,) = outlines_of(ring, face.frame, window)
    scale = viewer_scale(window)
    column = (outline.x / scale + window.x_px - face.frame.x_px) / face.frame.factor
    row = (outline.y / scale + window.y_px - face.frame.y_px) / face.frame.factor
    assert ring[int(row), int(column)] == Region.CHIN.code


def test_no_region_no_outline(face, photo):
    assert outlines_of(np.zeros_like(face.regions), face.frame, window_of(photo, face)) == ()


def test_colours_of_a_map_name_the_range_they_cover(analysis, face, photo, tasks):
    overlays = {o.key: o for o in overlays_of(analysis, face, window_of(photo, face), tasks)}
    bar = overlays["melanin"].bar
    values = next(f.evidence for f in analysis.findings if f.task == "melanin").values
    assert float(bar.low) <= np.nanpercentile(values, 5)
    assert float(bar.high) >= np.nanpercentile(values, 95)
    assert "0 to 80" in overlays["melanin"].note


def test_even_skin_is_not_painted_as_uneven(analysis, face, photo, tasks, findings):
    finding = next(f for f in findings if f.evidence is not None and f.task == "melanin")
    flat = np.where(np.isnan(finding.evidence.values), np.float32(np.nan), np.float32(30))
    even = replace(finding, evidence=replace(finding.evidence, values=flat))
    overlays = overlays_of(replace(analysis, findings=(even,)), face, window_of(photo, face), tasks)
    bar = {overlay.key: overlay for overlay in overlays}["melanin"].bar
    assert float(bar.high) - float(bar.low) >= 19


def test_tone_classes_are_those_of_the_colour_room():
    assert list(SAMPLE_ITA_DEG) == [name for name, _ in ITA_CLASSES]
    assert all(ita_class(value) == name for name, value in SAMPLE_ITA_DEG.items())


def test_tone_card_marks_class_and_monk_tone(analysis):
    findings = [f for f in analysis.findings if f.task == "skin_tone"]
    blocks = {block.kind: block for block in drawn_blocks(TASKS["skin_tone"], findings, analysis)}
    scale, swatches = blocks["scale"].scale, blocks["swatches"].swatches
    assert [band.name for band in scale.bands if band.here] == ["intermediate"]
    assert scale.bands[0].bounds == "below −30°"
    assert scale.bands[-1].bounds == "above 55°"
    assert 1 <= swatches.first == swatches.last <= len(swatches.colours) == 10
    assert swatches.distance
    assert scale.value == "31.4°"


def test_a_tone_that_is_a_range_marks_every_class_and_monk_tone_of_it(analysis):
    findings = [
        replace(f, interval=(5.0, 45.0), detail={**f.detail, "monk": [4, 6]})
        for f in analysis.findings
        if f.task == "skin_tone"
    ]
    blocks = {block.kind: block for block in drawn_blocks(TASKS["skin_tone"], findings, analysis)}
    assert [b.name for b in blocks["scale"].scale.bands if b.here] == ["brown", "tan", "intermediate", "light"]
    swatches = blocks["swatches"].swatches
    assert (swatches.first, swatches.last, swatches.number, swatches.distance) == (4, 6, "4 to 6", "")


def test_a_tone_that_no_swatch_is_near_marks_none(analysis):
    findings = [
        replace(f, detail={**f.detail, "monk": None, "lab": [68.0, 10.0, 15.0]})
        for f in analysis.findings
        if f.task == "skin_tone"
    ]
    swatches = next(b.swatches for b in drawn_blocks(TASKS["skin_tone"], findings, analysis) if b.kind == "swatches")
    assert (swatches.first, swatches.last, swatches.number) == (0, 0, "")
    assert float(swatches.distance) > 9


def test_no_colour_no_tone_card(analysis):
    grey = [replace(f, detail={}) for f in analysis.findings if f.task == "skin_tone"]
    assert "swatches" not in {block.kind for block in drawn_blocks(TASKS["skin_tone"], grey, analysis)}


def test_a_region_without_an_interval_shows_no_spread_beside_one_that_has(analysis):
    melanin = [f for f in analysis.findings if f.task == "melanin"]
    told = [replace(f, interval=(f.value - 5, f.value + 9) if f.region is Region.FACE else None) for f in melanin]
    (panel,) = panels_of(replace(analysis, findings=tuple(told)), {"melanin": TASKS["melanin"]})
    assert {reading.range_is for reading in panel.readings if reading.region is Region.FACE} == {"90 % interval"}
    assert {(reading.range, reading.range_is) for reading in panel.readings if reading.region is not Region.FACE} == {
        ("", "")
    }


def test_marks_are_outlined_on_the_photo_and_over_the_map_of_melanin(analysis, face):
    mask = np.zeros(face.skin.shape, bool)
    mask[70:90, 30:50] = True
    grade = Finding(
        task="pigmentation_grade", region=Region.FACE, value=3.0, unit="grade 0-9", model="marks@1", mask=mask
    )
    melanin = next(one for one in analysis.findings if one.evidence is not None)
    found = replace(analysis, findings=(grade, replace(melanin, task="melanin")))
    (block,) = [one for one in drawn_blocks(TASKS["pigmentation_grade"], [grade], found) if one.kind == "outlined"]
    assert [crop.title for crop in block.crops] == ["On the photo", "On the map of melanin"]
    pictures = [np.asarray(Image.open(BytesIO(b64decode(crop.uri.split(",")[1])))) for crop in block.crops]
    bare = shown(found.photo, window_of(found.photo, face), 640)
    assert pictures[0].shape == pictures[1].shape == bare.shape
    changed = np.abs(pictures[0].astype(int) - bare).max(axis=-1) > 60
    assert 0 < changed.mean() < 0.1
    bare = replace(grade, mask=None)
    assert "outlined" not in {
        one.kind for one in drawn_blocks(TASKS["pigmentation_grade"], [bare], replace(found, findings=(bare,)))
    }
