"""Weights of the user's own answer beside ours, or in the place of one of our tasks."""

import pytest

import dermis
from dermis.core import Ordinal, Region
from dermis.errors import ModelMissing, UsageError
from dermis.formats.analysis_json import analysis_object
from dermis.pipeline.analyse import analyse
from dermis.pipeline.foreign import foreign_tasks, known_tasks, with_foreign
from dermis.pipeline.options import AnalyseOptions
from dermis.pipeline.results import write_result
from dermis.tasks import TASKS, choose


def test_a_task_follows_from_the_answers_of_the_weights(mine):
    (task,) = foreign_tasks(mine)
    assert task.name == "my-acne"
    assert isinstance(task.scale, Ordinal)
    assert (task.scale.lowest, task.scale.highest) == (0.0, 3.0)
    assert "Experimental" in task.section[-1].text  # the limits of the card
    assert task.needs == ("output:my-acne",)


def test_weights_may_be_named_by_their_folder(mine, tmp_path, monkeypatch):
    monkeypatch.delenv("DERMIS_WEIGHTS")
    folder = str(tmp_path / "own" / mine)
    (task,) = foreign_tasks(folder)
    assert (task.name, task.needs) == ("my-acne", (f"output:{folder}",))


def test_weights_may_take_the_place_of_a_task(mine):
    tasks = with_foreign(choose("acne_grade,redness"), [f"acne_grade={mine}"])
    assert [task.name for task in tasks] == ["acne_grade", "redness"]
    assert tasks[0].needs == ("output:my-acne",)


def test_what_cannot_answer_is_refused(mine):
    with pytest.raises(ModelMissing, match="my-acne"):
        with_foreign((), ["your-acne"])
    with pytest.raises(UsageError, match="acne_grade"):
        with_foreign((), [f"acne_grad={mine}"])
    with pytest.raises(UsageError, match="no question of a face"):
        with_foreign((), ["skin-spectra"])


def test_foreign_answers_stand_beside_ours_in_json_and_report(mine, selfie, tmp_path):
    photo = dermis.read_photo(selfie)
    found = analyse(photo, AnalyseOptions(tasks="redness", weights=(mine,)))
    tasks = {finding.task for finding in found.findings}
    assert tasks == {"redness", "my-acne"}
    (finding,) = (finding for finding in found.findings if finding.task == "my-acne")
    assert finding.region is Region.FACE
    assert 0 <= finding.value <= 3
    assert sum(finding.detail["shares"]) == pytest.approx(1, abs=1e-3)
    assert found.provenance.models["my-acne"] == "foreign"
    told = analysis_object(found)
    assert any(one["task"] == "my-acne" and one["model"] == "my-acne" for one in told["findings"])
    assert set(known_tasks(found)) == {*TASKS, "my-acne"}
    page = write_result(found, tmp_path / "result").read_text()
    assert "Mine." in page
    assert "Foreign weights" in page
