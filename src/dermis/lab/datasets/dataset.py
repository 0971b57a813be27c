"""The record of a dataset, and what its readers share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core import Cube, Photo, Sample
from dermis.errors import InputError

__all__ = ["MADE", "Dataset", "Mismatch", "existing", "licence_of", "photos_in", "read_grey", "reader", "subfolder"]

MADE = "dermis-synth.json"
"""The file in a folder made by `dermis synth`; it holds the recipe."""
MADE_LICENCE = "made by `dermis synth`: shows no real person, use it freely"
_PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A dataset with one layout: `index(root)` finds its samples and reads no pixels.

    about: what it shows and how its folders lie. public: whether it can be had without asking its makers. notes: what
    the files under a root were taken for and what was left out, in lines for the user. mismatches: what does not fit
    under a root. with_columns: the dataset as read by a mapping of a sheet's columns ("subject=ID"), None for those
    whose columns are fixed.
    """

    name: str
    title: str
    about: str
    licence: str
    citation: str
    public: bool
    index: Callable[[Path], list[Sample]]
    notes: Callable[[Path], list[str]] = lambda root: []
    mismatches: Callable[[Path], list[Mismatch]] = lambda root: []
    with_columns: Callable[[Sequence[str]], Dataset] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """What of a dataset does not fit: its kind, and about which photo or cell.

    fatal: a label that cannot be believed, so that the dataset is refused for learning until it is mended.
    """

    kind: str
    about: str
    fatal: bool = False


def existing(root: Path) -> Path:
    """Return `root`; InputError unless it is a folder."""
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise InputError(f"{root} {what}.", advice="Name the folder that holds the dataset.")
    return root


def subfolder(root: Path, *names: str) -> Path:
    """Return the first folder of `names` under `root`; InputError says what was expected where."""
    for name in names:
        if (root / name).is_dir():
            return root / name
    raise InputError(f"{existing(root)} has no folder {names[0]!r}.", advice=f"Expected one of: {', '.join(names)}.")


def photos_in(folder: Path, *, deep: bool = False) -> list[Path]:
    """Return the photos of a folder by name; those of its folders too, where `deep`."""
    found: Iterable[Path] = folder.rglob("*") if deep else folder.iterdir()
    return sorted(path for path in found if path.suffix.lower() in _PHOTO_SUFFIXES and not path.name.startswith("."))


def reader(path: Path, *, linear: bool = False) -> Callable[[], Photo | Cube]:
    """Return what reads the photo at `path` when called."""
    from dermis.formats.images.photo import read_photo

    return partial(read_photo, path, linear=linear)


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Return a picture of class numbers or of black and white as (h, w) uint8, as it is stored.

    Of a colour picture the red channel. Raises InputError.
    """
    from PIL import Image, UnidentifiedImageError  # late: needed only when a mask is read

    try:
        with Image.open(path) as image:
            plane = image if image.mode in ("L", "P", "1") else image.getchannel(0)
            return np.array(plane, dtype=np.uint8) * np.uint8(255 if image.mode == "1" else 1)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.", advice="Check that the dataset is complete.") from None
    except (OSError, UnidentifiedImageError) as fault:
        raise InputError(f"{path.name} cannot be read as a picture ({fault}).", advice="Unpack it again.") from None


def licence_of(root: Path, published: str) -> str:
    """Return the licence of the data under `root`: the published one, or that of a synthetic stand-in."""
    return MADE_LICENCE if (root / MADE).is_file() else published


def read_json(path: Path) -> dict[str, object]:
    """Return the JSON object in a file; InputError where there is none."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.", advice="Check that the dataset is complete.") from None
    except (OSError, ValueError) as fault:
        raise InputError(f"{path.name} is no JSON ({fault}).", advice="Unpack or make it again.") from None
    if not isinstance(held, dict):
        raise InputError(f"{path.name} holds no JSON object.", advice="Unpack or make it again.")
    return held
