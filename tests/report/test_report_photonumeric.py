"""The photonumeric scales: pictures that ship, the page of the atlas, and the two nearest grades beside a face."""

import hashlib
import json
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest

from dermis.core import Finding, Region
from dermis.formats.images.photo import read_photo
from dermis.lab.synth.photonumeric import GRADES, RECIPE, WORDS, paint_scales, recipe_hash
from dermis.report.atlas_page import write_atlas
from dermis.report.page import write_report
from dermis.report.photonumeric import TONES, nearest_pictures, scale_pictures, tone_of
from dermis.tasks import TASKS

SCALES = resources.files("dermis.report").joinpath("scales")
INDEX = json.loads(SCALES.joinpath("scales.json").read_text())
MOST_BYTES = 1_500_000
TONE_NAMES = [tone for tone, _ in TONES]


def test_the_pictures_that_ship_are_those_of_the_recipe():
    assert INDEX["recipe"] == recipe_hash(RECIPE)
    assert sorted((row["task"], row["tone"], row["grade"]) for row in INDEX["pictures"]) == sorted(
        (task, tone, grade) for task, grades in GRADES.items() for tone in TONE_NAMES for grade in grades
    )
    assert all(row["word"] == WORDS[row["task"]](row["grade"]) for row in INDEX["pictures"])
    contents = {row["file"]: SCALES.joinpath(row["file"]).read_bytes() for row in INDEX["pictures"]}
    assert {row["file"]: row["sha256"] for row in INDEX["pictures"]} == {
        name: hashlib.sha256(content).hexdigest() for name, content in contents.items()
    }
    assert sum(map(len, contents.values())) < MOST_BYTES
    assert all(abs(row["painted"] - row["grade"]) <= 0.25 for row in INDEX["pictures"])


def test_painting_anew_gives_the_same_pictures(models, tmp_path, monkeypatch):
    monkeypatch.setattr("dermis.lab.synth.photonumeric.GRADES", {"redness_grade": (1, 3)})
    light_alone = {name: getattr(RECIPE, name) for name in RECIPE.__slots__} | {
        "tones": {"light": RECIPE.tones["light"]}
    }
    paint_scales(tmp_path, type(RECIPE)(**light_alone))
    for grade in (1, 3):
        name = f"redness_grade/light-{grade}.jpg"
        mine, ships = read_photo(tmp_path / name).pixels, read_photo(SCALES.joinpath(name)).pixels
        assert np.abs(mine - ships).mean() < 0.004
    assert recipe_hash(type(RECIPE)(**light_alone)) != recipe_hash(RECIPE)


@pytest.mark.parametrize("tone", TONE_NAMES)
def test_each_grade_shows_more_than_the_last(tone):
    for task in GRADES:
        pictures = [read_photo(SCALES.joinpath(f"{task}/{tone}-{grade}.jpg")).pixels for grade in GRADES[task]]
        change = [float(np.abs(one - pictures[0]).mean()) for one in pictures]
        assert change == sorted(change)
        assert change[-1] > 0.01


def test_the_two_nearest_grades_are_of_the_tone():
    pictures = nearest_pictures("pigmentation_grade", 4.7, "dark")
    assert [(one.grade, one.tone, one.word) for one in pictures] == [(4, "dark", "moderate"), (5, "dark", "moderate")]
    assert [one.grade for one in nearest_pictures("redness_grade", 9.0, "light")] == [3, 4]
    assert nearest_pictures("melanin", 4.0, "light") == ()
    assert [tone_of(ita) for ita in (60.0, 36.0, 15.0, 0.0, -2.0)] == ["light", "light", "medium", "medium", "dark"]


def test_the_atlas_is_one_page_with_every_grade(tmp_path):
    page = write_atlas(tmp_path / "atlas.html").read_text()
    assert page.count('<img src="data:image/jpeg;base64,') == len(INDEX["pictures"])
    for task in GRADES:
        assert all(picture.uri in page for picture in scale_pictures(task))
    assert "http" not in page.replace("http-equiv", "")


def test_the_report_shows_the_face_beside_the_nearest_grades(analysis, tmp_path):
    graded = Finding(
        task="redness_grade", region=Region.FACE, value=2.4, unit="grade 0-4", label="mild", model="redness-grade@1"
    )
    analysis = replace(analysis, findings=(*analysis.findings, graded))
    write_report(analysis, tmp_path / "report.html", tasks=TASKS)
    page = (tmp_path / "report.html").read_text()
    assert "Grade 2, mild" in page
    assert "Grade 3, moderate" in page
    assert "This face, 2.4" in page
    assert 'id="scale-redness_grade"' in page
