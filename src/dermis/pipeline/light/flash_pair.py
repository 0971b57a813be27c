"""Two frames, the second lit by the device's screen or flash: the light of the room is taken away.

What is left is lit by the device alone, whose light a calibration knows. Ambient subtraction as for jaundice by
smartphone (Outlaw et al., PLoS ONE 15 (2020) e0216970), with a gate that refuses pairs that say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.colour.device import STRAIGHT, DeviceProfile, straighten
from dermis.colour.srgb import decode, encode
from dermis.core import Capture, Encoding, Face, FlashPair, Photo, SegmentationClass
from dermis.core.arrays import BoolMap, FloatMap
from dermis.errors import InputError
from dermis.face.crop import crop
from dermis.face.detection import detect_faces
from dermis.pipeline.exclusion import CLIPPED_HIGH, LUMINANCE, brightest_channel

__all__ = ["EYE_CORNERS_MM", "FlashLight", "eye_scale", "flash_light", "given_light", "photo_linear"]

_Floats = NDArray[np.float64]

EYE_CORNERS = (33, 263)
EYE_CORNERS_MM = 87.4
"""Distance of the outer corners of the eyes as the landmarks have them: 1.38 times (24 people, median) that of the
pupils, 63.4 mm in adults (Dodgson, Proc. SPIE 5291 (2004) 36-46; standard deviation 3.8)."""
PUPILS = (468, 473)
SKIN_FACING = 0.91
"""Light on the well-lit skin of a face over that on a chart as far away as its eyes, which faces the camera."""
GLOSS = 0.003
"""Light of a flash beside the lens that skin without visible glare mirrors, of that of a white."""
UNLIT_SHARE = 0.15
"""Skin of whose light the flash brought less than this is not measured."""
WEAK_SHARE = 0.2
LEAST_SIGNAL_TO_NOISE = 3.0
MOST_MOVED = 0.25
MOST_CLIPPED = 0.25
_BENT = 0.04
"""Landmarks that a shift, turn and change of size leave this far apart, in face widths, are of another pose."""
_SAME = 1.5 / 255
_DARK_ROOM = 0.05
_BLOCKS = 48
_FEWEST_BLOCKS = 24
_BACKGROUND_RANGE = (0.01, 0.85)
_AGREE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashLight:
    """What the flash alone shows: linear (h, w, 3) sRGB on the face's frame; unlit (h, w), where it is too weak."""

    linear: FloatMap
    unlit: BoolMap
    record: FlashPair


def flash_light(
    ambient: Photo, flash: Photo, face: Face, device: DeviceProfile | None = None, *, pupils_mm: float | None = None
) -> FlashLight:
    """Return the light that the flash brought to a face of the frame `flash`.

    pupils_mm: distance of the person's pupils; without it the eyes are taken for as far apart as those of most adults.
    Raises InputError, which says what to do, for a pair that tells nothing: one frame twice, frames in the wrong order,
    a weak flash, an overexposed flash frame, a face that moved, exposures that neither EXIF nor background tell.
    """
    _refuse_other_frames(ambient, flash)
    curve = STRAIGHT if device is None else device.tone_curve
    skin = face.skin
    lit = photo_linear(flash, curve)
    _refuse_clipped(crop(flash, face.frame), skin)
    dark, moved = _laid_on(ambient, face, photo_linear(ambient, curve))
    bright = crop(_as_linear(flash, lit), face.frame)
    exposure, told_by = _exposure(ambient, flash, face, curve)
    added = bright - dark * exposure.astype(np.float32)
    share_map = (added @ LUMINANCE) / np.maximum(bright @ LUMINANCE, 1e-5)
    share = float(np.median(share_map[skin]))
    _refuse_weak(share)
    signal_to_noise = _signal_to_noise(added, skin)
    if signal_to_noise < LEAST_SIGNAL_TO_NOISE:
        raise InputError(
            f"The flash is lost in the noise of the pair (signal to noise {signal_to_noise:.1f}).",
            advice="Go nearer, darken the room, or use the lamp of the phone in place of its screen.",
        )
    linear, level_by = _corrected(added, bright, flash, face, device, pupils_mm)
    return FlashLight(
        linear=linear,
        unlit=share_map < UNLIT_SHARE,
        record=FlashPair(
            ambient=ambient.origin.name,
            exposure=(float(exposure[0]), float(exposure[1]), float(exposure[2])),
            exposure_by=told_by,
            flash_share=share,
            signal_to_noise=signal_to_noise,
            moved=moved,
            device="" if device is None else device.name,
            level_by=level_by,
        ),
    )


