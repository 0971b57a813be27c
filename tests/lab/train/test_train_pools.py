import threading
import time
from itertools import chain

import numpy as np
import pytest
import torch

from dermis.lab.train.cache import Decoded
from dermis.lab.train.pools import AHEAD, ahead, in_order, shuffled
from dermis.lab.train.recipe import recipe_from
from dermis.models.preprocess import Input


def rows(count=20, size=6):
    draw = np.random.default_rng(0)
    return Decoded(
        shown=Input(size_px=size),
        pictures=draw.integers(0, 256, (count, size, size, 3), dtype=np.uint8),
        numbers=np.arange(count, dtype=np.float32)[:, None],
        targets={"x": np.arange(count, dtype=np.float32)[:, None]},
        sha256=("",) * count,
        camera=("",) * count,
    )


def recipe(*settings):
    return recipe_from({"head": {"x": {"kind": "measure"}}, "train": {"batch": 6}}, settings)


def places(batches):
    return [list(batch.places) for batch in batches]


def test_an_epoch_shows_every_sample_once_in_an_order_of_its_own():
    decoded, everyone = rows(), np.arange(20)
    first = places(shuffled(decoded, everyone, recipe(), 0))
    assert sorted(chain(*first)) == list(range(20))
    assert places(shuffled(decoded, everyone, recipe(), 0)) == first
    assert places(shuffled(decoded, everyone, recipe(), 1)) != first
    assert places(shuffled(decoded, everyone, recipe("seed=1"), 0)) != first
    assert [len(row) for row in first] == [6, 6, 6, 2]


def test_rows_belong_together():
    decoded = rows()
    for batch in shuffled(decoded, np.arange(20), recipe(), 0):
        np.testing.assert_array_equal(batch.numbers[:, 0], batch.places)
        np.testing.assert_array_equal(batch.targets["x"][:, 0], batch.places)
        shown = batch.shown(channels_last=True)
        assert shown.is_contiguous(memory_format=torch.channels_last)
        np.testing.assert_allclose(shown.permute(0, 2, 3, 1), decoded.pictures[batch.places] / 255, atol=1e-6)
        assert batch.shown(channels_last=False).is_contiguous()


def test_processes_share_a_batch():
    decoded, everyone = rows(19), np.arange(19)
    alone = places(shuffled(decoded, everyone, recipe(), 3))
    shared = [places(shuffled(decoded, everyone, recipe(), 3, rank=rank, world=3)) for rank in range(3)]
    assert len({len(one) for one in shared}) == 1
    for number in range(len(shared[0])):
        assert sorted(shared[0][number] + shared[1][number] + shared[2][number]) == sorted(alone[number])


def test_a_last_batch_of_one_is_left_out():
    assert [len(row) for row in places(shuffled(rows(7), np.arange(7), recipe(), 0))] == [6]
    assert [len(row) for row in places(shuffled(rows(1), np.arange(1), recipe(), 0))] == [1]
    assert [len(row) for row in places(in_order(rows(7), np.arange(7), 6))] == [6, 1]


def test_rare_kinds_come_equally_often():
    kinds = np.array([0] * 90 + [1] * 10)
    drawn = []
    for epoch in range(20):
        drawn += chain(*places(shuffled(rows(100), np.arange(100), recipe(), epoch, kinds=kinds)))
    assert np.mean(kinds[drawn]) == pytest.approx(0.5, abs=0.05)


def test_what_is_ahead_stays_within_bounds_and_ends_with_the_loop():
    made = []

    def make(number):
        made.append(number)
        return number

    before = threading.active_count()
    for number in ahead(make, list(range(50))):
        time.sleep(0.002)
        assert len(made) <= number + AHEAD + 3
        if number == 10:
            break
    assert threading.active_count() == before
    assert len(made) < 20


def test_a_fault_while_making_reaches_the_loop():
    def make(number):
        if number == 2:
            raise ValueError("the third is broken")
        return number

    given = ahead(make, list(range(5)))
    assert [next(given), next(given)] == [0, 1]
    with pytest.raises(ValueError, match="third"):
        next(given)
