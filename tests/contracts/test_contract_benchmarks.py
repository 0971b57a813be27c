"""The benchmark runs a step, writes its table, and tells findings that differ."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def speed(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import speed

    return speed


def test_a_stage_stands_beside_its_reference(tmp_path):
    (tmp_path / "portraits").mkdir()  # photos are at hand: none are made
    page = tmp_path / "page.md"
    page.write_text("Before\n<!-- figures -->\nold\n<!-- end of figures -->\nAfter\n")
    words = ["--only", "import dermis", "--runs", "1", "--folder", tmp_path, "--json", tmp_path / "b.json"]
    subprocess.run([sys.executable, BENCHMARKS / "speed.py", *words, "--table", page], check=True, capture_output=True)
    held = json.loads((tmp_path / "b.json").read_text())
    [row] = held["rows"]
    assert (row["stage"], row["beside"]) == ("import dermis", "import numpy")
    assert min(row["processor_s"], row["wall_s"], row["peak_mb"], row["processor_ratio"]) > 0
    assert held["machine"]["processors"] >= 1
    text = page.read_text()
    assert "old" not in text
    assert text.startswith("Before")
    assert text.endswith("After\n")
    assert "| import dermis |" in text


def test_each_stage_stands_beside_one_of_the_table(speed):
    titles = [one.title for one in speed.STAGES]
    assert len(set(titles)) == len(titles)
    assert {one.beside for one in speed.STAGES} <= set(titles)


def test_what_differs_between_two_analyses_is_told(speed):
    from compare import differences

    finding = {"task": "redness", "region": "face", "value": 20.0, "labels": []}
    was = {"quality": {"usable": True, "problems": []}, "face": {"found": True}, "findings": [finding]}
    assert differences(was, was) == []
    now = {**was, "quality": {"usable": True, "problems": [{"code": "blurred"}]}}
    assert differences(was, {**now, "findings": [{**finding, "value": 21.0}]}) == [
        "problems: [] is now ['blurred']",
        "redness face: 20 [] is now 21 []",
    ]
    assert differences(was, {**was, "findings": []}) == ["redness face: gone"]
