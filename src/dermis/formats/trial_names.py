"""File names of a trial: P0012_FACE_L_S00_VCR_S2_V00D00W04 is subject P0012, left, first shot, week 4.

Case does not matter, and blanks or hyphens may stand for underscores. The subject has a digit in it (P0012, S1-003).
Sides are L, Left, R, Right, F, Front; the week ends the name (W04, Wk4, Week 4, Baseline).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["EXAMPLE", "SIDES", "TrialName", "renamed", "side_of", "trial_name"]

EXAMPLE = "P0012_FACE_L_S00_VCR_S2_V00D00W04.jpg"
SIDES = {"L": "left", "R": "right", "F": "front"}
_SIDES = {
    "l": "L", "lt": "L", "left": "L", "r": "R", "rt": "R", "right": "R",
    "f": "F", "front": "F", "frontal": "F",
}  # fmt: skip
_NAME = re.compile(
    r"(?P<subject>[a-z0-9-]*\d[a-z0-9-]*)[_ -]face[_ -](?P<side>[a-z]+)(?P<codes>(?:[_ -]s(?P<shot>\d{1,3}))?"
    r"[_ -](?:.*(?<![a-z]))?(?:(?:w|wk|week)[_ -]?(?P<week>\d{1,3})|baseline))",
    re.IGNORECASE,
)
_CODE = re.compile(r"vcr|s\d{1,3}|(?:[vdw]\d{1,3})+", re.IGNORECASE)
_WEEK_LAST = re.compile(r".*w\d{1,3}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialName:
    """What a file name says.

    subject: as the name writes it. side: L, R or F. shot: of its side at its visit, from 0. codes: its parts behind the
    side that are codes of the scheme, such as S00, VCR and V00D00W04.
    """

    subject: str
    side: str
    week: int
    shot: int = 0
    codes: tuple[str, ...] = ()


def trial_name(stem: str) -> TrialName | None:
    """Return what a file name without its ending says, None where it is of another scheme."""
    found = _NAME.fullmatch(stem.strip())
    side = side_of(found["side"]) if found else ""
    if found is None or not side:
        return None
    return TrialName(
        subject=found["subject"],
        side=side,
        week=int(found["week"] or 0),
        shot=int(found["shot"] or 0),
        codes=tuple(one for one in re.split("[_ -]+", found["codes"]) if _CODE.fullmatch(one)),
    )


def renamed(name: TrialName, subject: str) -> str:
    """Return the file name, without ending, of another subject; what was no code in it is gone."""
    codes = name.codes if name.codes and _WEEK_LAST.fullmatch(name.codes[-1]) else (*name.codes, f"W{name.week:02d}")
    return "_".join((subject, "FACE", name.side, *codes))


def side_of(text: str) -> str:
    """Return L, R or F for the first word of a side's name that says one (Left, left cheek, RT), else ""."""
    words = re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text).lower())
    return next((_SIDES[word] for word in words if word in _SIDES), "")
