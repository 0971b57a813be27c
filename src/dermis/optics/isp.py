"""From the light on a sensor to the photo in a file: what a camera does between the two.

    expose   raw signal -> what the sensor writes: noise, black level, clipping, whole numbers; still linear
    render   that -> sRGB: white balance, colour matrix, tone curve, noise reduction, sharpening
    develop  both, as a `Photo` with the capture data that belong to it

Left out: the colour filter mosaic and its interpolation, lens blur, vignetting and flare, the joining of
several exposures, and tone curves that differ over the picture.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from math import log2, sqrt

import numpy as np

from dermis.colour.srgb import encode
from dermis.core import Capture, Encoding, Origin, Photo
from dermis.core.arrays import FloatMap, hold
from dermis.optics.spectral_grid import Spectrum

__all__ = ["IspSettings", "capture_for", "develop", "expose", "render", "through_jpeg"]

_LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)  # IEC 61966-2-1
_CURVE_STEPS = 1 << 14


@dataclass(frozen=True, slots=True, kw_only=True)
class IspSettings:
    """All that a camera decides for one photo.

    The capture. exposure: signal of the perfect diffuser in its brightest channel, as a share of full scale.
    camera, exposure_s, f_number, iso, exposure_bias_ev, focal_length_mm, white_balance_auto and flash_fired
    go into the photo's capture data.
    The sensor. full_well_e: electrons at full scale at this ISO; read_noise_e: electrons; both for one pixel
    of the photo, however many of the sensor it gathers. black_level: share of full scale. bits: of the raw
    number.
    The colour. white_balance: (3,) gains, the smallest 1. colour_matrix: (3, 3) from balanced camera colours
    to linear sRGB; its rows sum to 1, so greys stay grey. saturation: 1 leaves colours as they are.
    The picture. gamma: on sRGB values, under 1 brightens. contrast: of the S-curve, 0 to 0.45.
    denoise, sharpen: share of fine detail that is taken away where it is no stronger than noise, and added
    where it is. detail_px: the size of fine detail. chroma_px: blur of colour.
    The file. jpeg_quality: 1-95. jpeg_subsampling: 0 keeps full colour resolution, 2 halves it both ways.
    """

    camera: str
    exposure: float
    exposure_s: float
    f_number: float
    iso: float
    exposure_bias_ev: float
    focal_length_mm: float
    white_balance_auto: bool
    flash_fired: bool
    full_well_e: float
    read_noise_e: float
    black_level: float
    bits: int
    white_balance: Spectrum
    colour_matrix: Spectrum
    saturation: float
    gamma: float
    contrast: float
    denoise: float
    sharpen: float
    detail_px: float
    chroma_px: float
    jpeg_quality: int
    jpeg_subsampling: int

    def __post_init__(self) -> None:
        hold(self, "white_balance", dtype=np.float64, shape=(3,))
        hold(self, "colour_matrix", dtype=np.float64, shape=(3, 3))
        if not 0 <= self.contrast <= 0.45 or not 0 <= self.black_level < 1:
            raise ValueError("Development takes contrast in 0-0.45 and a black level under 1.")


def develop(raw: FloatMap, development: IspSettings, rng: np.random.Generator) -> Photo:
    """Return the photo of `raw` (h, w, 3), where the perfect diffuser is 1 in its brightest channel.

    sRGB, float32, not yet rounded to 8 bits or compressed: that is the writer's work, or `through_jpeg`'s.
    The same `rng` state gives the same photo.
    """
    pixels = render(expose(raw, development, rng), development)
    return Photo(pixels=pixels, encoding=Encoding.SRGB, capture=capture_for(development))


def expose(raw: FloatMap, development: IspSettings, rng: np.random.Generator) -> FloatMap:
    """Return the sensor's linear signal (h, w, 3), 1 = full scale, black subtracted, not white-balanced.

    Photon noise is taken as Gaussian, which holds from some 20 electrons up. Noise around black is kept, so a
    value may lie a little below 0.
    """
    sensor = development
    electrons = np.multiply(raw, np.float32(sensor.exposure * sensor.full_well_e), dtype=np.float32)
    noise = rng.standard_normal(electrons.shape, dtype=np.float32)
    noise *= np.sqrt(np.maximum(electrons, 0) + np.float32(sensor.read_noise_e**2))
    electrons += noise
    top = np.float32(2**sensor.bits - 1)
    black = np.float32(sensor.black_level)
    level = electrons
    level *= (1 - black) * top / np.float32(sensor.full_well_e)
    level += black * top
    np.clip(np.rint(level, out=level), 0, top, out=level)
    level -= black * top
    level /= (1 - black) * top
    return level


def render(linear: FloatMap, development: IspSettings) -> FloatMap:
    """Return sRGB values (h, w, 3) in [0, 1] of the sensor's linear signal."""
    balanced = np.minimum(linear * development.white_balance.astype(np.float32), 1)
    colours = balanced @ _to_srgb(development).T
    curve = _tone_curve(development)
    np.clip(colours, 0, 1, out=colours)
    colours *= _CURVE_STEPS - 1
    encoded = curve[np.rint(colours, out=colours).astype(np.intp)]
    return _detailed(encoded, development)


