"""`dermis cube`: spectral cubes in files."""

from __future__ import annotations

from dermis.cli.parser import verbs

__all__ = ["VERBS", "app"]

VERBS = {
    "dermis.cli.cube": {
        "info": "Say what a cube is, and show it.",
        "calibrate": "Turn a raw line scan into reflectance.",
        "resample": "Put a cube into other bands.",
        "render": "Render a reflectance cube as a camera sees it.",
        "compare": "Say how far a cube is from the truth.",
        "chromophores": "Map melanin, blood, its oxygen and water.",
    },
}
"""By folder: each verb is the file of its name."""

app = verbs(
    VERBS,
    help="Read, calibrate, render and compare spectral cubes.",
)
