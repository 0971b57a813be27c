"""What a photo is usable for: the needs of each task against the problems of the photo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from dermis.core import Finding, Note, PhotoNeed, Quality, Severity, Task

__all__ = ["HARMS", "RUINS", "given", "judge_tasks", "with_reservations"]

_ALL = tuple(PhotoNeed)

HARMS: Mapping[str, tuple[PhotoNeed, ...]] = {
    "face_small": (PhotoNeed.DETAIL,),
    "blurred": (PhotoNeed.DETAIL,),
    "smoothed": (PhotoNeed.DETAIL,),
    "compressed": (PhotoNeed.DETAIL, PhotoNeed.COLOUR),
    "too_dark": (PhotoNeed.LEVEL, PhotoNeed.SIGNAL),
    "too_bright": (PhotoNeed.LEVEL, PhotoNeed.SIGNAL, PhotoNeed.COLOUR),
    "clipped": (PhotoNeed.LEVEL, PhotoNeed.COLOUR),
    "backlight": (PhotoNeed.LEVEL, PhotoNeed.SIGNAL),
    "flash_glare": (PhotoNeed.LEVEL, PhotoNeed.EVEN_LIGHT, PhotoNeed.MATTE),
    "glare": (PhotoNeed.EVEN_LIGHT, PhotoNeed.MATTE),
    "wet_shine": (PhotoNeed.LEVEL, PhotoNeed.EVEN_LIGHT, PhotoNeed.MATTE),
    "shadow": (PhotoNeed.EVEN_LIGHT,),
    "uneven_light": (PhotoNeed.EVEN_LIGHT,),
    "side_light": (PhotoNeed.EVEN_LIGHT, PhotoNeed.LEVEL),
    "colour_cast": (PhotoNeed.COLOUR,),
    "tinted_whites": (PhotoNeed.COLOUR,),
    "reference_doubtful": (PhotoNeed.COLOUR, PhotoNeed.LEVEL),
    "no_device": (PhotoNeed.COLOUR, PhotoNeed.LEVEL),
    "other_device": (PhotoNeed.COLOUR, PhotoNeed.LEVEL),
    "no_level": (PhotoNeed.LEVEL,),
    "turned": (PhotoNeed.WHOLE_FACE,),
    "tilted": (PhotoNeed.WHOLE_FACE,),
    "rolled": (PhotoNeed.WHOLE_FACE,),
    "occluded": (PhotoNeed.WHOLE_FACE,),
}
"""Which needs a problem spoils: what needs them is given with a reservation."""

RUINS: Mapping[str, tuple[PhotoNeed, ...]] = {"no_colour": _ALL, "too_blurred": (PhotoNeed.DETAIL,)}
"""Which needs a problem destroys: what needs them is withheld."""


def judge_tasks(quality: Quality, tasks: Iterable[Task]) -> Quality:
    """Return the verdict with what the photo is usable for, of the tasks asked for.

    A photo that is rejected is usable for nothing, and every task is withheld for what rejects it.
    """
    rejected = tuple(one.code for one in quality.problems if one.severity is Severity.REJECT)
    usable, reservations, withheld = [], {}, {}
    for task in tasks:
        ruined = rejected or _spoiling(quality, task, RUINS)
        harmed = _spoiling(quality, task, HARMS)
        if ruined:
            withheld[task.name] = ruined
        elif harmed:
            reservations[task.name] = harmed
        else:
            usable.append(task.name)
    return replace(quality, usable_for=tuple(usable), reservations=reservations, withheld=withheld)


def given(quality: Quality, tasks: Iterable[Task]) -> tuple[Task, ...]:
    """Return the tasks that are not withheld."""
    return tuple(task for task in tasks if task.name not in quality.withheld)


def with_reservations(findings: Iterable[Finding], quality: Quality) -> tuple[Finding, ...]:
    """Return the findings; those under a reservation name it in `detail["reservations"]`, one of each in a note."""
    told: set[str] = set()
    marked = []
    for finding in findings:
        codes = quality.reservations.get(finding.task)
        if codes:
            notes = finding.notes if finding.task in told else (*finding.notes, _note(codes, quality))
            told.add(finding.task)
            finding = replace(finding, detail={**finding.detail, "reservations": list(codes)}, notes=notes)
        marked.append(finding)
    return tuple(marked)


def _spoiling(quality: Quality, task: Task, table: Mapping[str, tuple[PhotoNeed, ...]]) -> tuple[str, ...]:
    codes = (one.code for one in quality.problems)
    return tuple(code for code in codes if set(table.get(code, ())) & set(task.photo_needs))


def _note(codes: tuple[str, ...], quality: Quality) -> Note:
    said = [one.message for one in quality.problems if one.code in codes]
    return Note(text=f"With reservation: {' '.join(said)}")