def _to_srgb(development: IspSettings) -> FloatMap:
    towards_grey = (1 - development.saturation) * _LUMA + development.saturation * np.eye(3)
    matrix: FloatMap = (towards_grey @ development.colour_matrix).astype(np.float32)
    return matrix


def _tone_curve(development: IspSettings) -> FloatMap:
    """Return sRGB values for `_CURVE_STEPS` linear ones from 0 to 1: encoding, gamma, S-curve."""
    linear = np.repeat(np.linspace(0, 1, _CURVE_STEPS)[:, None], 3, axis=1)
    value = encode(linear)[:, 0] ** development.gamma
    value += development.contrast * 2 * value * (1 - value) * (2 * value - 1)
    curve: FloatMap = value.astype(np.float32)
    return curve


def _detailed(encoded: FloatMap, development: IspSettings) -> FloatMap:
    """Return the picture with colour noise blurred, weak detail reduced and strong detail enhanced."""
    from scipy.ndimage import gaussian_filter  # late: it takes a tenth of a second

    luma = encoded @ _LUMA
    if development.chroma_px > 0:
        chroma = [gaussian_filter(encoded[..., k] - luma, development.chroma_px, truncate=2) for k in (0, 2)]
        green = -(_LUMA[0] * chroma[0] + _LUMA[2] * chroma[1]) / _LUMA[1]
        encoded = np.stack([chroma[0] + luma, green + luma, chroma[1] + luma], axis=-1)
    if development.denoise or development.sharpen:
        detail = luma - gaussian_filter(luma, development.detail_px, truncate=2)
        squared = detail * detail
        strong = squared / (squared + np.float32(_noise_at_grey(development) ** 2))
        detail *= (development.denoise + development.sharpen) * strong - development.denoise
        encoded = encoded + detail[..., None]
    return np.clip(encoded, 0, 1)


def _noise_at_grey(development: IspSettings) -> float:
    """Return twice the deviation of sRGB values by noise at mid grey, where the curve's slope is about 1."""
    electrons = 0.2 * development.full_well_e
    return 2 * sqrt(electrons + development.read_noise_e**2) / development.full_well_e + 1e-4


def capture_for(development: IspSettings) -> Capture:
    """Return the capture data of a photo so developed.

    Brightness follows from the others by APEX (EXIF 2.32, annex C): Bv = Av + Tv - Sv + bias, with
    Av = 2 log2(f-number), Tv = -log2(seconds), Sv = log2(ISO / 3.125). Makers and models are made up.
    """
    aperture = 2 * log2(development.f_number)
    time = -log2(development.exposure_s)
    speed = log2(development.iso / 3.125)
    return Capture(
        make="dermis synthetic",
        model=development.camera,
        iso=development.iso,
        exposure_s=development.exposure_s,
        f_number=development.f_number,
        brightness_ev=aperture + time - speed + development.exposure_bias_ev,
        exposure_bias_ev=development.exposure_bias_ev,
        focal_length_mm=development.focal_length_mm,
        white_balance_auto=development.white_balance_auto,
        flash_fired=development.flash_fired,
    )


def through_jpeg(photo: Photo, development: IspSettings) -> Photo:
    """Return the sRGB photo as it comes back from JPEG at the development's quality; 8 bits a channel.

    For pictures that stay in memory. A writer of files compresses once, with the same two numbers.
    ValueError for a photo that is not sRGB.
    """
    from PIL import Image  # late: only pictures that stay in memory need it

    if photo.encoding is not Encoding.SRGB:
        raise ValueError(f"JPEG holds sRGB values, not {photo.encoding}.")
    levels = np.rint(photo.pixels * 255).astype(np.uint8)
    packed = io.BytesIO()
    Image.fromarray(levels).save(
        packed,
        format="JPEG",
        quality=development.jpeg_quality,
        subsampling=development.jpeg_subsampling,
    )
    with Image.open(packed) as image:
        pixels = np.asarray(image, dtype=np.float32) / np.float32(255)
    origin = Origin(name=photo.origin.name, container="jpeg", bits=8)
    return replace(photo, pixels=pixels, origin=origin)
