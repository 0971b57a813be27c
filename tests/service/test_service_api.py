"""The API as a program sees it."""

import json
import zipfile
from io import BytesIO

import pytest

from dermis.tasks.repeatability import smallest_detectable_change
from fakes.measuring import HEAD, MATTE, PHOTO, PNG, photo

JPEG = {"Content-Type": "image/jpeg"}


def subject(client, pseudonym="S1"):
    return client.post("/v1/subjects", json={"pseudonym": pseudonym}).json()["id"]


def visit(client, subject_id, date="2026-11-01"):
    return client.post(f"/v1/subjects/{subject_id}/visits", json={"date": date}).json()["id"]


def analysis(client, visit_id=None, data=PHOTO, **headers):
    query = f"?visit={visit_id}" if visit_id else ""
    return client.post(f"/v1/analyses{query}", content=data, headers={**JPEG, **headers})


def test_a_subject_from_first_visit_to_deletion(client):
    made = client.post("/v1/subjects", json={"pseudonym": "S1"})
    assert made.status_code == 201
    subject_id = made.json()["id"]
    day = client.post(f"/v1/subjects/{subject_id}/visits", json={"date": "2026-11-01"})
    assert day.status_code == 201
    visit_id = day.json()["id"]
    answer = analysis(client, visit_id)
    assert answer.status_code == 201
    analysis_id = answer.json()["id"]
    assert answer.json()["visit"] == visit_id
    assert answer.json()["subject"] == subject_id
    assert client.get(f"/v1/visits/{visit_id}").json()["analyses"] == [analysis_id]
    found = client.get(f"/v1/subjects/{subject_id}/findings", params={"task": "melanin"}).json()["items"]
    assert [(row["date"], row["region"], row["analysis"]) for row in found] == [
        ("2026-11-01", "face", analysis_id),
        ("2026-11-01", "left_cheek", analysis_id),
    ]
    assert client.delete(f"/v1/subjects/{subject_id}").status_code == 204
    for path in (
        f"/v1/subjects/{subject_id}",
        f"/v1/subjects/{subject_id}/findings",
        f"/v1/visits/{visit_id}",
        f"/v1/analyses/{analysis_id}",
        f"/v1/analyses/{analysis_id}/photo",
        f"/v1/analyses/{analysis_id}/report",
    ):
        assert client.get(path).status_code == 404, path


@pytest.mark.parametrize("content", [b"hello", b"", b"%PDF-1.7"])
def test_what_is_no_photo_is_refused_with_a_reason(client, content):
    answer = analysis(client, data=content)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unreadable"
    assert answer.json()["advice"]


def test_a_form_is_read_like_a_raw_body(client):
    raw = analysis(client).json()
    form = client.post("/v1/analyses", files={"photo": ("Jane Doe.jpg", PHOTO, "image/jpeg")})
    assert form.status_code == 201
    assert form.json()["photo"] == raw["photo"]
    assert "Jane" not in form.text


@pytest.mark.parametrize("kind", ["image/heic", "application/x-www-form-urlencoded", ""])
def test_what_a_body_is_called_does_not_matter(client, kind):
    assert client.post("/v1/analyses", content=PHOTO, headers={"Content-Type": kind}).status_code == 201
    assert client.post("/v1/analyses", content=b"{}", headers={"Content-Type": kind}).status_code == 422


