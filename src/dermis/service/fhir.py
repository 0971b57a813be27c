"""An analysis as FHIR R4B: one bundle of resources, validated by `fhir.resources`.

Observation for each finding, BodyStructure for each lesion, Media for the photo (without its content), Device for
dermis with its models, DiagnosticReport over all, and Provenance with the SHA-256 of the weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from dermis.service.store.schema import Analysis, Finding

__all__ = ["bundle"]

Object = dict[str, Any]
_SYSTEM = "urn:dermis"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_MEDIA_TYPE = "http://terminology.hl7.org/CodeSystem/media-type"
_AGENT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_SNOMED = "http://snomed.info/sct"
_SITES = {
    "face": ("89545001", "Face structure"),
    "forehead": ("52795006", "Forehead structure"),
    "left_cheek": ("60819002", "Buccal region structure"),
    "right_cheek": ("60819002", "Buccal region structure"),
    "nose": ("45206002", "Nasal structure"),
    "chin": ("30291003", "Chin structure"),
}


def bundle(analysis: Analysis, findings: Sequence[Finding], subject_id: str | None) -> str:
    """Return a Bundle of type collection as JSON; its resources name each other by `urn:uuid:`."""
    from fhir.resources.R4B.bundle import Bundle  # late: 0.5 s

    resources = _resources(analysis, findings, subject_id)
    entries = [{"fullUrl": f"urn:uuid:{resource['id']}", "resource": _checked(resource)} for resource in resources]
    held = Bundle.model_validate(
        {
            "resourceType": "Bundle",
            "id": _id(analysis.id, "bundle"),
            "type": "collection",
            "timestamp": _time(analysis),
            "entry": entries,
        }
    )
    return str(held.model_dump_json())


def _resources(analysis: Analysis, findings: Sequence[Finding], subject_id: str | None) -> list[Object]:
    about: Object = {"subject": {"identifier": {"system": f"{_SYSTEM}:subject", "value": subject_id or "unknown"}}}
    device, media = _device(analysis), _media(analysis, about)
    observations, structures = [], []
    for finding in findings:
        observation = _observation(analysis, finding, about, device, media)
        observations.append(observation)
        structures += _structures(analysis, finding, about)
    if not findings:
        observations.append(_refused(analysis, about, device, media))
    report = {
        "resourceType": "DiagnosticReport",
        "id": _id(analysis.id, "report"),
        "status": "final",
        "code": _code("facial-skin-measurement", "Measurement of facial skin from a photograph"),
        **about,
        "effectiveDateTime": _time(analysis),
        "issued": _time(analysis),
        "result": [_to(observation) for observation in observations],
        "media": [{"link": _to(media)}],
        "conclusion": _conclusion(analysis),
    }
    provenance = {
        "resourceType": "Provenance",
        "id": _id(analysis.id, "provenance"),
        "target": [_to(resource) for resource in (*observations, report)],
        "recorded": _time(analysis),
        "agent": [{"type": {"coding": [{"system": _AGENT, "code": "assembler"}]}, "who": _to(device)}],
        "entity": [{"role": "source", "what": _to(media)}],
    }
    return [device, media, *observations, *structures, report, provenance]


def _observation(analysis: Analysis, finding: Finding, about: Object, device: Object, media: Object) -> Object:
    observation: Object = {
        "resourceType": "Observation",
        "id": _id(analysis.id, f"finding-{finding.position}"),
        "status": "final",
        "category": [{"coding": [{"system": _CATEGORY, "code": "imaging"}]}],
        "code": _code(finding.task, finding.task.replace("_", " ")),
        **about,
        "effectiveDateTime": _time(analysis),
        "bodySite": _site(finding.region),
        "method": {"text": finding.model},
        "device": _to(device),
        "derivedFrom": [_to(media)],
        "component": _components(finding),
    }
    if finding.value is None:
        observation["dataAbsentReason"] = {"coding": [{"system": _ABSENT, "code": "not-performed"}]}
    else:
        observation["valueQuantity"] = _quantity(finding.value, finding.unit)
    if finding.label:
        observation["interpretation"] = [{"text": finding.label}]
    if not observation["component"]:
        del observation["component"]
    return observation


def _components(finding: Finding) -> list[Object]:
    if finding.low is None or finding.high is None:
        return []
    words = {"text": "Interval" if finding.level is None else f"Interval, level {finding.level:g}"}
    return [
        {
            "code": words,
            "valueRange": {
                "low": _quantity(finding.low, finding.unit),
                "high": _quantity(finding.high, finding.unit),
            },
        }
    ]


def _refused(analysis: Analysis, about: Object, device: Object, media: Object) -> Object:
    """Return the observation of a photo that could not be measured: no value, and why."""
    return {
        "resourceType": "Observation",
        "id": _id(analysis.id, "refused"),
        "status": "final",
        "code": _code("facial-skin-measurement", "Measurement of facial skin from a photograph"),
        **about,
        "effectiveDateTime": _time(analysis),
        "device": _to(device),
        "derivedFrom": [_to(media)],
        "dataAbsentReason": {"coding": [{"system": _ABSENT, "code": "error"}], "text": _conclusion(analysis)},
    }


def _structures(analysis: Analysis, finding: Finding, about: Object) -> list[Object]:
    """Return a BodyStructure for each lesion of a finding."""
    items = analysis.content["findings"][finding.position].get("items") or []
    return [
        {
            "resourceType": "BodyStructure",
            "id": _id(analysis.id, f"lesion-{finding.position}-{place}"),
            "identifier": [{"system": f"{_SYSTEM}:lesion", "value": f"{analysis.id}-{finding.position}-{place}"}],
            "morphology": {"text": item["class"]},
            "location": _site(item["region"]),
            "description": f"Box in photo pixels x, y, width, height: {item['box_px']}; score {item['score']}.",
            "patient": about["subject"],
        }
        for place, item in enumerate(items)
    ]


def _device(analysis: Analysis) -> Object:
    models = [{"type": {"text": name}, "value": version} for name, version in sorted(analysis.models.items())]
    return {
        "resourceType": "Device",
        "id": _id(analysis.id, "device"),
        "deviceName": [{"name": "dermis", "type": "model-name"}],
        "version": [{"type": {"text": "dermis"}, "value": analysis.dermis}, *models],
        "property": _hashes(analysis),
    }


def _hashes(analysis: Analysis) -> list[Object]:
    from dermis.service.measure import weights_sha256

    used = {name.split()[0].split("@")[0] for name in (*analysis.models, *analysis.models.values())}
    found = {name: digest for name, digest in weights_sha256().items() if name in used}
    return [
        {"type": {"text": f"SHA-256 of weights {name}"}, "valueCode": [{"text": digest}]}
        for name, digest in found.items()
    ] or [{"type": {"text": "weights"}, "valueCode": [{"text": "none"}]}]


def _media(analysis: Analysis, about: Object) -> Object:
    photo = analysis.content["photo"]
    capture = photo.get("capture") or {}
    camera = " ".join(word for word in (capture.get("make"), capture.get("model")) if word)
    media: Object = {
        "resourceType": "Media",
        "id": _id(analysis.id, "media"),
        "identifier": [{"system": f"{_SYSTEM}:photo-sha256", "value": photo["sha256"] or "unknown"}],
        "status": "completed",
        "type": {"coding": [{"system": _MEDIA_TYPE, "code": "image"}]},
        **about,
        "createdDateTime": _time(analysis),
        "bodySite": _site("face"),
        "content": {"title": "The photo is not part of this bundle."},
    }
    if photo.get("width_px"):
        media |= {"width": photo["width_px"], "height": photo["height_px"]}
    if analysis.view:
        media["view"] = {"text": analysis.view}
    if camera:
        media["deviceName"] = camera
    return media


def _conclusion(analysis: Analysis) -> str:
    problems = analysis.content["quality"]["problems"]
    words = " ".join(problem["message"] for problem in problems)
    verdict = "The photo could be measured." if analysis.usable else "The photo could not be measured."
    return f"{verdict} {words} A measurement, not a diagnosis.".replace("  ", " ")


def _site(region: str) -> Object:
    site: Object = {"text": region.replace("_", " ")}
    if region in _SITES:
        code, words = _SITES[region]
        site["coding"] = [{"system": _SNOMED, "code": code, "display": words}]
    return site


def _code(code: str, words: str) -> Object:
    return {"coding": [{"system": f"{_SYSTEM}:task", "code": code, "display": words}], "text": words}


def _quantity(value: float, unit: str | None) -> Object:
    return {"value": value, **({"unit": unit} if unit else {})}


def _to(resource: Mapping[str, Any]) -> Object:
    return {"reference": f"urn:uuid:{resource['id']}"}


def _id(analysis_id: str, part: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{_SYSTEM}:{analysis_id}:{part}"))


def _time(analysis: Analysis) -> str:
    return analysis.created_at.isoformat(timespec="milliseconds")


def _checked(resource: Object) -> Any:  # noqa: ANN401 -- the library's own classes
    from fhir.resources.R4B import get_fhir_model_class

    return get_fhir_model_class(resource["resourceType"]).model_validate(resource)
