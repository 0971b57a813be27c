"""A question asked of the skin, as data."""

from __future__ import annotations

from dataclasses import dataclass

from dermis.core.face import Region

__all__ = ["Count", "Map", "Measure", "Ordinal", "Presence", "Scale", "Task"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Yes or no, as a probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordinal:
    """Grades in order, from `lowest` in steps of `step`; `names` one a grade where they have names."""

    lowest: float
    highest: float
    step: float = 1.0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A real number in `unit`; `low` and `high` bound what a plausible photo gives."""

    unit: str
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many there are."""

    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """A real number in `unit` at each pixel, summed up by region; `low` to `high` is its colour bar."""

    unit: str
    low: float
    high: float


Scale = Presence | Ordinal | Measure | Count | Map


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One question: `name` is its word everywhere; `reference` is where the scale comes from."""

    name: str
    title: str
    question: str
    scale: Scale
    regions: tuple[Region, ...]
    metrics: tuple[str, ...]
    reference: str
