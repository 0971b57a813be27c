"""`dermis care`: lines of JSON, text, and refusals that say the next step."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from dermis.cli import app
from dermis.errors import InputError, UsageError

KEYS = {"photo", "advice", "kind", "ingredients", "when", "reason", "source", "rule", "urgency"}
ANALYSIS = {
    "schema": "dermis.analysis/2",
    "photo": {"file": "a.jpg", "path": "visit/a.jpg"},
    "findings": [{"task": "acne_grade", "region": "face", "value": 1.0, "interval": None, "level": 0.9}],
}


@pytest.fixture
def analysis(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(ANALYSIS, indent=1), encoding="utf-8")
    return path


def run(*arguments, given=None):
    return CliRunner().invoke(app, ["care", *map(str, arguments)], input=given)


def lines_of(result):
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_line_has_all_that_it_needs(analysis):
    for line in lines_of(run(analysis, "--json")):
        assert set(line) == KEYS
        assert line["photo"] == "visit/a.jpg"
        assert line["kind"] in ("use", "avoid", "see_doctor", "habit")
        assert line["advice"]
        assert line["source"]


def test_answers_change_the_lines(analysis):
    rules = {line["rule"] for line in lines_of(run(analysis, "--json", "--pregnant"))}
    assert "retinoid-pregnancy" in rules
    told = run(
        analysis, "--json", "--age", 30, "--sex", "male", "--using", "tretinoin 0.05 %, doxycycline", "--signs", "none"
    )
    rules = {line["rule"] for line in lines_of(told)}
    assert {"two-retinoids", "photosensitiser-sun"} <= rules


def test_many_analyses_are_read_from_lines_and_from_stdin(tmp_path):
    text = "\n".join([json.dumps(ANALYSIS), json.dumps({**ANALYSIS, "photo": {"file": "b.jpg"}})])
    path = tmp_path / "all.jsonl"
    path.write_text(text, encoding="utf-8")
    for result in (run(path, "--json"), run("-", "--json", given=text)):
        assert {line["photo"] for line in lines_of(result)} == {"visit/a.jpg", "b.jpg"}


def test_text_is_grouped_and_ends_with_questions(analysis):
    text = run(analysis).output
    assert text.index("In the morning") < text.index("In the evening") < text.index("Answers that would change")
    assert "--pregnant" in text


def test_products_are_named_with_their_flags(analysis, tmp_path):
    catalogue = tmp_path / "c.csv"
    catalogue.write_text('code,name,inci\n7,Gel,"Adapalene, Parfum"\n8,Bare,\n', encoding="utf-8")
    result = run(analysis, "--json", "--not-pregnant", "--products", catalogue)
    line = next(line for line in lines_of(result) if line["rule"] == "acne-evening-adapalene")
    assert line["products"][0]["code"] == "7"
    assert line["products"][0]["flags"][0]["kind"] == "allergen"
    assert "1 products" in result.stderr
    assert "product: Gel" in run(analysis, "--not-pregnant", "--products", catalogue).output


def test_what_cannot_be_read_is_said_and_the_rest_goes_on(analysis, tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text("{", encoding="utf-8")
    result = run(bad, analysis, "--json")
    assert "is no JSON" in result.stderr
    assert lines_of(result)
    other = tmp_path / "other.json"
    other.write_text("{}", encoding="utf-8")
    for path in (tmp_path / "none.json", bad, other):
        assert run(path).exit_code == 3


@pytest.mark.parametrize(
    ("option", "value", "refusal"),
    [
        ("--sex", "x", UsageError),
        ("--age", "-3", UsageError),
        ("--signs", "itch", UsageError),
        ("--products", "none.csv", InputError),
    ],
)
def test_answers_that_mean_nothing_are_refused(analysis, option, value, refusal):
    result = run(analysis, option, value)
    assert isinstance(result.exception, refusal)
