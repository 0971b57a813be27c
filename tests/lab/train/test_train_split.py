from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from dermis.errors import InputError, UsageError
from dermis.lab.datasets.splits import write_split
from dermis.lab.train.cache import decode
from dermis.lab.train.recipe import Split, recipe_from
from dermis.lab.train.split import duplicates_in, parts_of, parts_of_patches, photo_of

TOLD = recipe_from({"head": {"dots": {"kind": "count"}}, "input": {"size_px": 32}})


@pytest.fixture
def samples(fake_samples):
    return fake_samples(TOLD, 40)


def sides(samples, parts, what):
    return [{what(samples[place]) for place in places} for _, places in parts.items()]


def apart(sets):
    return max(Counter(value for one in sets for value in one).values()) == 1


def test_a_split_by_share(samples):
    parts = parts_of(samples, Split())
    assert apart(sides(samples, parts, lambda one: one.key.subject))
    assert [len(places) for _, places in parts.items()] == [28, 6, 6]
    again = parts_of(samples, Split())
    assert all(np.array_equal(getattr(parts, name), getattr(again, name)) for name in ("train", "validate", "test"))
    assert not np.array_equal(parts.test, parts_of(samples, Split(seed=1)).test)


def test_every_fold_judges_once(samples):
    folds = [parts_of(samples, Split(folds=4, fold=fold)) for fold in range(4)]
    assert sorted(place for parts in folds for place in parts.test) == list(range(40))
    assert all(apart(sides(samples, parts, lambda one: one.key.subject)) for parts in folds)
    with pytest.raises(UsageError, match="from 0"):
        parts_of(samples, Split(folds=4, fold=4))


def test_nested_folds_choose_and_judge_once_each(samples):
    inner = [parts_of(samples, Split(folds=2, inner_folds=3, fold=1, inner_fold=place)) for place in range(3)]
    assert all(np.array_equal(parts.test, inner[0].test) for parts in inner)
    chosen = sorted(place for parts in inner for place in parts.validate)
    assert chosen == sorted(set(range(40)) - set(inner[0].test.tolist()))


def test_a_trait_may_name_the_part(samples):
    parts = parts_of(samples, Split(part="part"))
    assert {samples[place].traits["part"] for place in parts.test} == {"test"}
    assert len(parts.validate) == pytest.approx(0.15 * 40, abs=2)
    with pytest.raises(InputError, match="belongs together"):
        parts_of(samples, Split(part="part", by=("camera",)))


def test_a_file_may_name_the_part(samples, tmp_path):
    parts = parts_of(samples, Split(seed=3))
    write_split(tmp_path / "split.csv", samples, parts)
    read = parts_of(samples, Split(file=str(tmp_path / "split.csv")))
    assert np.array_equal(read.train, parts.train)


def test_crossed_parts_share_neither_tone_nor_camera(samples):
    parts = parts_of(samples, Split(by=("tone", "camera"), crossed=True, validate=0.3, test=0.3))
    for trait in ("tone", "camera"):
        assert apart(sides(samples, parts, lambda one, trait=trait: one.traits[trait]))


def test_duplicates_stay_on_one_side(fake_samples):
    twice = fake_samples(TOLD, 20)
    from dataclasses import replace

    copies = [replace(one, key=replace(one.key, subject=f"copy-{place}")) for place, one in enumerate(twice)]
    samples = twice + copies
    decoded = decode(samples, TOLD)
    found = duplicates_in(decoded, Split(duplicates="identical"))
    assert {(pair.first, pair.second) for pair in found} == {(place, place + 20) for place in range(20)}
    parts = parts_of(samples, Split(), duplicates=found)
    where = {place: name for name, places in parts.items() for place in places.tolist()}
    assert all(where[place] == where[place + 20] for place in range(20))
    assert duplicates_in(decoded, Split(duplicates="ignore")) == ()
    assert len(duplicates_in(decoded, Split(duplicates="alike"))) >= 20


def test_a_part_without_samples_is_refused(samples):
    with pytest.raises(UsageError, match="validate"):
        parts_of(samples, Split(validate=0.0))


def test_patches_fall_as_their_photos_do(samples):
    """A photo counts once however many patches it has, so the folds are those of whole photos."""
    split = Split(folds=4, fold=1, by=("view",), duplicates="ignore")
    named = [replace(one, key=replace(one.key, view=f"v{place}")) for place, one in enumerate(samples)]
    patches = [
        replace(one, key=replace(one.key, view=f"{one.key.view}:{name}"))
        for place, one in enumerate(named)
        for name in ("chin", "forehead", "side")[: 1 + place % 3]
    ]
    whole, cut = parts_of(named, split), parts_of_patches(patches, split)
    for name, places in cut.items():
        photos = {photo_of(str(patches[place].key)) for place in places}
        assert photos == {str(named[place].key) for place in getattr(whole, name)}
    assert sum(len(places) for _, places in cut.items()) == len(patches)
