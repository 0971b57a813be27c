"""How measured people compare: percentiles of ITA, L*, a*, b*, melanin and haemoglobin by site, sex and age group.

`dermis.norms`. The people are those of the International Skin Spectra Archive (Lu et al., Scientific Data 2025,
doi:10.1038/s41597-025-04857-5), eight groups of people of uneven number: a reference, not a population of any
country. A row holds at least 20 people, one value a person. A comparison needs a photo whose light is known
(`referenced`).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from dermis.core import Region
from dermis.errors import UsageError

__all__ = ["CITATION", "PERCENTS", "QUANTITIES", "Norm", "find", "norms", "percentile"]

TABLE = Path(__file__).parent / "data" / "norms.csv"
CITATION = "International Skin Spectra Archive: Lu et al., Scientific Data 2025, doi:10.1038/s41597-025-04857-5"
PERCENTS = (1, 5, 10, 25, 50, 75, 90, 95, 99)
QUANTITIES = ("ita_deg", "lab_l", "lab_a", "lab_b", "melanin", "haemoglobin")
AGE_GROUPS: Mapping[str, tuple[int, int]] = {
    "<20": (0, 19),
    "20-29": (20, 29),
    "30-39": (30, 39),
    "40-49": (40, 49),
    "50-59": (50, 59),
    ">60": (60, 200),
}
_SITE: Mapping[Region, str] = {
    Region.FACE: "cheek",
    Region.LEFT_CHEEK: "cheek",
    Region.RIGHT_CHEEK: "cheek",
    Region.FOREHEAD: "forehead",
    Region.CHIN: "chin",
    Region.NOSE: "nose_tip",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """The distribution of a quantity at a site; sex "F", "M" or "all", age_group as in `AGE_GROUPS` or "all".

    values: at the percentiles `PERCENTS`.
    """

    quantity: str
    site: str
    sex: str
    age_group: str
    people: int
    values: tuple[float, ...]


@cache
def norms() -> tuple[Norm, ...]:
    """Return every row of the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Norm(
                quantity=row["quantity"],
                site=row["site"],
                sex=row["sex"],
                age_group=row["age_group"],
                people=int(row["people"]),
                values=tuple(float(row[f"p{percent}"]) for percent in PERCENTS),
            )
            for row in csv.DictReader(file)
        )


def find(quantity: str, region: Region, *, sex: str | None = None, age: int | None = None) -> Norm:
    """Return the distribution for a region of the face, of people of that sex and age where enough were measured.

    quantity: one of `QUANTITIES`. sex: "F", "M" or None. age: in years. Where fewer than 20 such people were
    measured, the row of all ages, then of all people is taken; the row says which. Raises UsageError for a quantity
    or a region that nobody measured.
    """
    site = _SITE.get(region)
    if quantity not in QUANTITIES or site is None:
        raise UsageError(
            f"Nobody measured {quantity!r} at {region.value!r}.",
            advice=f"There are {', '.join(QUANTITIES)} at {', '.join(one.value for one in _SITE)}.",
        )
    group = next((name for name, (low, high) in AGE_GROUPS.items() if age is not None and low <= age <= high), "all")
    rows = {(row.sex, row.age_group): row for row in norms() if (row.quantity, row.site) == (quantity, site)}
    wanted = ((sex or "all", group), (sex or "all", "all"), ("all", "all"))
    return next(rows[key] for key in wanted if key in rows)


def percentile(
    quantity: str, value: float, region: Region, *, sex: str | None = None, age: int | None = None
) -> tuple[float, Norm]:
    """Return at which percentile of measured people a value lies, 1 to 99, and the distribution that says so."""
    norm = find(quantity, region, sex=sex, age=age)
    return float(np.interp(value, norm.values, PERCENTS)), norm
