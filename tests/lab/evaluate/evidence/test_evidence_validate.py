"""The evidence: figures beside their limits, from readings made by hand; and a look in full, with two made people."""

import json
from dataclasses import replace

import numpy as np
import pytest

from dermis.core import Encoding, Photo
from dermis.lab.evaluate.evidence import validate as validating
from dermis.lab.evaluate.evidence.out_of_scope import out_of_scope
from dermis.lab.evaluate.evidence.readings import Reading, reexposed
from dermis.lab.evaluate.evidence.validate import (
    Figure,
    Validation,
    figures_of,
    validate,
    validation_json,
    validation_markdown,
    validation_page,
)

MADE = Reading(
    source="made", person="a", shot="1", values={"skin_tone": 20.0}, intervals={"skin_tone": (0.0, 40.0)},
    truth={"skin_tone": 30.0}, usable=True,
)  # fmt: skip
REAL = replace(MADE, source="faces", truth={})


def by_name(readings):
    return {(one.name, one.of): one for one in figures_of(readings)}


def test_made_people_give_error_and_coverage_by_class():
    off = replace(MADE, person="b", truth={"skin_tone": 50.0})
    found = by_name([MADE, off])
    assert found["mean error of ITA", "made people"].value == 20
    assert found["coverage of the interval of skin_tone", "made people, intermediate"].value == 1
    assert found["coverage of the interval of skin_tone", "made people, light"].value == 0
    assert not found["coverage of the interval of skin_tone", "made people, light"].held


def test_real_people_are_held_to_their_median():
    shots = [replace(REAL, shot=str(n), values={"skin_tone": value}) for n, value in enumerate((20.0, 22.0, 60.0))]
    shots[2] = replace(shots[2], intervals={"skin_tone": (50.0, 70.0)})
    found = by_name(shots)
    assert found["intervals that cover the person's median ITA", "faces"].value == pytest.approx(2 / 3)


def test_charted_people_are_held_to_their_chart():
    charted = replace(REAL, condition="referenced", shot="2:x", values={"skin_tone": -51.0}, intervals={})
    found = by_name([charted, replace(REAL, intervals={"skin_tone": (-70.0, -20.0)})])
    assert found["intervals that cover the charted ITA", "faces"].value == 1


def test_a_changed_exposure_overlaps_or_is_named():
    far = replace(REAL, changed_ev=1.0, intervals={"skin_tone": (50.0, 60.0)})
    name = "changed exposure: intervals overlap, or it is named"
    assert by_name([REAL, far])[name, "faces"].value == 0
    assert by_name([REAL, replace(far, problems=("too_bright",))])[name, "faces"].value == 1
    assert by_name([REAL, replace(far, intervals={"skin_tone": (30.0, 60.0)})])[name, "faces"].value == 1


def test_a_figure_below_its_limit_or_a_number_for_a_cup_fails():
    good = Figure(name="x", of="y", value=0.9, limits=(0.85, 1.0))
    assert Validation(figures=(good,), foreign=()).held
    assert not Validation(figures=(replace(good, value=0.8),), foreign=()).held
    assert not Validation(figures=(good,), foreign=(("coffee", "none", "5 numbers", False),)).held


def test_the_page_the_table_and_the_json_say_the_same():
    found = Validation(
        figures=(Figure(name="coverage", of="made people", value=0.123, limits=(0.85, 1.0)),),
        foreign=(("coffee", "none", "no numbers; no_face", True),),
    )
    assert "**(missed)**" in validation_markdown(found)
    page = validation_page(found)
    assert "MISSED" in page
    assert "coffee" in page
    told = json.loads(validation_json(found))
    assert told["held"] is False
    assert told["figures"][0]["held"] is False


def test_a_photo_exposed_anew_has_so_many_stops_more():
    photo = Photo(pixels=np.full((4, 4, 3), 0.5, np.float32), encoding=Encoding.SRGB)
    assert reexposed(photo, 0.0).pixels == pytest.approx(0.5, abs=0.003)
    assert reexposed(photo, 1.0).pixels == pytest.approx(0.686, abs=0.003)
    assert reexposed(photo, 9.0).pixels.max() == 1.0


def test_pictures_out_of_scope_are_drawn_or_come_with_a_library():
    names = [name for name, _, _ in out_of_scope()]
    assert {"chelsea", "cartoon", "black and white", "painted green", "photo of a screen"} <= set(names)
    assert {"statue of stone", "statue of clay", "mask", "painted in two colours"} <= set(names)


def test_a_short_look_runs_from_made_people_to_figures(models, monkeypatch, tmp_path):
    monkeypatch.setattr(validating, "PEOPLE_SHORT", 1)
    found = validate({}, short=True, keep=tmp_path / "made")
    assert {one.of for one in found.figures} >= {"made people"}
    assert [right for *_, right in found.foreign] == [True, True, True]
