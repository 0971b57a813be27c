"""Samples decoded once: small pictures, numbers beside them and targets as arrays, kept on disk between runs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Cube, Photo, Sample
from dermis.core.arrays import BoolMap, FloatMap
from dermis.errors import InputError
from dermis.formats.files import write_text
from dermis.lab.datasets.check import SIDE_PX, perceptual_hash
from dermis.lab.networks.settings import Head, bands_of
from dermis.lab.train.recipe import Recipe
from dermis.models.capture_features import CAMERA, camera_name, number_names
from dermis.models.preprocess import Input, InputWindow, cut, on_square, placed, preprocess
from dermis.settings import read_settings

__all__ = ["Decoded", "cameras_among", "decode", "fingerprint", "kept_in", "with_cameras"]

_LAYOUT = 2
"""Raise it when what is kept on disk changes its meaning."""
_UNKNOWN_CLASS = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What is learnt from, one row a sample, in the order of the samples.

    pictures: (n, size, size, channels) uint8 of sRGB or float16 of light, maybe mapped from disk. numbers: (n, k)
    float32. targets: by head, (n, k) float32, or maps (n, size, size): uint8 classes, float32 densities, and with bands
    behind them float16 spectra. What is not known is NaN, or 255 in a map of classes. shown: what they were made for.
    sha256: of each file. camera: make and model.
    grey: (n, 64, 64) float16, each photo small, to know copies by; None where nobody asked.
    """

    shown: Input
    pictures: NDArray[Any]
    numbers: NDArray[np.float32]
    targets: Mapping[str, NDArray[Any]]
    sha256: tuple[str, ...]
    camera: tuple[str, ...]
    grey: NDArray[np.float16] | None = None


def decode(samples: Sequence[Sample], recipe: Recipe, *, root: Path | None = None) -> Decoded:
    """Read and shrink every sample, or take what an earlier run kept.

    root: the folder of the dataset; without it nothing is kept on disk. Raises InputError for what cannot be read.
    """
    kept = kept_in(samples, recipe, root)
    if kept is not None and (kept / "rows.json").is_file():
        return _load(kept, recipe)
    if kept is None:
        return _Rows(samples, recipe, None).fill()
    kept.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix="decoding-", dir=kept.parent))
    try:
        _Rows(samples, recipe, folder).fill()
        if not kept.exists():
            folder.rename(kept)  # at once: no other run ever sees half of it
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return _load(kept, recipe)


def cameras_among(decoded: Decoded, places: NDArray[np.int64]) -> tuple[str, ...]:
    """Return the cameras that took the rows `places`, by name."""
    return tuple(sorted({decoded.camera[place] for place in places} - {""}))


def with_cameras(decoded: Decoded, cameras: tuple[str, ...]) -> Decoded:
    """Return `decoded` with the numbers of the feature camera, which depend on the cameras that are known."""
    if CAMERA not in decoded.shown.features or decoded.shown.cameras:
        return decoded
    place = len(number_names(decoded.shown.features[: decoded.shown.features.index(CAMERA)]))
    which = np.array([[name == camera for camera in cameras] for name in decoded.camera], np.float32)
    columns = which.reshape(len(decoded.camera), len(cameras))
    numbers = np.concatenate([decoded.numbers[:, :place], columns, decoded.numbers[:, place:]], axis=1)
    return replace(decoded, shown=replace(decoded.shown, cameras=cameras), numbers=numbers)


def fingerprint(samples: Sequence[Sample], sha256: Sequence[str]) -> str:
    """Return what names the data of a run: a hash of keys, files and labels."""
    told = [
        [str(sample.key), sha, sorted((label.task, label.grader, label.value) for label in sample.labels)]
        for sample, sha in zip(samples, sha256, strict=True)
    ]
    return hashlib.sha256(json.dumps(sorted(told)).encode()).hexdigest()


