"""Photos of made people with one fault each: whether the verdict names it, on dark and light skin alike."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from dermis.colour.srgb import decode, encode
from dermis.core import Face, Photo, Region, SegmentationClass, in_classes
from dermis.core.arrays import BoolMap, FloatMap
from dermis.face.find import find_face
from dermis.lab.evaluate.evidence.out_of_scope import made_faces, parts_on_photo
from dermis.lab.evaluate.evidence.readings import MADE, Reading, reading_of

__all__ = ["FAULTS", "PLAIN", "fault_readings", "faults_table", "faulty"]

Step = Callable[[str], None]
_SKIN = (SegmentationClass.FACE_SKIN, SegmentationClass.NOSE)
_PITCH_DEG, _ROLL_DEG = 42.0, 45.0
PLAIN = "as taken"

FAULTS: Mapping[str, tuple[str, ...]] = {
    "light from behind": ("backlight", "too_dark"),
    "four stops too dark": ("too_dark",),
    "three stops too bright": ("too_bright", "clipped"),
    "light from one side": ("side_light", "uneven_light"),
    "glare of a flash": ("flash_glare",),
    "wet skin": ("wet_shine",),
    "warm cast": ("colour_cast", "tinted_whites"),
    "blue cast": ("colour_cast", "tinted_whites"),
    "beauty filter": ("smoothed",),
    "JPEG of quality 8": ("compressed",),
    "head tilted back": ("tilted",),
    "head leant to the shoulder": ("rolled",),
}
"""By fault, the codes of which one must be said."""


def fault_readings(people: int, *, size_px: int = 400, step: Step = lambda words: None) -> Iterator[Reading]:
    """Yield the verdict on photos of made people, each ITA class in turn, as taken and with each fault (shot)."""
    for pitch_deg in (0.0, _PITCH_DEG):
        for number, (tone, photo) in enumerate(made_faces(people, size_px=size_px, pitch_deg=pitch_deg)):
            face = find_face(photo)
            if face is None:
                continue
            shown = [("head tilted back", photo)] if pitch_deg else [(PLAIN, photo), *faulty(photo, face)]
            for name, one in shown:
                step(f"{number}, {name}")
                yield reading_of(one, tasks=("skin_tone",), source=f"{MADE}, {tone}", person=f"{number}", shot=name)


def faulty(photo: Photo, face: Face) -> Iterator[tuple[str, Photo]]:
    """Yield name and picture of a photo with each fault but a tilted head, which is made with the photo."""
    linear = np.asarray(decode(photo.pixels), np.float32)
    parts = parts_on_photo(face, photo)
    person, skin = parts != SegmentationClass.BACKGROUND, in_classes(parts, _SKIN)
    level = float(np.median(linear[skin].max(axis=1)))
    behind = np.where(person[..., None], linear * np.float32(0.02 / level), np.float32(0.75))
    yield "light from behind", _of(photo, behind)
    yield "four stops too dark", _of(photo, linear * np.float32(0.005 / level))
    yield "three stops too bright", _of(photo, linear * np.float32(8 * 0.3 / level))
    columns = np.flatnonzero(skin.any(axis=0))
    across = np.clip((np.arange(skin.shape[1]) - columns[0]) / max(np.ptp(columns), 1), 0, 1)
    yield "light from one side", _of(photo, linear * np.exp(-np.log(12.0) * across)[None, :, None].astype(np.float32))
    flash = replace(photo, capture=replace(photo.capture, flash_fired=True))
    yield "glare of a flash", _of(flash, _shining(linear, skin, face, 0.16, (Region.FOREHEAD, Region.NOSE)))
    yield "wet skin", _of(photo, _shining(linear, skin, face, 0.08, tuple(Region)))
    yield "warm cast", _of(photo, linear * np.array([1.0, 0.5, 0.12], np.float32))
    yield "blue cast", _of(photo, linear * np.array([0.35, 0.7, 1.3], np.float32))
    yield "beauty filter", replace(photo, pixels=_smoothed(photo.pixels, skin))
    yield "JPEG of quality 8", replace(photo, pixels=_compressed(photo.pixels, 8))
    yield "head leant to the shoulder", replace(photo, pixels=_turned(photo.pixels))


def _of(photo: Photo, linear: FloatMap) -> Photo:
    shown = np.asarray(encode(np.clip(linear, 0, 1)), np.float64)
    return replace(photo, pixels=(np.rint(255 * shown) / 255).astype(np.float32))


def _shining(linear: FloatMap, skin: BoolMap, face: Face, share: float, regions: Sequence[Region]) -> FloatMap:
    """Return the light with white spots of that share of the face's width in the middle of each region."""
    places = np.indices(skin.shape).astype(np.float32)
    width = max(float(np.ptp(np.flatnonzero(skin.any(axis=0)))), 20.0)
    frame, glare = face.frame, np.zeros(skin.shape, np.float32)
    for region in regions:
        rows, columns = np.nonzero(face.regions == region.code) if region is not Region.FACE else ((), ())
        if len(rows):
            middle = frame.y_px + frame.factor * np.median(rows), frame.x_px + frame.factor * np.median(columns)
            away = np.hypot(places[0] - middle[0], places[1] - middle[1]) / (share * width)
            glare = np.maximum(glare, np.exp(-(away**4)))
    level = float(np.median(linear[skin].max(axis=1)))
    return np.asarray(linear + np.where(skin, glare, 0)[..., None] * max(1.5 * level, 0.25), np.float32)


def _smoothed(pixels: FloatMap, skin: BoolMap) -> FloatMap:
    from scipy.ndimage import gaussian_filter  # late: 40 ms

    soft = np.stack([gaussian_filter(pixels[..., channel], 3.0) for channel in range(3)], axis=-1)
    return np.asarray(np.where(skin[..., None], soft, pixels), np.float32)


def _compressed(pixels: FloatMap, quality: int) -> FloatMap:
    from PIL import Image  # late: only here

    packed = io.BytesIO()
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(packed, format="JPEG", quality=quality)
    with Image.open(packed) as image:
        return np.asarray(image, np.float32) / np.float32(255)


def _turned(pixels: FloatMap) -> FloatMap:
    from scipy.ndimage import rotate  # late: 40 ms

    return np.clip(rotate(pixels, _ROLL_DEG, reshape=False, order=1, mode="nearest"), 0, 1).astype(np.float32)


_TONES: Mapping[str, tuple[str, ...]] = {
    "dark, brown": ("dark", "brown"),
    "tan, intermediate": ("tan", "intermediate"),
    "light, very light": ("light", "very light"),
}


def faults_table(made: Sequence[Reading], real: Sequence[Reading]) -> str:
    """Return how often each fault is named by tone, and how often its codes are said where nobody made the fault."""
    sources = tuple(dict.fromkeys(one.source for one in real))
    heads = ("fault", "named by", *_TONES, "made, as taken", *sources)
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name, codes in FAULTS.items():
        cells = [name, ", ".join(f"`{code}`" for code in codes)]
        for tones in _TONES.values():
            cells.append(_share(made, name, tuple(f"{MADE}, {tone}" for tone in tones), codes))
        cells.append(_share(made, PLAIN, (), codes))
        cells += [_share(real, "", (source,), codes) for source in sources]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _share(readings: Sequence[Reading], shot: str, sources: Sequence[str], codes: Sequence[str]) -> str:
    some = [one for one in readings if shot in ("", one.shot) and (not sources or one.source in sources)]
    return f"{sum(bool(set(codes) & set(one.problems)) for one in some)} of {len(some)}"
