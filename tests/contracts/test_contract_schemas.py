"""What the verbs print as JSON keeps to the schemas of the reference, and holds no field that they do not name."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from dermis.cli import app
from dermis.core import Advice, AdviceKind, CaptureCondition, Cube, Quantity, Region, Severity, Urgency, View
from dermis.formats.analysis_json import analysis_line, change_object, person_object
from dermis.formats.cubes.cube import write_cube
from dermis.optics.face_population import draw
from dermis.optics.forward import reflectance
from dermis.pipeline.analyse import analyse_file
from dermis.pipeline.longitudinal import change_between
from dermis.pipeline.multi_view import combine_views
from dermis.pipeline.options import AnalyseOptions
from fakes.line_scans import Sensor, write_envi_raw

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
SCHEMAS = {
    path.name.removesuffix(".schema.json"): json.loads(path.read_text()) for path in REFERENCE.glob("*.schema.json")
}
SENSOR = Sensor(width=30, bands=120)
NM = np.arange(400.0, 1001, 10)


def closed(schema):
    """The schema with no room for fields that it does not name."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(one) for name, one in schema.items()}
    if isinstance(inner.get("properties"), dict) and inner.get("type") == "object" and "oneOf" not in inner:
        inner.setdefault("additionalProperties", False)
    return inner


def hold(name, said):
    held = json.loads(said) if isinstance(said, str) else json.loads(json.dumps(said, allow_nan=False))
    jsonschema.Draft202012Validator(SCHEMAS[name]).validate(held)
    jsonschema.Draft202012Validator(closed(SCHEMAS[name])).validate(held)
    return held


def dermis(*arguments):
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return next(line for line in done.stdout.splitlines() if line.startswith("{"))


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_a_schema_is_one(name):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["title"] == f"dermis.{name}/2"
    assert SCHEMAS[name]["properties"]["schema"] == {"const": f"dermis.{name}/2"}


def test_a_definition_is_the_same_in_every_schema():
    first = {}
    for name, schema in SCHEMAS.items():
        for word, one in schema.get("$defs", {}).items():
            assert first.setdefault(word, (name, one))[1] == one, f"{word}: {name} and {first[word][0]} differ"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("$defs.region", Region),
        ("$defs.problem.properties.severity", Severity),
        ("$defs.advice.properties.kind", AdviceKind),
        ("$defs.advice.properties.urgency", Urgency),
        ("properties.condition.properties.name", CaptureCondition),
        ("properties.face.properties.view", [*View, None]),
    ],
)
def test_the_schema_knows_every_word(path, words):
    place = SCHEMAS["analysis"]
    for name in path.split("."):
        place = place[name]
    assert set(place["enum"]) == set(words)


@pytest.fixture(scope="module")
def analysis(selfie):
    return analyse_file(selfie)


def test_an_analysis(analysis):
    held = hold("analysis", analysis_line(analysis))
    assert held["findings"]
    assert held["condition"] == {"name": "unknown", "reference": None, "flash_pair": None, "device": None}
    assert any(one["spread"] for one in held["findings"])


def test_an_analysis_with_a_reference(selfie):
    held = hold(
        "analysis", analysis_line(analyse_file(selfie, AnalyseOptions(tasks="redness", reference="5,5,40,40=#b0b0b0")))
    )
    assert held["condition"]["name"] == "referenced"


def test_an_analysis_with_care(analysis):
    line = Advice(
        advice="Wear sunscreen.", kind=AdviceKind.USE, reason="The sun darkens spots.", source="A guideline, 2020",
        rule="sunscreen", ingredients=("zinc oxide",), when="morning",
    )  # fmt: skip
    [care] = hold("analysis", analysis_line(replace(analysis, care=(line,))))["care"]
    assert care["ingredients"] == ["zinc oxide"]


def test_a_file_that_cannot_be_read(tmp_path):
    (tmp_path / "notes.jpg").write_text("These are notes.")
    held = hold("analysis", analysis_line(analyse_file(tmp_path / "notes.jpg")))
    assert held["photo"]["path"] == str(tmp_path / "notes.jpg")
    assert held["quality"]["problems"][0]["code"] == "unreadable"


def test_findings_of_a_rejected_photo_break_the_schema(analysis):
    held = json.loads(analysis_line(analysis))
    held["quality"]["usable"] = False
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMAS["analysis"]).validate(held)


def test_a_field_that_no_schema_names_is_seen(analysis):
    held = json.loads(analysis_line(analysis))
    held["findings"][0]["colour"] = "tan"
    with pytest.raises(jsonschema.ValidationError, match="colour"):
        jsonschema.Draft202012Validator(closed(SCHEMAS["analysis"])).validate(held)


def test_a_person(analysis):
    held = hold("person", person_object([analysis.name], combine_views([analysis])))
    assert {one["task"] for one in held["findings"]} >= {"acne_lesions", "acne_grade"}


def test_a_change(analysis):
    held = hold("change", change_object(change_between(analysis, analysis)))
    assert held["alignment"]["by"].startswith("landmarks")


def test_spectra(tmp_path):
    Image.new("RGB", (4, 3), (190, 150, 130)).save(tmp_path / "patch.png")
    said = dermis("spectra", tmp_path / "patch.png", "--out", tmp_path / "a.npz", "--mask", "all", "--json")
    assert len(hold("spectra", said)["mean"]) == 61


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    skin = reflectance(draw(120, 1, epidermis_um=70.0), NM).reshape(12, 10, 61).astype(np.float32)
    path = tmp_path_factory.mktemp("cube") / "skin.npz"
    write_cube(path, Cube(values=skin, wavelengths_nm=NM, quantity=Quantity.REFLECTANCE))
    return path


def test_a_cube_described_resampled_compared_and_mapped(cube, tmp_path):
    held = hold("cube", dermis("cube", "info", cube, "--json", "--point", "1,2", "--out", tmp_path / "shown"))
    assert held["points"][0]["nm"] == 400
    hold("cube", dermis("cube", "resample", cube, "--bands", "vis", "--out", tmp_path / "vis.npz", "--json"))
    assert hold("cube", dermis("cube", "compare", cube, cube, "--json"))["scores"]["rmse"] == 0
    for method in ("physical", "unmixing"):
        said = dermis("cube", "chromophores", cube, "--out", tmp_path / method, "--method", method, "--json")
        assert hold("cube", said)["method"] == method


def test_a_calibrated_scan(tmp_path):
    for name, values in (
        ("scan", np.clip(SENSOR.frames(20, 0.4), 0, 4095)),
        ("WHITEREF_scan", SENSOR.frames(30)),
        ("DARKREF_scan", SENSOR.frames(10, 0)),
    ):
        write_envi_raw(tmp_path / name, values, SENSOR.nm, tint=8.0, fwhm=6.5)
    said = dermis("cube", "calibrate", tmp_path / "scan.raw", "--out", tmp_path / "a.npz", "--json")
    assert hold("cube", said)["verb"] == "calibrate"
