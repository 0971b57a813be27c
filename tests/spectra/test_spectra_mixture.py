"""The mixture regression against what it must be where it is known in closed form, and its table against itself."""

import numpy as np
import pytest

from dermis.spectra.mixture import fit_mixture, look_up, tabulate


def drawn(kinds: int, n: int = 400, seed: int = 1):
    rng = np.random.default_rng(seed)
    middle = 3.0 * rng.standard_normal((kinds, 3))
    inputs = np.concatenate([one + 0.3 * rng.standard_normal((n, 3)) for one in middle])
    kind = np.repeat(np.arange(kinds), n)
    slopes = rng.standard_normal((kinds, 3, 2))
    outputs = np.einsum("ni,nio->no", inputs, slopes[kind]) + kind[:, None]
    return inputs, outputs, kind, slopes


def test_one_kind_is_a_line():
    inputs, outputs, kind, _ = drawn(1)
    found = fit_mixture(inputs, outputs, kind, np.full(len(inputs), 1 / len(inputs)))
    off = inputs - inputs.mean(axis=0)
    usual = np.sqrt(np.square(off / off.std(axis=0)).sum(axis=1)) < 3
    assert found(inputs[usual]) == pytest.approx(outputs[usual], abs=0.02)
    assert usual.mean() > 0.9


def test_kinds_apart_keep_their_own_lines():
    inputs, outputs, kind, _ = drawn(4)
    found = fit_mixture(inputs, outputs, kind, np.full(len(inputs), 1 / len(inputs)))
    assert np.abs(found(inputs) - outputs).mean() < 0.02
    line = np.linalg.lstsq(np.c_[np.ones(len(inputs)), inputs], outputs, rcond=None)[0]
    assert (
        np.abs(found(inputs) - outputs).mean()
        < 0.1 * np.abs(np.c_[np.ones(len(inputs)), inputs] @ line - outputs).mean()
    )


def test_between_two_kinds_alike_the_weights_decide():
    rng = np.random.default_rng(2)
    inputs = rng.standard_normal((4000, 3))
    kind = np.repeat([0, 1], 2000)
    outputs = np.where(kind == 0, 0.0, 1.0)[:, None]
    for share in (0.5, 0.9):
        weights = np.where(kind == 0, share, 1 - share) / 2000
        found = fit_mixture(inputs, outputs, kind, weights)(np.zeros((1, 3)))
        assert found[0, 0] == pytest.approx(1 - share, abs=0.03)


@pytest.mark.parametrize("side", [9, 33])
def test_the_table_says_what_the_mixture_says(side):
    inputs, outputs, kind, _ = drawn(2, seed=3)
    inputs /= 4.0
    mixture = fit_mixture(inputs, outputs, kind, np.full(len(inputs), 1 / len(inputs)))
    reach = float(np.sqrt(np.square(inputs).sum(axis=1).max()))
    said = look_up(tabulate(mixture, reach, side), reach, inputs.T.astype(np.float32), np.ones(len(inputs), np.float32))
    off = np.abs(said - mixture(inputs)).mean()
    assert off < (0.4 if side == 9 else 0.1)


def test_places_of_the_table_come_back_as_they_are():
    table = np.random.default_rng(0).random((5, 5, 5, 2), np.float32)
    axis = np.linspace(-2, 2, 5, dtype=np.float32)
    places = np.stack(np.meshgrid(axis[:4], axis[:4], axis[:4], indexing="ij"), axis=-1).reshape(-1, 3)
    level = np.random.default_rng(1).random(len(places), np.float32)
    said = look_up(table, 2.0, places.T, level)
    assert said == pytest.approx(level[:, None] * table[:4, :4, :4].reshape(-1, 2), abs=1e-6)


def test_a_line_is_kept_between_the_places():
    axis = np.linspace(-2, 2, 5)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    slopes = np.array([[1.0, -2.0], [0.5, 3.0], [-1.5, 0.25]])
    asked = np.random.default_rng(4).uniform(-1.9, 1.9, (500, 3))
    said = look_up((grid @ slopes).astype(np.float32), 2.0, asked.T.astype(np.float32), np.ones(500, np.float32))
    assert said == pytest.approx(asked @ slopes, abs=1e-5)
