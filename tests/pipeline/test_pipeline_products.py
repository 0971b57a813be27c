"""From lesions found in a photo to findings on a face, on pictures of people who do not exist."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest

import dermis
from dermis.core import Photo, Region, SegmentationClass, View
from dermis.errors import ModelMissing
from dermis.face.crop import crop
from dermis.face.find import find_face
from dermis.face.landmarks import BROWS, NOSTRILS
from dermis.formats.analysis_json import analysis_line
from dermis.models import weights
from dermis.pipeline import products
from dermis.pipeline.analyse import analyse, measure_skin
from dermis.pipeline.products import _skin_on_photo, side_by_side
from dermis.tasks import TASKS
from dermis.tasks.acne.assign import place_lesions
from dermis.tasks.acne.comedones import with_comedones
from fakes.pipeline_lesions import lesions_at
from fakes.products import NETWORK_TASKS

USUAL = [name for name, task in TASKS.items() if not task.on_request]

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "reference" / "analysis.schema.json").read_text())
CHEEKS, FOREHEAD, NOSE_TIP, CHIN, MOUTH = (50, 280), 151, 4, 199, 13


@pytest.fixture(scope="module")
def photo(selfie):
    return dermis.read_photo(selfie)


@pytest.fixture(scope="module")
def face(photo):
    found = find_face(photo)
    assert found.view is View.FRONT
    return found


@pytest.fixture(scope="module")
def skin(photo, face):
    return measure_skin(crop(photo, face.frame), photo, face)


@pytest.fixture
def with_network(monkeypatch):
    """Let the pipeline find what a test says."""

    def put(find):
        monkeypatch.setattr(products, "find_lesions", find)

    return put


def at(face, *points):
    return face.landmarks[list(points), :2]


def test_lesions_are_given_to_the_region_and_half_they_lie_on(photo, face, skin):
    found = lesions_at(at(face, *CHEEKS, FOREHEAD, NOSE_TIP, CHIN), photo, scores=[0.9, 0.8, 0.7, 0.65, 0.6])
    placed = place_lesions(found, face, skin)
    assert [item.region for item in placed.items] == [
        Region.RIGHT_CHEEK, Region.LEFT_CHEEK, Region.FOREHEAD, Region.NOSE, Region.CHIN,
    ]  # fmt: skip
    assert placed.on_right[:2].tolist() == [True, False]
    assert placed.counts[Region.FACE] == 5
    assert placed.counts_all[Region.RIGHT_CHEEK] == 2
    assert sum(placed.halves) == 5
    assert placed.beside == 0
    assert 0 < placed.involved < 0.3


def test_hair_lips_and_the_wall_are_no_place_for_a_lesion(photo, face, skin):
    hair = np.argwhere(face.segmentation == SegmentationClass.HAIR)
    row, column = hair[len(hair) // 4]
    frame = face.frame
    above = (frame.x_px + column * frame.factor, frame.y_px + row * frame.factor)
    found = lesions_at([*at(face, CHEEKS[0], MOUTH), above, (3, 3)], photo)
    placed = place_lesions(found, face, skin)
    assert [item.region for item in placed.items] == [Region.RIGHT_CHEEK]
    assert placed.beside == 3
    assert placed.counts[Region.FACE] == 1


def test_brows_and_nostrils_are_no_place_for_a_lesion(photo, face, skin):
    brow = face.landmarks[list(BROWS[0]), :2].mean(axis=0)
    rim = face.landmarks[list(NOSTRILS[1]), :2].mean(axis=0)
    placed = place_lesions(lesions_at([*at(face, CHEEKS[0]), brow, rim], photo), face, skin)
    assert [item.region for item in placed.items] == [Region.RIGHT_CHEEK]
    assert placed.counts[Region.FACE] == 1


def test_unsure_ones_are_no_items(photo, face, skin):
    found = lesions_at(at(face, *CHEEKS), photo, scores=[0.4, 0.6])
    assert [item.region for item in place_lesions(found, face, skin).items] == [Region.LEFT_CHEEK]
    assert len(place_lesions(replace(found, score_threshold=0.3), face, skin).items) == 2


@pytest.mark.parametrize(
    ("colour", "kind"),
    [((1.0, 0.75, 0.8), "inflamed"), ((0.8, 0.8, 0.8), "open_comedo"), ((1.08, 1.08, 1.08), "closed_comedo")],
)
def test_blood_makes_a_lesion_inflamed_and_a_dark_plug_an_open_comedo(photo, face, colour, kind):
    ((x, y),) = at(face, CHEEKS[0])
    pixels = photo.pixels.copy()
    yy, xx = np.mgrid[: photo.height_px, : photo.width_px]
    pixels[(xx - x) ** 2 + (yy - y) ** 2 < 6**2] *= np.float32(colour)
    shown = Photo(pixels=np.clip(pixels, 0, 1), encoding=photo.encoding)
    skin = measure_skin(crop(shown, face.frame), shown, face)
    placed = place_lesions(lesions_at([(x, y)], shown), face, skin)
    assert [item.kind for item in placed.items] == [kind]


def test_dots_on_a_cheek_are_comedones_where_acne_is_likely_and_not_in_a_lesion(photo, face, skin):
    ((x, y),) = at(face, CHEEKS[0])
    mm_px = face.face_width_px / 140
    pixels = photo.pixels.copy()
    yy, xx = np.mgrid[: photo.height_px, : photo.width_px]
    for step in range(36):
        left, top = x + mm_px * 4 * (step % 6 - 2.5), y + mm_px * 4 * (step // 6 - 2.5)
        pixels[(xx - left) ** 2 + (yy - top) ** 2 < (0.7 * mm_px) ** 2] *= np.float32(0.55)
    shown = Photo(pixels=pixels, encoding=photo.encoding)
    dotted = measure_skin(crop(shown, face.frame), shown, face)
    likely = replace(lesions_at([], photo), presence=0.9)
    plain, seen = (with_comedones(place_lesions(likely, face, one), face, one) for one in (skin, dotted))
    assert seen.comedones[Region.FACE] > plain.comedones[Region.FACE] + 10
    assert seen.comedones[Region.RIGHT_CHEEK] > 10
    assert seen.comedones[Region.FACE] == pytest.approx(
        sum(number for region, number in seen.comedones.items() if region is not Region.FACE), abs=3
    )
    unlikely = place_lesions(replace(likely, presence=0.2), face, dotted)
    assert with_comedones(unlikely, face, dotted).comedones is None
    box = np.float32([[x - 20 * mm_px, y - 20 * mm_px, x + 20 * mm_px, y + 20 * mm_px]])
    covered = replace(likely, boxes_px=box, scores=np.float32([0.9]))
    held = with_comedones(place_lesions(covered, face, dotted), face, dotted)
    assert held.comedones[Region.RIGHT_CHEEK] < seen.comedones[Region.RIGHT_CHEEK] / 4


def test_a_red_bump_is_redder_than_the_skin_around(photo, face, skin):
    (x, y), (other_x, other_y) = at(face, *CHEEKS)
    pixels = photo.pixels.copy()
    yy, xx = np.mgrid[: photo.height_px, : photo.width_px]
    spot = (xx - x) ** 2 + (yy - y) ** 2 < 8**2
    pixels[spot] *= np.float32([1.0, 0.75, 0.8])
    red = Photo(pixels=pixels, encoding=photo.encoding)
    shown = measure_skin(crop(red, face.frame), red, face)
    sore, sound = place_lesions(lesions_at([(x, y), (other_x, other_y)], red, scores=[0.9, 0.8]), face, shown).items
    assert sore.redness > sound.redness + 3
    assert sore.size_face_widths == pytest.approx(20 / face.face_width_px, rel=1e-5)


def test_a_mirrored_face_has_its_sides_swapped(photo, face, skin):
    places = at(face, CHEEKS[0], CHEEKS[0], CHIN) + np.float32([[0, 0], [0, 25], [0, 0]])
    straight = place_lesions(lesions_at(places, photo), face, skin)
    turned = Photo(pixels=np.ascontiguousarray(photo.pixels[:, ::-1]), encoding=photo.encoding)
    other = find_face(turned)
    mirrored_skin = measure_skin(crop(turned, other.frame), turned, other)
    mirrored = place_lesions(
        lesions_at(np.stack([photo.width_px - places[:, 0], places[:, 1]], axis=1), turned), other, mirrored_skin
    )
    assert mirrored.counts[Region.FACE] == straight.counts[Region.FACE] == 3
    assert mirrored.counts[Region.LEFT_CHEEK] == straight.counts[Region.RIGHT_CHEEK] == 2
    assert mirrored.involved == pytest.approx(straight.involved, rel=0.1)


def test_the_pipeline_answers_every_acne_task(photo, face, with_network):
    with_network(lambda seen, where: lesions_at(at(face, *CHEEKS, CHIN), seen, grade=1.5, grade_interval=(1.0, 2.0)))
    analysis = analyse(photo)
    assert {finding.task for finding in analysis.findings} == set(USUAL)
    assert analysis.lesions.counts[Region.FACE] == 3
    assert analysis.provenance.models["acne"] == "hand-made@1"
    line = json.loads(analysis_line(analysis))
    jsonschema.validate(line, SCHEMA)
    items = next(f["items"] for f in line["findings"] if (f["task"], f["region"]) == ("acne_lesions", "face"))
    assert {"class", "box_px", "region", "score", "size_face_widths", "redness", "relief"} == set(items[0])


def test_the_skin_under_called_lesions_is_covered_with_its_rim(photo, face, with_network):
    with_network(lambda seen, where: lesions_at(at(face, *CHEEKS), seen))
    analysis = analyse(photo, tasks=[TASKS["redness_grade"]])
    frame, covered = analysis.face.frame, analysis.lesions.covered
    assert covered.shape == (frame.height, frame.width)
    for item in analysis.lesions.items:
        x, y = item.box.x_px + item.box.width_px / 2, item.box.y_px + item.box.height_px / 2
        reach = 0.6 * item.box.width_px
        for away, inside in ((0.0, True), (reach, True), (2 * reach, False)):
            place = int((y - frame.y_px) / frame.factor), int((x + away - frame.x_px) / frame.factor)
            assert covered[place] == inside
    assert 0 < analysis.findings[0].detail["lesion_share"] < 0.1
    assert analysis.provenance.models["acne"] == "hand-made@1"


def test_an_own_mask_holds_for_lesions_too(photo, face, with_network):
    with_network(lambda seen, where: lesions_at(at(face, *CHEEKS), seen))
    mask = np.zeros((photo.height_px, photo.width_px), bool)
    mask[:, : int(face.landmarks[NOSE_TIP, 0])] = True
    analysis = analyse(photo, mask=mask, tasks=[TASKS["acne_lesions"]])
    assert next(f.value for f in analysis.findings if f.region is Region.FACE) == 1


def test_without_the_network_acne_is_not_offered(photo, monkeypatch):
    monkeypatch.setattr(weights, "WEIGHTS", Path("nowhere"))
    assert {task.name for task in products.offered()} == set(USUAL) - set(NETWORK_TASKS)
    with pytest.raises(ModelMissing, match=r"acne_grade.*not installed"):
        analyse(photo, tasks=[TASKS["acne_grade"]])
    assert not any(finding.task in NETWORK_TASKS for finding in analyse(photo).findings)


@pytest.mark.parametrize("threads", ["1", "3"])
def test_what_is_made_side_by_side_keeps_its_order(monkeypatch, threads):
    monkeypatch.setenv("DERMIS_THREADS", threads)
    assert side_by_side(lambda one: one * one, range(20)) == [one * one for one in range(20)]
    assert side_by_side(str, []) == []
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda one: 1 / one, [1, 0])


def test_skin_of_a_frame_lies_where_the_photo_shows_it():
    visible = np.array([[True, False], [True, True]])
    frame = SimpleNamespace(x_px=3, y_px=1, factor=2)
    source = SimpleNamespace(
        face=SimpleNamespace(frame=frame), photo=SimpleNamespace(width_px=6, height_px=9),
        skin=SimpleNamespace(visible=visible),
    )  # fmt: skip
    wanted = np.zeros((9, 6), bool)
    wanted[1:5, 3:5] = True
    wanted[3:5, 5] = True  # the frame goes on beside the photo
    np.testing.assert_array_equal(_skin_on_photo(source), wanted)
