"""Made flash pairs: a device with a screen or lamp of its own, its chart, and people photographed with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dermis.colour.chart import COLUMNS, ROWS
from dermis.core import Photo, Pose
from dermis.core.arrays import BoolMap, FloatMap
from dermis.lab.synth.camera.render import sample
from dermis.lab.synth.camera.scene import Scene, Shot, compose_scene, lab_of, raw_of, skin_mask
from dermis.lab.synth.camera.shading import SceneLight, draw_lamps, irradiance, shadows, specular
from dermis.lab.synth.camera.viewpoint import Framing, Viewpoint
from dermis.lab.synth.head.anatomy import LANDMARKS
from dermis.lab.synth.head.head import Expression
from dermis.lab.synth.skin.colour import COLOUR_NM, MATT_SHARE
from dermis.lab.synth.skin.maps import LIMITS
from dermis.lab.synth.subjects import Person, Visit
from dermis.optics.camera import Camera, draw_camera, response, white_raw
from dermis.optics.illuminant import Illuminant, white_led
from dermis.optics.isp import IspSettings, develop, through_jpeg
from dermis.optics.populations import draw_illuminant, draw_isp

__all__ = [
    "Device",
    "MadePair",
    "chart_corners",
    "chart_picture",
    "draw_chart_pair",
    "draw_device",
    "draw_flash_pair",
    "lit_chart",
]

_Floats = NDArray[np.float64]

AT_MM = 400.0
"""Distance at which the flash is as bright as it is said to be."""
_AMBIENT = ("window", "overcast", "led", "led", "tungsten", "fluorescent")
_CHART_MM = (279.0, 216.0)
_STEP_MM, _PATCH_MM = 44.5, 38.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A phone: camera, own light, and development, which stays the same from photo to photo.

    span: millimetres that its picture covers a millimetre of distance. lamp: where its light stands. automatic: white
    balance is found anew for each photo.
    """

    camera: Camera
    light: Illuminant
    lamp: SceneLight
    isp: IspSettings
    span: float
    size_px: int
    automatic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MadePair:
    """Two frames and the truth of the second: lab (h, w, 3) under D65, NaN off the skin; face (h, w), skin of the face.

    flash_over_ambient: light on a white at the face. pupils_mm: their true distance.
    """

    ambient: Photo
    flash: Photo
    lab: FloatMap
    face: BoolMap
    flash_over_ambient: float
    pupils_mm: float


def draw_device(rng: np.random.Generator, *, size_px: int = 448, automatic: bool = False) -> Device:
    """Draw a phone whose screen, or lamp beside its lens, is the flash."""
    camera = draw_camera(rng)
    screen = rng.random() < 0.6
    cct_k = rng.uniform(5800, 7600) if screen else rng.uniform(4500, 6000)
    light = replace(white_led(cct_k, rng.normal(0, 0.002), peak_nm=rng.uniform(445, 460)), kind="flash")
    isp = draw_isp(rng, camera, light, binning=max(1, round(3000 / size_px)), metered_reflectance=0.18)
    gains = np.exp(-np.log(white_raw(camera, light)) + rng.normal(0, 0.03, 3))
    lamp = SceneLight(
        towards=(float(rng.normal(0, 0.05)), float(rng.uniform(-0.25, 0.05) if screen else 0.05), 1.0),
        size_deg=float(rng.uniform(15, 30) if screen else rng.uniform(2, 4)),
    )
    return Device(
        camera=camera,
        light=light,
        lamp=lamp,
        isp=replace(isp, white_balance=gains / gains.min(), white_balance_auto=automatic, iso=100.0, f_number=2.0),
        span=float(rng.uniform(0.85, 1.15)),
        size_px=size_px,
        automatic=automatic,
    )


