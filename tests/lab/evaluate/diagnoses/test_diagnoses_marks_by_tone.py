"""Who is graded, and whose gloss is named, by tone."""

import numpy as np

from dermis.lab.evaluate.diagnoses import marks_by_tone as module
from dermis.lab.evaluate.diagnoses.marks_by_tone import ReadPhoto, photos_by_tone, tone_lines
from fakes.pictures import photo

NAN = float("nan")


def read(person, tone, grade, shines=False):
    return ReadPhoto(person=person, tone=tone, grade=grade, shines=shines)


def test_each_tone_has_a_line_and_those_that_are_not_graded_count():
    photos = [
        read("a", "dark", 2.0, shines=True),
        read("a", "dark", 4.0),
        read("b", "dark", NAN),
        read("c", "light", 1.0),
        read("d", "not told", NAN),
    ]
    assert tone_lines(photos).splitlines()[2:] == [
        "| all | 5 | 4 | 60% | 33% | 2.0 |",
        "| light | 1 | 1 | 100% | 0% | 1.0 |",
        "| dark | 3 | 2 | 67% | 50% | 3.0 |",
        "| not told | 1 | 1 | 0% | - | - |",
    ]


def test_a_photo_without_a_face_counts_as_not_graded(tmp_path, models):
    for folder in ("set", "portraits"):
        photo(tmp_path / folder / "p1_a.jpg", 1)
    (tmp_path / "set" / "labels.csv").write_text("file,group\np1_a.jpg,g1\n")
    found = list(photos_by_tone([tmp_path / "set"], tmp_path / "portraits"))
    assert [one.person for one in found] == ["g1", "p1"]
    assert all(np.isnan(one.grade) and one.tone == "not told" and not one.shines for one in found)
    assert module.TONES[-1] == "not told"
