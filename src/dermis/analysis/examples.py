"""Example photos for a first look: people who do not exist, and one public-domain portrait."""

from __future__ import annotations

import shutil
from pathlib import Path

from dermis.inference.zoo import fetch

__all__ = ["EXAMPLES", "example_photos"]

EXAMPLES = ("P002_selfie", "P004_selfie", "P007_selfie", "P010_studio")
"""Portraits of the zoo, from light to dark skin, in other light each; the astronaut's face is too small."""


def example_photos(folder: Path) -> list[Path]:
    """Copy the example photos into `folder`: synthetic people, and NASA's portrait of Eileen Collins.

    Raises ModelMissing where they are not on this machine and cannot be fetched.
    """
    from PIL import Image  # late, as scikit-image: only the demo needs them
    from skimage import data

    folder.mkdir(parents=True, exist_ok=True)
    photos = [folder / f"{name}.jpg" for name in EXAMPLES]
    for name, photo in zip(EXAMPLES, photos, strict=True):
        shutil.copyfile(fetch(name), photo)
    astronaut = folder / "astronaut.png"
    Image.fromarray(data.astronaut()).save(astronaut)
    return [*photos, astronaut]
