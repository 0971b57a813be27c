"""Care: what to do about what was measured, by rules with their reasons and sources; self-care, no prescription."""

from dermis.care.advise import advise, plan
from dermis.care.feedback import Feedback, feedback_from, totals
from dermis.care.person import SIGNS, Person, person_from
from dermis.care.products import Catalogue, Shelf, read_catalogue, suggest
from dermis.care.questions import questions

__all__ = [
    "SIGNS",
    "Catalogue",
    "Feedback",
    "Person",
    "Shelf",
    "advise",
    "feedback_from",
    "person_from",
    "plan",
    "questions",
    "read_catalogue",
    "suggest",
    "totals",
]
