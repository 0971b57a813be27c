"""Findings of a task straight from a skin or lesions, with the products that it needs."""

from dermis.tasks import TASKS
from dermis.tasks.pigment_index import skin_pigments
from dermis.tasks.redness.redness_map import redness_map

SKIN_TASKS = [name for name, task in TASKS.items() if not {"lesions", "marks", "fine_vessels"} & set(task.needs)]
MARK_TASKS = [name for name, task in TASKS.items() if "marks" in task.needs]
LESION_TASKS = [name for name, task in TASKS.items() if task.needs == ("lesions",)]
NETWORK_TASKS = [name for name, task in TASKS.items() if "lesions" in task.needs]


def measured(name, *, skin=None, lesions=None, marks=None, fine_vessels=None):
    task = TASKS[name]
    products = {
        "skin": lambda: skin,
        "pigments": lambda: skin_pigments(skin),
        "redness_map": lambda: redness_map(skin),
        "lesions": lambda: lesions,
        "marks": lambda: marks,
        "fine_vessels": lambda: fine_vessels,
    }
    return task.measure(**{need: products[need]() for need in task.needs})
