"""What every dataset must be, whichever is added next."""

import importlib

import numpy as np
import pytest

from dermis.core import Cube, Photo
from dermis.errors import InputError, UsageError
from dermis.lab.datasets import DATASETS, find_dataset

FAKES = {name: DATASETS[name].index.__module__.rpartition(".")[2] for name in DATASETS}


@pytest.fixture(scope="module", params=list(DATASETS))
def made(request, tmp_path_factory):
    fake = importlib.import_module(f"fakes.{FAKES[request.param]}")
    root = tmp_path_factory.mktemp(FAKES[request.param])
    fake.make(root)
    return DATASETS[request.param], fake, DATASETS[request.param].index(root)


def test_a_dataset_says_what_it_is(made):
    dataset, _, _ = made
    assert DATASETS[dataset.name] is dataset
    assert dataset.licence
    assert dataset.citation
    assert len(dataset.about.splitlines()) > 4


def test_two_fake_subjects_are_found(made):
    dataset, fake, samples = made
    assert len(samples) == fake.SAMPLES
    assert len({sample.key.subject for sample in samples}) == fake.SUBJECTS
    assert {sample.key.dataset for sample in samples} == {dataset.name}
    assert len({str(sample.key) for sample in samples}) == len(samples)
    assert {sample.licence for sample in samples} == {dataset.licence}


def test_pixels_and_what_lies_beside_are_read_when_asked_for(made):
    _, _, samples = made
    for sample in samples:
        photo = sample.read()
        assert isinstance(photo, Photo)
        assert photo.pixels.shape[2] == 3
        for name, read in sample.beside.items():
            held = read()
            array = held.values if isinstance(held, Cube) else held
            assert isinstance(array, np.ndarray), name
            if name != "circles":
                assert array.shape[:2] == photo.pixels.shape[:2], name
        for item in sample.items:
            assert item.box.x_px + item.box.width_px <= photo.width_px
            assert item.box.y_px + item.box.height_px <= photo.height_px


def test_a_folder_without_the_dataset_is_refused(made, tmp_path):
    dataset, _, _ = made
    for root in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(InputError) as refusal:
            dataset.index(root)
        assert str(root) in refusal.value.message
        assert refusal.value.advice


def test_an_unknown_dataset_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="Did you mean 'acne04'"):
        find_dataset("acne4")
