import numpy as np
import pytest

from dermis.core import Sample, SampleKey
from dermis.errors import InputError, UsageError
from dermis.lab.datasets.check import Duplicate
from dermis.lab.datasets.splits import (
    Parts,
    check_split,
    crossed,
    dealt,
    folds_of,
    groups_of,
    nested,
    overlaps,
    parts_by_share,
    read_split,
    trait_of,
    write_split,
)


def sample(subject, visit="", view="", **traits):
    return Sample(
        key=SampleKey(dataset="made", subject=subject, visit=visit, view=view), read=lambda: None, traits=traits
    )


@pytest.fixture
def samples():
    return [
        sample(f"s{subject}", visit=f"v{visit}", view=camera, camera=camera, tone=float(subject))
        for subject in range(10)
        for visit in range(2)
        for camera in ("a", "b", "c")
    ]


def parts_at(train, validate, test):
    return Parts(**{name: np.array(places, np.int64) for name, places in locals().items()})


def test_subjects_stay_together(samples):
    parts = parts_by_share(groups_of(samples, ["subject"]), validate=0.2, test=0.2, seed=3)
    subjects = {name: {samples[place].key.subject for place in places} for name, places in parts.items()}
    assert sum(len(held) for held in subjects.values()) == 10
    assert len(subjects["test"]) == len(subjects["validate"]) == 2
    check_split(samples, parts, by=("subject", "visit", "tone"))


def test_a_visit_is_of_its_subject(samples):
    assert len(set(groups_of(samples, ["visit"]).tolist())) == 20
    assert trait_of(samples[0], "visit") != trait_of(samples[6], "visit")


def test_joined_by_way_of_others():
    chain = [sample("a", light="day"), sample("a", light="lamp"), sample("b", light="lamp"), sample("c", light="sun")]
    assert groups_of(chain, ["subject", "light"]).tolist() == [0, 0, 0, 1]
    twins = [Duplicate(first=0, second=3, identical=True, likeness=1.0)]
    assert len(set(groups_of(chain, ["subject"], duplicates=twins).tolist())) == 2


def test_a_trait_that_is_not_there_is_named(samples):
    with pytest.raises(UsageError, match=r"no trait 'lamp'.*camera"):
        groups_of(samples, ["lamp"])


def test_the_seed_decides(samples):
    groups = groups_of(samples, ["subject"])
    assert np.array_equal(folds_of(groups, 5, seed=1), folds_of(groups, 5, seed=1))
    assert any(not np.array_equal(folds_of(groups, 5, seed=1), folds_of(groups, 5, seed=seed)) for seed in range(2, 6))


def test_labels_come_to_every_fold():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(100), 3)
    labels = np.repeat(rng.permutation([0.0] * 60 + [1.0] * 30 + [2.0] * 10), 3)
    fold = folds_of(groups, 5, labels=labels, seed=0)
    for grade, each in ((0, 36), (1, 18), (2, 6)):
        assert [(labels[fold == one] == grade).sum() for one in range(5)] == [each] * 5
    spread = [[(labels[folds_of(groups, 5, seed=seed) == one] == 2).sum() for one in range(5)] for seed in range(5)]
    assert max(map(np.ptp, spread)) > 0  # without labels chance decides


def test_labels_may_be_real_numbers_text_or_unknown():
    groups = np.arange(200)
    values = np.random.default_rng(1).normal(size=200)
    values[:20] = np.nan
    fold = folds_of(groups, 4, labels=values, seed=0)
    means = [np.nanmean(values[fold == one]) for one in range(4)]
    assert np.ptp(means) < 0.25
    assert [np.isnan(values[fold == one]).sum() for one in range(4)] == [5] * 4
    words = np.where(np.arange(200) < 40, "dark", "light")
    assert [(words[folds_of(groups, 4, labels=words) == one] == "dark").sum() for one in range(4)] == [10] * 4


def test_groups_of_unequal_size_are_dealt_evenly():
    groups = np.concatenate([np.full(30, 0), np.full(20, 1), np.full(10, 2), np.repeat(np.arange(3, 13), 3)])
    sizes = np.bincount(folds_of(groups, 3))
    assert sizes.min() >= 25
    assert sizes.sum() == 90


@pytest.mark.parametrize("count", [3, 4, 7])
def test_few_groups_fill_every_part(count):
    parts = parts_by_share(np.arange(count), validate=0.1, test=0.1)
    assert min(len(places) for _, places in parts.items()) == 1


