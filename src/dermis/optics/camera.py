"""Cameras: from radiance to raw pixels, their names, and the population they are drawn from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermis.core.arrays import hold
from dermis.core.tables import load_table
from dermis.errors import InputError, UsageError
from dermis.optics.illuminant import Illuminant
from dermis.optics.spectral_grid import VISIBLE, WORKING_NM, Spectrum, band_weights, numbers, observer, read_rows

__all__ = [
    "CHANNELS",
    "Camera",
    "CameraPopulation",
    "draw_camera",
    "find_camera",
    "fit_population",
    "on_grid",
    "population",
    "read_cameras",
    "response",
    "typical_camera",
    "white_raw",
]

CHANNELS = ("red", "green", "blue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera: relative `sensitivities` (band, 3) float64, red, green, blue, at `wavelengths_nm` (band,).

    Per unit of radiant power, not per photon; zero outside the table. source: where the numbers come from.
    """

    name: str
    wavelengths_nm: Spectrum
    sensitivities: Spectrum
    source: str

    def __post_init__(self) -> None:
        hold(self, "sensitivities", dtype=np.float64, shape=(None, 3))
        hold(self, "wavelengths_nm", dtype=np.float64, shape=(len(self.sensitivities),))
        if self.sensitivities.min() < 0 or np.any(np.diff(self.wavelengths_nm) <= 0):
            raise ValueError("Camera takes sensitivities from 0 up at increasing wavelengths.")


def response(camera: Camera, light: Illuminant, wavelengths_nm: ArrayLike) -> Spectrum:
    """Return (band, 3) weights: `reflectance @ weights` is the raw signal under `light`.

    The perfect diffuser is 1 in its brightest channel; white balance is not applied. Integrated on 380-780 nm
    by 5 nm, whatever the grid of the spectra; see `band_weights`.
    InputError if a channel sees nothing of the light.
    """
    seen = light.power[VISIBLE, None] * on_grid(camera)
    weights: Spectrum = band_weights(wavelengths_nm, seen)
    white = weights.sum(axis=0)
    if white.min() <= 0:
        raise InputError(
            f"A channel of {camera.name} sees nothing under {light.name}.",
            advice="Choose a light that has power all over 400-700 nm.",
        )
    weights /= white.max()
    return weights


def white_raw(camera: Camera, light: Illuminant) -> Spectrum:
    """Return the raw signal (3,) of the perfect diffuser under `light`, 1 in its brightest channel.

    Its reciprocal is the white balance that turns greys grey.
    """
    white: Spectrum = response(camera, light, [560.0])[0]
    return white


def on_grid(camera: Camera) -> Spectrum:
    """Return the sensitivities (81, 3) on 380-780 nm by 5, zero outside the camera's table."""
    columns = [
        np.interp(WORKING_NM[VISIBLE], camera.wavelengths_nm, channel, left=0.0, right=0.0)
        for channel in camera.sensitivities.T
    ]
    return np.stack(columns, axis=1)


def read_cameras(path: Path) -> tuple[Camera, ...]:
    """Read the cameras of a CSV `wavelength_nm,red,green,blue`, with a column `camera` where there are many.

    Raises InputError, which says what to change: not a table, no numbers, gaps in 420-680 nm, a dark channel.
    """
    rows = read_rows(path, CHANNELS)
    by_name: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_name.setdefault((row.get("camera") or path.stem).strip(), []).append(row)
    if not by_name:
        raise InputError(f"{path.name} holds no rows.", advice="Write one row a wavelength.")
    return tuple(_camera_of(name, numbers(rows, CHANNELS, path), path) for name, rows in by_name.items())


def _camera_of(name: str, table: NDArray[np.float64], path: Path) -> Camera:
    nm, values = table[:, 0], table[:, 1:]
    if nm[0] > 420 or nm[-1] < 680:
        raise InputError(
            f"{path.name}: {name} covers {nm[0]:g}-{nm[-1]:g} nm.",
            advice="A camera needs 420-680 nm at least.",
        )
    if values.max(axis=0).min() <= 0 or values.min() < -0.05 * values.max():
        raise InputError(
            f"{path.name}: {name} has a channel that is dark or clearly negative.",
            advice="A camera's sensitivities are 0 or more, in red, green and blue.",
        )
    return Camera(name=name, wavelengths_nm=nm, sensitivities=np.maximum(values, 0.0), source=path.name)