@pytest.mark.parametrize("content", [b"", b"--x", b"--x\r\nContent-Disposition: nothing\r\n\r\n--x--"])
def test_a_form_that_cannot_be_read_is_refused(client, content):
    for kind in ("multipart/form-data; boundary=x", "multipart/form-data"):
        answer = client.post("/v1/analyses", content=content, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_a_photo_over_the_limit_is_refused(client, service):
    most = service.options.upload_mb * 2**20
    answer = analysis(client, data=HEAD + bytes(most))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_retry_makes_nothing_twice(client):
    first = analysis(client, **{"Idempotency-Key": "one"})
    again = analysis(client, **{"Idempotency-Key": "one"})
    other = analysis(client, data=photo(2), **{"Idempotency-Key": "one"})
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert len(client.get("/v1/analyses").json()["items"]) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/subjects", {"pseudonym": "S9"}), ("/v1/feedback", {"text": "Good."})],
)
def test_every_post_can_be_retried(client, path, body):
    key = {"Idempotency-Key": "k"}
    first, again = (client.post(path, json=body, headers=key) for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()


def test_a_list_is_given_in_pieces(client):
    made = [subject(client, f"S{number}") for number in range(7)]
    seen, after = [], None
    while True:
        page = client.get("/v1/subjects", params={"limit": 3, **({"after": after} if after else {})}).json()
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(seen) == sorted(made)
    assert client.get("/v1/subjects", params={"after": "nonsense"}).status_code == 422


def test_an_etag_saves_the_body(client):
    subject_id = subject(client)
    first = client.get(f"/v1/subjects/{subject_id}")
    again = client.get(f"/v1/subjects/{subject_id}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    visit(client, subject_id)
    changed = client.get(f"/v1/subjects/{subject_id}", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


def test_pictures_come_from_memory(client):
    analysis_id = analysis(client).json()["id"]
    base = f"/v1/analyses/{analysis_id}"
    assert client.get(f"{base}/maps/melanin.png").content == PNG
    assert client.get(f"{base}/photo").content == PHOTO
    report = client.get(f"{base}/report")
    assert report.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in report.headers["content-security-policy"]
    assert client.get(f"{base}/maps/nothing.png").status_code == 404
    assert client.get(f"{base}/pixel", params={"x": 150, "y": 300}).json() == {
        "region": "forehead",
        "left_out": None,
        "values": {"melanin": 37.5},
        "spectrum": {
            "wavelengths_nm": [400.0, 700.0],
            "reflectance": [0.2, 0.5],
            "low": [0.1, 0.4],
            "high": [0.3, 0.6],
        },
    }
    assert client.get(f"{base}/pixel", params={"x": 150, "y": 10}).json()["spectrum"] is None
    assert client.get(f"{base}/pixel", params={"x": 300, "y": 0}).status_code == 404


def test_without_consent_pictures_go_when_memory_does(client, service):
    body = analysis(client).json()
    assert body["maps"]
    assert not body["photo_kept"]
    service.recent.forget([body["id"]])
    assert client.get(f"/v1/analyses/{body['id']}").json()["maps"] == []
    refused = client.get(f"/v1/analyses/{body['id']}/report")
    assert (refused.status_code, refused.json()["code"]) == (404, "not_kept")


def test_with_consent_the_photo_is_kept_until_it_is_withdrawn(client, service):
    subject_id = subject(client)
    visit_id = visit(client, subject_id)
    before = analysis(client, visit_id).json()["id"]
    given = client.post(f"/v1/subjects/{subject_id}/consents", json={"purpose": "keep_photos"})
    assert given.status_code == 201
    kept = analysis(client, visit_id, photo(2)).json()
    assert kept["photo_kept"]
    service.recent.forget([before, kept["id"]])
    assert client.get(f"/v1/analyses/{before}/photo").status_code == 404
    assert client.get(f"/v1/analyses/{kept['id']}/photo").content == photo(2)
    assert client.get(f"/v1/analyses/{kept['id']}/maps/melanin.png").content == PNG
    assert client.delete(f"/v1/subjects/{subject_id}/consents/keep_photos").status_code == 204
    assert client.get(f"/v1/analyses/{kept['id']}/photo").status_code == 404
    assert not client.get(f"/v1/analyses/{kept['id']}").json()["photo_kept"]


def test_photos_cannot_be_kept_without_a_key(sqlite):
    from fastapi.testclient import TestClient

    from dermis.service.api.run import make_app
    from fakes.services import serve

    with TestClient(make_app(serve(sqlite))) as client:
        subject_id = subject(client)
        answer = client.post(f"/v1/subjects/{subject_id}/consents", json={"purpose": "keep_photos"})
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert client.get("/v1/health").json()["photos_can_be_kept"] is False


def test_a_change_between_visits(client, service):
    subject_id = subject(client)
    before = analysis(client, visit(client, subject_id, "2026-11-01")).json()
    after = analysis(client, visit(client, subject_id, "2026-11-15"), photo(3)).json()
    change = client.get(f"/v1/analyses/{after['id']}/change", params={"before": before["id"]}).json()
    values = [next(f["value"] for f in a["findings"] if f["task"] == "melanin") for a in (before, after)]
    melanin = next(row for row in change["findings"] if row["task"] == "melanin")
    assert change["days"] == 14
    assert melanin["difference"] == values[1] - values[0]
    # Melanin was measured on photos of people taken apart: their spread is that of the pair.
    least = smallest_detectable_change("melanin", "unknown")
    half = least * 1.645 / 1.96
    assert melanin["mdc"] == pytest.approx(least, abs=1e-3)
    assert melanin["changed"] is bool(abs(melanin["difference"]) > least)
    assert melanin["interval"] == pytest.approx([melanin["difference"] - half, melanin["difference"] + half], abs=1e-3)
    assert change["lesions"] == {"lasting": [], "gone": [], "new": [], "alignment": {}, "taken_alike": True}
    assert change["taken_alike"]
    service.recent.forget([before["id"]])
    later = client.get(f"/v1/analyses/{after['id']}/change", params={"before": before["id"]}).json()
    assert later["lesions"] is None
    assert later["lesions_reason"]
    other = analysis(client, visit(client, subject(client, "S2"))).json()
    refused = client.get(f"/v1/analyses/{other['id']}/change", params={"before": before["id"]})
    assert refused.status_code == 422


def test_photos_that_were_not_taken_alike_tell_no_change_of_a_value(client):
    subject_id = subject(client)
    before = analysis(client, visit(client, subject_id, "2026-11-01")).json()
    after = analysis(client, visit(client, subject_id, "2026-11-15"), MATTE).json()
    change = client.get(f"/v1/analyses/{after['id']}/change", params={"before": before["id"]}).json()
    assert change["taken_alike"] is False
    assert {(row["interval"], row["mdc"], row["changed"]) for row in change["findings"]} == {(None, None, None)}


def test_a_deleted_subject_is_in_no_file(client, service, tmp_path):
    subject_id = subject(client, "Very-particular-pseudonym")
    client.post(f"/v1/subjects/{subject_id}/consents", json={"purpose": "keep_photos"})
    key = {"Idempotency-Key": "a"}
    day = client.post(f"/v1/subjects/{subject_id}/visits", json={"date": "2026-11-01"}, headers=key)
    made = analysis(client, day.json()["id"], **{"Idempotency-Key": "b"}).json()
    client.post("/v1/feedback", json={"analysis": made["id"], "text": "Very-particular-words"})
    job = client.post(f"/v1/jobs?visit={day.json()['id']}", files=[("photos", ("a", photo(4), "image/jpeg"))]).json()
    client.get(f"/v1/jobs/{job['id']}/events")
    marks = ["Very-particular", subject_id, day.json()["id"], made["id"], job["id"], made["photo"]["sha256"]]
    assert all(files_with(tmp_path, mark) for mark in marks)
    assert any(subject_id in path.name for path in tmp_path.rglob("*.key"))
    assert client.delete(f"/v1/subjects/{subject_id}").status_code == 204
    assert [mark for mark in marks if files_with(tmp_path, mark)] == []
    assert list(service.photo_keys.folder.iterdir()) == []
    assert service.recent.get(made["id"]) is None


def files_with(folder, mark):
    held = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in held if mark.encode() in path.read_bytes() or mark in path.name]


def test_an_export_holds_all_there_is(client):
    subject_id = subject(client)
    client.post(f"/v1/subjects/{subject_id}/consents", json={"purpose": "keep_photos"})
    visit_id = visit(client, subject_id)
    analysis_id = analysis(client, visit_id).json()["id"]
    archive = zipfile.ZipFile(BytesIO(client.get(f"/v1/subjects/{subject_id}/export").content))
    assert json.loads(archive.read("subject.json"))["pseudonym"] == "S1"
    assert json.loads(archive.read("visits.json")) == [
        {"id": visit_id, "date": "2026-11-01", "analyses": [analysis_id], "people": []}
    ]
    assert archive.read(f"photos/{analysis_id}.jpg") == PHOTO
    assert json.loads(archive.read(f"analyses/{analysis_id}.json"))["findings"]
    assert archive.read("findings.csv").decode().count("\n") == 5


def test_a_job_tells_of_every_photo(client):
    subject_id = subject(client)
    visit_id = visit(client, subject_id)
    files = [("photos", ("a.jpg", photo(number), "image/jpeg")) for number in range(4)]
    files.append(("photos", ("b.txt", b"hello", "text/plain")))
    made = client.post(f"/v1/jobs?visit={visit_id}", files=files, headers={"Idempotency-Key": "job"})
    assert made.status_code == 202
    events = client.get(f"/v1/jobs/{made.json()['id']}/events").text
    job = client.get(f"/v1/jobs/{made.json()['id']}").json()
    assert (job["state"], job["total"], job["done"], job["failed"]) == ("done", 5, 4, 1)
    assert events.count("event: item") == 5
    assert events.rstrip().split("\n\n")[-1].startswith("event: done")
    path = f"/v1/jobs/{made.json()['id']}/events"
    marks = [one.removeprefix("id: ") for one in events.splitlines() if one.startswith("id: ")]
    rest = [client.get(path, headers={"Last-Event-ID": mark}).text.count("event: item") for mark in marks]
    assert rest == [4, 3, 2, 1, 0]
    assert client.get(path, headers={"Last-Event-ID": "of another"}).text.count("event: item") == 5
    assert [item["problem"]["code"] for item in job["items"] if item["state"] == "failed"] == ["unreadable"]
    assert len(client.get(f"/v1/visits/{visit_id}").json()["analyses"]) == 4
    again = client.post(f"/v1/jobs?visit={visit_id}", files=files, headers={"Idempotency-Key": "job"})
    assert again.json()["id"] == made.json()["id"]
    assert len(client.get(f"/v1/visits/{visit_id}").json()["analyses"]) == 4


def test_health_metrics_and_tasks(client):
    analysis(client)
    assert client.get("/v1/health").json()["status"] == "ok"
    assert 'dermis_analyses_total{usable="true"} 1.0' in client.get("/metrics").text
    assert "melanin" in [task["name"] for task in client.get("/v1/tasks").json()["items"]]


def test_errors_are_problems(client):
    for answer in (
        client.get("/v1/nothing"),
        client.put("/v1/subjects"),
        client.post("/v1/subjects", json={"pseudonym": "S1", "name": "Jane"}),
        client.post("/v1/subjects", content=b"{", headers={"Content-Type": "application/json"}),
        client.get("/v1/subjects/" + "0" * 32),
        client.get("/v1/subjects/nonsense"),
    ):
        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
        assert {"type", "title", "detail", "code"} <= answer.json().keys()
