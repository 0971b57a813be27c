"""What every task must be, whichever is added next."""

import numpy as np
import pytest

from dermis.colour.lab import srgb_to_lab
from dermis.colour.srgb import hex_to_srgb
from dermis.core import Box, Count, Detection, FaceLesions, Lesions, Map, Measure, Ordinal, Presence, Region, Skin, View
from dermis.metrics.registry import EVALUATION_METRICS
from dermis.pipeline.products import PRODUCTS
from dermis.tasks import GROUPS, TASKS, choose
from fakes.products import LESION_TASKS, SKIN_TASKS, measured


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
        excluded={},
        view=View.FRONT,
        light_known=False,
    )


@pytest.fixture(scope="module")
def lesions():
    box = Box(x_px=0, y_px=0, width_px=8, height_px=8)
    found = Lesions(
        boxes_px=np.zeros((1, 4), np.float32), scores=np.ones(1, np.float32), density=np.ones((1, 1), np.float32),
        density_inclusive=np.ones((1, 1), np.float32), area=box, model="hand-made@1", count_interval=(0.5, 3.0),
        grade=0.3,
        grade_interval=(0.0, 0.9), presence=0.9,
    )  # fmt: skip
    return FaceLesions(
        found=found, view=View.FRONT,
        items=(Detection(kind="lesion", box=box, region=Region.CHIN, score=1.0, size_face_widths=0.05),),
        on_right=np.ones(1, bool), counts=dict.fromkeys(Region, 0.0) | {Region.FACE: 1.0, Region.CHIN: 1.0},
        counts_all=dict.fromkeys(Region, 1.0), halves=(1.0, 0.0), seen=dict.fromkeys(Region, 1.0), involved=0.02,
        heat=np.zeros((8, 8), np.float32),
    )  # fmt: skip


@pytest.mark.parametrize("name", LESION_TASKS)
def test_findings_about_lesions_keep_to_their_task(name, lesions):
    findings = measured(name, lesions=lesions)
    assert {finding.region for finding in findings} == set(TASKS[name].regions)
    for finding in findings:
        assert finding.task == name
        assert finding.unit
        assert finding.model == "hand-made@1"
        if finding.interval is not None:
            assert finding.interval[0] <= finding.value <= finding.interval[1]
        if isinstance(TASKS[name].scale, Ordinal):
            assert TASKS[name].scale.lowest <= finding.value <= TASKS[name].scale.highest


def test_what_a_task_needs_is_a_product():
    for task in TASKS.values():
        assert task.needs
        assert all(name in PRODUCTS or name.startswith("output:") for name in task.needs)


def test_a_group_stands_for_its_tasks():
    assert GROUPS
    for group, names in GROUPS.items():
        assert group not in TASKS
        assert tuple(task.name for task in choose(group)) == names


@pytest.mark.parametrize("name", list(TASKS))
def test_colours_run_from_light_to_dark(name):
    lab = [np.asarray(srgb_to_lab(hex_to_srgb(colour))) for colour in TASKS[name].colours]
    assert (np.diff([colour[0] for colour in lab]) < 0).all()


METRICS_OF = {
    Ordinal: ("ordinal",),
    Measure: ("measure", "colour"),
    Map: ("measure",),
    Count: ("count",),
    Presence: ("presence",),
}


@pytest.mark.parametrize("name", list(TASKS))
def test_the_evaluation_can_compute_what_a_task_names(name):
    kinds = METRICS_OF[type(TASKS[name].scale)]
    known = {metric for kind in kinds for metric in EVALUATION_METRICS[kind]}
    assert set(TASKS[name].metrics) <= known


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


@pytest.mark.parametrize("name", SKIN_TASKS)
def test_findings_keep_to_their_task(name, skin):
    findings = measured(name, skin=skin)
    assert {finding.region for finding in findings} == set(TASKS[name].regions)
    for finding in findings:
        assert finding.task == name
        assert finding.unit == TASKS[name].scale.unit
        assert finding.interval is None
        assert finding.spread[0] <= finding.value <= finding.spread[1]
        assert finding.model
        if isinstance(TASKS[name].scale, Map) and finding.region is Region.FACE:
            assert finding.evidence.values.shape == skin.measured.shape