COMPONENTS = 8
"""Components kept: they leave 4 % of a camera that took no part in the fit (median)."""
_BANDS = len(WORKING_NM[VISIBLE])
_FILE = Path(__file__).parent / "data" / "camera_population.npz"
_FREEDOM = 6.0
_WIDTH = 1.2
_LONGEST_TAIL = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPopulation:
    """What cameras have in common and how they differ.

    mean: (3 x 81,) root sensitivities, channel by channel, on 380-780 nm by 5 nm. components: (k, 3 x 81),
    orthonormal. deviations: (k,) of the scores. gain_mean, gain_deviation: (2,) log strength of red and blue
    over green.
    """

    mean: Spectrum
    components: Spectrum
    deviations: Spectrum
    gain_mean: Spectrum
    gain_deviation: Spectrum

    def __post_init__(self) -> None:
        hold(self, "mean", dtype=np.float64, shape=(3 * _BANDS,))
        hold(self, "components", dtype=np.float64, shape=(None, 3 * _BANDS))
        hold(self, "deviations", dtype=np.float64, shape=(len(self.components),))
        hold(self, "gain_mean", dtype=np.float64, shape=(2,))
        hold(self, "gain_deviation", dtype=np.float64, shape=(2,))


def fit_population(cameras: Sequence[Camera], components: int = COMPONENTS) -> CameraPopulation:
    """Return the population of measured cameras: more of them than components."""
    if len(cameras) <= components:
        raise ValueError(f"{components} components need more than {len(cameras)} cameras.")
    areas, roots = zip(*(_area_and_root(camera) for camera in cameras), strict=True)
    mean = np.mean(roots, axis=0)
    _, singular, axes = np.linalg.svd(np.stack(roots) - mean, full_matrices=False)
    gains = np.log([(area[0] / area[1], area[2] / area[1]) for area in areas])
    return CameraPopulation(
        mean=mean,
        components=axes[:components],
        deviations=singular[:components] / np.sqrt(len(cameras) - 1),
        gain_mean=np.median(gains, axis=0),
        # Some tables give each channel the same height; the middle half does not mind them.
        gain_deviation=np.diff(np.quantile(gains, (0.25, 0.75), axis=0), axis=0)[0] / 1.349,
    )


def _area_and_root(camera: Camera) -> tuple[Spectrum, Spectrum]:
    grid = on_grid(camera).T
    area = grid.mean(axis=1)
    return area, np.sqrt(grid / area[:, None]).ravel()


@cache
def population() -> CameraPopulation:
    """Return the population that comes with the package."""
    return CameraPopulation(**{name: values.astype(np.float64) for name, values in load_table(_FILE).items()})


def typical_camera(cameras: CameraPopulation) -> Camera:
    """Return the camera at the mean of the population."""
    return _camera("typical", cameras.mean, cameras.gain_mean)


def draw_camera(rng: np.random.Generator, cameras: CameraPopulation | None = None) -> Camera:
    """Return a camera drawn from `cameras`, the package's own population by default.

    The scores follow a Student t with 6 degrees of freedom, 1.2 times as wide as the fitted cameras, so that
    the draws cover a maker's cameras also when that maker took no part in the fit (see the card). Half of the
    cameras get another filter stack before the sensor (cut at 640-700 nm and 385-425 nm) and dyes moved by
    some 2 nm, because phones, which the table does not have, differ most there.
    """
    of = population() if cameras is None else cameras
    tail = min(np.sqrt(_FREEDOM / rng.chisquare(_FREEDOM)), _LONGEST_TAIL)
    scores = rng.standard_normal(len(of.deviations)) * of.deviations * (_WIDTH * tail)
    gains = of.gain_mean + rng.standard_normal(2) * of.gain_deviation
    roots = of.mean + scores @ of.components
    other_filter = rng.random() < 0.5
    name = f"drawn {rng.integers(1 << 16):04x}"
    return _camera(name, _refiltered(rng, roots) if other_filter else roots, gains)


