"""Advice: what follows from an analysis and from what a person says of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["advise"]

Object = dict[str, Any]


def advise(content: Mapping[str, Any], person: Mapping[str, Any] | None) -> list[Object]:
    """Return the advice of an analysis. Raises InputError for facts about a person that mean nothing."""
    return list(content.get("care") or [])
