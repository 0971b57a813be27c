"""What ships answers for a frozen set is what it answered when its figures were published.

A figure that changes on purpose is printed anew: `python tests/fakes/shipped_figures.py`.
"""

import json
from pathlib import Path

import pytest

from dermis.colour.tone import ita_class
from fakes.shipped_figures import figures

FROZEN = json.loads(Path(__file__).with_name("shipped_figures.json").read_text())
RELATIVE, ABSOLUTE = 0.01, 0.03


@pytest.fixture(scope="module")
def now(models):
    return figures()


@pytest.mark.parametrize("name", FROZEN)
def test_the_frozen_set_is_answered_as_published(now, name):
    was, found = FROZEN[name], now[name]
    assert found["problems"] == was["problems"]
    assert found["measures"] == pytest.approx(was["measures"], rel=RELATIVE)
    assert set(found["findings"]) == set(was["findings"])
    for key, finding in was["findings"].items():
        mine = found["findings"][key]
        assert mine["labels"] == finding["labels"], key
        for part in ("value", "spread", "interval"):
            was_there = finding[part]
            if was_there is None:
                assert mine[part] is None, (key, part)
            else:
                assert mine[part] == pytest.approx(was_there, rel=RELATIVE, abs=ABSOLUTE), (key, part)


@pytest.mark.parametrize(
    ("above", "name"),
    [(55, "very light"), (41, "light"), (28, "intermediate"), (10, "tan"), (-30, "brown"), (-90, "dark")],
)
def test_classes_of_the_ita_begin_where_they_are_published(above, name):
    """Chardon, Cretois, Hourseau 1991: 55, 41, 28, 10 and -30 degrees."""
    assert ita_class(above + 0.5) == name
    if above > -90:
        assert ita_class(above - 0.5) != name
