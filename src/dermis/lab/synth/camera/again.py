"""A photo of one skin, photographed again: what differs between two shots that mean the same."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dermis.core import Origin, Photo

__all__ = ["photographed_again"]

_TURN_DEG, _LEAST_SIZE, _NOISE = 4.0, 0.85, 0.008
_GAMMA, _CAST, _QUALITY = (0.85, 1.18), (0.95, 1.05), (75, 93)


def photographed_again(photo: Photo, seed: int) -> Photo:
    """Return a photo as another shot of the same skin may be: turned, smaller, lit otherwise, noisy, compressed."""
    rng = np.random.default_rng(seed)
    turn, share = float(rng.uniform(-_TURN_DEG, _TURN_DEG)), float(rng.uniform(_LEAST_SIZE, 1.0))
    shown = Image.fromarray(np.rint(np.clip(photo.pixels, 0, 1) * 255).astype(np.uint8))
    shown = shown.rotate(turn, Image.Resampling.BICUBIC)
    shown = shown.resize((round(shown.width * share), round(shown.height * share)), Image.Resampling.LANCZOS)
    pixels = (np.asarray(shown) / 255) ** rng.uniform(*_GAMMA)
    pixels = pixels * rng.uniform(*_CAST, size=3) + rng.normal(0, _NOISE, pixels.shape)
    held = BytesIO()
    quality = int(rng.integers(*_QUALITY))
    Image.fromarray(np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)).save(held, "JPEG", quality=quality)
    seen: NDArray[np.float32] = np.asarray(Image.open(held), np.float32) / np.float32(255)
    return replace(photo, pixels=seen, origin=Origin(name=photo.origin.name))
