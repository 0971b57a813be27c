"""Photo -> Analysis on pictures of people who do not exist."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import dermis
from dermis.care import advise
from dermis.colour.difference import delta_e_00
from dermis.colour.srgb import decode, encode, hex_to_srgb
from dermis.core import Encoding, Photo, Region, View
from dermis.errors import InputError, UnreadablePhoto
from dermis.formats.analysis_json import analysis_line, analysis_object
from dermis.pipeline.analyse import analyse, analyse_file
from dermis.pipeline.options import AnalyseOptions
from dermis.pipeline.products import offered
from dermis.tasks import choose

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "reference" / "analysis.schema.json").read_text())


@pytest.fixture(scope="module")
def photo(selfie):
    return dermis.read_photo(selfie)


@pytest.fixture(scope="module")
def analysis(photo):
    return analyse(photo)


def codes(analysis):
    return [problem.code for problem in analysis.quality.problems]


def value(analysis, task, region=Region.FACE):
    return next(f.value for f in analysis.findings if (f.task, f.region) == (task, region))


def noise_photo(shape=(300, 400)):
    pixels = np.random.default_rng(1).uniform(0, 1, (*shape, 3)).astype(np.float32)
    return Photo(pixels=pixels, encoding=Encoding.SRGB)


def test_every_example_is_measured(examples):
    for path in examples:
        analysis = analyse_file(path)
        if path.name == "astronaut.png":  # 91 px between the cheeks
            assert codes(analysis) == ["face_too_small"]
            assert analysis.findings == ()
            continue
        assert analysis.quality.usable, (path.name, codes(analysis))
        assert analysis.face.box is not None
        assert {finding.task for finding in analysis.findings} == {task.name for task in offered()}
        jsonschema.validate(json.loads(analysis_line(analysis)), SCHEMA)


def test_a_front_view_has_all_regions(analysis):
    assert analysis.face.view is View.FRONT
    found = {finding.region for finding in analysis.findings if finding.task == "skin_tone"}
    assert found >= set(Region) - {Region.LEFT_UNDER_EYE, Region.RIGHT_UNDER_EYE}


def test_what_is_measured_is_visible_skin_without_what_was_left_out(analysis):
    skin = analysis.skin
    assert not (skin.measured & ~skin.visible).any()
    for mask in skin.excluded.values():
        assert not (skin.measured & mask).any()


def test_care_follows_from_what_was_measured(analysis):
    assert {"cleanser", "about"} <= {line.rule for line in analysis.care}
    assert advise(analysis_object(analysis)) == analysis.care


def test_without_a_number_there_is_no_care(models):
    assert analyse(noise_photo()).care == ()


def test_no_face_is_a_clear_verdict_without_numbers(models):
    analysis = analyse(noise_photo())
    assert codes(analysis) == ["no_face"]
    assert analysis.findings == ()
    line = analysis_object(analysis)
    assert line["face"]["found"] is False
    jsonschema.validate(line, SCHEMA)


def test_an_own_mask_is_what_is_measured(photo, analysis):
    box = analysis.face.box
    mask = np.zeros((photo.height_px, photo.width_px), bool)
    y, x = int(box.y_px + 0.55 * box.height_px), int(box.x_px + 0.2 * box.width_px)
    mask[y : y + int(box.height_px * 0.12), x : x + int(box.width_px * 0.15)] = True
    own = analyse(photo, mask=mask)
    assert own.quality.usable
    assert own.skin.visible.sum() * own.face.frame.factor**2 == pytest.approx(mask.sum(), rel=0.05)
    assert not {"border", "beside_face"} & set(own.skin.excluded)


def test_a_mask_on_a_picture_without_a_face(models):
    card = Photo(pixels=np.full((200, 200, 3), (0.72, 0.55, 0.47), np.float32), encoding=Encoding.SRGB)
    mask = np.zeros((200, 200), bool)
    mask[20:180, 20:180] = True
    analysis = analyse(card, mask=mask)
    assert analysis.quality.usable
    assert analysis.face.view is View.CLOSE_UP
    assert {finding.region for finding in analysis.findings} == {Region.FACE}


def test_a_close_up_is_measured_as_a_whole(photo, analysis):
    box = analysis.face.box
    y, x = int(box.y_px + 0.5 * box.height_px), int(box.x_px + 0.06 * box.width_px)
    cheek = photo.pixels[y : y + int(0.22 * box.height_px), x : x + int(0.22 * box.width_px)]
    close = analyse(replace(photo, pixels=np.ascontiguousarray(cheek)), AnalyseOptions(close_up=True))
    assert close.face.view is View.CLOSE_UP
    assert "close_up" in codes(close)


def test_only_what_was_asked_is_answered(photo):
    asked = analyse(photo, tasks=choose("redness"))
    assert {finding.task for finding in asked.findings} == {"redness"}


def test_a_black_and_white_photo_gets_no_colour_numbers(photo):
    grey = np.repeat(photo.pixels.mean(axis=2, keepdims=True), 3, axis=2).astype(np.float32)
    analysis = analyse(replace(photo, pixels=grey))
    assert "no_colour" in codes(analysis)
    assert analysis.findings == ()


def _lab(analysis):
    return np.array(analysis["skin_tone"].detail["lab"])


def test_a_reference_undoes_a_cast(photo):
    linear = np.asarray(decode(photo.pixels), np.float64)
    linear[:120, :160] = decode(hex_to_srgb("#767676"))
    clean = replace(photo, pixels=np.asarray(encode(linear), np.float32))
    cast = replace(photo, pixels=np.asarray(encode(np.clip(linear * (0.95, 0.8, 0.55), 0, 1)), np.float32))
    reference = "20,20,100,80=#767676"
    truth = analyse(clean, AnalyseOptions(reference=reference))  # without it the colour is an estimate
    corrected = analyse(cast, AnalyseOptions(reference=reference))
    lab = {"truth": _lab(truth), "corrected": _lab(corrected), "cast": _lab(analyse(cast))}
    assert delta_e_00(lab["corrected"], lab["truth"]) < 0.5 * delta_e_00(lab["cast"], lab["truth"])
    assert value(corrected, "melanin") == pytest.approx(value(truth, "melanin"), abs=3)
    assert corrected.reference.delta_e_after < 1
    jsonschema.validate(analysis_object(corrected), SCHEMA)
    with pytest.raises(InputError, match="outside"):
        analyse(photo, AnalyseOptions(reference="999999,20,100,80=#767676"))


def test_a_wall_that_is_named_as_a_patch_gives_no_interval(photo):
    linear = np.asarray(decode(photo.pixels), np.float64)
    linear[:120, :160] = np.linspace(0.05, 0.4, 160)[None, :, None]
    wall = replace(photo, pixels=np.asarray(encode(linear), np.float32))
    analysis = analyse(wall, AnalyseOptions(reference="20,20,100,80=#767676"))
    assert "reference_doubtful" in codes(analysis)
    assert (analysis.condition, analysis.measured_as) == ("referenced", "referenced_patch_doubtful")
    assert all(finding.interval is None for finding in analysis.findings if finding.task in ("skin_tone", "melanin"))


def test_a_file_that_is_no_photo_keeps_its_place(tmp_path):
    path = tmp_path / "notes.jpg"
    path.write_text("not a photo")
    analysis = analyse_file(path)
    assert codes(analysis) == ["unreadable"]
    assert "notes.jpg" in analysis.quality.problems[0].message
    jsonschema.validate(analysis_object(analysis), SCHEMA)


def test_the_same_photo_gives_the_same_numbers(photo, analysis):
    again = analyse(photo)
    assert [f.value for f in again.findings] == [f.value for f in analysis.findings]


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_turning_the_photo_hardly_changes_the_numbers(photo, analysis, quarter_turns):
    turned = analyse(replace(photo, pixels=np.ascontiguousarray(np.rot90(photo.pixels, quarter_turns))))
    # An estimate of one and the same person moves by 9 degrees from photo to photo; a turn is to do far less.
    assert value(turned, "skin_tone") == pytest.approx(value(analysis, "skin_tone"), abs=6)
    assert value(turned, "melanin") == pytest.approx(value(analysis, "melanin"), abs=3)


def test_a_large_photo_is_measured_at_half_its_size_as_it_is_whole(photo, tmp_path, monkeypatch):
    from PIL import Image

    path = tmp_path / "large.jpg"
    size = (4 * photo.width_px, 4 * photo.height_px)
    large = Image.fromarray(np.rint(photo.pixels * 255).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    large.save(path, quality=92)
    monkeypatch.setattr("dermis.formats.images.photo._LARGE_PX", 1_000_000)
    options = AnalyseOptions(tasks="skin_tone,acne_lesions")
    held = dermis.read_photo(path)

    def nobody():
        raise AssertionError("The photo was decoded whole.")

    by_half = analyse(Photo(encoding=held.encoding, half=held.half, decode=nobody), options)
    monkeypatch.setattr("dermis.formats.images.photo._LARGE_PX", 10**9)
    whole = analyse(dermis.read_photo(path), options)
    assert codes(by_half) == codes(whole)
    assert (by_half.photo.width_px, by_half.photo.height_px) == size
    assert value(by_half, "skin_tone") == pytest.approx(value(whole, "skin_tone"), abs=2.0)
    assert value(by_half, "acne_lesions") == pytest.approx(value(whole, "acne_lesions"), rel=0.1, abs=0.3)


def test_a_large_photo_that_cannot_be_decoded_whole_is_unreadable(photo, monkeypatch):
    def damaged():
        raise UnreadablePhoto("large.jpg is damaged.", advice="Copy it again.")

    late = Photo(encoding=photo.encoding, half=photo, decode=damaged)
    monkeypatch.setattr("dermis.pipeline.analyse.read_photo", lambda path: late)
    refused = analyse_file("large.jpg", AnalyseOptions(reference="chart"))
    assert codes(refused) == ["unreadable"]
