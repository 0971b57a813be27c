"""Colour: sRGB, CIE XYZ and L*a*b*, adaptation, differences, skin tone, and the light from a known patch.

Written once against the array API: numpy arrays and torch tensors alike, in their own dtype.
"""

from dermis.colour.adaptation import CONE_MATRICES, WHITES, White, adapt
from dermis.colour.difference import delta_e_00, delta_e_76
from dermis.colour.lab import lab_to_linear, lab_to_xyz, linear_to_lab, srgb_to_lab, xyz_to_lab
from dermis.colour.reference import LightFit, apply_light, fit_light
from dermis.colour.srgb import decode, encode, hex_to_srgb, linear_to_xyz, srgb_to_hex, xyz_to_linear
from dermis.colour.tone import ITA_CLASSES, MONK, cita_deg, hue_deg, ita_class, ita_deg, monk_tone

__all__ = [
    "CONE_MATRICES",
    "ITA_CLASSES",
    "MONK",
    "WHITES",
    "LightFit",
    "White",
    "adapt",
    "apply_light",
    "cita_deg",
    "decode",
    "delta_e_00",
    "delta_e_76",
    "encode",
    "fit_light",
    "hex_to_srgb",
    "hue_deg",
    "ita_class",
    "ita_deg",
    "lab_to_linear",
    "lab_to_xyz",
    "linear_to_lab",
    "linear_to_xyz",
    "monk_tone",
    "srgb_to_hex",
    "srgb_to_lab",
    "xyz_to_lab",
    "xyz_to_linear",
]
