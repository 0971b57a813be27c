"""Two synthetic faces, one with all that can lie beside a photo."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from fakes.pictures import numbers, photo

SUBJECTS = 2
SAMPLES = 2


def make(root: Path) -> None:
    for number, subject in enumerate(("s0000", "s0001")):
        name = f"{subject}_W00_front_neutral"
        photo(root / "photos" / f"{name}.jpg", number)
        files = _beside(root, name) if number else {}
        said = {
            "key": {"dataset": "faces", "subject": subject, "visit": "W00", "view": "front_neutral"},
            "photo": f"photos/{name}.jpg",
            "labels": [{"task": "acne_grade", "value": 2.0, "grader": "truth"}],
            "traits": {"ita_deg": 12.5, "profile": "severe"},
            "items": [{"kind": "papule", "box_px": [10, 20, 8, 6], "region": "left_cheek", "visible": 0.75}],
            "files": files,
        }
        (root / "truth").mkdir(exist_ok=True)
        (root / "truth" / f"{name}.json").write_text(json.dumps(said))


def _beside(root: Path, name: str) -> dict[str, object]:
    mask = np.zeros((80, 96), np.uint8)
    mask[20:60, 30:70] = 255
    numbers(root / "masks" / f"{name}_skin.png", mask)
    numbers(root / "masks" / f"{name}_parts.png", mask // 255)
    (root / "maps").mkdir()
    np.savez(root / "maps" / f"{name}.npz", melanosome_fraction=np.full((80, 96), 0.1, np.float16))
    (root / "cubes").mkdir()
    values = np.full((80, 96, 3), 0.4, np.float16)
    np.savez(root / "cubes" / f"{name}.npz", values=values, wavelengths_nm=np.array([450.0, 550.0, 650.0]))
    return {
        "skin": f"masks/{name}_skin.png",
        "parts": f"masks/{name}_parts.png",
        "maps": {"file": f"maps/{name}.npz", "names": ["melanosome_fraction"]},
        "cube": f"cubes/{name}.npz",
    }