def test_too_few_groups_are_refused():
    with pytest.raises(UsageError, match="2 groups cannot make 3 parts"):
        parts_by_share(np.array([0, 0, 1]), validate=0.3, test=0.3)
    with pytest.raises(UsageError):
        folds_of(np.array([], np.int64), 2)
    with pytest.raises(UsageError, match="two or more"):
        folds_of(np.arange(4), 1)
    with pytest.raises(UsageError, match="nothing to train"):
        parts_by_share(np.arange(9), validate=0.5, test=0.5)


def test_no_share_no_samples():
    assert set(dealt(np.arange(6), [1.0, 0.0]).tolist()) == {0}
    assert not len(parts_by_share(np.arange(6), validate=0.0, test=0.3).validate)


def test_nested_folds_judge_once_and_never_choose_with_judges():
    groups = np.repeat(np.arange(12), 2)
    seen = np.zeros(len(groups), int)
    for _, inner, parts in nested(groups, 3, 2, seed=5):
        assert not set(groups[parts.test]) & set(groups[np.concatenate([parts.train, parts.validate])])
        assert not set(groups[parts.train]) & set(groups[parts.validate])
        assert len(parts.train) + len(parts.validate) + len(parts.test) == len(groups)
        if inner == 0:
            seen[parts.test] += 1
    assert (seen == 1).all()


def test_crossed_parts_share_neither_tone_nor_camera(samples):
    parts = crossed(samples, ("tone", "camera"), validate=0.2, test=0.3, seed=2)
    check_split(samples, parts, by=("tone", "camera"))
    assert min(len(places) for _, places in parts.items()) > 0
    assert sum(len(places) for _, places in parts.items()) < len(samples)


def test_crossed_says_what_is_empty():
    diagonal = [sample(str(place), camera=str(place), light=str(place)) for place in range(3)]
    with pytest.raises(UsageError, match="is empty"):
        crossed(diagonal, ("camera", "light"), validate=0.3, test=0.3, seed=0)


def test_a_split_in_a_file_comes_back(samples, tmp_path):
    parts = parts_by_share(groups_of(samples, ["subject"]), validate=0.2, test=0.2)
    write_split(tmp_path / "split.csv", samples, parts)
    again = read_split(tmp_path / "split.csv", samples)
    for name, places in parts.items():
        assert np.array_equal(getattr(again, name), places)
    fewer = read_split(tmp_path / "split.csv", samples[:12])
    assert sum(len(places) for _, places in fewer.items()) == 12


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("made/s0/v0/a,teach", "is no part"),
        ("made/s0/v0/a,train\nmade/s0/v0/a,test", "two parts"),
        ("other/s0/v0/a,train", "none of the samples"),
    ],
)
def test_a_wrong_file_is_refused(samples, tmp_path, lines, said):
    (tmp_path / "split.csv").write_text(f"key,part\n{lines}\n")
    with pytest.raises(InputError, match=said):
        read_split(tmp_path / "split.csv", samples)


def test_the_check_finds_a_parted_subject(samples):
    leaky = parts_at(train=range(0, 9), validate=[], test=range(9, 20))  # s1 lies on both sides
    found = overlaps(samples, leaky)
    assert [one.why for one in found] == ["one subject (made/s1)"]
    assert set(found[0].keys) == {"train", "test"}
    with pytest.raises(InputError) as refused:
        check_split(samples, leaky)
    assert "made/s1/v0/a" in refused.value.message
    assert "made/s1/v1/a" in refused.value.message


def test_the_check_finds_duplicates_only_across(samples):
    parts = parts_at(train=range(0, 30), validate=range(30, 36), test=range(36, 60))
    same = Duplicate(first=0, second=1, identical=True, likeness=1.0)
    apart = Duplicate(first=0, second=59, identical=False, likeness=0.87)
    twin = Duplicate(first=31, second=2, identical=True, likeness=1.0)
    check_split(samples, parts, duplicates=[same])
    with pytest.raises(InputError, match=r"likeness 0\.87"):
        check_split(samples, parts, duplicates=[same, apart])
    with pytest.raises(InputError, match="identical files"):
        check_split(samples, parts, duplicates=[twin])


def test_samples_in_no_part_are_no_leak(samples):
    check_split(samples, parts_at(train=[0], validate=[], test=[6]))
    excluded = Duplicate(first=0, second=5, identical=True, likeness=1.0)
    check_split(samples, parts_at(train=[0], validate=[], test=[6]), duplicates=[excluded])


def test_a_long_list_is_cut(samples):
    with pytest.raises(InputError, match="2 more") as refused:
        check_split(samples, parts_at(train=range(0, 60, 2), validate=[], test=range(1, 60, 2)))
    assert "10 times" in refused.value.message


def test_a_sample_stands_in_one_part():
    with pytest.raises(ValueError, match="two parts"):
        parts_at(train=[0, 1], validate=[1], test=[])
