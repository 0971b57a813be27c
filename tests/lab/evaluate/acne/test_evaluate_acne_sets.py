"""Sets held out in turn: what is learnt from the others, and what the table makes of it."""

from types import SimpleNamespace

import numpy as np
import pytest

from dermis.lab.evaluate.acne import sets
from dermis.lab.evaluate.acne.sets import SetPhoto, learnt_elsewhere, learnt_within, sets_table
from dermis.metrics.ordinal import spearman
from fakes.lesions import face_lesions, found

PEOPLE = 30


def photo(data, place, *, shift=0.0, told=np.nan, clear=False):
    lesions = float(0 if clear and place % 3 == 0 else place)
    rng = np.random.default_rng(place)
    features = np.array([np.log1p(lesions) + shift, *rng.normal(0, 0.1, 3)])
    return SetPhoto(data=data, group=f"g{place // 2}", lesions=lesions, features=features, told=told, chance=told)


@pytest.fixture(scope="module")
def photos():
    return [
        *(photo("one", place) for place in range(PEOPLE)),
        *(photo("two", place, shift=0.5, clear=True, told=-float(place)) for place in range(PEOPLE)),
        *(photo("three", place, shift=-0.5) for place in range(PEOPLE)),
    ]


def test_what_holds_in_all_sets_is_learnt_from_the_others(photos):
    lesions = [one.lesions for one in photos if one.data == "one"]
    assert spearman(lesions, learnt_elsewhere(photos, "one")) > 0.9


def test_a_person_teaches_nothing_about_himself():
    alone = [photo("one", place) for place in range(4)]
    strange = [SetPhoto(data="one", group="h", lesions=50.0, features=np.full(4, 9.0), told=np.nan, chance=np.nan)] * 2
    said = learnt_within([*alone, *strange])
    assert said[-1] < np.log1p(10.0)


def test_the_table_tells_what_ships_only_where_it_was_taught_nothing(photos):
    lines = sets_table(photos).splitlines()[2:]
    cells = [line.strip("| ").split(" | ") for line in lines]
    assert [row[2] for row in cells if row[0] == "two"][-2:] == ["what ships", "nothing (the median)"]
    assert all(row[2] != "what ships" for row in cells if row[0] != "two")
    (ships,) = (row for row in cells if row[2] == "what ships")
    assert ships[3].startswith("-0.")  # it tells the less, the more there are
    assert cells[0][:2] == ["one", f"{PEOPLE}, {PEOPLE // 2}"]
    assert all(row[5].endswith("%") for row in cells)


def test_acne_is_any_lesion_where_some_faces_are_clear_and_more_than_mild_elsewhere():
    assert sets._ill(np.array([0.0, 1.0, 7.0])).tolist() == [False, True, True]
    assert sets._ill(np.array([2.0, 5.0, 7.0])).tolist() == [False, False, True]
    assert sets._auc(np.array([0.0, 1.0, 1.0]), np.array([1.0, 1.0, 3.0])) == 0.75


@pytest.fixture
def looked_at(monkeypatch):
    lesions = face_lesions(lesions=found(presence=0.7))
    seen = SimpleNamespace(face="a face", photo="a photo", lesions=lesions)
    monkeypatch.setattr(sets, "read_photo", lambda path: path)
    monkeypatch.setattr(sets, "analyse", lambda photo, tasks: seen)
    monkeypatch.setattr(sets, "frozen_features", lambda photo, face: np.zeros(3))


def test_boxes_and_outlines_of_acne_are_counted(looked_at, tmp_path):
    (tmp_path / "labels.csv").write_text("file,group,n_boxes\na.jpg,g,4\n")
    (tmp_path / "polygons.csv").write_text("file,label\na.jpg,papules\na.jpg,melasma\na.jpg,acne\n")
    (boxed,), (outlined,) = (read("set", tmp_path) for read in (sets.boxed_set, sets.outlined_set))
    assert (boxed.lesions, outlined.lesions) == (4.0, 2.0)
    assert (boxed.told, boxed.chance) == (0.0, 0.7)
