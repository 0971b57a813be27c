"""Two tones seen by two phones; one photo has lost its JSON."""

from __future__ import annotations

import json
from pathlib import Path

from fakes.pictures import photo

SUBJECTS = 2
SAMPLES = 4


def make(root: Path) -> None:
    for camera in ("iphone", "pixel"):
        for tone in (1, 2):
            place = Path("focus", camera, f"{camera}-1")
            photo(root / "cropped-merged-256" / place / f"{tone:03d}.jpg", tone)
            if (camera, tone) == ("pixel", 2):
                continue
            exif = {
                "0th": {"Make": "Maker\0", "Model": camera},
                "Exif": {"ISOSpeedRatings": 64, "ExposureTime": [1, 50], "FNumber": [16, 10], "WhiteBalance": 0,
                         "BrightnessValue": [-3, 2], "ExposureBiasValue": [0, 1], "FocalLength": [42, 10], "Flash": 16},
            }  # fmt: skip
            path = root / "original" / place / f"{tone:03d}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"file": f"{tone:03d}.jpg", "size": [96, 80], "exif": exif}))
    (root / "gt").mkdir()
    (root / "gt" / "pantone_labels.csv").write_text(
        "Index,L*,a*,b*,R_web,G_web,B_web\n1.0,80.5,4.2,12.0,213,196,177\n2,31.0,11.5,13.25,101,66,53\n"
    )
