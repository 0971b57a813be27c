"""Names of people: which are one person, and their order."""

import unicodedata

import pytest

from dermis.core.subjects import alike_names, natural_order, subject_key


@pytest.mark.parametrize(
    "ways",
    [
        ("P0012", "p12", "0012", "12", "12.0", " 12 "),
        ("Anna B", "anna  b", "ANNA\u00a0B", "Anna B\u200b"),
        ("Zo\u00eb", unicodedata.normalize("NFD", "Zo\u00eb")),
        ("0", "000", "P0"),
    ],
)
def test_one_person_may_be_written_in_many_ways(ways):
    assert len({subject_key(way) for way in ways}) == 1


def test_other_people_stay_other_people():
    names = ("12", "120", "1.2", "12.5", "S12", "PA12", "P", "1-2", "Anna", "Anne", "")
    assert len({subject_key(name) for name in names}) == len(names)


def test_numbers_in_names_are_ordered_as_numbers():
    ordered = ["", "1", "2", "007", "10", "Anna", "anna", "B 2", "B 12", "P", "P2", "p3", "P10", "S1-2", "S1-10"]
    shuffled = [*ordered[1::2], *ordered[::2]]
    assert sorted(shuffled, key=natural_order) == ordered


def test_spellings_of_one_person_are_told_together():
    assert alike_names(["P10", "10", "P2", "2", "02", "Anna", "3", "3"]) == [("02", "2", "P2"), ("10", "P10")]
