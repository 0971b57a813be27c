"""Two networks of lesions on equal terms: what the table makes of what both say of the same photos."""

import pytest

pytest.importorskip("torch")

from dermis.lab.evaluate.acne.contest import contest_table
from dermis.lab.train.lesion_views import boxes_in_view
from fakes.lesion_examples import answer_of, boxed_photo

SIZE = 64


def photo(place):
    return boxed_photo(place, person=f"p{place // 2}")


def answer(one, *, right):
    boxes = boxes_in_view(one, SIZE) + (0 if right else 20)
    count = len(boxes) / 2 if right else 1.0 + len(boxes) % 2
    return answer_of(count=count, grade=one.grade if right else 3 - one.grade, boxes=boxes)


def test_what_the_better_start_gains_is_told_with_an_interval():
    photos = [photo(place) for place in range(8)]
    wrong, right = ([answer(one, right=how) for one in photos] for how in (False, True))
    rows = {line.split(" | ")[0].strip("| "): line for line in contest_table(
        photos, (wrong, 1.0), (right, 2.0), SIZE, names=("old", "new")).splitlines()}  # fmt: skip
    assert "| old | new |" in rows["figure"]
    assert "-1.000 [" in rows["grade, quadratic kappa"]
    assert rows["grade, quadratic kappa"].count("1.000 [1.000, 1.000]") == 1
    for name in ("grade, RMSE", "lesions, MAE", "boxes, AP at IoU 0.3"):
        cells = [float(cell.split(" [")[0]) for cell in rows[name].strip("| ").split(" | ")[1:]]
        assert cells[2] == pytest.approx(abs(cells[1] - cells[0]), abs=2e-3)
        assert cells[2] > 0, name
