"""Advice: what follows from an analysis and from what a person says of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dermis.care import advise as advise_person
from dermis.care import person_from, questions
from dermis.errors import InputError, UsageError
from dermis.formats.analysis_json import advice_object

__all__ = ["advise"]

Object = dict[str, Any]


def advise(content: Mapping[str, Any], person: Mapping[str, Any] | None) -> Object:
    """Return the advice of an analysis, and the questions whose answers would change it.

    Raises InputError for facts about a person that mean nothing.
    """
    try:
        whom = person_from(person or {})
    except UsageError as error:
        raise InputError(error.message, advice=error.advice) from None
    return {
        "items": [advice_object(line) for line in advise_person(content, whom)],
        "questions": [
            {"field": one.field, "text": one.text, "changes": dict(one.changes)} for one in questions(content, whom)
        ],
    }
