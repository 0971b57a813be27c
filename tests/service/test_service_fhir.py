"""An analysis as FHIR R4B."""

import json

import pytest

from dermis.service.fhir import bundle
from dermis.service.store import analyses
from fakes.measuring import fake_content, photo
from fakes.stores import fill


@pytest.fixture
def filled(sqlite):
    return sqlite, fill(sqlite)


def resources(database, analysis_id, subject_id="s"):
    with database.reading() as session:
        held = session.get(analyses.Analysis, analysis_id)
        return json.loads(bundle(held, analyses.findings_of(session, analysis_id), subject_id))


def of_type(bundled, kind):
    return [entry["resource"] for entry in bundled["entry"] if entry["resource"]["resourceType"] == kind]


def test_there_is_a_resource_for_everything(filled):
    database, made = filled
    bundled = resources(database, made.analysis)
    kinds = [entry["resource"]["resourceType"] for entry in bundled["entry"]]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "Device": 1,
        "Media": 1,
        "Observation": 4,
        "BodyStructure": 1,
        "DiagnosticReport": 1,
        "Provenance": 1,
    }
    observations = of_type(bundled, "Observation")
    assert observations[0]["valueQuantity"]["value"] == 30
    assert observations[2]["dataAbsentReason"]["coding"][0]["code"] == "not-performed"
    low_high = observations[1]["component"][0]["valueRange"]
    value = observations[1]["valueQuantity"]["value"]
    assert (low_high["low"]["value"], low_high["high"]["value"]) == (value - 5, value + 5)


def test_the_resources_name_each_other(filled):
    database, made = filled
    bundled = resources(database, made.analysis)
    known = {entry["fullUrl"] for entry in bundled["entry"]}
    named = set(references(bundled))
    assert named
    assert named <= known


def references(node):
    if isinstance(node, dict):
        if "reference" in node:
            yield node["reference"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_photo_is_not_in_it_and_the_subject_is_a_number(filled):
    database, made = filled
    text = json.dumps(resources(database, made.analysis, made.subject))
    assert "Zebra" not in text
    assert "contentType" not in text
    assert made.subject in text


def test_the_device_says_which_weights(filled):
    from dermis.service.measure import weights_sha256

    database, made = filled
    device = of_type(resources(database, made.analysis), "Device")[0]
    held = {row["type"]["text"]: row["valueCode"][0]["text"] for row in device["property"]}
    assert held["SHA-256 of weights acne"] == weights_sha256()["acne"]


def test_a_photo_that_was_refused_says_so(filled):
    database, made = filled
    content = fake_content(photo(5), usable=False)
    content["quality"]["problems"] = [
        {"code": "dark", "severity": "reject", "message": "It is too dark.", "advice": "Make light."}
    ]
    with database.writing() as session:
        row = analyses.add_analysis(session, made.account, content, visit_id=None, options={}, model_sha256={})
    observation = of_type(resources(database, row.id, None), "Observation")[0]
    assert observation["dataAbsentReason"]["coding"][0]["code"] == "error"
    assert "too dark" in observation["dataAbsentReason"]["text"]


def test_it_is_served(client):
    from fakes.measuring import PHOTO

    made = client.post("/v1/analyses", content=PHOTO, headers={"Content-Type": "image/jpeg"}).json()["id"]
    answer = client.get(f"/v1/analyses/{made}/fhir")
    assert answer.headers["content-type"] == "application/fhir+json"
    assert answer.json()["type"] == "collection"
