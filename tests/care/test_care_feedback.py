"""Feedback: one record a person, and totals that name nobody."""

from __future__ import annotations

from dataclasses import fields

import pytest

from dermis.care import Feedback, feedback_from, totals
from dermis.care.feedback import MINIMUM_GROUP, ProductTotals
from dermis.errors import UsageError


def said(count, product="gel", **more):
    return [Feedback(product=product, subject=f"s{number}", **more) for number in range(count)]


def test_totals_count_what_was_said():
    found, withheld = totals([*said(15, bought=True, helped=True), *said(30, tolerated=False, used_days=3)[15:]])
    assert withheld == 0
    assert found == (
        ProductTotals(
            product="gel",
            people=30,
            bought=15,
            used=15,
            tolerated=0,
            not_tolerated=15,
            helped=15,
            not_helped=0,
        ),
    )


def test_a_product_that_few_spoke_of_is_withheld():
    few, many = said(MINIMUM_GROUP - 1, "rare"), said(MINIMUM_GROUP, "common")
    found, withheld = totals([*few, *many])
    assert [one.product for one in found] == ["common"]
    assert withheld == 1


def test_one_person_counts_once_with_the_latest_word():
    found, _ = totals([*said(20, helped=False), *said(20, helped=True)])
    assert found[0].people == 20
    assert (found[0].helped, found[0].not_helped) == (20, 0)


def test_one_person_cannot_lift_a_product_over_the_limit():
    assert totals(said(1) * 50) == ((), 1)


def test_totals_hold_no_words_and_no_subject():
    assert not {"text", "subject"} & {field.name for field in fields(ProductTotals)}


def test_feedback_is_read_from_json():
    told = {"product": "gel", "bought": True, "used_days": 14, "helped": None, "text": "stings"}
    assert feedback_from(told) == Feedback(product="gel", bought=True, used_days=14, text="stings")


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"product": " "},
        {"product": "gel", "used_days": -1},
        {"product": "gel", "bought": 1},
        {"product": "gel", "used_days": True},
        {"product": "gel", "stars": 5},
    ],
)
def test_feedback_that_means_nothing_is_refused(told):
    with pytest.raises(UsageError):
        feedback_from(told)
