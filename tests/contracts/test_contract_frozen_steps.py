"""Each step between pixels and findings gives on a painted face what it gave when its figures were printed.

A figure that changes on purpose is printed anew:
`python tests/fakes/frozen_steps.py > tests/contracts/frozen_steps.json`.
"""

import json
from pathlib import Path

import pytest

from fakes.frozen_steps import figures, steps

FROZEN = json.loads(Path(__file__).with_name("frozen_steps.json").read_text())
RELATIVE, ABSOLUTE = 2e-4, 1e-6
"""Float arithmetic differs so little between machines; a changed constant does more."""


def test_every_step_is_frozen():
    assert list(FROZEN) == list(steps())


@pytest.mark.parametrize("name", FROZEN)
def test_a_step_gives_what_it_gave(models, name):
    was, now = (dict(flat(one)) for one in (FROZEN[name], figures(name)))
    assert now.keys() == was.keys()
    moved = {key: (was[key], now[key]) for key in was if not is_same(was[key], now[key])}
    assert not moved


def flat(thing, path=""):
    pairs = thing.items() if isinstance(thing, dict) else enumerate(thing) if isinstance(thing, list) else ()
    if not isinstance(thing, dict | list):
        yield path, thing
    for key, held in pairs:
        yield from flat(held, f"{path}/{key}")


def is_same(was, now):
    if isinstance(was, float | int) and isinstance(now, float | int) and not isinstance(was, bool):
        return now == pytest.approx(was, rel=RELATIVE, abs=ABSOLUTE, nan_ok=True)
    return now == was
