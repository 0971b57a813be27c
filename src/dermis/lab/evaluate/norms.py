"""The table of `dermis.norms` from the archive of skin spectra: `python -m dermis.lab.evaluate.norms ISSA_FOLDER`."""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from dermis.formats.files import write_text
from dermis.lab.train.pigment_index import NM
from dermis.optics.illuminant import xyz_weights
from dermis.tasks.norms import AGE_GROUPS, PERCENTS, QUANTITIES, TABLE
from dermis.tasks.pigment_index import pigment_indices

__all__ = ["FEWEST_PEOPLE", "table_of"]

FEWEST_PEOPLE = 20
SITES = ("cheek", "forehead", "chin", "nose_tip")


def table_of(folder: Path) -> str:
    """Return the table as CSV: a row a quantity, site, sex and age group with at least 20 people."""
    from dermis.colour.srgb import xyz_to_linear

    with gzip.open(folder / "spectra.csv.gz", "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["location"] in SITES]
    spectra = np.array([[float(row[f"R{nm:.0f}"]) for nm in NM] for row in rows])
    melanin, haemoglobin = pigment_indices(np.asarray(xyz_to_linear(spectra @ xyz_weights(NM, "D65"))))
    measured = np.array([[float(row[name]) for name in ("ITA", "L", "a", "b")] for row in rows])
    numbers = np.column_stack([measured, melanin, haemoglobin])
    people: dict[tuple[str, str, str], dict[str, list[np.ndarray]]] = defaultdict(lambda: defaultdict(list))
    for row, values in zip(rows, numbers, strict=True):
        for sex in {"all", row["gender"]} - {""}:
            for age in {"all", row["age_group"]} - {""}:
                people[row["location"], sex, age][row["group"]].append(values)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["quantity", "site", "sex", "age_group", "people", *(f"p{percent}" for percent in PERCENTS)])
    ages = ("all", *AGE_GROUPS)
    for place, quantity in enumerate(QUANTITIES):
        for key in sorted(people, key=lambda one: (SITES.index(one[0]), one[1] != "all", one[1], ages.index(one[2]))):
            means = np.array([np.mean(values, axis=0)[place] for values in people[key].values()])
            if len(means) >= FEWEST_PEOPLE:
                writer.writerow([quantity, *key, len(means), *np.round(np.percentile(means, PERCENTS), 2).tolist()])
    return out.getvalue()


if __name__ == "__main__":
    write_text(TABLE, table_of(Path(sys.argv[1])))
