"""`dermis.Client` against a running service."""

import pytest

import dermis
from dermis.errors import Conflict, DermisError, NotFound, UnreadablePhoto, UsageError
from fakes.measuring import PHOTO, photo
from fakes.services import free_port, running, stand_in


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    port = free_port()
    command, environment = stand_in(f"sqlite:///{tmp_path_factory.mktemp('client') / 'store.sqlite'}", port)
    with running(command, port, environment):
        yield f"http://127.0.0.1:{port}"


def test_a_subject_over_two_visits(url, tmp_path):
    client = dermis.Client(url)
    subject = client.add_subject("S1", birth_year=1990)["id"]
    first, second = (client.add_visit(subject, day)["id"] for day in ("2026-11-01", "2026-11-15"))
    file = tmp_path / "a.jpg"
    file.write_bytes(PHOTO)
    before = client.analyse(file, visit=first)
    after = client.analyse(photo(2), visit=second)
    assert [row["date"] for row in client.findings(subject, task="melanin", region="face")] == [
        "2026-11-01",
        "2026-11-15",
    ]
    assert client.change(before["id"], after["id"])["days"] == 14
    assert client.report(after["id"]).startswith(b"<!doctype html>")
    assert client.map(after["id"], "melanin").startswith(b"\x89PNG")
    with pytest.raises(Conflict):
        client.add_subject("S1")
    client.delete_subject(subject)
    with pytest.raises(NotFound):
        client.get(f"/v1/analyses/{before['id']}")


def test_several_views_are_one_person(url):
    client = dermis.Client(url)
    subject = client.add_subject("views")["id"]
    visit = client.add_visit(subject, "2026-11-01")["id"]
    made = client.analyse_person(PHOTO, photo(2), visit=visit, views=("front", "left"))
    assert made["photos"] == ["front", "left"]
    assert client.get(f"/v1/visits/{visit}")["people"] == [made["id"]]
    assert len(client.analyse_person(PHOTO, photo(2), photo(3))["views"]) == 3


def test_lists_are_followed_to_their_end(url):
    client = dermis.Client(url)
    made = [client.add_subject(f"many {number}")["id"] for number in range(5)]
    seen = [subject["id"] for subject in client.every("/v1/subjects", limit="2")]
    assert set(made) <= set(seen)
    assert len(seen) == len(set(seen))


def test_refusals_are_errors_with_their_words(url):
    with pytest.raises(UnreadablePhoto, match="photo is not a photo"):
        dermis.Client(url).analyse(b"hello")
    with pytest.raises(UsageError, match="Sign in"):
        dermis.Client(url, key="dk_wrong").get("/v1/subjects")
    with pytest.raises(DermisError, match="cannot be reached"):
        dermis.Client(f"http://127.0.0.1:{free_port()}", tries=1).get("/v1/subjects")
