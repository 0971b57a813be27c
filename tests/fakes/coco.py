"""An export in two parts, a photo each, one without anything on it."""

from __future__ import annotations

import json
from pathlib import Path

from fakes.pictures import photo

SUBJECTS = 2
SAMPLES = 2


def make(root: Path) -> None:
    for seed, (part, boxes) in enumerate((("train", [[10, 20, 8, 6], [1, 2, 4, 7]]), ("test", []))):
        name = f"{part}-a.jpg"
        photo(root / part / name, seed)
        held = {
            "images": [{"id": 5, "file_name": name, "width": 96, "height": 80}],
            "categories": [{"id": 1, "name": "acne"}, {"id": 2, "name": "pustule"}],
            "annotations": [
                {"id": number, "image_id": 5, "category_id": 2, "bbox": box, "iscrowd": 0}
                for number, box in enumerate(boxes)
            ],
        }
        (root / part / "_annotations.coco.json").write_text(json.dumps(held))
