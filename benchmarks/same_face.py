"""Same face, same score: selfie against studio portrait of the same synthetic person.

    python benchmarks/same_face.py

A smoke figure only: the two pictures of a person are made separately. The yardstick beside it is the same
difference between pictures of different people.
"""

from __future__ import annotations

import numpy as np

from dermis.colour import delta_e_00, ita_deg
from dermis.core import Region
from dermis.models.registry import fetch
from dermis.pipeline.analyse import analyse_file

PEOPLE = [f"P{number:03d}" for number in range(1, 11)]


def cheeks_lab(name):
    """Return the mean Lab of both cheeks of a portrait."""
    analysis = analyse_file(fetch(name))
    labs = [
        finding.detail["lab"]
        for finding in analysis.findings
        if finding.task == "skin_tone" and finding.region in (Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
    ]
    return np.mean(labs, axis=0) if labs else np.full(3, np.nan)


def main():
    selfies = np.array([cheeks_lab(f"{person}_selfie") for person in PEOPLE])
    studios = np.array([cheeks_lab(f"{person}_studio") for person in PEOPLE])
    distance = np.asarray(delta_e_00(selfies[:, None], studios[None]))
    angle = np.abs(np.asarray(ita_deg(selfies))[:, None] - np.asarray(ita_deg(studios))[None])
    same = np.eye(len(PEOPLE), dtype=bool)
    print("| person | ΔE00 of the cheeks | difference in ITA, deg |\n|---|---|---|")
    for index, person in enumerate(PEOPLE):
        print(f"| {person} | {distance[index, index]:.1f} | {angle[index, index]:.1f} |")
    for words, chosen in (("same person", same), ("different people", ~same)):
        print(f"| median, {words} | {np.nanmedian(distance[chosen]):.1f} | {np.nanmedian(angle[chosen]):.1f} |")


if __name__ == "__main__":
    main()
