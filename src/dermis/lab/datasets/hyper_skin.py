"""Hyper-Skin: faces of 51 people as spectral cubes, 400-1000 nm, with RGB made from them.

Specim FX10 line scans under two halogen lamps, 1024 x 1024, resampled to 31 visible (400-700 nm) and 31 near
infrared bands (700-1000 nm), both by 10 nm; six pictures a person (neutral and smiling, front, left and right).

    Hyper-Skin(RGB, VIS)/{train,valid,test}/RGB_CIE/p001_neutral_front.jpg
    Hyper-Skin(RGB, VIS)/{train,valid,test}/VIS/p001_neutral_front.mat
    Hyper-Skin(MSI, NIR)/{train,valid,test}/MSI_CIE/p001_neutral_front.mat    RGB and the band at 960 nm
    Hyper-Skin(MSI, NIR)/{train,valid,test}/NIR/p001_neutral_front.mat
    Hyper-Skin(MSI, NIR)/mask/test/p001_neutral_front.*                      white: the person

The `.mat` files are MATLAB v7.3, array `cube`. The RGB was computed from the cube by a camera's response, so its
values are taken as proportional to light. Halves and splits that are not there are left out; a space after the
comma may be missing. The band at 700 nm lies in both cubes: in `cube`, the joined 61 bands, it is the visible one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Cube, Sample, SampleKey
from dermis.errors import InputError
from dermis.formats.cubes.arrays import read_cube_mat, read_mat
from dermis.lab.datasets.dataset import Dataset, existing, licence_of, photos_in, read_grey, reader

__all__ = ["DATASET", "NIR_NM", "VIS_NM", "index"]

VIS_NM = np.arange(400.0, 700.1, 10.0)
NIR_NM = np.arange(700.0, 1000.1, 10.0)
SPLITS = ("train", "valid", "test")
_NAME = re.compile(r"(p\d{3})_(neutral|smile)_(front|left|right)")
_HALVES = {
    "rgb": ("Hyper-Skin(RGB, VIS)", "Hyper-Skin(RGB,VIS)"),
    "msi": ("Hyper-Skin(MSI, NIR)", "Hyper-Skin(MSI,NIR)"),
}

Beside = dict[str, Callable[[], Cube | NDArray[Any]]]


def index(root: Path) -> list[Sample]:
    """Return a sample a picture: reads the RGB; beside it `vis`, `nir`, `cube`, `msi` (h, w, 4) and `mask`.

    Traits: split, expression, view. InputError where neither half is there or a picture has no cube.
    """
    visible, infrared = (_half(root, half) for half in ("rgb", "msi"))
    if visible is None:
        raise InputError(
            f"{existing(root)} has no folder {_HALVES['rgb'][0]!r}.",
            advice="Expected the two folders of Hyper-Skin: (RGB, VIS) and (MSI, NIR).",
        )
    licence = licence_of(root, DATASET.licence)
    found = [
        _sample(photo, split, infrared, licence)
        for split in SPLITS
        if (visible / split / "RGB_CIE").is_dir()
        for photo in photos_in(visible / split / "RGB_CIE")
    ]
    if not found:
        raise InputError(f"{visible} holds no pictures.", advice="Expected train/RGB_CIE/p001_neutral_front.jpg.")
    return found


def _half(root: Path, half: str) -> Path | None:
    return next((root / name for name in _HALVES[half] if (root / name).is_dir()), None)


def _sample(photo: Path, split: str, infrared: Path | None, licence: str) -> Sample:
    named = _NAME.fullmatch(photo.stem)
    if named is None:
        raise InputError(
            f"{photo.name} in {photo.parent} is no name of Hyper-Skin.", advice="Expected p001_neutral_front.jpg."
        )
    subject, expression, view = named.groups()
    return Sample(
        key=SampleKey(dataset="hyper-skin", subject=subject, view=f"{expression}_{view}"),
        read=reader(photo, linear=True),
        traits={"split": split, "expression": expression, "view": view},
        licence=licence,
        beside=_beside(photo, split, infrared),
    )


def _beside(photo: Path, split: str, infrared: Path | None) -> Beside:
    vis = photo.parents[1] / "VIS" / f"{photo.stem}.mat"
    if not vis.is_file():
        raise InputError(f"{photo.name} has no cube.", advice=f"Expected {vis}.")
    beside: Beside = {"vis": partial(read_cube_mat, vis, VIS_NM)}
    if infrared is not None and (infrared / split).is_dir():
        nir, msi = (infrared / split / folder / f"{photo.stem}.mat" for folder in ("NIR", "MSI_CIE"))
        beside |= {"nir": partial(read_cube_mat, nir, NIR_NM), "msi": partial(read_mat, msi)}
        beside["cube"] = partial(_joined, vis, nir)
    for half in (photo.parents[2], infrared):
        for mask in sorted(half.glob(f"mask/{split}/{photo.stem}.*")) if half is not None else ():
            beside["mask"] = partial(_mask, mask)
    return beside


def _joined(vis: Path, nir: Path) -> Cube:
    first, second = read_cube_mat(vis, VIS_NM), read_cube_mat(nir, NIR_NM)
    if first.values.shape[:2] != second.values.shape[:2]:
        raise InputError(f"{vis} and {nir} differ in size.", advice="Unpack both halves again.")
    return Cube(
        values=np.concatenate([first.values, second.values[:, :, 1:]], axis=2),
        wavelengths_nm=np.concatenate([VIS_NM, NIR_NM[1:]]),
        quantity=first.quantity,
    )


def _mask(path: Path) -> NDArray[np.bool_]:
    return read_grey(path) > 127


DATASET = Dataset(
    name="hyper-skin",
    title="Hyper-Skin",
    about=__doc__ or "",
    licence="EULA signed by an institution; not to be passed on",
    citation="Ng, Chi, Verdie, Lu, Plataniotis: Hyper-Skin: A Hyperspectral Dataset for Reconstructing Facial "
    "Skin-Spectra from RGB Images, NeurIPS 2023 Datasets and Benchmarks",
    public=False,
    index=index,
)
