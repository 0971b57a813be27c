"""Hair of the scalp, the brows and the face: how it differs, where it grows, and the shell it forms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.lab.synth.head.anatomy import around_mm, polygon_inside
from dermis.lab.synth.noise import bilinear_wrapped, noise_tile

__all__ = ["HairStyle", "beard_inside", "draw_hair", "scalp_inside", "shell_offsets"]

Values = NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class HairStyle:
    """Hair of one person.

    top_mm, sides_mm: how far it stands off the scalp; under 2 it is painted on the skin, both 0 is bald.
    long: falls to the shoulders. hairline_mm: moves the front up. recession_mm: moves the temples up.
    curl: 0 straight, 1 tight curls. colour: linear sRGB reflectance. brow_thickness, brow_arch: 1 is usual.
    beard: how dense, 0 none, 1 covers the skin. moustache_only: the cheeks and chin are shaved.
    """

    top_mm: float = 0.0
    sides_mm: float = 0.0
    long: bool = False
    hairline_mm: float = 0.0
    recession_mm: float = 0.0
    curl: float = 0.0
    colour: tuple[float, float, float] = (0.02, 0.013, 0.009)
    brow_thickness: float = 1.0
    brow_arch: float = 1.0
    brow_density: float = 0.8
    beard: float = 0.0
    moustache_only: bool = False


_COLOURS = np.array(
    [
        (0.010, 0.008, 0.007),
        (0.018, 0.012, 0.009),
        (0.035, 0.020, 0.012),
        (0.070, 0.038, 0.020),
        (0.140, 0.080, 0.040),
        (0.260, 0.170, 0.085),
        (0.130, 0.045, 0.018),
        (0.180, 0.175, 0.170),
        (0.450, 0.440, 0.430),
    ]
)
_COLOUR_SHARES = np.array(
    [
        (0.06, 0.14, 0.22, 0.20, 0.14, 0.12, 0.06, 0.04, 0.02),
        (0.62, 0.27, 0.05, 0.00, 0.00, 0.00, 0.00, 0.04, 0.02),
    ]
)


def draw_hair(rng: np.random.Generator, *, masculine: float, age_years: float, dark: float) -> HairStyle:
    """Draw hair.

    masculine: 0 to 1, makes beards, baldness and short cuts likelier. dark: 0 to 1, makes dark and curly hair
    likelier.
    """
    cut = rng.random()
    bald = rng.random() < 0.22 * masculine * np.clip((age_years - 25) / 30, 0, 1) + 0.03
    long = cut > 0.25 + 0.7 * masculine
    buzz = cut < 0.08 + 0.15 * masculine
    top = 0.0 if bald else (rng.uniform(0.8, 1.9) if buzz else rng.uniform(9, 32))
    sides = top if bald or buzz else top * rng.uniform(0.25, 0.9)
    shares = _COLOUR_SHARES[0] * (1 - dark) + _COLOUR_SHARES[1] * dark
    shares[7:] *= np.clip((age_years - 35) / 8, 0.05, 6)
    colour = _COLOURS[rng.choice(len(shares), p=shares / shares.sum())] * rng.uniform(0.8, 1.25)
    bearded = rng.random() < 0.45 * masculine
    return HairStyle(
        top_mm=float(top),
        sides_mm=float(sides),
        long=bool(long and not bald and not buzz),
        hairline_mm=float(rng.normal(0, 4) - (24 if rng.random() < 0.18 * (1 - masculine) else 0)),
        recession_mm=float(abs(rng.normal(0, 6)) * masculine * np.clip(age_years / 45, 0.3, 1.5)),
        curl=float(np.clip(rng.normal(0.15 + 0.45 * dark, 0.35), 0, 1)),
        colour=(float(colour[0]), float(colour[1]), float(colour[2])),
        brow_thickness=float(np.clip(rng.normal(0.85 + 0.25 * masculine, 0.17), 0.5, 1.5)),
        brow_arch=float(np.clip(rng.normal(1.05 - 0.3 * masculine, 0.2), 0.4, 1.5)),
        brow_density=float(rng.uniform(0.55, 0.95)),
        beard=float(rng.uniform(0.15, 0.95)) if bearded else 0.0,
        moustache_only=bool(bearded and rng.random() < 0.15),
    )


def scalp_inside(rest: Values, style: HairStyle) -> Values:
    """Return how far inside the hair's border places (..., 3) of the average head lie, in mm."""
    front, temple = 69.0 + style.hairline_mm, style.hairline_mm * 0.6 + style.recession_mm
    border = [
        (-60.0, front),
        (22.0, front - 0.5),
        (40.0, front - 3 + 0.6 * temple),
        (54.0, 58 + 1.2 * temple),
        (66.0, 47 + 0.9 * temple),
        (80.0, 42.0),
        (91.0, 28.0),
        (99.0, 8.0),
    ]
    if style.long:
        border += [(104.0, -20), (103.0, -70), (96.0, -185), (300.0, -190)]
    else:
        border += [(105.0, -6), (107.0, -19), (119.0, -19), (122.0, 2), (130.0, 22), (145.0, 30)]
        border += [(160.0, 26), (173.0, 8), (180.0, -22), (188.0, -55), (208.0, -72), (300.0, -76)]
    border += [(300.0, 260.0), (-60.0, 260.0)]
    return polygon_inside(np.abs(around_mm(rest)), rest[..., 1], tuple(border))


