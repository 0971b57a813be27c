"""One item of a dataset: where it lies, what it shows, who said so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from dermis.core.cube import Cube
from dermis.core.finding import Detection
from dermis.core.photo import Photo

__all__ = ["Label", "Sample", "SampleKey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleKey:
    """dataset/subject/visit/view: the address of a sample; `subject` is what splits keep together."""

    dataset: str
    subject: str
    visit: str = ""
    view: str = ""

    def __str__(self) -> str:
        return "/".join((self.dataset, self.subject, self.visit, self.view))


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One grader's answer to one task; `grader` is "truth" where the maker of the data knows."""

    task: str
    value: float
    grader: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A photo or a cube that is read only when asked for, with its labels and traits.

    items: what is marked on it, in its pixels. beside: what belongs to it, by name (masks, maps, a cube of the
    same view), each read only when asked for; arrays are (h, w, ...) on its pixels.
    """

    key: SampleKey
    read: Callable[[], Photo | Cube]
    labels: tuple[Label, ...] = ()
    traits: Mapping[str, str | float] = field(default_factory=dict)
    licence: str = ""
    items: tuple[Detection, ...] = ()
    beside: Mapping[str, Callable[[], Cube | NDArray[Any]]] = field(default_factory=dict)
