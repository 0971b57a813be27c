"""A population of cameras: fitted on measured ones, drawn from for the rest.

A camera is the square root of its three sensitivities (so that none can be negative), each of equal area,
as the mean of the population plus a few principal components; how strong red and blue are beside green is
drawn apart. Refit with `python -m dermis.optics.camera_population CAMERAS.csv`, whose columns are
`camera,wavelength_nm,red,green,blue`. The card lies beside the numbers: `data/camera_population.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from dermis.core.arrays import hold
from dermis.optics.camera import Camera, on_grid, read_cameras
from dermis.optics.spectral import VISIBLE, WORKING_NM, Spectrum

__all__ = ["Population", "draw_camera", "fit_population", "population", "typical_camera"]

COMPONENTS = 8
"""Components kept: they leave 4 % of a camera that took no part in the fit (median)."""
_BANDS = len(WORKING_NM[VISIBLE])
_FILE = Path(__file__).parent / "data" / "camera_population.npz"
_FREEDOM = 6.0
_WIDTH = 1.2
_LONGEST_TAIL = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
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


def fit_population(cameras: Sequence[Camera], components: int = COMPONENTS) -> Population:
    """Return the population of measured cameras: more of them than components."""
    if len(cameras) <= components:
        raise ValueError(f"{components} components need more than {len(cameras)} cameras.")
    areas, roots = zip(*(_area_and_root(camera) for camera in cameras), strict=True)
    mean = np.mean(roots, axis=0)
    _, singular, axes = np.linalg.svd(np.stack(roots) - mean, full_matrices=False)
    gains = np.log([(area[0] / area[1], area[2] / area[1]) for area in areas])
    return Population(
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
def population() -> Population:
    """Return the population that comes with the package."""
    with np.load(_FILE) as stored:
        return Population(**{name: stored[name].astype(np.float64) for name in stored.files})


def typical_camera(cameras: Population) -> Camera:
    """Return the camera at the mean of the population."""
    return _camera("typical", cameras.mean, cameras.gain_mean)


def draw_camera(rng: np.random.Generator, cameras: Population | None = None) -> Camera:
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


def _refit(table: Path, file: Path) -> None:
    fitted = fit_population(read_cameras(table))
    fields = ("mean", "components", "deviations", "gain_mean", "gain_deviation")
    np.savez_compressed(file, **{name: getattr(fitted, name).astype(np.float32) for name in fields})


if __name__ == "__main__":
    _refit(Path(sys.argv[1]), _FILE)
