"""Calibrating a device from a photo, or a flash pair, with a chart or a grey patch in view."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dermis.colour.chart import chart_linear, fit_chart
from dermis.colour.chart_finder import Chart, chart_at, find_chart
from dermis.colour.device import STRAIGHT, DeviceProfile, fit_tone_curve, straighten
from dermis.colour.reference import fit_light
from dermis.core import Encoding, Photo
from dermis.errors import InputError
from dermis.face.detection import detect_faces
from dermis.pipeline.light.flash_pair import eye_scale, given_light, photo_linear
from dermis.pipeline.reference import ChartCorners, Reference, ReferencePatch, patch_box

__all__ = ["calibrate_flash", "calibrate_rig"]

_Floats = NDArray[np.float64]

_GREYS = slice(18, 24)
PATCH_STEP_MM = 44.5
"""Distance of the middles of neighbouring patches on a ColorChecker Classic of 216 x 279 mm."""
_ROUNDED = 1e-6
"""So much less than a whole pixel is that pixel: how arithmetic rounds must not decide, it differs by machine."""
_LEAST_SHARE = 0.2
_BRIGHT = 0.85


def calibrate_rig(photo: Photo, reference: Reference) -> DeviceProfile:
    """Return the profile of a rig: one photo in its light, with a chart or a grey patch.

    Raises InputError where the reference cannot be used.
    """
    given = given_light(photo.capture)
    if isinstance(reference, ReferencePatch):
        fit = fit_light(_patch_pixels(photo, reference), reference.colour_hex)
        return _named(
            photo, DeviceProfile(kind="rig", matrix=fit.matrix, exposure=given, delta_e_after=fit.delta_e_after)
        )
    chart = _chart_of(photo, reference)
    curve = fit_tone_curve([_greys(chart.patches_linear)])
    fitted = fit_chart(np.asarray(straighten(chart.patches_linear, curve), np.float64))
    profile = DeviceProfile(
        kind="rig",
        matrix=fitted.matrix,
        offset=fitted.offset,
        tone_curve=curve,
        exposure=given,
        delta_e_after=fitted.delta_e_after,
        falloff=fitted.falloff,
        patches=int(np.isfinite(fitted.residuals).sum()),
    )
    return _named(photo, profile)


def calibrate_flash(
    ambient: Photo, flash: Photo, reference: Reference, *, patch_step_mm: float = PATCH_STEP_MM
) -> DeviceProfile:
    """Return the profile of a device's flash from a pair with a chart, or a grey patch, in view.

    The pair is held still, a tripod is best. patch_step_mm: distance of the middles of neighbouring patches. A grey
    patch tells no size: its scale is that of the face beside it, if there is one. Raises InputError where the frames
    do not say how they were exposed, the reference cannot be used, or the flash hardly lights it.
    """
    given = given_light(ambient.capture), given_light(flash.capture)
    if given[0] is None or given[1] is None:
        raise InputError(
            "The frames do not say how they were exposed (EXIF: time, ISO, f-number).",
            advice="Take the pair with the phone's own camera and give the files as they are.",
        )
    if ambient.pixels.shape != flash.pixels.shape:
        raise InputError("The frames of the pair differ in size.", advice="Take both without zoom, upright alike.")
    exposure = given[1] / given[0]
    if isinstance(reference, ReferencePatch):
        profile = _flash_of_patch(ambient, flash, reference, exposure)
        return _named(flash, replace(profile, exposure=given[1], scale=_face_scale(flash)))
    chart = _chart_of(flash, reference)
    seen = [chart.patches_linear, _patches_at(ambient, chart)]
    curve = fit_tone_curve([_greys(one) for one in seen])
    bright, dark = (np.asarray(straighten(one, curve), dtype=np.float64) for one in seen)
    added = bright - exposure * dark
    _refuse_weak(added, bright)
    gain = _BRIGHT / added.max()
    clipped = chart.patches_linear.max(axis=1) >= 0.97
    fitted = fit_chart(np.where(clipped[:, None], np.nan, added * gain))
    step_px = float(np.linalg.norm(np.diff(chart.corners_px[:2], axis=0))) / 5
    profile = DeviceProfile(
        kind="flash",
        matrix=fitted.matrix * gain,
        offset=fitted.offset,
        tone_curve=curve,
        exposure=given[1],
        scale=step_px / patch_step_mm / max(flash.width_px, flash.height_px),
        delta_e_after=fitted.delta_e_after,
        falloff=fitted.falloff,
        patches=int(np.isfinite(fitted.residuals).sum()),
    )
    return _named(flash, profile)


def _patches_at(ambient: Photo, chart: Chart) -> _Floats:
    """Return the patches (24, 3) of the frame without flash, at the places of the chart."""
    half = max(2, int(0.15 * np.linalg.norm(np.diff(chart.corners_px[:2], axis=0)) / 5))
    linear = photo_linear(ambient, STRAIGHT)
    patches = []
    for x, y in np.floor(chart.centres_px + _ROUNDED).astype(int):
        around = linear[max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1].reshape(-1, 3)
        patches.append(np.median(around, axis=0))
    return np.array(patches, dtype=np.float64)


def _flash_of_patch(ambient: Photo, flash: Photo, patch: ReferencePatch, exposure: float) -> DeviceProfile:
    bright, dark = (_patch_pixels(photo, patch) for photo in (flash, ambient))
    added = bright - exposure * dark
    _refuse_weak(np.median(added, axis=0), np.median(bright, axis=0))
    gain = 0.5 / float(np.median(added))
    fit = fit_light(added * gain, patch.colour_hex)
    return DeviceProfile(kind="flash", matrix=fit.matrix * gain, delta_e_after=fit.delta_e_after)


def _refuse_weak(added: _Floats, bright: _Floats) -> None:
    share = float(added.sum() / bright.sum())
    if share < _LEAST_SHARE:
        raise InputError(
            f"The flash brought only {max(share, 0.0):.0%} of the light on the reference.",
            advice="Give the frame without flash first; darken the room, and hold the reference as near as a face.",
        )


def _patch_pixels(photo: Photo, patch: ReferencePatch) -> _Floats:
    rows, columns = patch_box(photo, patch)
    part = replace(photo, pixels=np.ascontiguousarray(photo.pixels[rows, columns]))
    return photo_linear(part, STRAIGHT).reshape(-1, 3).astype(np.float64)


def _chart_of(photo: Photo, reference: ChartCorners) -> Chart:
    encoded = photo.encoding is Encoding.SRGB
    if reference.corners_px:
        return chart_at(photo.pixels, np.reshape(reference.corners_px, (4, 2)), encoded=encoded)
    found = find_chart(photo.pixels, encoded=encoded)
    if found is None:
        raise InputError(
            f"No ColorChecker was found in {photo.origin.name or 'the photo'}.",
            advice="Show it whole and flat, or name its corners: --reference chart:X1,Y1,X2,Y2,X3,Y3,X4,Y4.",
        )
    return found


def _greys(patches: _Floats) -> tuple[_Floats, _Floats]:
    return np.asarray(patches[_GREYS], np.float64), chart_linear()[_GREYS] @ np.array([0.2126, 0.7152, 0.0722])


def _face_scale(photo: Photo) -> float | None:
    faces = [one for one in detect_faces(photo) if one.landmarks is not None]
    return eye_scale(faces[0].landmarks, photo) if faces and faces[0].landmarks is not None else None


def _named(photo: Photo, profile: DeviceProfile) -> DeviceProfile:
    capture = photo.capture
    return replace(profile, make=capture.make or "", model=capture.model or "")