def draw_flash_pair(
    rng: np.random.Generator, device: Device, person: Person, visit: Visit, *, moved: float = 1.0
) -> MadePair:
    """Photograph a person twice: in the light of a room, and with the device's own light beside it.

    The head moves a little, exposures differ between the frames or not and miss by up to a stop, the wall is near or
    far. moved: times the usual movement.
    """
    room = draw_illuminant(rng, str(rng.choice(_AMBIENT)))
    lamps = draw_lamps(rng, room.kind)
    before = _viewpoint(rng, device)
    after = _moved(rng, before, moved)
    expression = Expression(smile=0.02, gaze_deg=(0.0, 0.0))

    def seen(view: Viewpoint, light: Illuminant, lights: tuple[SceneLight, ...]) -> Shot:
        return Shot(
            viewpoint=view,
            expression=expression,
            light=light,
            lamps=lights,
            camera=device.camera,
            size_px=device.size_px,
        )

    dark_scene = compose_scene(person, visit, seen(before, room, lamps))
    room_scene = compose_scene(person, visit, seen(after, room, lamps))
    flash_scene = _relit(room_scene, device)
    depth = flash_scene.buffers.depth_mm
    wall_mm = after.distance_mm + (
        float(rng.uniform(150, 400)) if rng.random() < 0.2 else float(rng.uniform(700, 3000))
    )
    reach = (AT_MM / np.where(np.isfinite(depth), depth, wall_mm)) ** 2
    over = float(np.exp(rng.uniform(np.log(0.8), np.log(8.0)))) * (AT_MM / after.distance_mm) ** 2
    level = over**-1 * (AT_MM / after.distance_mm) ** 2
    flash_raw = raw_of(flash_scene) * reach[..., None].astype(np.float32)
    dark_raw, bright_raw = level * raw_of(dark_scene), level * raw_of(room_scene) + flash_raw
    face = skin_mask(flash_scene) & (flash_scene.buffers.regions > 0)
    wanted = _metered(rng, bright_raw[face])
    longer = 1.0 if rng.random() < 0.5 else min(_metered(rng, dark_raw[skin_mask(dark_scene)]) / wanted, 8.0)
    frames = [
        _developed(rng, device, dark_raw, wanted * longer, room, flash=False),
        _developed(rng, device, bright_raw, wanted, device.light, flash=True),
    ]
    places = dict(zip(LANDMARKS, flash_scene.buffers.head.landmarks, strict=True))
    return MadePair(
        ambient=frames[0],
        flash=frames[1],
        lab=lab_of(flash_scene),
        face=face,
        flash_over_ambient=over,
        pupils_mm=float(np.linalg.norm(places["left_pupil"] - places["right_pupil"])),
    )


def _relit(scene: Scene, device: Device) -> Scene:
    """Return the same view in the light of the device alone."""
    buffers, lamps = scene.buffers, (device.lamp,)
    reaching = shadows(buffers, lamps)
    rough = np.clip(sample(scene.visit.maps.roughness, buffers), *LIMITS["roughness"])
    gloss = specular(buffers, lamps, roughness=rough, reaching=reaching).sum(axis=-1)
    gloss *= MATT_SHARE * buffers.cover + (1 - MATT_SHARE)
    return replace(
        scene,
        shot=replace(scene.shot, light=device.light, lamps=lamps),
        diffuse=irradiance(buffers, lamps, reaching=reaching).sum(axis=-1),
        mirrored=gloss,
    )


def draw_chart_pair(rng: np.random.Generator, device: Device) -> tuple[Photo, Photo, _Floats]:
    """Photograph a ColorChecker twice, as for a calibration; with the middles of its corner patches, (4, 2)."""
    room = draw_illuminant(rng, str(rng.choice(_AMBIENT)))
    distance_mm = float(rng.uniform(310, 400)) / device.span
    px_per_mm = device.size_px / (device.span * distance_mm)
    turn_deg = float(rng.normal(0, 3))
    shown = chart_picture(device.size_px, px_per_mm, turn_deg=turn_deg)
    slope = 1 + _plane(device.size_px, rng.normal(0, 0.04, 2))
    room_raw = lit_chart(shown, response(device.camera, room, COLOUR_NM)) * slope
    level = float(np.exp(rng.uniform(np.log(0.1), np.log(0.6))))
    edge = 1 + _plane(device.size_px, rng.normal(0, 0.02, 2))
    flash_raw = lit_chart(shown, response(device.camera, device.light, COLOUR_NM)) * edge
    flash_raw *= np.float32((AT_MM / distance_mm) ** 2)
    dark = level * room_raw * np.float32((AT_MM / distance_mm) ** 2)
    wanted = 0.72 / float((dark + flash_raw).max())
    return (
        _developed(rng, device, dark, wanted, room, flash=False),
        _developed(rng, device, dark + flash_raw, wanted, device.light, flash=True),
        chart_corners(device.size_px, px_per_mm, turn_deg),
    )


def _viewpoint(rng: np.random.Generator, device: Device) -> Viewpoint:
    distance = float(rng.uniform(280, 450))
    lean = np.clip(rng.normal(0, 1, 3), -2, 2) * (4, 4, 3)
    return Viewpoint(
        pose=Pose(yaw_deg=float(lean[0]), pitch_deg=float(lean[1]), roll_deg=float(lean[2])),
        distance_mm=distance,
        framing=Framing(
            middle_mm=(float(rng.normal(0, 8)), float(rng.normal(-10, 8)), 40.0), span_mm=distance * device.span
        ),
    )


