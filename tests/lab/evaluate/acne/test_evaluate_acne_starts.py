"""Two starts in five folds: every person is judged once, by networks of its own fold."""

import pytest

pytest.importorskip("torch")

from dermis.lab.evaluate.acne import starts
from dermis.lab.train.lesion_views import boxes_in_view
from fakes.lesion_examples import answer_of, boxed_photo

SIZE = 320


def answer(one, count):
    return answer_of(count=count, grade=one.grade, boxes=boxes_in_view(one, SIZE))


def test_every_photo_is_judged_once_by_the_network_and_the_factor_of_its_fold(monkeypatch, tmp_path):
    photos = [boxed_photo(place, person=f"p{place}") for place in range(10)]
    monkeypatch.setattr(starts, "gather", lambda recipe, roots: {"graded": photos})
    monkeypatch.setattr(
        starts, "parts_of_pools", lambda recipe, pools: {"test": {"graded": photos[recipe.split.fold :: 5]}}
    )
    taught = []

    def teach(recipe, pools, out):
        taught.append((recipe.network.name, recipe.split.fold))
        return recipe, 1.0 + recipe.split.fold

    def tell(network, examples, size_px):
        assert [int(one.name) % 5 for one in examples] == [network.split.fold] * len(examples)
        off = 0 if network.network.name == "thin_quarter" else 2
        return [answer(one, (len(one.boxes) + off) / (1 + network.split.fold)) for one in examples]

    monkeypatch.setattr(starts, "_taught", teach)
    monkeypatch.setattr(starts, "tell_lesions", tell)
    monkeypatch.setattr(starts, "_cost", lambda network, size_px: (1.0, 2.0, 3.0))
    table = starts.starts_table({}, tmp_path)
    assert sorted(taught) == [(name, fold) for name in ("lite0_quarter", "thin_quarter") for fold in range(5)]
    row = next(line for line in table.splitlines() if line.startswith("| lesions, MAE"))
    assert [float(cell.split(" [")[0]) for cell in row.strip("| ").split(" | ")[1:]] == [2.0, 0.0, 2.0]
    assert table.splitlines()[-1].startswith("10 photos of 10 people in 5 folds")
