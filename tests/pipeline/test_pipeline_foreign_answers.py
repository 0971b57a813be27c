"""The tasks of each kind of answer that weights of the user's own may give."""

import json

import numpy as np
import pytest

from dermis.core import Count, Measure, Ordinal, Presence
from dermis.errors import UsageError
from dermis.pipeline.foreign import foreign_tasks, with_foreign


@pytest.fixture
def answering(mine, tmp_path):
    """Return a function that gives the user's weights other answers."""
    path = tmp_path / "own" / mine / "meta.json"

    def change(**answers):
        meta = json.loads(path.read_text())
        path.write_text(json.dumps(meta | {"answers": answers}))
        return mine

    return change


@pytest.mark.parametrize(
    ("kind", "scale"),
    [("measure", Measure(unit="ml", low=0.0, high=1.0)), ("count", Count(unit="ml")), ("presence", Presence()),
     ("ordinal", Ordinal(lowest=0.0, highest=1.0, step=1.0))],
)  # fmt: skip
def test_each_kind_of_answer_has_its_scale(answering, kind, scale):
    (task,) = foreign_tasks(answering(pores={"kind": kind, "names": ["pores"], "unit": "ml"}))
    assert task.scale == scale
    assert task.title == "pores (my-acne)"
    (finding,) = task.measure(output={"pores": np.float32([[0.25, 7.0]])})
    assert (finding.value, finding.unit, finding.task, finding.model) == (0.25, "ml", "my-acne", "my-acne")
    assert finding.detail == {"weights": "foreign"}


def test_the_steps_of_a_grade_are_those_of_its_shares(answering):
    grades = {"kind": "ordinal", "names": ["pores"], "unit": "grade"}
    shares = {"kind": "shares", "names": ["1", "1.5", "2", "2.5"], "unit": ""}
    (task,) = foreign_tasks(answering(pores=grades, pores_shares=shares))
    assert task.scale == Ordinal(lowest=1.0, highest=2.5, step=0.5)
    (finding,) = task.measure(output={"pores": np.float32([1.5]), "pores_shares": np.float32([[0.12345, 0.5]])})
    assert finding.detail["shares"] == [0.1235, 0.5]


def test_of_several_answers_each_has_a_task_and_none_takes_a_place(answering):
    number = {"kind": "measure", "names": ["a"], "unit": "ml"}
    name = answering(pores=number, fine_lines=number, map={"kind": "measure", "names": ["a", "b"], "unit": "ml"})
    assert [task.name for task in foreign_tasks(name)] == ["my-acne.pores", "my-acne.fine_lines"]
    assert foreign_tasks(name)[1].title == "fine lines (my-acne)"
    with pytest.raises(UsageError, match="have 2 answers"):
        with_foreign((), [f"redness={name}"])


def test_answers_of_other_kinds_are_no_question_of_a_face(answering):
    with pytest.raises(UsageError, match="no question of a face"):
        foreign_tasks(answering(pores={"kind": "spectrum", "names": ["a"], "unit": ""}))


def test_weights_without_a_network_answer_nothing(answering, tmp_path):
    name = answering(pores={"kind": "count", "names": ["a"], "unit": ""})
    (tmp_path / "own" / name / "model.onnx").unlink()
    with pytest.raises(UsageError, match="no question of a face"):
        foreign_tasks(name)
