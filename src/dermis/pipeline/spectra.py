"""Photo -> reflectance of its skin: which pixels, which camera and light, which white."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.colour.lab import linear_to_lab
from dermis.colour.srgb import decode, hex_to_srgb
from dermis.core import Encoding, Photo
from dermis.core.arrays import BoolMap
from dermis.errors import InputError, NoSkin, UsageError
from dermis.face.find import find_face
from dermis.formats.images.masks import reduce_by
from dermis.optics.camera import Camera, find_camera
from dermis.optics.illuminant import Illuminant, find_illuminant
from dermis.pipeline.reference import ReferencePatch, correct_light, patch_box, read_patch
from dermis.spectra.reconstruct import WAVELENGTHS_NM, MeasuredBand, Reconstruction, reconstruct_skin

__all__ = ["MOST_PX", "reconstruct"]

MOST_PX = 4_000_000
"""Pixels of a cube: 61 bands of as many take a gigabyte. Larger photos are reduced by a whole number."""
_GREY_CHROMA = 15.0  # C*ab up to which a patch counts as grey, as in `colour.reference`
_CLIPPED, _DARK = 0.99, 0.002


def reconstruct(
    photo: Photo,
    *,
    camera: Camera | str | Path | None = None,
    illuminant: Illuminant | str | Path | None = None,
    linear: bool = False,
    white: float | None = None,
    reference: ReferencePatch | str | None = None,
    mask: BoolMap | Literal["all"] | None = None,
    close_up: bool = False,
    wavelengths_nm: ArrayLike = WAVELENGTHS_NM,
    band: MeasuredBand | None = None,
    site: str = "face",
) -> Reconstruction:
    """Return the reflectance of the skin in a photo, 400-1000 nm, with intervals; a `Cube` that knows its doubt.

    camera, illuminant: a name, a CSV, or the record; see `find_camera`, `find_illuminant`. linear: take the pixels as
    proportional to light, white balance not applied, whatever the photo's encoding says. white: the pixel value (0-1)
    of a perfect diffuser in its brightest channel, by default 1 in a linear photo and unknown in another. reference: a
    patch of known colour, "X,Y,W,H=#RRGGBB"; it replaces the white. mask: (h, w) bool, where to look; "all" for every
    pixel; by default the skin of the largest face. close_up: all skin in view, without a face. wavelengths_nm: the
    bands, within 400-1000 nm. band: a further picture of the same pixels through one narrow band, as the challenge's at
    960 nm; the photo's level must be known. site: "face", or "forearm" for its inside.

    Pixels outside the mask are NaN. A photo of over 4 megapixels is reduced by a whole number first. Without a camera
    and a light the pixels of a linear photo say little; a photo in sRGB is taken as developed by some camera.
    Raises NoSkin where no mask is given and none is found; UsageError and InputError for arguments that cannot be used.
    """
    if reference is not None and white is not None:
        raise UsageError("A white and a reference patch were given.", advice="Give one; the patch tells the white.")
    if white is not None and not 0.0 < white <= 1.0:
        raise UsageError(f"The white is {white:g}.", advice="Give a pixel value over 0 and up to 1.")
    seen_by = find_camera(camera) if isinstance(camera, str | Path) else camera
    lit_by = find_illuminant(illuminant) if isinstance(illuminant, str | Path) else illuminant
    if linear:
        photo = replace(photo, encoding=Encoding.CAMERA_LINEAR)
    balance = None if reference is None else _balance(photo, reference)
    where = _where(photo, mask, close_up=close_up)
    photo, where, white, band = _reduced(photo, where, white, band)
    return reconstruct_skin(
        photo,
        where,
        camera=seen_by,
        light=lit_by,
        white=white,
        balance=balance,
        wavelengths_nm=np.asarray(wavelengths_nm, dtype=np.float64),
        band=band,
        site=site,
    )


def _where(photo: Photo, mask: BoolMap | Literal["all"] | None, *, close_up: bool) -> BoolMap:
    size = (photo.height_px, photo.width_px)
    if isinstance(mask, str):
        if mask != "all":
            raise UsageError(f"A mask is 'all' or an array, not {mask!r}.", advice="Read a file with `read_mask`.")
        return np.ones(size, dtype=np.bool_)
    if mask is not None:
        if mask.shape != size or mask.dtype != np.bool_:
            raise UsageError(f"The mask is {mask.dtype} {mask.shape}, the photo {size}.", advice="Give bool (h, w).")
        return mask
    face = find_face(photo, close_up=close_up)
    if face is None or not face.skin.any():
        raise NoSkin(
            f"No face or skin was found in {photo.origin.name or 'the photo'}.",
            advice="Use --close-up for skin without a face, --mask PNG for your own area, or --mask all.",
        )
    frame, f = face.frame, face.frame.factor
    where = np.zeros(size, dtype=np.bool_)
    skin = face.skin.repeat(f, axis=0).repeat(f, axis=1)
    where[frame.y_px : frame.y_px + frame.height * f, frame.x_px : frame.x_px + frame.width * f] = skin
    return where


def _reduced(
    photo: Photo, where: BoolMap, white: float | None, band: MeasuredBand | None
) -> tuple[Photo, BoolMap, float | None, MeasuredBand | None]:
    """Return photo, mask, white and band as they are, or of a large photo the means of linear light over squares."""
    factor = int(np.ceil(np.sqrt(where.size / MOST_PX)))
    factor = min(factor, *where.shape)
    if factor <= 1:
        return photo, where, white, band
    linear = photo.pixels
    if photo.encoding is Encoding.SRGB:
        linear = np.asarray(decode(linear), dtype=np.float32)
        white = None if white is None else float(decode(np.full(3, white))[0])
        photo = replace(photo, encoding=Encoding.LINEAR_SRGB)
    share = reduce_by(where[..., None].astype(np.float32), factor)[..., 0]
    if band is not None and band.reflectance.shape == where.shape:
        band = replace(band, reflectance=reduce_by(band.reflectance[..., None], factor)[..., 0])
    return replace(photo, pixels=np.ascontiguousarray(reduce_by(linear, factor))), share >= 0.5, white, band


def _balance(photo: Photo, reference: ReferencePatch | str) -> NDArray[np.float64]:
    """Return the matrix from linear pixels to those whose diffuser is 1 in every channel."""
    patch = read_patch(reference) if isinstance(reference, str) else reference
    if photo.encoding is not Encoding.CAMERA_LINEAR:
        return correct_light(photo, patch).matrix
    true = np.asarray(decode(hex_to_srgb(patch.colour_hex)))
    if np.hypot(*np.asarray(linear_to_lab(true))[1:]) > _GREY_CHROMA:
        raise InputError(
            f"The reference {patch.colour_hex} is no grey.",
            advice="A linear photo is in the camera's own colours, where only a grey is known: mark a grey card.",
        )
    found = np.median(photo.pixels[patch_box(photo, patch)].reshape(-1, 3), axis=0)
    if found.max() >= _CLIPPED or found.min() <= _DARK:
        raise InputError(
            "The reference patch is overexposed or too dark in a channel.", advice="Mark a patch between the two."
        )
    return np.diag(float(true.mean()) / found)
