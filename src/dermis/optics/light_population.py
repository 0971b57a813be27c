"""The lights that people take photos of faces in, drawn one at a time.

Shares, temperatures and illuminances are chosen by judgement for phone photos of faces, half of them indoors;
they are no survey. A recipe that needs one kind asks for it by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from dermis.optics.light import (
    Light,
    cct_duv,
    daylight,
    halogen,
    mixture,
    planck,
    scaled_light,
    white_led,
    white_xyz,
)
from dermis.optics.light_names import find_light
from dermis.optics.spectral import WORKING_NM

__all__ = ["LIGHT_KINDS", "draw_light"]

_Draw = Callable[[np.random.Generator], Light]
_ROOM_LAMPS = ("FL2", "FL4", "FL7", "FL8", "FL10", "FL11", "FL12", "FL3.4", "FL3.8", "FL3.10", "FL3.13")
_HOME_K = (2700.0, 3000.0, 3500.0, 4000.0, 5000.0, 6500.0)


def draw_light(rng: np.random.Generator, kind: str | None = None) -> Light:
    """Return a light with its illuminance on the face, of `kind` (a name in `LIGHT_KINDS`) or of any.

    What stands around tints it a little (walls, foliage, skin), and one in ten photos has two kinds of light.
    ValueError for an unknown kind.
    """
    chosen = kind or str(rng.choice(list(LIGHT_KINDS), p=[share for share, _, _ in LIGHT_KINDS.values()]))
    if chosen not in LIGHT_KINDS:
        raise ValueError(f"A kind of light is one of {', '.join(LIGHT_KINDS)}, got {chosen!r}.")
    _, (low, high), draw = LIGHT_KINDS[chosen]
    lux = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    light = _tinted(rng, draw(rng))
    cct_k = float(cct_duv(white_xyz(light))[0])
    return replace(light, name=f"{chosen} {cct_k:.0f} K", kind=chosen, illuminance_lux=lux)


def _tinted(rng: np.random.Generator, light: Light) -> Light:
    """Return `light` times a smooth spectrum within some 5 %, level beyond the visible."""
    place = np.clip((WORKING_NM - 380) / 400, 0, 1)
    waves = np.cos(np.pi * np.arange(1, 4)[:, None] * place)
    logarithm = (rng.normal(0, 0.04, 3) / (1, 1, 2)) @ waves
    return scaled_light(light.name, light.power * np.exp(logarithm), kind=light.kind)


def _daylight_between(low_k: float, high_k: float) -> _Draw:
    return lambda rng: daylight(rng.uniform(low_k, high_k))


def _led(rng: np.random.Generator) -> Light:
    return white_led(
        rng.choice(_HOME_K) * rng.normal(1, 0.02),
        rng.normal(0, 0.002),
        peak_nm=rng.uniform(443, 462),
        fwhm_nm=rng.uniform(18, 28),
        phosphor_fwhm_nm=rng.uniform(105, 145),
    )


def _fluorescent(rng: np.random.Generator) -> Light:
    return find_light(str(rng.choice(_ROOM_LAMPS)))


def _flash(rng: np.random.Generator) -> Light:
    """Return a phone's LED flash, or xenon: a black body with its group of lines near 470 nm."""
    if rng.random() < 0.7:
        return white_led(rng.uniform(4500, 6000), rng.normal(0, 0.002), phosphor_fwhm_nm=130)
    black = planck(rng.uniform(5500, 6500))
    lines = 0.12 * np.exp(-0.5 * ((WORKING_NM - 472) / 8) ** 2)
    return scaled_light(f"xenon on {black.name}", black.power * (1 + lines), kind="flash")


def _mixed(rng: np.random.Generator) -> Light:
    first, second = rng.choice(["window", "overcast", "tungsten", "led", "flash"], 2, replace=False)
    share = rng.uniform(0.2, 0.8)
    lights = [LIGHT_KINDS[str(kind)][2](rng) for kind in (first, second)]
    return mixture(lights, [share, 1 - share])


LIGHT_KINDS: Mapping[str, tuple[float, tuple[float, float], _Draw]] = MappingProxyType(
    {
        "sun": (0.15, (10_000.0, 60_000.0), _daylight_between(4800, 6000)),
        "overcast": (0.10, (1_000.0, 15_000.0), _daylight_between(5800, 7500)),
        "shade": (0.10, (1_000.0, 8_000.0), _daylight_between(7000, 11000)),
        "window": (0.15, (80.0, 2_000.0), _daylight_between(5000, 7500)),
        "tungsten": (0.08, (30.0, 400.0), lambda rng: planck(rng.uniform(2500, 2900))),
        "halogen": (0.06, (50.0, 1_000.0), lambda rng: halogen(rng.uniform(2800, 3250))),
        "led": (0.18, (50.0, 1_000.0), _led),
        "fluorescent": (0.05, (100.0, 800.0), _fluorescent),
        "flash": (0.03, (200.0, 5_000.0), _flash),
        "mixed": (0.10, (80.0, 3_000.0), _mixed),
    }
)
"""Kind of light: its share of the photos, the illuminance on the face in lux, and how one is drawn."""
