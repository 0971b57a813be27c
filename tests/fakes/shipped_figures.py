"""Print the figures of the frozen set: `python tests/fakes/shipped_figures.py > tests/contracts/shipped_figures.json`.

Two portraits of people who do not exist, analysed by what ships, and one of them with little colour and in odd light.
Printed anew only where a change of a figure is meant; the change then says why.
"""

import json
from dataclasses import replace

import numpy as np

import dermis
from dermis.colour.lab import lab_to_linear, linear_to_lab
from dermis.colour.srgb import decode, encode
from dermis.core import Analysis, Photo
from dermis.models.registry import fetch
from dermis.pipeline.analyse import analyse
from dermis.tasks import TASKS

PORTRAITS = ("P002_selfie", "P005_selfie")
REGIONS = ("face", "left_cheek")


def figures() -> dict[str, object]:
    """Return what is answered for each of the frozen set."""
    photos = {name: dermis.read_photo(fetch(name)) for name in PORTRAITS}
    first = photos[PORTRAITS[0]]
    photos["little colour"] = recoloured(first, chroma=0.3)
    photos["reddish light"] = recoloured(first, turn_deg=-44.0)
    return {name: told(analyse(photo, tasks=TASKS.values())) for name, photo in photos.items()}


def recoloured(photo: Photo, *, chroma: float = 1.0, turn_deg: float = 0.0) -> Photo:
    """Return a photo with all its colours scaled in chroma and turned in hue."""
    lab = np.asarray(linear_to_lab(decode(photo.pixels.astype(np.float64))))
    turn = np.deg2rad(turn_deg)
    a, b = lab[..., 1].copy(), lab[..., 2].copy()
    lab[..., 1] = chroma * (np.cos(turn) * a - np.sin(turn) * b)
    lab[..., 2] = chroma * (np.sin(turn) * a + np.cos(turn) * b)
    pixels = np.clip(np.asarray(encode(np.clip(lab_to_linear(lab), 0, 1))), 0, 1).astype(np.float32)
    return replace(photo, pixels=pixels)


def told(analysis: Analysis) -> dict[str, object]:
    """Return value, label, spread and interval of each finding, and what is wrong with the photo."""
    findings = {
        f"{one.task}.{one.region.value}": {
            "value": round(one.value, 3),
            "labels": list(one.labels) or [one.label],
            "spread": None if one.spread is None else [round(end, 3) for end in one.spread],
            "interval": None if one.interval is None else [round(end, 3) for end in one.interval],
        }
        for one in analysis.findings
        if one.region.value in REGIONS
    }
    measures = {name: round(value, 3) for name, value in analysis.quality.measures.items() if name == "skin_hue_deg"}
    return {
        "problems": sorted(one.code for one in analysis.quality.problems),
        "measures": measures,
        "findings": findings,
    }


if __name__ == "__main__":
    print(json.dumps(figures(), indent=1))
