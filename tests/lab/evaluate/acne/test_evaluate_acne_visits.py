"""Change between photos of one person, and of drawn lesions: what the table makes of it."""

from types import SimpleNamespace

import numpy as np
import pytest

from dermis.core import Box
from dermis.lab.evaluate.acne import visits
from dermis.lab.evaluate.acne.visits import (
    ONE_VISIT,
    DrawnChange,
    Repeat,
    change_table,
    drawn_changes,
    repeats,
    same_visit,
)


def change(new=(), gone=0, difference=(-1.0, 1.0), counts=(4.0, 4.1), alike=True):
    fates = [SimpleNamespace(elsewhere=box, probability=chance) for box, chance in new]
    told = sum(chance >= visits.TOLD_FROM for _, chance in new)
    return SimpleNamespace(
        new=fates, told_new=told, told_gone=gone, lasting=(), difference=difference, count_before=counts[0],
        count_after=counts[1], taken_alike=alike,
    )  # fmt: skip


def test_pairs_that_cannot_be_compared_are_counted_and_not_judged():
    pairs = [
        Repeat(group="a", change=change()),
        Repeat(group="b", change=change(gone=2, difference=(0.5, 3.0))),
        Repeat(group="c", change=None),
    ]
    lines = change_table(pairs, pairs[1:2], []).splitlines()
    start = lines.index("| two photos of one person from one side, seldom of one visit | |")
    assert lines[0] == "| two photos of one visit | |"
    assert lines[3].startswith("| told as gone or new, a pair | 2.00")
    assert lines[start + 2] == "| pairs, people; compared | 3, 3; 2 |"
    figures = {line.split(" | ")[0].strip("| "): line.split(" | ")[1].split(" ")[0] for line in lines[start + 3 :]}
    assert figures["told as gone or new, a pair"] == "1.00"
    assert figures["pairs of which none is told"] == figures["the difference's interval holds 0"] == "0.50"


def test_drawn_lesions_are_parted_by_size():
    drawn = np.array([[0.8, 0, 0], [0.9, 1, 0], [2.0, 1, 1], [2.5, 1, 1]])
    told = change(new=[(None, 0.9)] * 3, difference=(2.0, 6.0))
    text = change_table([], [], [DrawnChange(group="a", drawn=drawn, change=told)] * 2)
    assert "| all | 8 | 0.75 [0.75, 0.75] | 0.50 [0.50, 0.50] |" not in text  # one person: no interval
    assert "| all | 8 | 0.75" in text
    assert "| under 3 mm wide | 4 | 0.50" in text
    assert "| wider | 4 | 1.00" in text
    assert "| told as new beside the drawn, a photo | 1.00" in text


def test_a_count_is_told_as_changed_beyond_what_another_photo_gives():
    drawn = np.array([[2.0, 1, 0]])
    grown, same = (DrawnChange(group="a", drawn=drawn, change=change(counts=(4.0, end))) for end in (8.0, 4.2))
    assert "| the count told as changed | 0.50" in change_table([], [], [grown, same])
    apart = Repeat(group="a", change=change(counts=(4.0, 8.0), alike=False))
    assert "| the count told as changed | 0.00" in change_table([], [apart], [])
    assert "| the count told as changed | 1.00" in change_table([], [Repeat(group="a", change=grown.change)], [])


def test_a_drawn_lesion_is_found_where_a_new_one_lies_on_it(monkeypatch, tmp_path):
    marks = tuple(
        SimpleNamespace(radius_mm=2.0, box=Box(x_px=x, y_px=50, width_px=10, height_px=10)) for x in (20.0, 60.0, 100.0)
    )
    new = [
        (Box(x_px=22, y_px=52, width_px=12, height_px=12), 0.7),
        (Box(x_px=58, y_px=50, width_px=8, height_px=8), 0.1),
        (None, 0.9),
    ]
    monkeypatch.setattr(visits, "read_photo", lambda path: path)
    monkeypatch.setattr(visits, "looked_at", lambda photo: SimpleNamespace(face=photo))
    monkeypatch.setattr(visits, "with_papules", lambda photo, face, seed: (photo, marks))
    monkeypatch.setattr(visits, "photographed_again", lambda photo, seed: photo)
    monkeypatch.setattr(visits, "_compared", lambda before, after: change(new=new))
    (told,) = drawn_changes([(tmp_path / "a.jpg", "a")])
    assert told.drawn.tolist() == [[2.0, 1.0, 1.0], [2.0, 1.0, 0.0], [2.0, 0.0, 0.0]]
    assert "| photographed again: told as gone or new, a photo | 2.00 " in change_table([], [], [told])


def test_photos_alike_are_of_one_visit_where_nearly_all_skin_is_found_again(monkeypatch):
    samples = [
        SimpleNamespace(key=SimpleNamespace(subject=subject), traits={"hires": f"{subject}{number}.jpg"})
        for subject, count in (("a", 3), ("b", 1), ("c", 2)) for number in range(count)
    ]  # fmt: skip
    samples.append(SimpleNamespace(key=SimpleNamespace(subject="b"), traits={}))
    found = {3: ((0, 1, False), (1, 2, False), (0, 2, True)), 2: ((0, 1, False),)}
    textured = {"a0.jpg a1.jpg": ONE_VISIT, "a1.jpg a2.jpg": 0.9, "a0.jpg a2.jpg": 1.0, "c0.jpg c1.jpg": 0.68}
    monkeypatch.setattr(visits, "read_photo", lambda path: path.name)
    monkeypatch.setattr(visits, "perceptual_hash", lambda photo: photo)
    monkeypatch.setattr(
        visits,
        "find_duplicates",
        lambda hashes, thorough: tuple(
            SimpleNamespace(first=first, second=second, identical=same) for first, second, same in found[len(hashes)]
        ),
    )
    monkeypatch.setattr(visits, "looked_at", lambda photo: SimpleNamespace(name=photo, face=SimpleNamespace(view="")))
    monkeypatch.setattr(
        visits, "_compared", lambda one, two: SimpleNamespace(textured=textured[f"{one.name} {two.name}"])
    )
    assert [pair.change.textured for pair in same_visit(samples)] == [ONE_VISIT, 0.9]
    assert not list(repeats(samples))  # all are alike as pictures


@pytest.mark.parametrize(("difference", "holds"), [((-1.0, 1.0), True), ((0.5, 2.0), False), (None, False)])
def test_an_interval_holds_a_number_or_not(difference, holds):
    assert visits._holds(change(difference=difference), 0.0) is holds


def test_the_spread_of_a_count_is_that_of_one_skin_photographed_again():
    ends = (np.e - 1, np.e**1.5 - 1)  # half a unit of log(1 + n) apart
    again = DrawnChange(group="a", drawn=np.zeros((1, 3)), change=change(), again=change(counts=ends))
    text = change_table([], [], [again, again])
    assert f"standard deviation of log(1 + count) | {0.5 / np.sqrt(2):.3f}" in text
