"""What is fuzzed: each reader with its seeds. A target may refuse its input in words, and nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dermis.errors import InputError, UsageError

__all__ = ["TARGETS", "Target"]

CASES = Path(__file__).parents[1] / "cases" / "data"
LONGEST_SEED = 120_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A reader of bytes under a file name of some ending, with paths of its seeds."""

    name: str
    endings: tuple[str, ...]
    read: Callable[[Path], object]
    seeds: tuple[Path, ...]

    def try_input(self, data: bytes, ending: str) -> None:
        """Read the bytes; anything but a value or a refusal in words is raised."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"input{ending}"
            path.write_bytes(data)
            try:
                self.read(path)
            except (InputError, UsageError) as refusal:
                if not refusal.advice or not refusal.message:
                    raise AssertionError(f"no advice: {refusal}") from refusal


def _photo(path: Path) -> object:
    from dermis.formats.images.photo import read_photo

    return read_photo(path)


def _mask(path: Path) -> object:
    from dermis.formats.images.masks import read_mask

    return read_mask(path, 64, 64)


def _table(path: Path) -> object:
    from dermis.formats.tables import open_table

    table = open_table(path)
    return [table.is_numbers(column) for column in table.columns]


def _annotations(path: Path) -> object:
    from dermis.formats.annotations.annotations import read_annotations

    return read_annotations(path)


def _cube(path: Path) -> object:
    from dermis.formats.cubes.cube import check_reflectance, open_cube, rows_of

    header = path.suffix == ".hdr"
    if header:  # its numbers, of the size that most seeds state
        path.with_suffix(".img").write_bytes(bytes(24 * 32 * 61 * 4))
    cube = open_cube(path)
    if cube.head.shape[1] * cube.head.shape[2] < 1 << 22:
        rows_of(cube, 0, 1)
        check_reflectance(cube)
    return cube.head


def _recipe(path: Path) -> object:
    from dermis.lab.synth.recipe import read_recipe

    return read_recipe(str(path))


def _seeds(*patterns: str) -> tuple[Path, ...]:
    found = [path for pattern in patterns for path in sorted(CASES.glob(pattern))]
    return tuple(path for path in found if path.is_file() and path.stat().st_size <= LONGEST_SEED)


def _target(name: str, read: Callable[[Path], object], seeds: Sequence[Path]) -> Target:
    endings = tuple(sorted({path.suffix.lower() for path in seeds}))
    return Target(name=name, endings=endings, read=read, seeds=tuple(seeds))


_PHOTOS = ("table-na-strings/*.jpg", "png-exif-places/deep*.png", "avif-webp-orientation/*", "hostile/17*/*.tif")

TARGETS = (
    _target("photo", _photo, _seeds(*_PHOTOS, "hostile/09*/*.webp")),
    _target("mask", _mask, _seeds("png-exif-places/deep*.png", "hostile/17*/*.tif")),
    _target("table", _table, _seeds("*/labels.csv", "*/labels.xlsx", "csv-thousands/*.csv", "hostile/07*/*.xlsx")),
    _target("annotations", _annotations, _seeds("*/*.xml", "*/*.json", "csv-thousands/*.csv", "hostile/08*/*.csv")),
    _target("cube header", _cube, _seeds("envi-*/*.hdr")),
    _target("cube array", _cube, _seeds("hostile/05*/*.npz", "hostile/05*/*.npy")),
    _target("cube hdf5", _cube, _seeds("hostile/05*/*.h5", "hostile/05*/*.mat", "hostile/03*/*.mat")),
)