class _Rows:
    """The arrays while they fill up, each row by itself, so that threads do not meet."""

    def __init__(self, samples: Sequence[Sample], recipe: Recipe, folder: Path | None) -> None:
        self.samples, self.recipe, self.folder = samples, recipe, folder
        self.shown = recipe.input
        n, size = len(samples), self.shown.size_px
        light = self.shown.values == "linear"
        self.pictures = self._array("pictures", (n, size, size, self.shown.channels), np.float16 if light else np.uint8)
        self.numbers = self._array(
            "numbers", (n, len(number_names(self.shown.features, self.shown.cameras))), np.float32
        )
        self.grey = self._array("grey", (n, SIDE_PX, SIDE_PX), np.float16)
        self.targets = {name: self._target(name, head) for name, head in recipe.head.items()}
        self.said = [("", "")] * n

    def fill(self) -> Decoded:
        """Read all samples, several at once; what lies on disk counts from now on."""
        with ThreadPoolExecutor(self.recipe.machine.threads or os.cpu_count() or 1) as pool:
            list(pool.map(self._row, range(len(self.samples))))
        if self.folder is not None:
            write_text(self.folder / "rows.json", json.dumps(self.said))
        sha256, camera = _columns(self.said)
        return Decoded(
            shown=self.shown,
            pictures=self.pictures,
            numbers=self.numbers,
            targets=self.targets,
            sha256=sha256,
            camera=camera,
            grey=self.grey,
        )

    def _row(self, place: int) -> None:
        sample = self.samples[place]
        photo = _photo(sample)
        mask = _mask(sample, self.shown)
        seen = preprocess(photo, self.shown, mask, beside=_beside(sample, self.shown))
        self.pictures[place], self.numbers[place] = seen.picture, seen.numbers
        known = perceptual_hash(photo)
        self.grey[place] = known.grey
        self.said[place] = (known.sha256, camera_name(photo.capture))
        for name, head in self.recipe.head.items():
            self.targets[name][place] = _target(sample, seen.window, head, self.recipe)

    def _target(self, name: str, head: Head) -> NDArray[Any]:
        n, size = len(self.samples), self.shown.size_px
        if head.kind == "spectrum":
            return self._array(f"target-{name}", (n, size, size, len(bands_of(head))), np.float16)
        shape = (n, size, size) if head.kind == "map" else (n, len(head.targets))
        return self._array(f"target-{name}", shape, np.uint8 if head.kind == "map" and head.classes else np.float32)

    def _array(self, name: str, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
        if self.folder is None or 0 in shape:
            return np.zeros(shape, dtype)
        return np.lib.format.open_memmap(self.folder / f"{name}.npy", mode="w+", dtype=dtype, shape=shape)


def _load(folder: Path, recipe: Recipe) -> Decoded:
    sha256, camera = _columns(json.loads((folder / "rows.json").read_text()))
    numbers = folder / "numbers.npy"
    return Decoded(
        shown=recipe.input,
        pictures=np.load(folder / "pictures.npy", mmap_mode="r"),
        numbers=np.load(numbers) if numbers.is_file() else np.zeros((len(sha256), 0), np.float32),
        targets={name: np.load(folder / f"target-{name}.npy", mmap_mode="r") for name in recipe.head},
        sha256=sha256,
        camera=camera,
        grey=np.load(folder / "grey.npy", mmap_mode="r"),
    )


def _columns(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(row[0] for row in rows), tuple(row[1] for row in rows)


def kept_in(samples: Sequence[Sample], recipe: Recipe, root: Path | None, *, targets: bool = True) -> Path | None:
    """Return the folder for these samples seen this way; None where nothing is to be kept.

    targets: with what is asked of them; without, a folder for what follows from the pictures alone.
    """
    if root is None or recipe.machine.cache == "none":
        return None
    home = Path(recipe.machine.cache) if recipe.machine.cache else read_settings().cache / "decoded"
    files = sorted((str(one.relative_to(root)), one.stat()) for one in root.rglob("*") if one.is_file())
    said = {
        "layout": _LAYOUT,
        "files": [(name, state.st_size, state.st_mtime_ns) for name, state in files],
        "samples": [str(sample.key) for sample in samples],
        "beside": sorted({name for sample in samples for name in sample.beside}),
        "input": asdict(recipe.input),
    }
    if targets:
        heads = {name: [one.kind, one.targets, one.classes, *_bands_said(one)] for name, one in recipe.head.items()}
        said |= {"heads": heads, "graders": recipe.data.graders}
    return home / hashlib.sha256(json.dumps(said).encode()).hexdigest()[:24]


def _photo(sample: Sample) -> Photo:
    photo = sample.read()
    if not isinstance(photo, Photo):
        raise InputError(f"{sample.key} is a cube; recipes learn from photos.", advice="Render it first.")
    return photo


def _mask(sample: Sample, shown: Input) -> BoolMap | None:
    if shown.mask not in sample.beside:
        return None
    return np.asarray(sample.beside[shown.mask]()) > 0


def _beside(sample: Sample, shown: Input) -> FloatMap | None:
    """Return what is shown in place of the photo, None where the photo itself is."""
    if not shown.beside:
        return None
    if shown.beside not in sample.beside:
        there = ", ".join(sample.beside) or "nothing"
        raise InputError(f"{sample.key} has no {shown.beside} beside it.", advice=f"There is {there}.")
    values = sample.beside[shown.beside]()
    pixels = np.asarray(values.values if isinstance(values, Cube) else values, np.float32)
    if pixels.ndim != 3 or pixels.shape[2] != shown.channels:
        raise InputError(
            f"{sample.key}: {shown.beside} is {pixels.shape}.", advice=f"input.channels says {shown.channels}."
        )
    return pixels


def _target(sample: Sample, window: InputWindow, head: Head, recipe: Recipe) -> NDArray[Any] | list[float]:
    if head.kind == "spectrum":
        return _spectra(sample, window, head, recipe.input)
    if head.kind == "map":
        return _map(sample, window, head, recipe.input)
    return _values(sample, head, recipe.data.graders)


def _spectra(sample: Sample, window: InputWindow, head: Head, shown: Input) -> NDArray[np.float32]:
    """Return the bands of the cube beside the photo on the square, (size, size, band); NaN where there is none."""
    wanted = np.array(bands_of(head))
    target = head.targets[0]
    if target not in sample.beside:
        return np.full((shown.size_px, shown.size_px, len(wanted)), np.nan, np.float32)
    cube = sample.beside[target]()
    if not isinstance(cube, Cube):
        raise InputError(f"{sample.key}: {target} is no cube.", advice="Name one in head.targets, such as cube.")
    nearest = np.abs(cube.wavelengths_nm[:, None] - wanted).argmin(axis=0)
    if np.abs(cube.wavelengths_nm[nearest] - wanted).max() > 0.01 * head.step:
        raise InputError(
            f"{sample.key}: {target} lacks bands of {head.lowest:g}-{head.highest:g} nm by {head.step:g}.",
            advice="Set lowest, highest and step of the head to bands that the cube has.",
        )
    return placed(cut(cube.values[:, :, nearest], window), shown)


def _bands_said(head: Head) -> tuple[float, ...]:
    return bands_of(head) if head.kind == "spectrum" else ()


def _values(sample: Sample, head: Head, graders: Sequence[str]) -> list[float]:
    """Return the mean of the graders' labels for each target; NaN where nobody said anything."""
    out = []
    for target in head.targets:
        said = [one.value for one in sample.labels if one.task == target and (not graders or one.grader in graders)]
        out.append(float(np.mean(said)) if said else float("nan"))
    return out


def _map(sample: Sample, window: InputWindow, head: Head, shown: Input) -> NDArray[Any]:
    """Return the target map on the square: classes, real numbers, or a density."""
    target = head.targets[0]
    if target == "items":
        return _density(sample, window, shown)
    if target not in sample.beside:
        return np.full((shown.size_px, shown.size_px), _UNKNOWN_CLASS if head.classes else np.nan)
    values = np.asarray(sample.beside[target]())
    if values.shape[0] < window.top + window.height or values.shape[1] < window.left + window.width:
        raise InputError(f"{sample.key}: {target} {values.shape} is smaller than its photo.", advice="Make it again.")
    return placed(cut(values, window), shown, nearest=bool(head.classes))


def _density(sample: Sample, window: InputWindow, shown: Input) -> NDArray[np.float32]:
    """Return a map whose sum is the number of marked items in view: for each a bell of the size of its box."""
    size = shown.size_px
    centres = np.arange(size) + 0.5
    total = np.zeros((size, size), np.float64)
    for box in (item.box for item in sample.items):
        corner = (box.x_px - window.left, box.y_px - window.top)
        left, top = on_square(*corner, window.height, window.width, shown)
        right, bottom = on_square(
            corner[0] + box.width_px, corner[1] + box.height_px, window.height, window.width, shown
        )
        x, y = (left + right) / 2, (top + bottom) / 2
        if 0 <= x < size and 0 <= y < size:
            sigma = max(0.25 * (right - left), 0.25 * (bottom - top), 0.7)
            bell = np.exp(-0.5 * ((centres[:, None] - y) ** 2 + (centres[None, :] - x) ** 2) / sigma**2)
            total += bell / bell.sum()
    return total.astype(np.float32)
