"""The questions asked of the skin, one file each; this table is all there is to register."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from dermis.core import Task
from dermis.errors import UsageError
from dermis.tasks import pigments, tone
from dermis.tasks.acne import count, gags, hayashi, iga, presence
from dermis.tasks.pigmentation import grade, melasma
from dermis.tasks.redness import grade as redness_grade
from dermis.tasks.redness import redness, vessels

__all__ = ["GROUPS", "TASKS", "choose"]

TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        tone.TASK,
        pigments.MELANIN,
        pigments.HAEMOGLOBIN,
        redness.TASK,
        redness_grade.GRADE,
        vessels.VESSELS,
        presence.TASK,
        count.TASK,
        hayashi.TASK,
        iga.TASK,
        gags.TASK,
        grade.GRADE,
        grade.AREA,
        melasma.MMASI,
        melasma.MASI,
        melasma.MSI,
    )
}
"""Every task by its name, in the order of a report."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    group: tuple(task.name for task in TASKS.values() if task.group == group)
    for group in dict.fromkeys(task.group for task in TASKS.values() if task.group)
}
"""The names that stand for several tasks, each with its tasks."""


def choose(names: str | None) -> tuple[Task, ...]:
    """Return the tasks named in `names` ("a,b"; a group stands for its tasks), all of them for None.

    Raises UsageError for a name that no task and no group has.
    """
    if names is None:
        return tuple(TASKS.values())
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    known = (*GROUPS, *TASKS)
    for name in wanted:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
            raise UsageError(f"No task is called {name!r}.", advice=hint)
    if not wanted:
        raise UsageError("No task was named.", advice=f"There are: {', '.join(known)}.")
    return tuple(TASKS[each] for each in dict.fromkeys(one for name in wanted for one in GROUPS.get(name, (name,))))
