"""What is known of the light of a photo: a reference in it, a flash pair, a calibrated rig, or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from dermis.colour.device import DeviceProfile, straighten
from dermis.colour.srgb import decode
from dermis.core import CaptureCondition, Encoding, Face, LightReference, Photo
from dermis.core.analysis import measured_as
from dermis.core.arrays import BoolMap, FloatMap
from dermis.errors import InputError, UsageError
from dermis.formats.device_json import default_profile, read_profile
from dermis.pipeline.light.flash_pair import FlashLight, flash_light, given_light
from dermis.pipeline.options import AnalyseOptions
from dermis.pipeline.reference import correct_light, read_reference

__all__ = ["AS_BALANCED", "Lighting", "check_lighting", "lighting_of", "linear_light", "with_pair"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lighting:
    """kind: the capture condition; with it what fixes the light. problems: codes of what is missing."""

    kind: CaptureCondition = CaptureCondition.UNKNOWN
    reference: LightReference | None = None
    pair: FlashLight | None = None
    profile: DeviceProfile | None = None
    problems: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the light was fixed, level included."""
        if self.pair is not None:
            return bool(self.pair.record.level_by)
        return self.reference is not None or self.profile is not None

    @property
    def measured_as(self) -> str:
        """The name under which errors of such photos were measured."""
        kind, unlike = (None, False) if self.reference is None else (self.reference.kind, self.reference.unlike)
        levelled = self.pair is None or self.pair.record.level_by
        device = self.profile.name if self.profile is not None and levelled else None
        return measured_as(self.kind, kind, device, unlike=unlike)

    @property
    def by(self) -> str:
        """What fixed it, in words."""
        if self.pair is not None:
            return "The calibrated flash of the device"
        return "A patch or chart of known colours" if self.reference is not None else "The profile of the rig"


PUPILS_MM = (45.0, 80.0)
AS_BALANCED = Lighting()
"""Nothing is known: the light is taken as the camera balanced it."""


def check_lighting(options: AnalyseOptions, *, pair: bool = False) -> None:
    """Refuse options of the light that cannot mean anything. Raises UsageError.

    pair: there is an ambient frame, whether or not the options name it.
    """
    if options.condition not in (None, "controlled", "unknown"):
        raise UsageError(
            f"--condition takes controlled, got {options.condition!r}.",
            advice="The other conditions follow from --reference and --flash-pair.",
        )
    pair = pair or options.flash_pair is not None
    named = [
        name
        for name, given in (
            ("--reference", options.reference is not None),
            ("--flash-pair", pair),
            ("--condition controlled", options.condition == "controlled"),
        )
        if given
    ]
    if len(named) > 1:
        raise UsageError(f"{named[0]} and {named[1]} were given.", advice="Give one: each fixes the light.")
    if options.device is not None and (not named or named[0] == "--reference"):
        raise UsageError(
            "--device goes with --flash-pair or --condition controlled.", advice="Say how the photo was taken."
        )
    if options.pupils_mm is not None:
        if not pair:
            raise UsageError("--pupils-mm goes with --flash-pair.", advice="Leave it out.")
        if not PUPILS_MM[0] <= options.pupils_mm <= PUPILS_MM[1]:
            raise UsageError(f"--pupils-mm is {options.pupils_mm:g}.", advice="Pupils are 45 to 80 mm apart.")
    if options.reference is not None:
        read_reference(options.reference)


def lighting_of(photo: Photo, options: AnalyseOptions, *, pair: bool = False) -> Lighting:
    """Return what the options say of the light, before the face is known; a flash pair is laid on it later.

    Raises UsageError for options that mean nothing, InputError for a reference or profile that cannot be used.
    """
    check_lighting(options, pair=pair)
    if options.reference is not None:
        reference = correct_light(photo, read_reference(options.reference))
        return Lighting(kind=CaptureCondition.REFERENCED, reference=reference)
    if pair:
        device, problems = _device(photo, options.device, "flash")
        return Lighting(kind=CaptureCondition.FLASH_PAIR, profile=device, problems=problems)
    if options.condition == "controlled":
        device, problems = _device(photo, options.device, "rig")
        return Lighting(kind=CaptureCondition.CONTROLLED, profile=device, problems=problems)
    return AS_BALANCED


