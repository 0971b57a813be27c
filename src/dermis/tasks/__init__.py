"""The questions asked of the skin, one file each; this table is all there is to register."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches

from dermis.core import FaceLesions, Finding, Skin, Task
from dermis.errors import UsageError
from dermis.tasks import pigments, redness, tone
from dermis.tasks.acne import count, gags, hayashi, iga, presence

__all__ = ["FROM_LESIONS", "MEASURES", "TASKS", "Findings", "choose"]

Findings = tuple[Finding, ...]

TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        tone.TASK,
        pigments.MELANIN,
        pigments.HAEMOGLOBIN,
        redness.TASK,
        presence.TASK,
        count.TASK,
        hayashi.TASK,
        iga.TASK,
        gags.TASK,
    )
}
"""Every task by its name, in the order of a report."""

MEASURES: Mapping[str, Callable[[Skin], Findings]] = {
    "skin_tone": tone.measure,
    "melanin": pigments.measure_melanin,
    "haemoglobin": pigments.measure_haemoglobin,
    "redness": redness.measure,
}
"""The tasks that need no training: from the skin straight to findings."""

FROM_LESIONS: Mapping[str, Callable[[FaceLesions], Findings]] = {
    "acne_presence": presence.measure,
    "acne_lesions": count.measure,
    "acne_grade": hayashi.measure,
    "acne_iga": iga.measure,
    "acne_gags": gags.measure,
}
"""The tasks that read the lesions that a network found on the face."""


def choose(names: str | None) -> tuple[Task, ...]:
    """Return the tasks named in `names` ("a,b"), all of them for None.

    Raises UsageError for a name that no task has.
    """
    if names is None:
        return tuple(TASKS.values())
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in TASKS:
            near = get_close_matches(name, TASKS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(TASKS)}."
            raise UsageError(f"No task is called {name!r}.", advice=hint)
    if not wanted:
        raise UsageError("No task was named.", advice=f"There are: {', '.join(TASKS)}.")
    return tuple(TASKS[name] for name in dict.fromkeys(wanted))
