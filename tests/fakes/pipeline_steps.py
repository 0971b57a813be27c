"""What steps of the pipeline give on a painted face: see `fakes.frozen_steps`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from unittest.mock import patch as patch_of

import numpy as np
from scipy.ndimage import shift

from dermis.colour.device import DeviceProfile
from dermis.colour.srgb import decode, encode
from dermis.core import Analysis, Capture, CaptureCondition, Encoding, Origin, Photo, Provenance, Quality, Region, View
from dermis.face.crop import crop
from dermis.pipeline.alignment import Alignment, align, on_skin
from dermis.pipeline.exclusion import exclude
from dermis.pipeline.light.beside_chart import beside_chart, charted_clues
from dermis.pipeline.light.calibration import calibrate_flash, calibrate_rig
from dermis.pipeline.light.flash_pair import eye_scale, flash_light
from dermis.pipeline.longitudinal import change_between, same_lesion
from dermis.pipeline.multi_view import combine_views
from dermis.pipeline.one_tone import combine_tones
from dermis.pipeline.quality.measures import quality_measures
from dermis.pipeline.reference import ChartCorners, correct_light, read_reference
from dermis.pipeline.trial.deidentify import skin_alone
from dermis.pipeline.trial.difference_map import difference_between
from dermis.tasks import TASKS
from dermis.tasks.acne.change_link import lesion_logit
from dermis.tasks.redness.redness_map import redness_map
from fakes.charts import chart_picture
from fakes.painted_face import PaintedFace, both_faces, by_region, painted_face, placed

Told = Mapping[str, object]
GIVEN = Capture(make="Maker", model="One", iso=100, exposure_s=0.02, f_number=2.0)


def skin() -> Told:
    held = painted_face()
    linear = held.skin.linear
    bare = exclude(crop(held.photo, held.face.frame), linear, held.face.skin, held.face.segmentation)
    return {
        "excluded": held.skin.excluded, "sure": bare, "measured": held.skin.measured,
        "alone": skin_alone(held.photo, held.face),
        "alone without a width": skin_alone(held.photo, replace(held.face, face_width_px=None)),
    }  # fmt: skip


def quality() -> Told:
    return {
        name: quality_measures(held.face, held.skin, crop(held.photo, held.face.frame), held.photo.capture)
        for name, held in both_faces().items()
    }


def alignment() -> Told:
    held = painted_face(halved=True)
    moved = shift(held.photo.pixels, (3.4, -5.6, 0), order=1, mode="nearest")
    rows = np.arange(held.photo.height_px)[:, None, None] / held.photo.height_px
    after = replace(held.photo, pixels=np.asarray(moved * (0.95 - 0.1 * rows), np.float32))
    frame = held.face.frame
    points = np.stack(np.meshgrid(np.linspace(220, 450, 7), np.linspace(200, 500, 7)), -1).reshape(-1, 2)
    told: dict[str, object] = {"on skin": on_skin(held.face, points)}
    for name, landmarks in (("landmarks", held.face.landmarks), ("corners", None)):
        one = replace(held.face, landmarks=landmarks)
        other = replace(one, frame=replace(frame, x_px=frame.x_px - 6, y_px=frame.y_px + 3),
                        landmarks=None if landmarks is None else landmarks + np.float32([-7.0, 2.5, 0.0]))  # fmt: skip
        laid = align(held.photo, one, after, other)
        told[name] = [laid.moved(points) - points, laid.off_face_widths, laid.textured]
    return told


def beside() -> Told:
    held = painted_face()
    return {
        "clues": charted_clues(held.skin, held.face),
        "without a width": charted_clues(held.skin, replace(held.face, face_width_px=None)),
        "corrected": beside_chart(held.skin, held.face).linear,
    }


def flash() -> Told:
    held = painted_face(halved=True)
    rng, linear = np.random.default_rng(4), np.asarray(decode(held.photo.pixels), np.float64)
    aside = np.linspace(1.5, 0.5, linear.shape[1])[None, :, None]
    room = 0.35 * linear * (0.9, 0.7, 0.5) * aside
    far = np.where(linear.mean(axis=2, keepdims=True) > 0.5, 0.02, 0.55)
    noise = 0.002 * rng.standard_normal((2, *linear.shape))
    shown = [np.asarray(encode(np.clip(light, 0, 1)), np.float32) for light in
             (1.3 * np.roll(room, (4, -3), (0, 1)) + noise[0], room + far * linear + noise[1])]  # fmt: skip
    ambient, flash = (replace(held.photo, pixels=pixels) for pixels in shown)
    longer = replace(ambient, capture=replace(ambient.capture, exposure_s=0.026))
    there = held.face.landmarks * np.float32([1.004, 0.998, 1]) + np.float32([-3, 4, 0])
    plain = DeviceProfile(kind="flash", matrix=np.array([[1.1, -0.1, 0.02], [0.05, 0.9, 0], [0, 0.1, 1.2]]))
    device = replace(
        plain, offset=np.array([0.001, 0.002, 0.003]), tone_curve=(0.95, 0.03, 0.0), exposure=0.4, scale=0.0021
    )
    told: dict[str, object] = {"eyes": [eye_scale(held.face.landmarks, flash, apart) for apart in (None, 61.0)]}
    with patch_of("dermis.pipeline.light.flash_pair._ambient_landmarks", return_value=there):
        for name, frame, profile, pupils in (("no level", ambient, plain, None), ("eyes", ambient, device, None),
                                             ("pupils", longer, device, 61.0)):  # fmt: skip
            found = flash_light(frame, flash, held.face, profile, pupils_mm=pupils)
            told[name] = [found.linear, found.unlit, found.record]
    return told


def _analysis(held: PaintedFace, name: str, **changes: object) -> Analysis:
    lesions = replace(placed(held), comedones=dict.fromkeys(Region, 2.0), open_share=0.3)
    found = redness_map(held.skin, held.face.frame)
    findings = [one for task in ("acne_lesions", "acne_grade") for one in TASKS[task].measure(lesions=lesions)]
    findings += TASKS["redness"].measure(skin=held.skin, redness_map=found)
    findings += TASKS["skin_tone"].measure(skin=replace(held.skin, light_known=True, measured_as="referenced"))
    given = {"photo": held.photo, "face": held.face, "lesions": lesions, "findings": tuple(findings), **changes}
    return Analysis(name=name, quality=Quality(), provenance=Provenance(dermis="0"), **given)


def visits() -> Told:
    held, small = painted_face(), painted_face(halved=True)
    first, second = _analysis(held, "a"), _analysis(small, "b")
    fewer = replace(second.lesions, items=second.lesions.items[2:], on_right=second.lesions.on_right[2:],
                    counts={**second.lesions.counts, Region.FACE: 6.0})  # fmt: skip
    fewer = replace(fewer, found=replace(fewer.found, scores=fewer.found.scores * np.float32(0.8)))
    second = replace(second, lesions=fewer, photo=replace(small.photo, origin=Origin(sha256="b")))
    laid = [Alignment(moved=lambda points, by=by: points * by + 1.3, off_face_widths=0.01, textured=0.8, by="hand")
            for by in (0.5, 2.0)]  # fmt: skip
    with patch_of("dermis.pipeline.longitudinal.align", side_effect=laid):
        change = change_between(first, second)
    with patch_of("dermis.pipeline.trial.difference_map.align", return_value=laid[0]):
        gained = difference_between(first, second, "redness")
    nearly = [
        [same_lesion(apart, ratio, off=0.02, per_area=9.0) for apart in (0.0, 0.02, 0.05)] for ratio in (1.0, 2.0)
    ]
    chances = [lesion_logit(score, (2.87, 3.04)) for score in (0.0, 0.1, 0.4, 0.9, 1.0)]
    told = {one.name: getattr(change, one.name) for one in fields(change)}
    return {**told, "gained": gained, "one lesion": nearly, "a lesion": chances}


def several_photos() -> Told:
    front = _analysis(painted_face(), "front", condition=CaptureCondition.REFERENCED)
    face, lesions = front.face, front.lesions
    side = {"left": View.LEFT, "right": View.RIGHT}
    hidden = {name: np.where(face.regions == Region.NOSE.code, near.code, face.regions) * (face.regions != far.code)
              for name, far, near in (("left", Region.RIGHT_CHEEK, Region.LEFT_CHEEK),
                                      ("right", Region.LEFT_CHEEK, Region.RIGHT_CHEEK))}  # fmt: skip
    more = {name: {region: share * count for region, count in lesions.counts.items()} for name, share in
            (("left", 1.4), ("right", 0.6))}  # fmt: skip
    sides = [replace(front, name=name, face=replace(face, view=side[name], regions=hidden[name].astype(np.uint8)),
                     lesions=replace(lesions, view=side[name], counts=more[name], halves=None))
             for name in side]  # fmt: skip
    told = {"three": by_region(combine_views([front, *sides])), "two": by_region(combine_views(sides))}
    shifts = (0.0, 1.0, -1.5, 0.5, 30.0)
    for count in (1, 3, 5):
        photos = [replace(front, name=str(place), findings=tuple(
            replace(one, detail={**one.detail, "lab": [one.detail["lab"][0] + shift, *one.detail["lab"][1:]]})
            for one in front.findings if one.task == "skin_tone"))
            for place, shift in enumerate(shifts[:count])]  # fmt: skip
        told[f"tones of {count}"] = by_region(combine_tones(photos)[:2])
    return told


def calibration() -> Told:
    shape = (240, 320)
    dark, centres = chart_picture(matrix=0.12 * np.eye(3), noise=0.001, shape=shape)
    lit, _ = chart_picture(matrix=np.diag([0.5, 0.55, 0.6]) @ (0.9 * np.eye(3) + 0.03), shape=shape)
    bright = np.asarray(encode(np.clip(decode(dark) + decode(lit), 0, 1)), np.float32)
    ambient, flash = (Photo(pixels=one**0.95, encoding=Encoding.SRGB, capture=GIVEN) for one in (dark, bright))
    flash = replace(flash, capture=replace(GIVEN, iso=80))
    corners = ChartCorners(corners_px=tuple(centres[[0, 5, 23, 18]].ravel()))
    x, y = centres[20].astype(int) - 10
    patch = read_reference(f"{x},{y},20,20=#a0a0a0")
    with patch_of("dermis.pipeline.light.calibration.detect_faces", return_value=[]):
        by_patch = calibrate_flash(ambient, flash, patch)
    grey = correct_light(flash, patch)
    return {
        "flash": [
            calibrate_flash(ambient, flash, corners),
            calibrate_flash(ambient, flash, corners, patch_step_mm=30.0),
        ],
        "flash, patch": by_patch,
        "rig": [calibrate_rig(flash, corners), calibrate_rig(flash, patch)],
        "reference": [grey, correct_light(flash, corners)],
    }