def with_pair(lighting: Lighting, ambient: Photo, photo: Photo, face: Face, pupils_mm: float | None = None) -> Lighting:
    """Return the lighting of a flash pair, once its face is known. Raises InputError as `flash_light` does."""
    found = flash_light(ambient, photo, face, lighting.profile, pupils_mm=pupils_mm)
    problems = lighting.problems
    if lighting.profile is not None and not found.record.level_by:
        problems = (*problems, "no_level")
    return Lighting(kind=lighting.kind, pair=found, profile=lighting.profile, problems=problems)


def linear_light(
    encoded: FloatMap, photo: Photo, face: Face, lighting: Lighting
) -> tuple[FloatMap, FloatMap, BoolMap | None]:
    """Return the light (h, w, 3) of the frame as photographed and as corrected, and what the flash left unlit."""
    plain = encoded if photo.encoding is not Encoding.SRGB else _decoded(encoded, photo, face)
    if lighting.pair is not None:
        return lighting.pair.linear, lighting.pair.linear, lighting.pair.unlit
    if lighting.reference is not None:
        light = lighting.reference
        return plain, plain @ light.matrix.T.astype(np.float32) + light.offset.astype(np.float32), None
    if lighting.profile is not None:
        rig, given = lighting.profile, given_light(photo.capture)
        gain = 1.0 if rig.exposure is None or given is None else rig.exposure / given
        straight = straighten(plain, rig.tone_curve) * np.float32(gain)
        return plain, straight @ rig.matrix.T.astype(np.float32) + rig.offset.astype(np.float32), None
    return plain, plain, None


def _decoded(encoded: FloatMap, photo: Photo, face: Face) -> FloatMap:
    """Return the light of sRGB values (h, w, 3) of a face's frame; by a table where they are levels of the photo."""
    frame = face.frame
    if frame.factor != 1 or photo.levels is None:
        return np.asarray(decode(encoded), dtype=np.float32)
    rows, columns = slice(frame.y_px, frame.y_px + frame.height), slice(frame.x_px, frame.x_px + frame.width)
    return np.take(_light_of_levels(), photo.levels[rows, columns])


@cache
def _light_of_levels() -> FloatMap:
    levels = np.arange(256, dtype=np.uint8) / np.float32(255)
    return np.asarray(decode(np.repeat(levels[:, None], 3, axis=1)), np.float32)[:, 0]


def _device(photo: Photo, path: Path | None, kind: str) -> tuple[DeviceProfile | None, tuple[str, ...]]:
    """Return the profile to apply: the one named, else the user's own where it is of this camera."""
    if path is not None:
        profile = read_profile(path, kind)
        if not _same_camera(profile, photo):
            raise InputError(
                f"{path} is the profile of {profile.name}, and the photo is by "
                f"{' '.join(filter(None, (photo.capture.make, photo.capture.model)))}.",
                advice="Calibrate this camera: dermis calibrate.",
            )
        return profile, ()
    kept = default_profile(kind)
    if not kept.is_file():
        return None, ("no_device",)
    profile = read_profile(kept, kind)
    return (profile, ()) if _same_camera(profile, photo) else (None, ("other_device",))


def _same_camera(profile: DeviceProfile, photo: Photo) -> bool:
    """Return whether a photo may be by the camera of a profile; what either does not say speaks not against it."""
    said: Iterable[tuple[str, str | None]] = (
        (profile.make, photo.capture.make),
        (profile.model, photo.capture.model),
    )
    return all(not one or not other or one == other for one, other in said)
