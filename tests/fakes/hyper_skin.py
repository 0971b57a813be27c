"""Two people of Hyper-Skin: one to train on, one to test on."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from fakes.pictures import numbers, photo

SUBJECTS = 2
SAMPLES = 4
HEIGHT, WIDTH = 70, 66


def values(name: str, bands: int) -> np.ndarray:
    """Return (h, w, band) that tells every axis apart."""
    row, column, band = np.ogrid[:HEIGHT, :WIDTH, :bands]
    return ((row + 100 * column + 10_000 * band) / 1e6 + len(name) / 100).astype(np.float32)


def matlab(path: Path, array: np.ndarray) -> None:
    """Write as MATLAB does: column-major, so HDF5 sees the axes the other way round."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.create_dataset("cube", data=np.transpose(array, (2, 1, 0)).astype(np.float64))


def make(root: Path) -> None:
    for split, subject in (("train", "p003"), ("test", "p001")):
        for view in ("neutral_front", "smile_left"):
            name = f"{subject}_{view}"
            photo(root / "Hyper-Skin(RGB, VIS)" / split / "RGB_CIE" / f"{name}.jpg", len(name), WIDTH, HEIGHT)
            matlab(root / "Hyper-Skin(RGB, VIS)" / split / "VIS" / f"{name}.mat", values("vis", 31))
            matlab(root / "Hyper-Skin(MSI, NIR)" / split / "NIR" / f"{name}.mat", values("near", 31))
            matlab(root / "Hyper-Skin(MSI, NIR)" / split / "MSI_CIE" / f"{name}.mat", values("msi", 4))
            if split == "test":
                mask = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
                mask[10:60, 20:50] = 255
                numbers(root / "Hyper-Skin(MSI, NIR)" / "mask" / split / f"{name}.png", mask)
