"""Names of people as sheets and files write them: which of them are one person, and in what order they stand."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["alike_names", "natural_order", "subject_key"]

_UNSEEN = re.compile("[\u200b-\u200f\u2060\ufeff]")
_NUMBERED = re.compile(r"p?0*(\d+?)(?:\.0+)?")
"""P0012, 0012, 12 and 12.0, which programs make of a column of numbers with a gap."""


def subject_key(name: str) -> str:
    """Return a name as it is compared, never as it is shown.

    P0012, 0012, 12 and 12.0 are one person; so are names that differ only in case, blanks, or how accents are stored.
    """
    plain = " ".join(_UNSEEN.sub("", unicodedata.normalize("NFC", name)).split()).casefold()
    numbered = _NUMBERED.fullmatch(plain)
    return numbered[1] if numbered else plain


def natural_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return what to sort names by: 2 before 10, P2 before P10, numbers before words; case last."""
    parts = re.findall(r"\d+|\D+", name.casefold())
    bare = [part.lstrip("0") if part.isdecimal() else part for part in parts]
    order = [
        (0, len(digits), digits) if part.isdecimal() else (1, 0, part)
        for part, digits in zip(parts, bare, strict=True)
    ]  # fmt: skip
    return (*order, (-1, 0, name))


def alike_names(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return in natural order the spellings of each person who is written in more than one way."""
    spelled: dict[str, set[str]] = {}
    for name in names:
        spelled.setdefault(subject_key(name), set()).add(name)
    found = [tuple(sorted(ways, key=natural_order)) for ways in spelled.values() if len(ways) > 1]
    return sorted(found, key=lambda ways: natural_order(ways[0]))