def _refiltered(rng: np.random.Generator, roots: Spectrum) -> Spectrum:
    nm = WORKING_NM[VISIBLE]
    channels = np.maximum(roots, 0.0).reshape(3, _BANDS)
    moved = np.stack([np.interp(nm - rng.normal(0, 2.5), nm, channel) for channel in channels])
    long_cut = 1 / (1 + np.exp((nm - rng.uniform(640, 700)) / rng.uniform(5, 14)))
    short_cut = 1 / (1 + np.exp((rng.uniform(385, 425) - nm) / rng.uniform(3, 7)))
    filtered: Spectrum = moved * np.sqrt(long_cut * short_cut)
    return filtered.ravel()


def _camera(name: str, roots: Spectrum, gains: Spectrum) -> Camera:
    shapes = np.maximum(roots, 0.0).reshape(3, _BANDS).T ** 2
    curves = shapes / shapes.mean(axis=0) * np.exp([gains[0], 0.0, gains[1]])
    return Camera(
        name=name,
        wavelengths_nm=WORKING_NM[VISIBLE],
        sensitivities=curves / curves.max(),
        source="drawn from the population of cameras",
    )


_OBSERVER = "CIE 1931"
_TYPICAL = "typical"
_MEASURED = {"Nikon D5100": "Nikon 5100 (NPL)", "Sigma SD Merrill": "Sigma SDMerill (NPL)"}


def find_camera(name_or_path: str | Path) -> Camera:
    """Return the camera of that name, or of that CSV file.

    Names (case, spaces and signs do not matter): "CIE 1931", the standard observer as an ideal camera;
    "typical", the mean of the population that `draw_camera` draws from; "Nikon D5100" and "Sigma SD Merrill",
    measured at the National Physical Laboratory (Darrodi et al. 2015, through colour-science).
    A CSV has the columns `wavelength_nm,red,green,blue`; one of several cameras in a CSV with a further
    column `camera` is chosen by `cameras.csv#Name`.
    Raises UsageError with the nearest names, or InputError for a file that cannot be used.
    """
    text = str(name_or_path).strip()
    file, _, inside = text.partition("#")
    if isinstance(name_or_path, Path) or file.lower().endswith((".csv", ".txt", ".tsv")):
        return _one_of(read_cameras(Path(file)), inside, Path(file).name)
    name = _match(text, [_OBSERVER, _TYPICAL, *_MEASURED], "")
    if name == _OBSERVER:
        return Camera(
            name=_OBSERVER,
            wavelengths_nm=WORKING_NM[VISIBLE],
            sensitivities=observer(),
            source="CIE 15:2018, 1931 standard colorimetric observer",
        )
    if name == _TYPICAL:
        return typical_camera(population())
    return _measured(name)


def _measured(name: str) -> Camera:
    import colour  # late: it takes most of a second

    table = colour.MSDS_CAMERA_SENSITIVITIES[_MEASURED[name]]
    return Camera(
        name=name,
        wavelengths_nm=np.asarray(table.wavelengths, dtype=np.float64),
        sensitivities=np.asarray(table.values, dtype=np.float64),
        source="Darrodi et al. 2015, doi:10.1364/JOSAA.32.000381, through colour-science",
    )


def _one_of(cameras: tuple[Camera, ...], inside: str, file: str) -> Camera:
    if len(cameras) == 1 and not inside:
        return cameras[0]
    by_name = {camera.name: camera for camera in cameras}
    if not inside:
        some = next(iter(by_name))
        raise UsageError(f"{file} holds {len(cameras)} cameras.", advice=f"Name one: {file}#{some}.")
    return by_name[_match(inside, list(by_name), f" in {file}")]


def _match(text: str, names: list[str], where: str) -> str:
    plain = {_plain(name): name for name in names}
    if _plain(text) in plain:
        return plain[_plain(text)]
    near = [plain[key] for key in get_close_matches(_plain(text), list(plain), n=3, cutoff=0.5)] or names[:4]
    raise UsageError(
        f"No camera is called {text!r}{where}.",
        advice=f"Did you mean {', '.join(near)}? A CSV with wavelength_nm,red,green,blue works, too.",
    )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
