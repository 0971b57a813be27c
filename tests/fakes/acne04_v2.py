"""Two photos with circles, one photo that is not there."""

from __future__ import annotations

import json
from pathlib import Path

from fakes.pictures import photo

SUBJECTS = 2
SAMPLES = 2


def make(root: Path) -> None:
    names = ("levle1_508.jpg", "levle0_55.jpg", "levle2_82.jpg")
    for seed, name in enumerate(names[:2]):
        photo(root / "images" / name, seed)
    circles = ((0, (20, 30), 6), (0, (95, 70), 8), (2, (5, 5), 3))
    held = {
        "images": [{"id": place, "file_name": name, "width": 96, "height": 80} for place, name in enumerate(names)],
        "annotations": [
            {"id": number, "image_id": image, "coordinates": list(middle), "radius": radius, "class_name": "acne"}
            for number, (image, middle, radius) in enumerate(circles)
        ],
        "info": {"version": "2"},
    }
    (root / "Acne04-v2_annotations.json").write_text(json.dumps(held))
