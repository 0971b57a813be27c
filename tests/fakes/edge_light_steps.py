"""What parts of tone and light give on small drawn inputs, at their limits: see `fakes.edge_steps`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from dermis.colour.device import DeviceProfile
from dermis.core import (
    Capture,
    CaptureCondition,
    Encoding,
    Photo,
    Region,
    SegmentationClass,
    Skin,
    ToneEstimate,
    View,
)
from dermis.errors import DermisError
from dermis.pipeline import exclusion
from dermis.pipeline.light import beside_chart, flash_pair, lighting
from dermis.pipeline.quality import light_measures, living_skin, measures
from dermis.tasks import norms, pigment_index, tone, tone_posterior
from fakes.edge_steps import COLUMNS, FRAME, ROWS, edge_face
from fakes.painted_face import painted_face

Told = Mapping[str, object]


def told_or_refused(ask: object) -> object:
    """Return the answer, or the first words of the refusal."""
    try:
        return ask()
    except DermisError as fault:
        return " ".join(str(fault).split()[:6])


def tones() -> Told:
    face, skin = edge_face()
    rng = np.random.default_rng(9)
    lab = np.array([52.0, 9.0, 14.0])
    estimate = ToneEstimate(lab=lab, measured_lab=np.array([45.0, 12.0, 9.0]), ita_scale_deg=9.0)
    charted = beside_chart.read_charted_colour()
    few = {count: rng.random((count, 3)).astype(np.float32) for count in (11, 12, 40)}
    photo = Photo(pixels=rng.random((200, 220, 3)).astype(np.float32), encoding=Encoding.SRGB)
    eyes = np.linspace(0.02, 0.3, 60)[:, None] * np.array([1.0, 0.9, 0.8])
    big = replace(photo, pixels=rng.random((450, 610, 3)).astype(np.float32))
    dark, bright = pigment_index.DARKEST, pigment_index.BRIGHTEST
    levels = np.array([[[dark, 0, 0], [0.99 * dark, 0, 0], [0, dark, 0], [0, 0, dark], [0.1, 0.1, bright],
                        [0.1, 0.1, 0.999 * bright], [bright, 0.1, 0.1], [0.1, bright, 0.1]]], np.float32)  # fmt: skip
    fields = []
    for count in (63, 64, 300):
        some = np.zeros((ROWS, COLUMNS), np.bool_)
        some[20:60].flat[:count] = True
        fields.append(pigment_index.shading_field(skin.linear, some))
    wide = np.exp(-rng.random((201, 210, 3))).astype(np.float32)
    return {
        "with ita": [tone._with_ita(lab, ita) for ita in (-90.0, -75.0, 0.0, 30.0, 75.0, 88.0)],
        "ends": [tone._with_ita(np.array([50.0, 5.0, 60.0]), ita) for ita in (-60.0, 60.0)],
        "relit": [tone._relit(one, estimate, lab) for one in (lab, np.array([0.0, 0.0, 0.0]))],
        "monk": [tone.monk_within(one, ends) for one in (lab, np.array([60.0, 0.0, 0.5])) for ends in
                 ((-80.0, 80.0), (10.0, 20.0), (-75.0, -60.0))],
        "lightness": [tone._lightness_interval(region, value, replace(skin, tone=given)) for given in (None, estimate)
                      for region in (Region.FACE, Region.NOSE) for value in (3.0, 60.0, 97.0)],
        "interval": [tone._interval(region, lab, replace(skin, tone=given, measured_as=name)) for given, name in
                     ((None, "referenced"), (estimate, "unknown"))
                     for region in (Region.FACE, Region.LEFT_CHEEK, Region.NOSE)],
        "note": [tone._light_note(replace(skin, light_known=known, tone=given)).text.split()[:4]
                 for known in (False, True) for given in (None, estimate)],
        "light": [tone._light(replace(skin, light_known=known, tone=given, light_by=by)) for known in (False, True)
                  for given in (None, estimate) for by in ("A patch or chart of known colours", "A rig")],
        "spread": [tone._spread(np.stack([np.linspace(30, 70, 50), np.full(50, 9.0), np.full(50, 15.0)], 1), middle)
                   for middle in (-60.0, 0.0, 80.0)],
        "middle": [tone_posterior._middle(pixels, 20, 80) for pixels in few.values()],
        "eyes": [tone_posterior._eye_whites((eyes * by).astype(np.float32)) for by in (1.0, 0.001)]
        + [tone_posterior._eye_whites((0.1 + eyes * by).astype(np.float32)) for by in (0.8, 1.2, 3.0)],
        "around": [list(tone_posterior._surroundings(face, one)) for one in (photo, big)],
        "exposure": [tone_posterior._exposure(Capture(white_balance_auto=one)) for one in (None, True, False)],
        "level": tone_posterior.relit_level(estimate),
        "fields": [*fields, pigment_index.shading_field(wide, wide[..., 0] > 0.38)],
        "maps": pigment_index.pigment_maps(levels, np.ones((1, 8), np.bool_)).melanin.tolist(),
        "charted": [charted.corrected(clues * scale) for scale in (0.5, 1.0, 3.0) for clues in
                    [np.array([50.0, 12, 15, 2500, 600, 750, -0.2])]],
        "norms": [list(norms.percentile("ita_deg", value, region, sex=sex, age=age)) for value, region, sex, age in
                  ((30.0, Region.FACE, None, None), (30.0, Region.NOSE, "F", 19), (55.0, Region.CHIN, "M", 60),
                   (-90.0, Region.FOREHEAD, "M", 20), (99.0, Region.FACE, "F", 201))],
        "norms by age": [norms.find("ita_deg", Region.FACE, sex=sex, age=age).age_group for sex in ("F", "M", None)
                         for age in (0, 19, 20, 29, 30, 39, 40, 49, 50, 59, 60, 200, 201)],
        "no norm": [told_or_refused(lambda: norms.find("ita_deg", Region.LEFT_UNDER_EYE))],
    }  # fmt: skip


def light() -> Told:
    face, skin = edge_face()
    encoded = np.sqrt(skin.linear.clip(0, 1)).astype(np.float32)
    tops = np.linspace(0.0, 0.01, 40, dtype=np.float32)
    ends = np.concatenate([tops, np.linspace(0.96, 1.0, 40, dtype=np.float32)])
    sure = np.linspace(0.5, 1, ROWS * COLUMNS, dtype=np.float32).reshape(ROWS, COLUMNS)
    told: dict[str, object] = {
        "clipped": exclusion._clipped(np.stack([ends] * 3, -1)[None]).astype(np.float64),
        "excluded": exclusion.exclude(encoded, skin.linear, face.skin, face.segmentation, sure),
        "nothing": exclusion.exclude(encoded, skin.linear, face.skin, np.full_like(face.segmentation, 2)),
        "border": [exclusion._border(face.skin, width, sure) for width in (0.4, 1.5, 2.6)],
        "inside": light_measures._inside(face.skin),
    }
    for name, part, places in (("eyes", SegmentationClass.EYES, (11, 12)), ("lips", SegmentationClass.LIPS, (49, 50)),
                               ("behind", SegmentationClass.BACKGROUND, (499, 500)),
                               ("hair", SegmentationClass.HAIR, (315, 339, 340))):  # fmt: skip
        for count in places:
            parts = np.where(face.segmentation == part, np.uint8(SegmentationClass.FACE_SKIN), face.segmentation)
            parts.flat[:count] = part
            shown = replace(face, segmentation=parts)
            told[f"{count} {name}"] = light_measures.light_measures(shown, skin, encoded) | measures._colour(
                skin, shown
            )
    for count in (49, 50):
        regions = np.zeros_like(skin.regions)
        regions[30, :count], regions[40, :60] = Region.LEFT_CHEEK.code, Region.RIGHT_CHEEK.code
        told[f"cheek of {count}"] = measures._cheeks(replace(skin, regions=regions))
    shiny = np.zeros((5, 50, 50), np.bool_)
    for place, count in enumerate((299, 300, 301, 600, 0)):
        shiny[place].flat[:count] = True
    regions = np.repeat(np.array([one.code for one in light_measures._PLACES], np.uint8), 2500).reshape(250, 50)
    flat = Skin(linear=np.full((250, 50, 3), 0.4, np.float32), visible=np.ones((250, 50), np.bool_),
                measured=np.ones((250, 50), np.bool_), regions=regions, view=View.FRONT, light_known=False,
                excluded={"specular": shiny.reshape(250, 50)})  # fmt: skip
    told["shine"] = [light_measures._shine(flat), light_measures._shine(replace(flat, excluded={}))]
    ramp = np.linspace(0, 1, 700 * 700, dtype=np.float32).reshape(700, 700)
    many = SimpleNamespace(linear=np.stack([ramp] * 3, -1))
    told["many pixels"] = [light_measures._luminance(many, np.indices(ramp.shape)[0] < rows).size
                           for rows in (71, 72, 285, 286, 287)]  # fmt: skip
    rng = np.random.default_rng(2)
    grey = np.repeat(np.repeat(rng.random((20, 20)), 8, 0), 8, 1)[..., None] * np.ones(3)
    blocky = (grey + 0.02 * rng.random((160, 160, 1))).astype(np.float32)
    own = replace(face, frame=replace(FRAME, factor=1, x_px=3, y_px=6))
    told["blocks"] = [light_measures._blocks(own, blocky[:side, :side]) for side in (63, 64, 160)]
    told["blocks reduced"] = light_measures._blocks(face, blocky)
    told["sharpness"] = [measures._sharpness(blocky[:side], np.ones((side, 160), np.bool_)) for side in (11, 12, 60)]
    told["large"] = [measures._sharpness(np.repeat(blocky, times, 1), np.ones((160, 160 * times), np.bool_))
                     for times in (4, 5, 8)]  # fmt: skip
    told["blur"] = [measures._blur(blocky[..., 0]), measures._blur(np.zeros((20, 20), np.float32))]
    return told


def living() -> Told:
    rng = np.random.default_rng(14)
    held = painted_face(halved=True)
    told: dict[str, object] = {}
    face = replace(held.face, face_width_px=300.0, landmarks=np.zeros((478, 3), np.float32))
    linear = held.skin.linear.copy()
    linear[200:230, 200:300], linear[150:170, 200:260], linear[300:330, 300:330] = 0.98, 0.001, (0.96, 0.3, 0.2)
    skin = replace(held.skin, linear=linear)
    bare = np.isin(face.segmentation, [int(one) for one in living_skin._SKIN]) & face.skin
    encoded = np.sqrt(linear.clip(0, 1)).astype(np.float32)
    for width in (60.0, 149.0, 300.0, 500.0):
        told[f"{width:g} px"] = living_skin.living_skin_measures(replace(face, face_width_px=width), skin, encoded)
    for count in (399, 400, 401, 420):
        few = np.zeros_like(bare)
        few[240:270:2, 180:280].flat[:count] = True
        told[f"{count} pixels"] = living_skin.living_skin_measures(
            replace(face, skin=few, segmentation=np.full_like(face.segmentation, SegmentationClass.FACE_SKIN)),
            skin,
            encoded,
        )
    eyes = np.argwhere(face.segmentation == SegmentationClass.EYES)
    for count in (5, 6, 7):
        parts = np.where(
            face.segmentation == SegmentationClass.EYES, np.uint8(SegmentationClass.HAIR), face.segmentation
        )
        parts[tuple(eyes[:count].T)] = SegmentationClass.EYES
        told[f"{count} eyes"] = living_skin.living_skin_measures(
            replace(face, segmentation=parts, face_width_px=90.0), skin, encoded
        )
    told["blocks"] = [living_skin._blocks(rng.random((17, 23, 2)).astype(np.float32), step) for step in (1, 2, 5)]
    steps = np.repeat(np.linspace(0, 0.1, 40)[None] + np.arange(40)[None] * 0.49 / 255, 40, 0)
    told["grain"] = living_skin._grain(
        np.stack([steps, 1.3 * steps, steps], -1).astype(np.float32), np.ones((40, 40)) > 0
    )
    told["none"] = [living_skin.living_skin_measures(replace(face, **{name: None}), skin, encoded)
                    for name in ("landmarks", "face_width_px")]  # fmt: skip
    return told


def flash() -> Told:
    face, skin = edge_face()
    rng = np.random.default_rng(15)
    light = skin.linear.clip(0, 1)
    big = light.repeat(2, 0).repeat(2, 1)
    dark = np.pad(0.4 * big, ((30, 40), (50, 60), (0, 0)), constant_values=0.2) * rng.uniform(0.9, 1.1, (250, 302, 1))
    bright = np.pad(big, ((30, 40), (50, 60), (0, 0)), constant_values=0.3) * rng.uniform(0.9, 1.1, (250, 302, 1))
    person = replace(face, frame=replace(FRAME, x_px=50, y_px=30))
    shares = (-0.11, -0.1, -0.09, 0.19, 0.2, 0.21)
    said = [Capture(iso=iso, exposure_s=time, f_number=stop) for iso, time, stop in
            ((100, 0.02, 2.0), (0, 0.02, 2.0), (100, None, 2.0), (400, 0.5, 0.0))]  # fmt: skip
    frames = [Photo(pixels=one.clip(0, 1).astype(np.float32), encoding=Encoding.SRGB) for one in (dark, bright)]
    shifted = np.linspace(0, 0.02, 250 * 302 * 3, dtype=np.float32).reshape(250, 302, 3)
    same = [replace(frames[0], pixels=np.clip(frames[0].pixels + shifted * by, 0, 1)) for by in (0.25, 0.29, 0.30, 0.5)]
    number = np.arange(face.skin.size).reshape(face.skin.shape)
    hot = [np.where(number % every == 0, level, 0.5)[..., None] * np.ones(3, np.float32)
           for every, level in ((3, 0.984), (3, 0.986), (5, 0.986))]  # fmt: skip
    device = DeviceProfile(kind="flash", matrix=1.1 * np.eye(3), exposure=0.5, scale=0.002)
    plane = np.array([[1.01, 0.02], [-0.01, 0.98], [3.0, -2.0]])
    pair = [(background, given) for background in (None, np.array([1.0, 1.1, 0.9])) for given in (0.5, 0.9, 0.95, 1.2)]
    frame = replace(frames[1], capture=said[0])
    marked = replace(face, landmarks=painted_face(halved=True).face.landmarks)
    measured = ((face, None, None), (face, device, None), (marked, replace(device, scale=None), None),
                (marked, device, None), (marked, device, 62.0))  # fmt: skip
    told: dict[str, object] = {
        "weak": [told_or_refused(lambda share=share: flash_pair._refuse_weak(share)) for share in shares],
        "given": [flash_pair.given_light(one) for one in said],
        "same": [told_or_refused(lambda one=one: flash_pair._refuse_other_frames(frames[0], one)) for one in same],
        "clipped": [told_or_refused(lambda one=one: flash_pair._refuse_clipped(one.astype(np.float32), face.skin))
                    for one in hot],
        "beside": flash_pair._beside_person(person, (250, 302)).astype(np.float64),
        "ratio": [flash_pair._background_ratio(one.astype(np.float32), bright.astype(np.float32), person)
                  for one in (dark, 0.04 * dark, dark[:, ::-1])],
        "noise": [flash_pair._signal_to_noise(light[:rows], face.skin[:rows]) for rows in (0, 9, 40)],
        "warped": [flash_pair._warped(big.astype(np.float32), replace(face, frame=replace(FRAME, factor=factor)), plane)
                   for factor in (1, 2)],
        "corrected": [list(flash_pair._corrected(0.3 * light, light, frame, one, profile, apart))
                      for one, profile, apart in measured],
    }  # fmt: skip
    told["exposure"] = []
    for seen, share in pair:
        given = replace(frames[1], capture=replace(said[0], exposure_s=0.02 * share))
        with SwappedRatio(seen):
            told["exposure"].append(
                list(flash_pair._exposure(replace(frames[0], capture=said[0]), given, person, (1.0, 0.0, 0.0)))
            )
    kinds = [None, SimpleNamespace(kind="patch", unlike=True), SimpleNamespace(kind="chart", unlike=False)]
    pairs = [
        None,
        SimpleNamespace(record=SimpleNamespace(level_by="")),
        SimpleNamespace(record=SimpleNamespace(level_by="eyes")),
    ]
    rows = [lighting.Lighting(kind=kind, reference=kinds[a], pair=pairs[b], profile=device if c else None)
            for kind, a, b, c in ((CaptureCondition.UNKNOWN, 0, 0, 0), (CaptureCondition.REFERENCED, 1, 0, 0),
                                  (CaptureCondition.REFERENCED, 2, 0, 0), (CaptureCondition.CONTROLLED, 0, 0, 1),
                                  (CaptureCondition.CONTROLLED, 0, 0, 0), (CaptureCondition.FLASH_PAIR, 0, 1, 1),
                                  (CaptureCondition.FLASH_PAIR, 0, 2, 1),
                                  (CaptureCondition.FLASH_PAIR, 0, 2, 0))]  # fmt: skip
    told["lightings"] = [[one.known, one.measured_as, one.by] for one in rows]
    return told


class SwappedRatio:
    """Has the background tell a given ratio."""

    def __init__(self, ratio: object) -> None:
        self.ratio = ratio

    def __enter__(self) -> None:
        self.kept, flash_pair._background_ratio = flash_pair._background_ratio, lambda *given: self.ratio

    def __exit__(self, *fault: object) -> None:
        flash_pair._background_ratio = self.kept
