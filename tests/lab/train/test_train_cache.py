from dataclasses import replace

import numpy as np
import pytest

from dermis.core import Cube, Label, Quantity
from dermis.errors import InputError
from dermis.lab.train.cache import cameras_among, decode, fingerprint, with_cameras
from dermis.lab.train.recipe import recipe_from

HEADS = {
    "tone": {"kind": "measure", "targets": ["l", "a", "b"]},
    "parts": {"kind": "map", "classes": 3},
    "spots": {"kind": "map", "targets": ["items"]},
}


def recipe(*settings, **tables):
    held = {"head": HEADS, "input": {"size_px": 20, "features": ["mean_colour", "camera", "exposure"]}} | tables
    return recipe_from(held, settings)


def test_each_sample_has_its_row(fake_samples):
    told = recipe()
    samples = fake_samples(told, 6)
    decoded = decode(samples, told)
    assert decoded.pictures.shape == (6, 20, 20, 3)
    assert decoded.pictures.dtype == np.uint8
    assert decoded.numbers.shape == (6, 3 + 14)
    for place, sample in enumerate(samples):
        lab = [label.value for label in sample.labels]
        np.testing.assert_allclose(decoded.targets["tone"][place], lab, rtol=1e-6)
        if place % 4 == 0:  # no dots
            np.testing.assert_allclose(decoded.numbers[place, :3], lab, atol=1.5)
        assert decoded.targets["spots"][place].sum() == pytest.approx(place % 4, abs=1e-4)
        assert set(np.unique(decoded.targets["parts"][place])) == {0, 1 + place % 2}
        assert decoded.camera[place] == sample.read().capture.make.lower() + " " + sample.read().capture.model.lower()


def test_light_is_kept_in_halves(fake_samples):
    told = recipe("input.values=linear")
    samples = fake_samples(told, 2)
    decoded = decode(samples, told)
    assert decoded.pictures.dtype == np.float16
    assert decoded.pictures.max() < 1


def test_cameras_are_those_of_the_training_part(fake_samples):
    told = recipe()
    decoded = decode(fake_samples(told, 6), told)
    cameras = cameras_among(decoded, np.array([0, 1, 3, 4]))
    assert cameras == ("sour two", "sweet one")
    known = with_cameras(decoded, cameras)
    assert known.shown.cameras == cameras
    assert known.numbers.shape == (6, 3 + 2 + 14)
    np.testing.assert_array_equal(known.numbers[:, 3:5], [[0, 1], [1, 0], [0, 0], [0, 1], [1, 0], [0, 0]])
    np.testing.assert_array_equal(known.numbers[:, 5:], decoded.numbers[:, 3:])


def test_several_graders_are_averaged_or_chosen(fake_samples):
    told = recipe()
    sample = fake_samples(told, 1)[0]
    sample = replace(sample, labels=(
        Label(task="l", value=50.0, grader="first"), Label(task="l", value=60.0, grader="second"),
    ))  # fmt: skip
    decoded = decode([sample], told)
    assert decoded.targets["tone"][0, 0] == 55.0
    assert np.isnan(decoded.targets["tone"][0, 1:]).all()
    chosen = recipe("data.graders=second")
    assert decode([sample], chosen).targets["tone"][0, 0] == 60.0


def test_what_is_not_beside_the_photo_is_not_known(fake_samples):
    told = recipe()
    sample = replace(fake_samples(told, 1)[0], beside={})
    assert (decode([sample], told).targets["parts"] == 255).all()


def counting(samples, reads):
    def counted(sample):
        def read():
            reads.append(str(sample.key))
            return sample.read()

        return replace(sample, read=read)

    return [counted(sample) for sample in samples]


def test_a_second_run_reads_no_photo(fake_samples, tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    (root / "photo.jpg").write_bytes(b"1")
    told = recipe(f'machine.cache="{tmp_path / "cache"}"')
    reads = []
    samples = counting(fake_samples(told, 5), reads)
    first = decode(samples, told, root=root)
    assert len(reads) == 5
    second = decode(samples, told, root=root)
    assert len(reads) == 5
    np.testing.assert_array_equal(first.pictures, second.pictures)
    np.testing.assert_array_equal(first.numbers, second.numbers)
    assert first.sha256 == second.sha256
    for name in HEADS:
        np.testing.assert_array_equal(first.targets[name], second.targets[name])
    decode(samples, recipe(f'machine.cache="{tmp_path / "cache"}"', "input.size_px=10"), root=root)
    assert len(reads) == 10
    (root / "photo.jpg").write_bytes(b"22")
    decode(samples, told, root=root)
    assert len(reads) == 15
    assert not list((tmp_path / "cache").glob("decoding-*"))


def test_a_fault_leaves_nothing_half_kept(fake_samples, tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    told = recipe(f'machine.cache="{tmp_path / "cache"}"')
    samples = fake_samples(told, 3)
    cube = Cube(values=np.zeros((2, 2, 1), np.float32), wavelengths_nm=np.array([500.0]), quantity=Quantity.REFLECTANCE)
    with pytest.raises(InputError, match="cube"):
        decode([*samples, replace(samples[0], read=lambda: cube)], told, root=root)
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_fingerprint_follows_files_and_labels(fake_samples):
    told = recipe()
    samples = fake_samples(told, 3)
    name = fingerprint(samples, ["a", "b", "c"])
    assert fingerprint(samples[::-1], ["c", "b", "a"]) == name
    assert fingerprint(samples, ["a", "b", "d"]) != name
    other = [*samples[:2], replace(samples[2], labels=())]
    assert fingerprint(other, ["a", "b", "c"]) != name


@pytest.mark.parametrize("fit", ["crop", "squeeze", "pad"])
def test_maps_lie_on_their_picture(fake_samples, fit):
    told = recipe(f"input.fit={fit}", "input.size_px=32")
    samples = fake_samples(told, 4, height=64, width=48)
    decoded = decode(samples, told)
    dots = decoded.targets["spots"][3]
    row, column = np.unravel_index(dots.argmax(), dots.shape)
    red = decoded.pictures[3].astype(int)
    assert red[row, column, 0] - red[row, column, 1] > 120
