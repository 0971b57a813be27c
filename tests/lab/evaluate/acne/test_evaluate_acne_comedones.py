"""Comedones beside boxes and outlines: what the table makes of it."""

from types import SimpleNamespace

import numpy as np
import pytest

from dermis.core import Region
from dermis.lab.evaluate.acne import comedones
from dermis.lab.evaluate.acne.comedones import (
    CountedKinds,
    DrawnComedones,
    clear_kinds,
    comedones_table,
    counted_kinds,
    drawn_kinds,
    drawn_table,
    outlined_counts,
)
from fakes.lesions import face_lesions


def seen(comedones=3.0, inflamed=2.0):
    told = dict.fromkeys(Region, comedones)
    return SimpleNamespace(name="a", lesions=face_lesions(counts={Region.FACE: inflamed}, comedones=told))


def test_both_numbers_are_ranked_by_both_and_clear_faces_are_told_apart():
    rows = [
        CountedKinds(
            data="close-ups", group=f"g{place}", comedones=place + 1, inflamed=9 - place, told_comedones=2.0 * place,
            told_inflamed=9.0 - place,
        )
        for place in range(6)
    ]  # fmt: skip
    clear = CountedKinds(data="adults", group="h", comedones=0, inflamed=0, told_comedones=4.0, told_inflamed=0.0)
    text = comedones_table([*rows, clear])
    assert "| close-ups | 6 | 1.00 [1.00, 1.00] | -1.00 [-1.00, -1.00] | 1.00 [1.00, 1.00] | -1.00" in text
    assert "| adults | 1 | 4.00" in text
    assert text.endswith("| 100% |")


def test_outlines_are_counted_by_kind(monkeypatch, tmp_path):
    (tmp_path / "labels.csv").write_text("file,group\na.jpg,g1\nb.jpg,g2\nc.jpg,g3\n")
    outlines = ["a.jpg,black_heads", "a.jpg,white_heads", "a.jpg,papules", "b.jpg,PIH", "c.jpg,acne"]
    (tmp_path / "polygons.csv").write_text("\n".join(["file,label", *outlines]) + "\n")
    monkeypatch.setattr(comedones, "_analysed", lambda path: seen())
    row, other = outlined_counts("outlined", tmp_path)
    assert (row.comedones, row.inflamed, row.told_comedones, row.told_inflamed) == (2, 1, 3.0, 2.0)
    assert (other.data, other.comedones + other.inflamed) == ("outlined, other findings", 0)
    assert [one.group for one in clear_kinds("clear", [(tmp_path / "c.jpg", "p")])] == ["p"]


def test_a_photo_without_a_face_is_not_counted():
    with pytest.raises(ValueError, match="Nothing was counted on a"):
        counted_kinds("x", "g", 0, 0, SimpleNamespace(name="a", lesions=None))
    assert list(comedones._faced("x", "g", 0, 0, SimpleNamespace(lesions=None))) == []


def test_an_interval_holds_what_was_marked_or_not():
    held = comedones._held(np.array([10.0, 1e6]), np.array([10.0, 10.0]))
    assert held.tolist() == [1.0, 0.0]


def test_what_is_told_more_of_drawn_comedones_is_ranked_by_their_number(monkeypatch, tmp_path):
    from dermis.lab.train.examples import comedones as lessons

    told = iter([seen(4.0), seen(9.0), seen(2.0), seen(3.0), SimpleNamespace(lesions=None, face=None)])

    def counted(photo):
        found = next(told)
        found.face = "face"
        return found

    numbers = iter([20, 5])
    monkeypatch.setattr(comedones, "read_photo", lambda path: path)
    monkeypatch.setattr(comedones, "_counted", counted)
    monkeypatch.setattr(lessons, "drawn_comedones", lambda rng, photo, face: (photo, np.zeros((next(numbers), 3))))
    rows = list(drawn_kinds("selfies", [(tmp_path / f"{name}.jpg", name) for name in "abc"]))
    assert [(one.drawn, one.after - one.before) for one in rows] == [(20, 5.0), (5, 1.0)]
    many = [DrawnComedones(data="selfies", group=str(n), drawn=n, before=0.0, after=0.5 * n) for n in range(4, 10)]
    assert "| selfies | 6, 6 | 6 | 3.25 [" in drawn_table(many)
    assert drawn_table(many).endswith("1.00 [1.00, 1.00] |")