def photo_linear(photo: Photo, tone_curve: tuple[float, float, float]) -> FloatMap:
    """Return the light of a photo (h, w, 3), its camera's tone curve undone."""
    pixels = photo.pixels if photo.encoding is not Encoding.SRGB else np.asarray(decode(photo.pixels), np.float32)
    return straighten(pixels, tone_curve)


def given_light(capture: Capture) -> float | None:
    """Return seconds x ISO / f-number squared, None where the photo does not say."""
    if not capture.iso or not capture.exposure_s or not capture.f_number:
        return None
    return capture.exposure_s * capture.iso / capture.f_number**2


def eye_scale(landmarks: FloatMap, photo: Photo, pupils_mm: float | None = None) -> float:
    """Return pixels a millimetre at the eyes over the photo's long side.

    From the distance of the pupils where it is known, else from the outer corners of the eyes.
    """
    right, left = (landmarks[place].astype(np.float64) for place in (EYE_CORNERS if pupils_mm is None else PUPILS))
    apart_mm = EYE_CORNERS_MM if pupils_mm is None else pupils_mm
    return float(np.linalg.norm(left - right)) / apart_mm / max(photo.width_px, photo.height_px)


def _as_linear(photo: Photo, linear: FloatMap) -> Photo:
    return Photo(
        pixels=np.clip(linear, 0, 1), encoding=Encoding.LINEAR_SRGB, capture=photo.capture, origin=photo.origin
    )


def _refuse_other_frames(ambient: Photo, flash: Photo) -> None:
    if ambient.pixels.shape != flash.pixels.shape:
        raise InputError(
            f"The frames differ in size: {ambient.width_px} x {ambient.height_px} and "
            f"{flash.width_px} x {flash.height_px} px.",
            advice="Take both with the same camera, upright alike and without zoom.",
        )
    if float(np.percentile(np.abs(ambient.pixels - flash.pixels), 99.9)) < _SAME:
        raise InputError(
            "Both frames of the pair are the same photo.",
            advice="Give the frame without flash first, then the one with it: --flash-pair AMBIENT FLASH.",
        )


def _refuse_clipped(encoded: FloatMap, skin: BoolMap) -> None:
    clipped = float((brightest_channel(encoded) >= CLIPPED_HIGH)[skin].mean()) if skin.any() else 0.0
    if clipped > MOST_CLIPPED:
        raise InputError(
            f"{clipped:.0%} of the skin in the flash frame is overexposed.",
            advice="Go further away or lower the exposure, and take both frames again.",
        )


def _refuse_weak(share: float) -> None:
    if share < -WEAK_SHARE / 2:
        raise InputError(
            "The first frame of the pair holds more light of the flash than the second.",
            advice="Give the frame without flash first: --flash-pair AMBIENT FLASH.",
        )
    if share < WEAK_SHARE:
        raise InputError(
            f"The flash brought only {max(share, 0.0):.0%} of the light on the face.",
            advice="Darken the room or go nearer, so that the flash is the brighter light, and take both frames again.",
        )


