"""A portrait given by the user: its skin read by the physical model, changed, and rendered again.

What a pixel gains is the ratio of two colours of the model, after and before the change, so all that the model does
not explain stays as it is: hair, light, gloss, grain, and every pixel that was not changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import decode, encode, linear_to_xyz, xyz_to_linear
from dermis.core import Encoding, Face, Photo
from dermis.core.arrays import BoolMap, FloatMap, LabelMap, hold
from dermis.errors import NoSkin
from dermis.lab.synth.head.uv import Atlas, flat_atlas
from dermis.lab.synth.lesions.kinds import Mark, MarkSpec
from dermis.lab.synth.lesions.rasterise import apply_marks, lay_out
from dermis.lab.synth.skin.colour import COLOUR_NM, MATT_SHARE, channels, skin_table
from dermis.lab.synth.skin.maps import LIMITS, SkinMaps, Tone, clip_to_limits
from dermis.optics.camera_inverse import from_rgb
from dermis.optics.illuminant import Illuminant, xyz_weights
from dermis.optics.tissue import Tissue

__all__ = ["Portrait", "middle_tone", "portrait_of", "read_portrait", "render_again", "with_marks", "with_tone"]

CHEEKS_MM = 140.0
"""Mean width of an adult face between its cheekbones."""
_COLOURED = ("melanosome_fraction", "blood_fraction", "oxygen_saturation", "scattering", "pus")
_ROUGHNESS = 0.45
_OXYGEN = 0.7
"""Oxygen saturation of blood in skin, which three channels do not tell."""
_LIGHT_FROM = (-0.2, 0.32, 0.93)
"""Where relief is lit from: x right, y up, z to the camera; above, as light mostly is."""
_FEATHER_PX = 3.0
_NOISE, _SHADING = 0.03, 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """A photo with what its skin is made of.

    photo: sRGB. atlas: the photo's own pixels as an atlas, so that marks are placed at u = x / width, v = y / height.
    maps: the skin as read; typical where there is none. tissue: all else, plain numbers.
    """

    photo: Photo
    atlas: Atlas
    maps: SkinMaps
    tissue: Tissue

    def __post_init__(self) -> None:
        hold(self.photo, "pixels", dtype=np.float32, shape=(*self.atlas.regions.shape, 3))


def portrait_of(photo: Photo, face: Face, *, light: Illuminant | str = "D65") -> Portrait:
    """Read the portrait whose `face` was found in it (`dermis.face.find.find_face`); see `read_portrait`.

    Raises NoSkin where the face has no skin in view.
    """
    shape = photo.pixels.shape[:2]
    regions, skin = (_at_full_size(values, face, shape) for values in (face.regions, face.skin.astype(np.uint8)))
    wide_px = face.face_width_px or float(np.ptp(np.flatnonzero(skin.any(axis=0)))) if skin.any() else 1.0
    return read_portrait(
        photo, skin > 0, mm_per_px=CHEEKS_MM / max(wide_px, 1.0), regions=regions, light=light, middle_px=_middle(face)
    )


def _at_full_size(values: LabelMap, face: Face, shape: tuple[int, ...]) -> LabelMap:
    frame = face.frame
    large = values.repeat(frame.factor, axis=0).repeat(frame.factor, axis=1)
    out = np.zeros(shape[:2], np.uint8)
    rows, columns = (
        slice(max(start, 0), min(start + size, limit))
        for start, size, limit in ((frame.y_px, large.shape[0], shape[0]), (frame.x_px, large.shape[1], shape[1]))
    )
    out[rows, columns] = large[
        rows.start - frame.y_px : rows.stop - frame.y_px, columns.start - frame.x_px : columns.stop - frame.x_px
    ]
    return out


def _middle(face: Face) -> float | None:
    return None if face.landmarks is None else float(face.landmarks[1, 0])


def read_portrait(
    photo: Photo,
    skin: BoolMap,
    *,
    mm_per_px: float,
    regions: LabelMap | None = None,
    light: Illuminant | str = "D65",
    middle_px: float | None = None,
) -> Portrait:
    """Read melanin and blood of every pixel of `skin` (h, w) from an sRGB photo.

    mm_per_px: true size of a pixel of the face. regions: (h, w) uint8 of `Region.code`; without it marks that prefer
    regions are spread evenly. light: what the photo was balanced for; the camera is taken as colorimetric. middle_px:
    column of the face's middle, of the skin's by default.
    Oxygen and scattering cannot be read from three channels: they are typical. Raises NoSkin for an empty mask;
    ValueError for a photo that is not sRGB or a mask of another size.
    """
    if photo.encoding is not Encoding.SRGB or skin.shape != photo.pixels.shape[:2]:
        raise ValueError(f"A portrait is sRGB with a mask of its size, not {photo.encoding} with {skin.shape}.")
    if not skin.any():
        raise NoSkin(f"{photo.origin.name or 'The photo'} shows no skin in the mask.", advice="Give another mask.")
    melanin, blood = _read(photo.pixels[skin], light)
    middle = float(np.median(np.nonzero(skin)[1])) if middle_px is None else middle_px
    left = np.broadcast_to(np.arange(skin.shape[1]) > middle, skin.shape)
    atlas = flat_atlas(np.zeros(skin.shape, np.uint8) if regions is None else regions, skin, left, mm_per_px)
    maps = _spread(skin, {"melanosome_fraction": melanin, "blood_fraction": blood})
    return Portrait(photo=photo, atlas=atlas, maps=maps, tissue=Tissue())


def _read(encoded: FloatMap, light: Illuminant | str) -> tuple[FloatMap, FloatMap]:
    """Return melanin and blood (n,) of sRGB pixels (n, 3), whatever light falls on each."""
    xyz = np.maximum(linear_to_xyz(decode(encoded)), 1e-4)
    found = from_rgb(
        xyz,
        xyz_weights(COLOUR_NM, light),
        COLOUR_NM,
        beside=(),
        specular_share=MATT_SHARE,
        noise=_NOISE,
        shading_spread=_SHADING,
    )
    return (
        np.asarray(found.tissue.melanosome_fraction, np.float32),
        np.asarray(found.tissue.blood_fraction, np.float32),
    )


def _spread(skin: BoolMap, read: Mapping[str, FloatMap]) -> SkinMaps:
    typical = Tissue()
    plain = {
        "melanosome_fraction": typical.melanosome_fraction,
        "blood_fraction": typical.blood_fraction,
        "oxygen_saturation": typical.oxygen_saturation,
        "scattering": 1.0,
        "pus": 0.0,
        "height_mm": 0.0,
        "roughness": _ROUGHNESS,
    }
    maps: dict[str, NDArray[np.floating]] = {}
    for name, value in plain.items():
        maps[name] = np.full(skin.shape, value, np.float32)
        if name in read:
            maps[name][skin] = read[name]
    return SkinMaps(**clip_to_limits(maps))


def middle_tone(portrait: Portrait) -> Tone:
    """Return the median melanin and blood of a portrait's skin: what marks drawn on it grow from."""
    melanin, blood = (
        float(np.median(getattr(portrait.maps, name)[portrait.atlas.skin]))
        for name in ("melanosome_fraction", "blood_fraction")
    )
    return Tone(melanosome_fraction=melanin, blood_fraction=blood, oxygen_saturation=_OXYGEN)


