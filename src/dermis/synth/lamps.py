"""Where the light comes from: lamps around a head for each kind of light. Directions and sizes are chosen."""

from __future__ import annotations

import numpy as np

from dermis.optics.light_population import LIGHT_KINDS
from dermis.synth.shade import Light as Lamp

__all__ = ["STUDIO", "Lamp", "draw_lamps"]

STUDIO: tuple[Lamp, ...] = (
    Lamp(towards=(-0.68, 0.25, 0.69), size_deg=22, strength=0.5),
    Lamp(towards=(0.68, 0.25, 0.69), size_deg=22, strength=0.5),
    Lamp(towards=(0.0, 0.6, 0.8), size_deg=180, strength=0.18),
)
"""Two soft lamps at 45 degrees, as clinics and line scanners have them, and what the room sends back."""


def draw_lamps(rng: np.random.Generator, kind: str) -> tuple[Lamp, ...]:
    """Return the lamps of one photo under a `kind` of light; studio lamps for any that is not in `LIGHT_KINDS`.

    Their strengths sum to about 1 for a face turned to the key light.
    """
    if kind not in LIGHT_KINDS:
        return STUDIO
    if kind == "mixed":
        first, second = _key(rng, "window"), _key(rng, "led")
        return (_dimmed(first, 0.55), _dimmed(second, 0.45), _room(rng, 0.3))
    fill = {"sun": 0.3, "overcast": 0.75, "shade": 0.7, "window": 0.28, "flash": 0.15}.get(kind, 0.38)
    fill *= float(rng.uniform(0.8, 1.25))
    return (_dimmed(_key(rng, kind), 1.05 - fill), _room(rng, fill))


def _key(rng: np.random.Generator, kind: str) -> Lamp:
    # kind: (side, height) in degrees from the camera's axis, (smallest, largest) lamp.
    side, height, size = {
        "sun": (65.0, (15.0, 60.0), (1.0, 6.0)),
        "overcast": (40.0, (35.0, 75.0), (90.0, 120.0)),
        "shade": (50.0, (20.0, 60.0), (80.0, 120.0)),
        "window": (70.0, (0.0, 35.0), (40.0, 80.0)),
        "flash": (6.0, (0.0, 8.0), (2.0, 6.0)),
    }.get(kind, (45.0, (30.0, 70.0), (20.0, 50.0)))
    azimuth = np.radians(rng.uniform(-side, side))
    elevation = np.radians(rng.uniform(*height))
    return Lamp(
        towards=_way(float(azimuth), float(elevation)),
        size_deg=float(rng.uniform(*size)),
        strength=1.0,
    )


def _way(azimuth: float, elevation: float) -> tuple[float, float, float]:
    level = np.cos(elevation)
    return float(np.sin(azimuth) * level), float(np.sin(elevation)), float(np.cos(azimuth) * level)


def _room(rng: np.random.Generator, strength: float) -> Lamp:
    return Lamp(towards=(float(rng.normal(0, 0.3)), 0.8, 0.6), size_deg=180.0, strength=strength)


def _dimmed(lamp: Lamp, strength: float) -> Lamp:
    return Lamp(towards=lamp.towards, size_deg=lamp.size_deg, strength=float(strength))