def _laid_on(ambient: Photo, face: Face, linear: FloatMap) -> tuple[FloatMap, float]:
    """Return the ambient light (h, w, 3) on the frame of the face, and how far it moved in face widths."""
    found = _ambient_landmarks(ambient)
    if found is None or face.landmarks is None:
        box = crop(_as_linear(ambient, linear), face.frame)
        if face.skin.any() and float(np.median((box @ LUMINANCE)[face.skin])) > _DARK_ROOM:
            raise InputError(
                "The face was not found in both frames of the pair.",
                advice="Show the whole face in both, and hold still between them.",
            )
        return box, 0.0  # so dark that it does not matter where
    width = face.face_width_px or float(np.ptp(face.landmarks[:, 0]))
    here, there = face.landmarks[:, :2].astype(np.float64), found[:, :2].astype(np.float64)
    moved = float(np.sqrt(np.mean(np.sum((here - there) ** 2, axis=1)))) / width
    plane = np.linalg.lstsq(np.column_stack([here, np.ones(len(here))]), there, rcond=None)[0]
    bent = np.sqrt(np.mean(np.sum((np.column_stack([here, np.ones(len(here))]) @ plane - there) ** 2, axis=1))) / width
    if moved > MOST_MOVED or bent > _BENT:
        raise InputError(
            f"The face moved too far between the frames of the pair ({moved:.2f} face widths).",
            advice="Rest the phone or the head, look at the same spot, and take both frames right after each other.",
        )
    return _warped(linear, face, np.asarray(plane, np.float64)), moved


def _ambient_landmarks(ambient: Photo) -> FloatMap | None:
    """Return the landmarks (478, 3) of the largest face of a frame that may be dark."""
    level = float(np.percentile(ambient.pixels, 95))
    photo = ambient
    if level < 0.5:
        gain = decode(np.full(3, 0.7))[0] / max(float(decode(np.full(3, level))[0]), 1e-4)
        brighter = np.clip(np.asarray(encode(np.clip(decode(ambient.pixels) * gain, 0, 1)), np.float32), 0, 1)
        photo = Photo(pixels=brighter, encoding=Encoding.SRGB)
    faces = [one for one in detect_faces(photo) if one.landmarks is not None]
    return faces[0].landmarks if faces else None


def _warped(linear: FloatMap, face: Face, plane: _Floats) -> FloatMap:
    """Return the ambient light on the frame of the face, moved as `plane` (3, 2) says of photo pixels."""
    from scipy.ndimage import map_coordinates, uniform_filter  # late: 0.1 s

    frame = face.frame
    x = frame.x_px + (np.arange(frame.width) + 0.5) * frame.factor - 0.5
    y = frame.y_px + (np.arange(frame.height) + 0.5) * frame.factor - 0.5
    grid = np.stack([*np.meshgrid(x, y), np.ones((frame.height, frame.width))], axis=-1) @ plane
    places = [grid[..., 1], grid[..., 0]]
    layers = [
        map_coordinates(uniform_filter(linear[..., k], frame.factor), places, order=1, mode="nearest") for k in range(3)
    ]
    return np.stack(layers, axis=-1).astype(np.float32)


def _exposure(ambient: Photo, flash: Photo, face: Face, curve: tuple[float, float, float]) -> tuple[_Floats, str]:
    """Return by how much more light the flash frame was given (3,), and what told it.

    The background is believed before EXIF, since it knows white balance and processing too, unless the flash lit it.
    """
    given = given_light(ambient.capture), given_light(flash.capture)
    said = None if given[0] is None or given[1] is None else given[1] / given[0]
    seen = _background_ratio(photo_linear(ambient, curve), photo_linear(flash, curve), face)
    if seen is not None and (said is None or float(seen @ LUMINANCE) < said * (1 + _AGREE)):
        return seen, "background"
    if said is not None:
        return np.full(3, said), "exif"
    raise InputError(
        "Neither EXIF nor a background that the flash does not reach tells how the two frames were exposed.",
        advice="Keep EXIF in the files, or take the pair with a far background in view.",
    )


