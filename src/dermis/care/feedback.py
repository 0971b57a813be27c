"""Feedback on products: a record of one, and the totals that a maker may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from dermis.errors import UsageError

__all__ = ["MINIMUM_GROUP", "Feedback", "ProductTotals", "feedback_from", "totals"]

MINIMUM_GROUP = 20
"""A maker is told nothing of a product that fewer people have spoken of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What one person says of one product; None where it was not said.

    product: its code in the catalogue. rule: the line of advice it was suggested for. subject: a pseudonym, so that
    one person counts once. text: in the person's words; it is never part of the totals.
    Raises UsageError: no product, or days of use below 0.
    """

    product: str
    rule: str | None = None
    subject: str | None = None
    bought: bool | None = None
    used_days: int | None = None
    tolerated: bool | None = None
    helped: bool | None = None
    text: str = ""

    def __post_init__(self) -> None:
        if not self.product.strip():
            raise UsageError("The feedback names no product.", advice="Give the product's code from the catalogue.")
        if self.used_days is not None and self.used_days < 0:
            raise UsageError(f"used_days is {self.used_days}.", advice="Give 0 or more days, or leave it out.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductTotals:
    """How many people said what of a product; who did not answer a question is in none of its counts."""

    product: str
    people: int
    bought: int
    used: int
    tolerated: int
    not_tolerated: int
    helped: int
    not_helped: int


_TYPES: Mapping[str, type] = {
    "product": str,
    "rule": str,
    "subject": str,
    "bought": bool,
    "used_days": int,
    "tolerated": bool,
    "helped": bool,
    "text": str,
}


def feedback_from(told: Mapping[str, object]) -> Feedback:
    """Return the feedback of a JSON object whose keys are the fields of Feedback.

    Raises UsageError: a key or a type that is not known, or no product.
    """
    stray = [key for key in told if key not in _TYPES]
    if stray:
        raise UsageError(
            f"Feedback has no {stray[0]!r}.", advice=f"Known are: {', '.join(one.name for one in fields(Feedback))}."
        )
    given = {key: value for key, value in told.items() if value is not None}
    for key, value in given.items():
        if type(value) is not _TYPES[key]:
            raise UsageError(f"{key} is {value!r}.", advice=f"Give a {_TYPES[key].__name__}, or leave it out.")
    return Feedback(**{"product": "", **given})  # type: ignore[arg-type]


def totals(feedback: Iterable[Feedback], *, minimum: int = MINIMUM_GROUP) -> tuple[tuple[ProductTotals, ...], int]:
    """Return the totals by product, and how many products were withheld because fewer than `minimum` spoke of them.

    Of one subject the latest feedback on a product counts; feedback without a subject counts as a person of its own.
    """
    by_product: dict[str, dict[object, Feedback]] = defaultdict(dict)
    for number, one in enumerate(feedback):
        by_product[one.product][one.subject if one.subject is not None else number] = one
    told = {product: list(said.values()) for product, said in by_product.items() if len(said) >= minimum}
    return tuple(_totals(product, said) for product, said in sorted(told.items())), len(by_product) - len(told)


def _totals(product: str, said: list[Feedback]) -> ProductTotals:
    return ProductTotals(
        product=product,
        people=len(said),
        bought=sum(one.bought is True for one in said),
        used=sum(bool(one.used_days) for one in said),
        tolerated=sum(one.tolerated is True for one in said),
        not_tolerated=sum(one.tolerated is False for one in said),
        helped=sum(one.helped is True for one in said),
        not_helped=sum(one.helped is False for one in said),
    )