def beard_inside(rest: Values, style: HairStyle) -> Values:
    """Return how far inside the beard's border places lie, in mm; lips are not taken out."""
    around, height = np.abs(around_mm(rest)), rest[..., 1]
    moustache = (
        (-9.0, -49.5),
        (9.0, -49.5),
        (22.0, -55),
        (32.0, -66),
        (33.0, -73),
        (27.0, -71),
        (20.0, -64),
        (-9.0, -60),
    )
    inside = polygon_inside(around, height, moustache)
    if not style.moustache_only:
        jaw = (
            (-9.0, -80), (12.0, -81), (28.0, -74), (32.0, -66), (44.0, -62), (66.0, -58), (90.0, -44), (106.0, -12),
            (118.0, -12), (122.0, -40), (124.0, -70), (100.0, -108), (60.0, -130), (-9.0, -134),
        )  # fmt: skip
        inside = np.maximum(inside, polygon_inside(around, height, jaw))
    return np.where(rest[..., 2] > -15, inside, -20).astype(np.float32)


def shell_offsets(rest: Values, reach: Values, inside: Values, style: HairStyle) -> Values:
    """Return how far along its ray the hair stands off each place of the skin, in mm.

    rest: (r, c, 3) skin of the average head. reach: (r, c, 2), the ray's level way (x, z) from the axis to the
    skin. inside: (r, c) from `scalp_inside`.
    """
    up = np.clip((rest[..., 1] - 25) / 55, 0, 1)
    sides_mm = max(style.sides_mm, 0.75 * style.top_mm) if style.long else style.sides_mm
    thick = sides_mm + (style.top_mm - sides_mm) * up * up * (3 - 2 * up)
    grown = np.clip((inside - 2) / (12 + 0.8 * thick), 0, 1)
    offset = thick * grown**0.7
    row, column = rest[..., 1] * 1.4 + 200, np.abs(around_mm(rest)) * 1.4
    lumps = bilinear_wrapped(noise_tile(11, 256, 22.0), row, column)
    tufts = bilinear_wrapped(noise_tile(12, 256, 9.0, 2.5), row, column)
    rough = 0.16 * style.curl * lumps + (0.05 + 0.05 * style.curl) * tufts
    # Near the crown all ways meet: no tufts there.
    away = np.clip((np.hypot(rest[..., 0], rest[..., 2] - 12) - 8) / 30, 0, 1)
    offset = offset * np.clip(1 + rough * away * np.clip(grown * 2, 0, 1), 0.2, 2)
    if style.long:
        offset = np.maximum(offset, _fall(rest, reach, inside, style))
    return np.maximum(offset, 0.3).astype(np.float32)


def _fall(rest: Values, reach: Values, inside: Values, style: HairStyle) -> Values:
    """Distance from the skin out to where long hair hangs."""
    length = np.hypot(reach[..., 0], reach[..., 1])
    length = np.maximum(length, 1e-3)
    side, ahead = reach[..., 0] / length, reach[..., 1] / length
    low = np.clip((40 - rest[..., 1]) / 160, 0, 1)
    half_width, half_depth, middle = 73 + style.sides_mm + 10 * low, 88 + style.sides_mm - 14 * low, -12 - 12.0
    # Where the ray leaves the ellipse (x / half_width)^2 + ((z - middle) / half_depth)^2 = 1.
    a = (side / half_width) ** 2 + (ahead / half_depth) ** 2
    b = -ahead * middle / half_depth**2
    c = (middle / half_depth) ** 2 - 1
    far = (-b + np.sqrt(np.maximum(b * b - a * c, 0))) / np.maximum(a, 1e-9)
    near_edge = np.clip((inside - 2) / 24, 0, 1)
    waves = 2.5 * bilinear_wrapped(noise_tile(13, 256, 16.0, 6.0), rest[..., 1] * 1.2, np.abs(around_mm(rest)) * 1.5)
    hanging = np.clip((72 - rest[..., 1]) / 45, 0, 1) * near_edge * (2 - near_edge)
    return (far - length + waves) * hanging
