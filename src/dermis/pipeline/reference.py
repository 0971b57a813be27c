"""The light of a photo, from a patch of known colour in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from dermis.colour.reference import fit_light
from dermis.colour.srgb import decode
from dermis.core import Box, Encoding, LightReference, Photo
from dermis.errors import InputError, UsageError

__all__ = ["Patch", "correct_light", "patch_box", "read_patch"]

_PATCH = re.compile(r"\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*=\s*(#?[0-9a-fA-F]{6})\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A rectangle of the photo whose true colour is known: a grey card, a colour chip."""

    box: Box
    colour_hex: str


def read_patch(text: str) -> Patch:
    """Read "X,Y,W,H=#RRGGBB", photo pixels and the patch's sRGB colour under D65.

    Raises UsageError where the text is anything else.
    """
    match = _PATCH.fullmatch(text)
    if match is None:
        raise UsageError(
            f"--reference takes X,Y,W,H=#RRGGBB, got {text!r}.",
            advice="For an 18 % grey card of 200 x 150 px at (40, 60): 40,60,200,150=#767676.",
        )
    x, y, width, height = (int(number) for number in match.groups()[:4])
    if width < 4 or height < 4:
        raise UsageError(f"The reference patch is {width} x {height} px.", advice="Name one of at least 4 x 4 px.")
    colour_hex = "#" + match.group(5).lstrip("#").lower()
    return Patch(box=Box(x_px=x, y_px=y, width_px=width, height_px=height), colour_hex=colour_hex)


def patch_box(photo: Photo, patch: Patch) -> tuple[slice, slice]:
    """Return the rows and columns of the patch, its outer tenth on each side left out.

    Raises InputError where the patch reaches out of the photo.
    """
    box = patch.box
    x0, y0, x1, y1 = box.x_px, box.y_px, box.x_px + box.width_px, box.y_px + box.height_px
    if x1 > photo.width_px or y1 > photo.height_px:
        raise InputError(
            f"The reference patch ends at ({x1:g}, {y1:g}), outside {photo.origin.name or 'the photo'} "
            f"of {photo.width_px} x {photo.height_px} px.",
            advice="Give its place in pixels of the upright photo.",
        )
    dx, dy = box.width_px // 10, box.height_px // 10
    return slice(int(y0 + dy), int(y1 - dy)), slice(int(x0 + dx), int(x1 - dx))


def correct_light(photo: Photo, patch: Patch) -> LightReference:
    """Fit the light of the photo to the patch's true colour.

    Raises InputError where the patch lies outside the photo or is too dark or clipped to say anything.
    """
    rows, columns = patch_box(photo, patch)
    pixels = photo.pixels[rows, columns].reshape(-1, 3)
    linear = np.asarray(decode(pixels)) if photo.encoding is Encoding.SRGB else pixels
    fit = fit_light(linear, patch.colour_hex)
    return LightReference(
        box=patch.box,
        colour_hex=patch.colour_hex,
        matrix=fit.matrix,
        delta_e_before=fit.delta_e_before,
        delta_e_after=fit.delta_e_after,
        spread=fit.spread,
        clipped_share=fit.clipped_share,
    )
