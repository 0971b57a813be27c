"""Whatever the groups, none is parted, and nothing is lost."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dermis.lab.datasets.splits import dealt, folds_of, nested, parts_by_share

groups_of_samples = st.lists(st.integers(0, 15), min_size=1, max_size=60).map(np.array)
seeds = st.integers(0, 1000)
unhurried = settings(deadline=None, max_examples=60)


@unhurried
@given(groups_of_samples, st.integers(2, 6), seeds, st.booleans())
def test_folds_are_whole_groups_and_all_of_them(groups, folds, seed, labelled):
    assume(len(np.unique(groups)) >= folds)
    labels = np.random.default_rng(seed).integers(0, 3, len(groups)) if labelled else None
    fold = folds_of(groups, folds, labels=labels, seed=seed)
    assert set(fold.tolist()) == set(range(folds))
    for group in np.unique(groups):
        assert len(set(fold[groups == group].tolist())) == 1


@unhurried
@given(groups_of_samples, st.floats(0.05, 0.45), st.floats(0.05, 0.45), seeds)
def test_parts_hold_every_sample_once(groups, validate, test, seed):
    assume(len(np.unique(groups)) >= 3)
    parts = parts_by_share(groups, validate=validate, test=test, seed=seed)
    together = np.concatenate([places for _, places in parts.items()])
    assert sorted(together.tolist()) == list(range(len(groups)))
    held = [set(groups[places].tolist()) for _, places in parts.items()]
    assert not held[0] & held[1]
    assert not held[0] & held[2]
    assert not held[1] & held[2]
    assert all(held)


@unhurried
@given(st.integers(20, 80), st.floats(0.1, 0.9), seeds)
def test_shares_are_kept_where_groups_are_single(count, share, seed):
    fell = dealt(np.arange(count), [share, 1 - share], seed=seed)
    assert abs((fell == 0).sum() - share * count) <= 1


@unhurried
@given(groups_of_samples, seeds)
def test_the_names_of_groups_do_not_matter(groups, seed):
    assume(len(np.unique(groups)) >= 2)
    named = np.array([f"subject {group:02d}" for group in groups])
    assert folds_of(groups, 2, seed=seed).tolist() == folds_of(named, 2, seed=seed).tolist()


@unhurried
@given(groups_of_samples, seeds)
def test_nested_folds_never_let_a_judge_teach(groups, seed):
    groups = np.concatenate([groups, np.arange(20, 28)])
    for _, _, parts in nested(groups, 3, 2, seed=seed):
        teaching = set(groups[np.concatenate([parts.train, parts.validate])].tolist())
        assert not teaching & set(groups[parts.test].tolist())
