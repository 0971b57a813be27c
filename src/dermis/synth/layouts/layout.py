"""What a layout is: how a set is cut into jobs, what a job writes, what is written once all are done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermis.synth.record import Record

__all__ = ["Job", "Layout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is made in one go: `number` of the person or set, at one `visit`; `records` names what comes out."""

    number: int
    visit: str
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One way that files lie.

    plan: recipe -> all jobs, quickly. make: (recipe, job, names, folder) writes the pictures of the job that have those
    record names, with all that lies beside them, under `folder` as in the set, and returns their records. finish:
    (recipe, set, records) writes what all have in common. The recipe is of the layout's kind.
    """

    name: str
    plan: Callable[[Any], list[Job]]
    make: Callable[[Any, Job, Sequence[str], Path], list[Record]]
    finish: Callable[[Any, Path, Sequence[Record]], None]
