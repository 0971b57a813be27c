"""The fit of the network of brown marks: who teaches, what is learnt, and what is not looked at."""

from pathlib import Path

import numpy as np
import pytest

from dermis.lab.train import brown_marks
from dermis.tasks.pigmentation.mark_network import FILE, MarkNetwork
from dermis.tasks.pigmentation.skin_grid import CLUES
from fakes.plain_face import SIZE, face_with

NUMBERS = {"networks": 2, "rounds": 120, "dropout": 0.2, "decay": 0.1}


@pytest.fixture(scope="module")
def learnt():
    rng = np.random.default_rng(0)
    clues = rng.normal(0, 1, (6000, len(CLUES))).astype(np.float32)
    dark = clues[:, CLUES.index("dark_around_0.03")]
    density = np.where(dark > 0.5, 8.0, 0.0).astype(np.float32)
    clues[::7, CLUES.index("beside_midline")] = np.nan
    return brown_marks.fit(clues, density, NUMBERS), clues, density


def network_of(arrays):
    layers = tuple((arrays[f"weights_{place}"], arrays[f"offsets_{place}"]) for place in range(3))
    return MarkNetwork(mean=arrays["mean"], spread=arrays["spread"], layers=layers)


def last_values(arrays, clues):
    network = network_of(arrays)
    weights, offsets = network.layers[-1]
    return network.hidden(clues) @ weights + offsets


def test_only_people_with_odd_numbers_teach(tmp_path):
    (tmp_path / "labels.csv").write_text(
        "file,person\n" + "\n".join(f"{number}.jpg,cal_p{number % 4:02d}" for number in range(40)) + "\n"
    )
    for person in ("P001", "P002", "P003"):
        (tmp_path / f"{person}_selfie.jpg").touch()
    numbers = {"portrait_shots": 3, "adult_photos": 4, "adult_shots": 2}
    photos = list(brown_marks.teaching_photos(tmp_path, tmp_path, numbers))
    taught = [path.name for path, _ in photos]
    assert [times for _, times in photos] == [3, 3] + [2] * (len(photos) - 2)
    assert taught[:2] == ["P001_selfie.jpg", "P003_selfie.jpg"]
    assert len(taught) == 2 + 2 * numbers["adult_photos"]
    assert all(int(Path(name).stem) % 2 == 1 for name in taught[2:])


def test_the_network_learns_what_is_painted_and_does_not_look_at_the_place(learnt):
    arrays, clues, density = learnt
    network = network_of(arrays)
    chance, found = network.answer(clues)
    assert chance[density > 0].mean() > chance[density == 0].mean() + 0.5
    assert found[density > 0].mean() > found[density == 0].mean() + 2
    moved = clues.copy()
    moved[:, [CLUES.index(name) for name in brown_marks.LEFT_OUT]] += 3
    assert np.array_equal(network.answer(moved)[0], chance)


def test_networks_written_as_one_answer_by_the_mean_of_their_last_values():
    rng = np.random.default_rng(1)
    clues = rng.normal(0, 1, (300, len(CLUES))).astype(np.float32)
    density = np.where(clues[:, 0] > 0, 8.0, 0.0).astype(np.float32)
    each = [brown_marks.fit(clues, density, {**NUMBERS, "networks": 1}, seed=seed) for seed in (4, 5, 6)]
    together = brown_marks.fit(clues, density, {**NUMBERS, "networks": 3}, seed=4)
    apart = [last_values(one, clues) for one in each]
    assert np.ptp(apart, axis=0).max() > 0.1
    assert last_values(together, clues) == pytest.approx(np.mean(apart, axis=0), abs=1e-4)


def test_what_ships_was_fitted_to_these_clues(learnt):
    with np.load(FILE) as held:
        assert tuple(held["clues"].tolist()) == CLUES
        assert set(held.files) == set(learnt[0])


def test_the_part_that_is_cut_out_holds_all_that_is_judged():
    face, skin = face_with(np.zeros((SIZE, SIZE, 3)))
    smaller, cut = brown_marks.cut_out(face, skin)
    assert cut.linear.shape[:2] == smaller.skin.shape == (smaller.frame.height, smaller.frame.width)
    assert cut.visible.sum() == skin.visible.sum()