def with_tone(portrait: Portrait, *, melanin: float = 1.0, blood: float = 1.0) -> Photo:
    """Return the photo with melanin and blood of all its skin multiplied; fading over 3 pixels at its border."""
    changed = {
        "melanosome_fraction": portrait.maps.melanosome_fraction * np.float32(melanin),
        "blood_fraction": portrait.maps.blood_fraction * np.float32(blood),
    }
    return render_again(portrait, replace(portrait.maps, **clip_to_limits(changed)))


def with_marks(portrait: Portrait, specs: Sequence[MarkSpec]) -> tuple[Photo, tuple[Mark, ...]]:
    """Return the photo with marks on its skin, and the truth about them; u and v run over the photo."""
    maps, marks = apply_marks(portrait.maps, lay_out(specs, portrait.atlas), portrait.atlas)
    return render_again(portrait, maps), marks


def render_again(portrait: Portrait, maps: SkinMaps) -> Photo:
    """Return the photo as it would be with `maps` in place of the portrait's own.

    Where nothing changed, and off the skin, pixels are the very same. Relief is lit from above; gloss stays.
    """
    before, skin = portrait.maps, portrait.atlas.skin
    changed = skin & np.any([getattr(maps, f.name) != getattr(before, f.name) for f in fields(SkinMaps)], axis=0)
    relief = _relief(maps.height_mm - before.height_mm, portrait.atlas)
    changed |= skin & (relief != 1)
    if not changed.any():
        return portrait.photo
    gain = _colours(portrait, maps, changed) / _colours(portrait, before, changed)
    gain *= relief[changed][:, None]
    gain = 1 + (gain - 1) * _feather(skin)[changed][:, None]
    pixels = portrait.photo.pixels.copy()
    linear = xyz_to_linear(linear_to_xyz(decode(pixels[changed])) * gain)
    pixels[changed] = encode(np.clip(linear, 0, 1)).astype(np.float32)
    return replace(portrait.photo, pixels=pixels)


def _colours(portrait: Portrait, maps: SkinMaps, where: BoolMap) -> FloatMap:
    """Return XYZ (n, 3) under D65 of the skin that `maps` describe."""
    values = {name: getattr(maps, name)[where] for name in _COLOURED}
    held = {name: np.clip(value, *LIMITS[name]) for name, value in values.items()}
    return channels(skin_table(portrait.tissue, held), xyz_weights(COLOUR_NM), held)


def _relief(height_mm: FloatMap, atlas: Atlas) -> FloatMap:
    """Return (h, w) times the light that a relief on skin facing the camera gains or loses."""
    if not height_mm.any():
        return np.ones_like(height_mm)
    down, across = np.gradient(height_mm)
    across, down = across / atlas.mm_per_px_u, down / atlas.mm_per_px_v
    x, y, z = _LIGHT_FROM
    facing = (z - x * across + y * down) / np.sqrt(1 + across**2 + down**2)
    return np.clip(facing / z, 0.3, 1.6).astype(np.float32)


def _feather(skin: BoolMap) -> FloatMap:
    from scipy.ndimage import distance_transform_edt  # late: a tenth of a second

    inside = distance_transform_edt(np.pad(skin, 1))[1:-1, 1:-1]
    return np.clip(inside / _FEATHER_PX, 0, 1).astype(np.float32)
