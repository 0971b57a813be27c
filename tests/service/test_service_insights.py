"""What many subjects show together tells nothing of few."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermis.service.insights import MINIMUM_GROUP, Reading, distribution, drift
from dermis.service.store import analyses, subjects
from dermis.service.store.feedback import readings
from fakes.measuring import fake_content, photo
from fakes.stores import fill


def of(count, tone="light", start=0, **more):
    facts = {"day": date(2026, 10, 5), "usable": True, "region": "face", **more}
    return [Reading(subject=f"{tone}{start + n}", value=float(n), tone=tone, **facts) for n in range(count)]


def test_a_group_of_nineteen_is_withheld_and_of_twenty_shown():
    assert distribution(of(19, "a") + of(30, "b") + of(19, "c"), "tone")[1] == 2
    groups, withheld = distribution(of(20), "tone")
    assert withheld == 0
    assert groups == [
        {"group": "light", "subjects": 20, "p10": 1.9, "p25": 4.75, "median": 9.5, "p75": 14.25, "p90": 17.1}
    ]


def test_one_withheld_group_cannot_be_told_from_the_whole():
    groups, withheld = distribution(of(5, "a") + of(25, "b") + of(40, "c"), "tone")
    assert [group["group"] for group in groups] == ["c"]
    assert withheld == 2


def test_photos_are_no_subjects():
    many = [
        Reading(subject=f"s{n % 19}", day=date(2026, 1, n % 28 + 1), value=1.0, usable=True, region="face")
        for n in range(190)
    ]
    assert distribution(many, "tone") == ([], 1)
    assert drift(many) == ([], 1)


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from("abc"), st.floats(0, 1)), max_size=200))
def test_no_figure_rests_on_few(rows):
    held = [
        Reading(subject=f"s{n}", day=date(2026, 3, 1), value=value, usable=True, region="face", tone=tone)
        for n, tone, value in rows
    ]
    sizes = {tone: len({row.subject for row in held if row.tone == tone}) for tone in "abc"}
    groups, withheld = distribution(held, "tone")
    assert all(sizes[group["group"]] >= MINIMUM_GROUP for group in groups)
    assert len(groups) + withheld == sum(size > 0 for size in sizes.values())
    assert withheld != 1 or len(groups) == 0


@pytest.mark.parametrize(
    ("by", "facts", "group"),
    [
        ("age", {"birth_year": 1990}, "30-39"),
        ("season", {}, "autumn"),
        ("region", {}, "face"),
        ("device", {"device": "Maker Phone"}, "Maker Phone"),
    ],
)
def test_groups(by, facts, group):
    assert [found["group"] for found in distribution(of(20, **facts), by)[0]] == [group]


def test_drift_tells_of_quality_too():
    good, bad = of(20, day=date(2026, 9, 1)), of(20, day=date(2026, 10, 1), usable=False)
    months, _ = drift(good + bad)
    assert [(month["month"], month["usable_share"]) for month in months] == [("2026-09", 1.0), ("2026-10", 0.0)]


def test_readings_of_a_store(database):
    made = fill(database)
    other = fill(database, account="berta")
    with database.writing() as session:
        visit = subjects.add_visit(session, made.account, made.subject, date(2026, 11, 20))
        content = fake_content(photo(9), usable=False)
        analyses.add_analysis(session, made.account, content, visit_id=visit.id, options={}, model_sha256={})
    with database.reading() as session:
        found = list(readings(session, made.account, task="melanin", region="face"))
        all_regions = list(readings(session, other.account, task="melanin", region=None))
    assert sorted((row.day.day, row.usable, row.value is None, row.tone) for row in found) == [
        (1, True, False, "intermediate"),
        (20, False, True, None),
    ]
    assert {row.device for row in found} == {"Maker Phone 1"}
    assert {row.region for row in all_regions} == {"face", "left_cheek"}
    assert {row.subject for row in all_regions} == {other.subject}


def test_they_are_served(client):
    answer = client.get("/v1/insights/distribution", params={"task": "melanin", "by": "age"})
    assert answer.json() == {"task": "melanin", "by": "age", "minimum_group": 20, "groups": [], "withheld": 0}
    assert client.get("/v1/insights/drift", params={"task": "melanin"}).json()["months"] == []
