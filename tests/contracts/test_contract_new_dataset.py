"""A new dataset is one file and one line: it is listed, checked and split by person."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dermis.cli import app
from dermis.errors import InputError
from dermis.lab.datasets import DATASETS, find_dataset
from dermis.lab.datasets.splits import groups_of
from fakes.pictures import photo

sys.path.insert(0, str(Path(__file__).parent))
import visit_folders

sys.path.pop(0)

ROWS = ("S001,2026-03-01,dr_a,1", "S001,2026-03-01,dr_b,2", "S001,2026-06-01,dr_a,0.5")


@pytest.fixture
def root(monkeypatch, tmp_path):
    """Add the dataset to the visible table, as one line in `dermis/lab/datasets/__init__.py` does, and make one."""
    monkeypatch.setitem(DATASETS, "visit-folders", visit_folders.DATASET)
    for seed, name in enumerate(("S001/2026-03-01/front", "S001/2026-06-01/front", "S002/2026-03-01/left")):
        photo(tmp_path / f"{name}.jpg", seed)
    write(tmp_path, ROWS)
    return tmp_path


def write(root, rows):
    (root / "grades.csv").write_text("\n".join(["subject,visit,grader,redness_grade", *rows]) + "\n")


def run(*arguments):
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_the_command_line_lists_and_checks_it(root):
    assert "visit-folders" in {one["name"] for one in run("datasets", "--json")}
    assert run("datasets", "check", "visit-folders", root, "--json")["photos"] == 3


def test_its_samples_say_who_when_and_by_whom(root):
    first, later, other = find_dataset("visit-folders").index(root)
    assert [(one.grader, one.value) for one in first.labels] == [("dr_a", 1.0), ("dr_b", 2.0)]
    assert (first.key.subject, later.key.subject, other.key.subject) == ("S001", "S001", "S002")
    assert str(later.key) == "visit-folders/S001/2026-06-01/front"
    assert other.labels == ()
    assert first.read().pixels.shape == (80, 96, 3)


def test_what_does_not_fit_is_refused(root, tmp_path_factory):
    write(root, [*ROWS, "S003,2026-03-01,dr_a,2"])
    with pytest.raises(InputError, match="S003/2026-03-01"):
        find_dataset("visit-folders").index(root)
    with pytest.raises(InputError, match="no photos"):
        find_dataset("visit-folders").index(tmp_path_factory.mktemp("empty"))


def test_visits_of_a_person_are_never_parted(root):
    first, later, other = groups_of(find_dataset("visit-folders").index(root), ["subject"])
    assert first == later != other
