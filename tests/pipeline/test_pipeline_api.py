"""The call from Python: which tasks it asks."""

from dataclasses import replace

import dermis
from dermis.pipeline import products
from dermis.tasks import GROUPS, TASKS


def test_tasks_may_be_a_list_of_names(selfie):
    told = dermis.analyse(selfie, tasks=["skin_tone", "redness"])
    assert {finding.task for finding in told.findings} == {"skin_tone", "redness"}


def test_what_is_asked_on_request_is_not_asked_otherwise(selfie, monkeypatch):
    rare = replace(TASKS["haemoglobin"], on_request=True)
    monkeypatch.setattr(products, "TASKS", {**TASKS, rare.name: rare})
    usual = {task.name for task in products.offered()}
    assert usual
    assert rare.name not in usual
    assert {finding.task for finding in dermis.analyse(selfie, tasks=rare.name).findings} == {rare.name}


def test_dark_spots_are_asked_without_being_named():
    assert set(GROUPS["pigmentation"]) <= {task.name for task in products.offered()}
