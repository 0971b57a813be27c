"""The evidence: figures beside their limits, from readings made by hand; and a look in full, with two made people."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from dermis.cli import app
from dermis.cli.lab import validate as command
from dermis.core import Encoding, Photo
from dermis.lab.evaluate.evidence import validate as validating
from dermis.lab.evaluate.evidence.figures import FEWEST_TESTED, Figure, disguise_figures, figures_of
from dermis.lab.evaluate.evidence.out_of_scope import DISGUISES, out_of_scope
from dermis.lab.evaluate.evidence.readings import Reading, reexposed
from dermis.lab.evaluate.evidence.validate import (
    Validation,
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


@pytest.mark.parametrize(
    ("covered", "people", "held"), [(12, 12, True), (7, 12, True), (6, 12, False), (0, 7, True), (3, 8, False)]
)
def test_a_coverage_falls_below_its_limit_where_chance_does_not_explain_it(covered, people, held):
    inside, outside = {"skin_tone": (0.0, 40.0)}, {"skin_tone": (0.0, 10.0)}
    readings = [
        replace(MADE, person=f"{person}", shot=f"{person}", intervals=inside if person < covered else outside)
        for person in range(people)
    ]
    found = by_name(readings)["coverage of the interval of skin_tone", "made people, intermediate"]
    assert found.value == covered / people
    assert found.held is held
    assert (found.limits is None) is (people < FEWEST_TESTED)


def test_photos_of_one_person_are_one_trial():
    readings = [
        replace(
            MADE, person=f"{number // 3}", shot=f"{number}", intervals={"skin_tone": (0.0, 40.0 - 25 * (number < 9))}
        )
        for number in range(24)
    ]
    found = by_name(readings)["coverage of the interval of skin_tone", "made people, intermediate"]
    assert (found.photos, found.people, found.value) == (24, 8, 15 / 24)
    assert found.held


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
    assert not Validation(figures=(good,), foreign=(("coffee", "5 numbers", False),)).held


@pytest.mark.parametrize(("value", "exit_code"), [(0.9, 0), (0.8, 1)])
def test_a_release_below_its_limits_fails_with_an_exit_code(monkeypatch, tmp_path, value, exit_code):
    figure = Figure(name="coverage", of="made people", value=value, limits=(0.85, 1.0))
    monkeypatch.setattr(command, "run", lambda *_, **__: Validation(figures=(figure,), foreign=()))
    said = CliRunner().invoke(app, ["validate", "--out", str(tmp_path)])
    assert said.exit_code == exit_code
    assert json.loads((tmp_path / "validation.json").read_text())["held"] is (exit_code == 0)


def test_what_is_aimed_at_stands_beside_the_limit_and_may_be_missed_within_it():
    readings = [replace(MADE, person=str(n), truth={"skin_tone": 32.0}) for n in range(6)]
    found = by_name(readings)["mean error of ITA", "made people"]
    assert (found.value, found.held, found.reached) == (12, True, False)
    row = next(
        line for line in validation_markdown(Validation(figures=(found,), foreign=())).splitlines() if "ITA" in line
    )
    assert "0 to 13 | 0 to 11" in row
    assert row.endswith("| yes, missed |")


def test_a_disguise_with_numbers_falls_below_its_limit():
    statue = replace(MADE, values={}, shot="statue of clay")
    told = list(disguise_figures([statue, replace(statue, person="b", values={"skin_tone": 1.0})]))
    assert [(one.of, one.value, one.held) for one in told] == [("statue of clay", 0.5, False)]
    assert next(iter(disguise_figures([statue]))).held


def test_real_skin_that_is_called_none_falls_below_its_limit():
    shots = [replace(REAL, person=str(n), problems=("not_living_skin",) if n == 0 else ()) for n in range(10)]
    alarms = by_name(shots)["taken for no living skin", "faces"]
    assert (alarms.value, alarms.held, alarms.reached) == (0.1, False, False)


def test_clear_adults_are_held_to_the_presence_of_acne():
    told = replace(REAL, source="caltech_faces_light", values={"skin_tone": 20.0, "acne_presence": 0.7})
    found = by_name([told])["acne presence from one half on", "caltech_faces_light"]
    assert (found.value, found.held) == (1.0, False)


def test_the_page_the_table_and_the_json_say_the_same():
    found = Validation(
        figures=(Figure(name="coverage", of="made people", value=0.123, limits=(0.85, 1.0)),),
        foreign=(("coffee", "no numbers; no_face", True),),
    )
    assert "MISSED" in validation_markdown(found)
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
    assert {"chelsea", "drawing"} <= {name for name, _ in out_of_scope()}
    assert {"cartoon", "black and white", "painted green", "photo of a screen", "printed"} <= set(DISGUISES)


def test_a_short_look_runs_from_made_people_to_figures(models, monkeypatch, tmp_path):
    monkeypatch.setattr(validating, "PEOPLE_SHORT", 1)
    found = validate({}, short=True, keep=tmp_path / "made")
    assert {one.of for one in found.figures} >= {"made people"}
    assert [right for *_, right in found.foreign] == [True, True]
