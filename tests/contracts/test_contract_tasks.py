"""What every task must be, whichever is added next."""

import numpy as np
import pytest

from dermis.core import Map, Measure, Region, Skin, View
from dermis.tasks import MEASURES, TASKS


@pytest.fixture(scope="module")
def skin():
    rng = np.random.default_rng(7)
    linear = np.float32([0.42, 0.26, 0.18]) * rng.uniform(0.8, 1.1, (80, 80, 1)).astype(np.float32)
    regions = np.zeros((80, 80), np.uint8)
    for region in list(Region)[1:]:
        regions[region.code * 9 : region.code * 9 + 9] = region.code
    everywhere = np.ones((80, 80), bool)
    return Skin(
        linear=linear.astype(np.float32),
        visible=everywhere,
        measured=everywhere,
        regions=regions,
        left_out={},
        view=View.FRONT,
        light_known=False,
    )


@pytest.mark.parametrize("name", list(TASKS))
def test_a_task_says_what_it_is(name):
    task = TASKS[name]
    assert task.name == name
    assert task.question.endswith("?")
    assert task.reference
    assert task.metrics
    assert Region.FACE in task.regions
    if isinstance(task.scale, Map | Measure):
        assert task.scale.low < task.scale.high
        assert task.scale.unit


@pytest.mark.parametrize("name", list(MEASURES))
def test_findings_keep_to_their_task(name, skin):
    findings = MEASURES[name](skin)
    assert {finding.region for finding in findings} == set(TASKS[name].regions)
    for finding in findings:
        assert finding.task == name
        assert finding.unit == TASKS[name].scale.unit
        assert finding.interval[0] <= finding.value <= finding.interval[1]
        assert finding.model
        if isinstance(TASKS[name].scale, Map) and finding.region is Region.FACE:
            assert finding.evidence.values.shape == skin.measured.shape


def test_every_measure_has_its_task():
    assert set(MEASURES) <= set(TASKS)
