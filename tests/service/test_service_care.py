"""Advice and feedback on products over the API."""

import pytest

from fakes.measuring import PHOTO

JPEG = {"Content-Type": "image/jpeg"}


@pytest.fixture
def visit(client):
    def made(name):
        subject = client.post("/v1/subjects", json={"pseudonym": name}).json()["id"]
        return client.post(f"/v1/subjects/{subject}/visits", json={"date": "2026-11-01"}).json()["id"]

    return made


def analysis(client, visit_id=None):
    query = f"?visit={visit_id}" if visit_id else ""
    return client.post(f"/v1/analyses{query}", content=PHOTO, headers=JPEG).json()["id"]


def feedback(client, analysis_id, **product):
    body = {"analysis": analysis_id, "text": "Secret words.", "product": {"product": "gel", **product}}
    return client.post("/v1/feedback", json=body)


def test_advice_comes_with_the_questions_that_would_change_it(client):
    analysis_id = analysis(client)
    plain = client.post("/v1/care", json={"analysis": analysis_id}).json()
    assert all(line["source"] for line in plain["items"])
    assert {"signs", "age_years"} <= {question["field"] for question in plain["questions"]}
    person = {"age_years": 9}
    child = client.post("/v1/care", json={"analysis": analysis_id, "person": person}).json()
    assert child["items"][0]["rule"] == "flag-child"
    assert "age_years" not in {question["field"] for question in child["questions"]}


@pytest.mark.parametrize("person", [{"age_years": -1}, {"name": "Anna"}, {"signs": ["itch"]}])
def test_facts_that_mean_nothing_are_refused(client, person):
    answer = client.post("/v1/care", json={"analysis": analysis(client), "person": person})
    assert answer.status_code == 422
    assert answer.json()["advice"]


def test_a_product_is_told_of_in_totals_of_twenty_and_without_words(client, visit):
    people = [analysis(client, visit(f"S{number}")) for number in range(20)]
    for one in people[:19]:
        assert feedback(client, one, bought=True, used_days=3, helped=False).status_code == 201
    alone = analysis(client)
    few = client.get("/v1/insights/products").json()
    assert (few["products"], few["withheld"]) == ([], 1)
    feedback(client, people[19], bought=False, tolerated=True)
    for _ in range(3):
        feedback(client, alone, helped=True)
    told = client.get("/v1/insights/products")
    assert "Secret" not in told.text
    assert told.json()["products"] == [
        {
            "product": "gel",
            "people": 21,
            "bought": 19,
            "used": 19,
            "tolerated": 1,
            "not_tolerated": 0,
            "helped": 1,
            "not_helped": 19,
        }
    ]


def test_feedback_on_a_product_is_read_back(client):
    said = feedback(client, analysis(client), bought=True).json()
    assert said["product"]["product"] == "gel"
    assert said["product"]["bought"] is True
    assert said["product"]["helped"] is None


@pytest.mark.parametrize("product", [{"product": " "}, {"used_days": -1}, {"stars": 5}])
def test_feedback_on_a_product_that_means_nothing_is_refused(client, product):
    assert feedback(client, analysis(client), **product).status_code == 422
