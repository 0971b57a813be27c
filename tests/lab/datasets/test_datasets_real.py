"""The readers on the real data, where it lies beside the repository or at DERMIS_DATA."""

import os
from collections import Counter
from pathlib import Path

import pytest

from dermis.lab.datasets import DATASETS

DATA = Path(os.environ.get("DERMIS_DATA", Path(__file__).parents[4] / "shared" / "data"))


def indexed(name):
    root = DATA / name
    if not root.is_dir():
        pytest.skip(f"{root} is not there; set DERMIS_DATA to the folder of the real datasets")
    return DATASETS[name].index(root)


@pytest.mark.data
def test_acne04_tables():
    samples = indexed("acne04")
    assert len(samples) == 1173
    grades = Counter(
        label.value for s in samples for label in s.labels if label.grader == "reference" and label.task == "acne_grade"
    )
    assert set(grades) == {0.0, 1.0, 2.0, 3.0}
    assert sum(len(sample.items) for sample in samples) == 15_209
    assert samples[0].read().pixels.shape == (640, 640, 3)


@pytest.mark.data
def test_fasseg():
    samples = indexed("fasseg")
    assert len(samples) == 202
    assert len({s.key.subject for s in samples if s.traits["poses"] == "multipose"}) == 7
    assert len({s.traits["yaw_deg"] for s in samples}) == 13
    photo = samples[30].read()
    assert samples[30].beside["parts"]().shape == photo.pixels.shape[:2]
