"""What a person may tell about themselves; nothing of it is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from dermis.errors import UsageError

__all__ = ["SIGNS", "Person", "person_from"]

SIGNS: Mapping[str, str] = {
    "scarring": "spots leave pits or raised scars",
    "nodules": "deep lumps can be felt under the skin",
    "sudden_onset": "it came suddenly, within days",
    "pain": "the skin is painful, hot or swollen",
    "fever": "fever, feeling ill or painful joints",
    "eye_symptoms": "gritty, red or swollen eyes",
    "eye_pain": "eye pain, pain in light or worse sight",
    "changing_mole": "a mole or spot that grows, changes, itches or bleeds",
    "distress": "the skin weighs on the person's mood",
    "not_better": "twelve weeks of regular treatment did not help",
}
"""Signs that send to a doctor, by their name in `--signs`."""

_OLDEST_YEARS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What was told; None where it was not asked or answered, which is never taken for a no.

    pregnant: pregnant, trying to be, or breast-feeding. using, allergic: ingredients by name, with their strength
    where known ("salicylic acid 10 %"). signs: names of SIGNS; an empty tuple says that there are none.
    Raises UsageError for an age, sex or sign that means nothing.
    """

    age_years: float | None = None
    sex: str | None = None
    pregnant: bool | None = None
    sensitive: bool | None = None
    using: tuple[str, ...] = ()
    allergic: tuple[str, ...] = ()
    signs: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.age_years is not None and not 0 <= self.age_years <= _OLDEST_YEARS:
            raise UsageError(
                f"An age of {self.age_years} years is not plausible.", advice="Give it in years, 0 to 120."
            )
        if self.sex not in (None, "female", "male"):
            raise UsageError(f"The sex {self.sex!r} is not known.", advice="Say female or male, or leave it out.")
        unknown = [sign for sign in self.signs or () if sign not in SIGNS]
        if unknown:
            raise UsageError(f"The sign {unknown[0]!r} is not known.", advice=f"Known are: {', '.join(SIGNS)}.")


def person_from(told: Mapping[str, object]) -> Person:
    """Return the person of a JSON object whose keys are the fields of Person; lists of names are lists of strings.

    Raises UsageError: a key or a type that is not known.
    """
    names = [field.name for field in fields(Person)]
    stray = [key for key in told if key not in names]
    if stray:
        raise UsageError(f"A person has no {stray[0]!r}.", advice=f"Known are: {', '.join(names)}.")
    return Person(
        age_years=_number(told.get("age_years")),
        sex=_text(told.get("sex")),
        pregnant=_answer(told.get("pregnant"), "pregnant"),
        sensitive=_answer(told.get("sensitive"), "sensitive"),
        using=_names(told.get("using"), "using") or (),
        allergic=_names(told.get("allergic"), "allergic") or (),
        signs=_names(told.get("signs"), "signs"),
    )


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"age_years is {value!r}.", advice="Give a number of years, or leave it out.")
    return float(value)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _answer(value: object, name: str) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise UsageError(f"{name} is {value!r}.", advice="Give true or false, or leave it out.")
    return value


def _names(value: object, name: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(one, str) for one in value):
        raise UsageError(f"{name} is {value!r}.", advice="Give a list of names, or leave it out.")
    return tuple(one.strip() for one in value if one.strip())
