import shutil

import numpy as np
from PIL import Image

from dermis.lab.datasets import DATASETS
from dermis.lab.datasets.check import check_dataset


def portrait(path, seed, side=128):
    """A picture with fine structure, so that copies can be known."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(60, 190, (side // 4, side // 4, 3))
    picture = np.kron(coarse, np.ones((4, 4, 1))) + rng.normal(0, 8, (side, side, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(path)


def test_copies_and_contradictions_are_found(tmp_path):
    portrait(tmp_path / "0-clear" / "anna.png", 1)
    portrait(tmp_path / "1-mild" / "bela.png", 2)
    (tmp_path / "3-severe").mkdir()
    shutil.copy(tmp_path / "0-clear" / "anna.png", tmp_path / "3-severe" / "cora.png")
    with Image.open(tmp_path / "1-mild" / "bela.png") as picture:
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "1-mild" / "dora.jpg", quality=80)
    samples = DATASETS["graded-folders"].index(tmp_path)
    counted = []
    found = check_dataset(samples, seen=counted.append)
    assert counted == [1, 2, 3, 4]
    assert (found.photos, found.subjects) == (4, 4)
    assert found.values == {"acne_severity by reference": "0: 1, 1: 2, 3: 1"}
    same, mirrored = found.twins
    assert same.identical
    assert same.parted
    assert same.contradicted == (("acne_severity", "reference", 0.0, 3.0),)
    assert not mirrored.identical
    assert mirrored.likeness > 0.75
    assert mirrored.contradicted == ()


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    portrait(tmp_path / "1" / "good.png", 1)
    (tmp_path / "1" / "bad.png").write_bytes(b"no picture")
    found = check_dataset(DATASETS["graded-folders"].index(tmp_path))
    assert list(found.unreadable) == ["graded-folders/1/bad//png"]
    assert found.twins == ()


def test_many_values_are_summed_up(tmp_path):
    for number in range(14):
        portrait(tmp_path / f"{number}" / "a.png", number, side=32)
    found = check_dataset(DATASETS["graded-folders"].index(tmp_path))
    assert found.values == {"acne_severity by reference": "14 values from 0 to 13"}