def _moved(rng: np.random.Generator, view: Viewpoint, amount: float) -> Viewpoint:
    turn = rng.normal(0, 1.2 * amount, 3)
    shift = rng.normal(0, 4.0 * amount, 3)
    nearer = float(np.exp(rng.normal(0, 0.01 * amount)))
    pose, framing = view.pose, view.framing
    x, y, z = np.add(framing.middle_mm, shift * (1, 1, 0))
    return Viewpoint(
        pose=Pose(
            yaw_deg=pose.yaw_deg + float(turn[0]),
            pitch_deg=pose.pitch_deg + float(turn[1]),
            roll_deg=pose.roll_deg + float(turn[2]),
        ),
        distance_mm=view.distance_mm * nearer,
        framing=Framing(middle_mm=(float(x), float(y), float(z)), span_mm=framing.span_mm * nearer),
    )


def _metered(rng: np.random.Generator, raw: FloatMap) -> float:
    """Return the exposure that brings the face to a middle level, half making up for its tone, with an error."""
    level = max(float(np.median(raw.max(axis=-1))), 1e-4)
    brightest = max(float(np.percentile(raw, 98)), 1e-4)
    wanted = np.sqrt(0.35 * level) * 0.75 / level * 2 ** float(rng.normal(0, 0.35))
    return float(min(wanted, 1.4 / brightest))


def _developed(
    rng: np.random.Generator, device: Device, raw: FloatMap, exposure: float, light: Illuminant, *, flash: bool
) -> Photo:
    """Return the photo as it comes from the phone's file; time tells of the exposure."""
    isp = replace(device.isp, exposure=exposure, exposure_s=exposure / 50, exposure_bias_ev=0.0, flash_fired=flash)
    if device.automatic:
        gains = np.exp(-np.log(white_raw(device.camera, light)) + rng.normal(0, (0.05, 0.02, 0.05)))
        isp = replace(isp, white_balance=gains / gains.min())
    return through_jpeg(develop(np.asarray(raw, np.float32), isp, rng), isp)


def _plane(size_px: int, slope: _Floats) -> FloatMap:
    along = np.linspace(-1, 1, size_px, dtype=np.float32)
    return np.asarray(slope[0] * along[None, :, None] + slope[1] * along[:, None, None], np.float32)


@cache
def _patch_spectra() -> _Floats:
    """Return (24, band) reflectances of the chart's patches on `COLOUR_NM` (BabelColor's mean of 30 charts)."""
    import colour  # late: a second

    held = colour.SDS_COLOURCHECKERS["BabelColor Average"].values()
    return np.stack([np.interp(COLOUR_NM, one.wavelengths, one.values) for one in held])


def chart_corners(size_px: int, px_per_mm: float, turn_deg: float) -> _Floats:
    """Return the middles (4, 2) of the patches 1, 6, 24 and 19."""
    turn = np.radians(turn_deg)
    x, y = _STEP_MM * np.array([(-2.5, -1.5), (2.5, -1.5), (2.5, 1.5), (-2.5, 1.5)]).T
    across, down = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    return np.stack([across, down], axis=1) * px_per_mm + size_px / 2 - 0.5


def chart_picture(size_px: int, px_per_mm: float, *, turn_deg: float) -> NDArray[np.intp]:
    """Return (h, w): the patch at each pixel, 24 for the black board, 25 for the wall behind."""
    down, across = np.meshgrid(*[(np.arange(size_px) + 0.5 - size_px / 2) / px_per_mm] * 2, indexing="ij")
    turn = np.radians(turn_deg)
    x, y = across * np.cos(turn) + down * np.sin(turn), down * np.cos(turn) - across * np.sin(turn)
    board = (np.abs(x) < _CHART_MM[0] / 2) & (np.abs(y) < _CHART_MM[1] / 2)
    column, row = np.floor(x / _STEP_MM + COLUMNS / 2), np.floor(y / _STEP_MM + ROWS / 2)
    centre_x, centre_y = (column - COLUMNS / 2 + 0.5) * _STEP_MM, (row - ROWS / 2 + 0.5) * _STEP_MM
    patch = (np.abs(x - centre_x) < _PATCH_MM / 2) & (np.abs(y - centre_y) < _PATCH_MM / 2)
    patch &= (column >= 0) & (column < COLUMNS) & (row >= 0) & (row < ROWS)
    shown = np.where(board, COLUMNS * ROWS, COLUMNS * ROWS + 1)
    return np.where(patch, row * COLUMNS + column, shown).astype(np.intp)


def lit_chart(shown: NDArray[np.intp], weights: _Floats) -> FloatMap:
    """Return (h, w, 3) raw signal of a chart picture in even light; weights (band, 3) on `COLOUR_NM`."""
    flat = np.ones(len(COLOUR_NM))
    colours = np.vstack([_patch_spectra(), 0.035 * flat, 0.3 * flat]) @ weights
    colours[-1] *= 0.5  # the wall is further away
    return np.asarray(colours[shown], np.float32)
