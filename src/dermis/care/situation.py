"""Where a person stands: what was measured and what was told, in the few words that rules are written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dermis.care.ingredients import Dose, read_dose
from dermis.care.measured import Reading, readings
from dermis.care.person import Person

__all__ = ["VALUES", "Situation", "read_situation"]

VALUES: Mapping[str, tuple[str, ...]] = {
    "acne": ("unknown", "none", "mild", "moderate", "severe"),
    "lesions": ("unknown", "comedones", "inflamed", "few nodules", "nodules"),
    "pigment": ("unknown", "none", "mild", "moderate", "severe"),
    "redness": ("unknown", "none", "mild", "moderate", "severe"),
    "tone": ("unknown", "light", "medium", "dark"),
    "age": ("unknown", "child", "teen", "adult", "older"),
    "pregnancy": ("possible", "no", "yes"),
    "sensitive": ("no", "yes"),
}
"""Every field a rule may ask for, and its values; the first is what an answer that was not given stands for."""

_AGES = ((12, "child"), (18, "teen"), (65, "adult"))
_FERTILE_YEARS = (12, 56)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The values of VALUES, with signs, and ingredients in use and not tolerated."""

    acne: str = "unknown"
    lesions: str = "unknown"
    pigment: str = "unknown"
    redness: str = "unknown"
    tone: str = "unknown"
    age: str = "unknown"
    pregnancy: str = "possible"
    sensitive: str = "no"
    signs: frozenset[str] = frozenset()
    using: tuple[str, ...] = ()
    allergic: tuple[str, ...] = ()

    @property
    def used(self) -> tuple[Dose, ...]:
        """Return what is in use, with strengths."""
        return tuple(read_dose(text) for text in self.using)

    @property
    def feared(self) -> tuple[Dose, ...]:
        """Return what is not tolerated."""
        return tuple(read_dose(text) for text in self.allergic)

    def allergic_to(self, dose: Dose) -> bool:
        """Tell whether a dose is what is not tolerated, of a class not tolerated, or another salicylate of one."""
        return any(_alike(dose, feared) for feared in self.feared)


def _alike(dose: Dose, feared: Dose) -> bool:
    same = dose.name.lower() == feared.name.lower() or dose.is_a(feared.name)
    return same or (dose.is_a("salicylate") and feared.is_a("salicylate"))


def read_situation(analysis: Mapping[str, object], person: Person) -> tuple[Situation, Mapping[str, Reading]]:
    """Return the situation of an analysis (its JSON object) and a person, and the readings it rests on."""
    read = readings(analysis)
    measured = {name: reading.level for name, reading in read.items()}
    return (
        Situation(
            **measured,
            age=_age(person.age_years),
            pregnancy=_pregnancy(person),
            sensitive="yes" if person.sensitive else "no",
            signs=frozenset(person.signs or ()),
            using=person.using,
            allergic=person.allergic,
        ),
        read,
    )


def _age(years: float | None) -> str:
    if years is None:
        return "unknown"
    return next((name for below, name in _AGES if years < below), "older")


def _pregnancy(person: Person) -> str:
    """Return yes or no where it was told or cannot be, else possible: silence is no answer."""
    if person.pregnant is not None:
        return "yes" if person.pregnant else "no"
    first, last = _FERTILE_YEARS
    age = person.age_years
    return "no" if person.sex == "male" or (age is not None and not first <= age < last) else "possible"
