"""The call from Python: which tasks it asks."""

from dataclasses import replace

import numpy as np
import pytest

import dermis
from dermis.core import Encoding, Finding, Provenance, Quality, Region
from dermis.errors import UsageError
from dermis.formats.analysis_json import analysis_object
from dermis.pipeline import products
from dermis.pipeline.api import Analysed, _photo_of
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


def test_pixels_are_bytes_or_shares_of_one():
    levels = np.array([[[0, 51, 255]]], np.uint8)
    assert _photo_of(levels).pixels.ravel().tolist() == pytest.approx([0.0, 0.2, 1.0])
    shares = np.array([[[-0.5, 0.25, 1.5]]])
    assert _photo_of(shares).pixels.tolist() == [[[0.0, 0.25, 1.0]]]
    assert (_photo_of(shares).encoding, _photo_of(shares).origin.name) == (Encoding.SRGB, "array")
    for shape in ((4, 4), (4, 4, 4), (1, 4, 4, 3)):
        with pytest.raises(UsageError, match="shape"):
            _photo_of(np.zeros(shape))


def test_rows_are_flat():
    found = Finding(task="redness", region=Region.NOSE, value=3.0, unit="u", model="m", interval=(1.0, 4.0))
    spread = replace(found, interval=None, spread=(2.0, 5.0), label="clear")
    told = Analysed(
        name="a.jpg", photo=None, quality=Quality(), provenance=Provenance(dermis="0"), findings=(found, spread)
    )
    first, second = told.to_rows()
    assert first == {
        "file": "a.jpg", "condition": "unknown", "usable": True, "task": "redness", "region": "nose", "value": 3.0,
        "unit": "u", "label": None, "interval_low": 1.0, "interval_high": 4.0, "spread_low": None, "spread_high": None,
        "model": "m",
    }  # fmt: skip
    assert (second["interval_low"], second["interval_high"]) == (None, None)
    assert (second["spread_low"], second["spread_high"], second["label"]) == (2.0, 5.0, "clear")


def test_a_dict_is_what_the_command_prints():
    told = Analysed(name="a.jpg", photo=None, quality=Quality(), provenance=Provenance(dermis="0"))
    assert told.to_dict() == analysis_object(told)
    assert told.to_dict()["schema"] == "dermis.analysis/2"