def _background_ratio(dark: FloatMap, bright: FloatMap, face: Face) -> _Floats | None:
    """Return the ratio (3,) of the frames where the flash does not reach; None where too little can be compared.

    Blocks of the picture beside the person vote; where the flash reached some, those that it did not are the lowest.
    """
    beside = _beside_person(face, dark.shape[:2])
    size = max(2, min(dark.shape[:2]) // _BLOCKS)
    rows, columns = dark.shape[0] // size, dark.shape[1] // size
    cut = (slice(rows * size), slice(columns * size))

    def blocks(values: FloatMap) -> FloatMap:
        mean = values[cut].reshape(rows, size, columns, size, -1).mean(axis=(1, 3))
        return np.asarray(mean.reshape(rows * columns, -1), np.float32)

    before, after, free = blocks(dark), blocks(bright), blocks(beside[..., None].astype(np.float32))[:, 0] > 0.99
    low, high = _BACKGROUND_RANGE
    usable = free & (np.minimum(before, after).min(axis=1) > low) & (np.maximum(before, after).max(axis=1) < high)
    if usable.sum() < _FEWEST_BLOCKS:
        return None
    ratios = after[usable] / before[usable]
    level = ratios @ LUMINANCE
    near = level <= 1.1 * np.percentile(level, 10)
    return np.asarray(np.median(ratios[near], axis=0), np.float64)


def _beside_person(face: Face, shape: tuple[int, int]) -> BoolMap:
    """Return which pixels of the photo lie beside the person, as far as the parts of the face tell."""
    frame = face.frame
    beside = np.ones(shape, np.bool_)
    near = np.repeat(np.repeat(face.segmentation == SegmentationClass.BACKGROUND, frame.factor, 0), frame.factor, 1)
    here = beside[frame.y_px : frame.y_px + near.shape[0], frame.x_px : frame.x_px + near.shape[1]]
    here &= near[: here.shape[0], : here.shape[1]]
    beside[frame.y_px + near.shape[0] :] = False  # chest and shoulders
    return beside


def _signal_to_noise(added: FloatMap, skin: BoolMap) -> float:
    """Return the median of the light that the flash brought over the noise of one pixel, on the skin."""
    light = added @ LUMINANCE
    steps = (light[:, 1:] - light[:, :-1])[skin[:, 1:] & skin[:, :-1]]
    if steps.size < 16:
        return 0.0
    noise = float(1.4826 * np.median(np.abs(steps - np.median(steps))) / np.sqrt(2))
    return float(np.median(light[skin])) / max(noise, 1e-5)


def _corrected(
    added: FloatMap,
    bright: FloatMap,
    flash: Photo,
    face: Face,
    device: DeviceProfile | None,
    pupils_mm: float | None,
) -> tuple[FloatMap, str]:
    """Return the light under D65 where 1 is a white in the same place, and what told its level."""
    skin = face.skin
    as_photographed = float(np.median((bright @ LUMINANCE)[skin]) / np.median((added @ LUMINANCE)[skin]))
    if device is None:
        return (added * np.float32(as_photographed)).astype(np.float32), ""
    given = given_light(flash.capture)
    if device.exposure is None or device.scale is None or given is None or face.landmarks is None:
        matrix = device.matrix / (device.matrix @ np.ones(3)).mean()
        return (added * np.float32(as_photographed) @ matrix.T.astype(np.float32)).astype(np.float32), ""
    nearness = eye_scale(face.landmarks, flash, pupils_mm) / device.scale
    level = device.exposure / given / nearness**2 / SKIN_FACING
    linear = (added * np.float32(level)) @ device.matrix.T.astype(np.float32) + device.offset.astype(np.float32)
    return np.asarray(linear - np.float32(GLOSS), dtype=np.float32), "eyes" if pupils_mm is None else "pupils"
