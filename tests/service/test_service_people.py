"""Several photos of one person in one request."""

import io
import zipfile

import pytest

from dermis.errors import NotFound, UnreadablePhoto
from dermis.formats.analysis_json import person_object
from dermis.pipeline.analyse import analyse_file
from dermis.pipeline.multi_view import combine_person
from dermis.pipeline.options import AnalyseOptions
from dermis.service.measure import Asked, measure_person
from dermis.service.store import analyses
from fakes.measuring import PHOTO, photo
from fakes.stores import fill


@pytest.fixture
def visit(client):
    subject = client.post("/v1/subjects", json={"pseudonym": "S1"}).json()["id"]
    client.post(f"/v1/subjects/{subject}/consents", json={"purpose": "keep_photos"})
    return client.post(f"/v1/subjects/{subject}/visits", json={"date": "2026-11-01"}).json()


def views(**photos):
    return [(name, ("a.jpg", data, "image/jpeg")) for name, data in photos.items()]


def send(client, visit, files, **headers):
    return client.post(f"/v1/people?visit={visit['id']}", files=files, headers=headers)


def test_three_views_of_a_visit_are_kept_each_and_together(client, visit):
    made = send(client, visit, views(left=photo(2), front=PHOTO, right=photo(3)))
    assert made.status_code == 201
    held = made.json()
    assert held["schema"] == "dermis.person/2"
    assert held["subject"] == visit["subject"]
    assert [view["name"] for view in held["views"]] == held["photos"] == ["front", "left", "right"]
    assert held["notes"] == ["`left` looks like front.", "`right` looks like front."]
    there = client.get(f"/v1/visits/{visit['id']}").json()
    assert there["people"] == [held["id"]]
    assert there["analyses"] == [view["analysis"] for view in held["views"]]
    for view, data in zip(held["views"], (PHOTO, photo(2), photo(3)), strict=True):
        one = client.get(f"/v1/analyses/{view['analysis']}").json()
        assert one["photo_kept"]
        assert client.get(f"/v1/analyses/{view['analysis']}/photo").content == data
    assert client.get(made.headers["Location"]).json() == held
    assert client.get(f"/v1/people?visit={visit['id']}").json()["items"] == [held]


def test_a_retry_makes_nothing_twice(client, visit):
    files = views(front=PHOTO, left=photo(2))
    first, again = (send(client, visit, files, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(client.get("/v1/analyses").json()["items"]) == 2
    exchanged = views(left=PHOTO, front=photo(2))
    assert send(client, visit, exchanged, **{"Idempotency-Key": "k"}).status_code == 409


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ([], "invalid"),
        (views(left_ambient=PHOTO), "invalid"),
        (views(front=PHOTO) * 2, "invalid"),
        ([("photos", ("a", PHOTO, "image/jpeg"))] * 7, "invalid"),
        (views(front=PHOTO, left=b"hello"), "unreadable"),
    ],
    ids=["none", "half a pair", "two fronts", "seven", "no photo"],
)
def test_what_is_no_set_of_views_is_refused_and_leaves_nothing(client, visit, files, code):
    answer = send(client, visit, files or [("other", ("a", b"x", "text/plain"))])
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert client.get("/v1/analyses").json()["items"] == []


def test_what_goes_when_a_part_or_all_is_deleted(client, visit):
    first, second, third = (send(client, visit, views(front=photo(n), left=photo(n + 10))).json() for n in range(3))
    assert client.delete(f"/v1/people/{first['id']}").status_code == 204
    gone = [view["analysis"] for view in first["views"]]
    assert client.delete(f"/v1/analyses/{second['views'][0]['analysis']}").status_code == 204
    gone.append(second["views"][0]["analysis"])
    assert [client.get(f"/v1/analyses/{one}").status_code for one in gone] == [404] * 3
    assert client.get(f"/v1/analyses/{second['views'][1]['analysis']}").status_code == 200
    assert [one["id"] for one in client.get("/v1/people").json()["items"]] == [third["id"]]
    assert client.delete(f"/v1/subjects/{visit['subject']}").status_code == 204
    assert client.get(f"/v1/people/{third['id']}").status_code == 404


def test_the_archive_of_a_subject_holds_it(client, visit):
    made = send(client, visit, views(front=PHOTO)).json()
    data = client.get(f"/v1/subjects/{visit['subject']}/export").content
    assert f"people/{made['id']}.json" in zipfile.ZipFile(io.BytesIO(data)).namelist()


def test_a_deleted_analysis_takes_what_it_said_with_others(database):
    made = fill(database)
    with database.writing() as session:
        analyses.delete_analysis(session, made.account, made.analysis)
    with database.reading() as session, pytest.raises(NotFound):
        analyses.person_of(session, made.account, made.person)


def test_the_answer_is_that_of_the_command_line(models, selfie):
    data = selfie.read_bytes()
    found = measure_person([Asked(photo=data, name="front", tasks="skin_tone"), Asked(photo=data, tasks="skin_tone")])
    assert list(found.photos) == ["front", "front-2"]
    options = AnalyseOptions(tasks="skin_tone", person=True)
    own = person_object(list(found.photos), combine_person([analyse_file(selfie, options)] * 2))
    values = [[(one["task"], one["region"], one["value"]) for one in held["findings"]] for held in (found.content, own)]
    assert values[0] == values[1]
    assert values[0]
    with pytest.raises(UnreadablePhoto, match="left"):
        measure_person([Asked(photo=b"hello", name="left")])
