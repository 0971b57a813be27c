"""Learnt weights: a folder each with model.onnx (or tables of numbers), meta.json and card.md, found by name.

weights/NAME/model.onnx    picture in [0, 1] and numbers -> answers in units; normalisation is inside
weights/NAME/meta.json     what it is shown, what it answers, how well exported and trained agree
weights/NAME/card.md       data, licence, split, figures, recipe, limits

Those that ship lie in `WEIGHTS`; a user's own lie in the folder that the settings name (`DERMIS_WEIGHTS`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Photo
from dermis.core.arrays import BoolMap, FloatMap
from dermis.core.tables import sha256_of
from dermis.errors import ModelMissing
from dermis.models.preprocess import Input, preprocess
from dermis.models.runtime import LoadedNetwork, load
from dermis.settings import read_settings

__all__ = [
    "WEIGHTS",
    "Answer",
    "Weights",
    "check_files",
    "checked",
    "file_hashes",
    "find_weights",
    "foreign",
    "open_weights",
    "shipped",
]

WEIGHTS = Path(__file__).parent / "weights"
"""The networks that ship with dermis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One output: `kind` of its head, the names of its numbers (labels, grades, classes), its unit."""

    kind: str
    names: tuple[str, ...]
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A network of ours, ready to answer.

    shown: what it is shown. number_names: the numbers beside the picture, in order. answers: by output name.
    meta: all of meta.json.
    """

    name: str
    folder: Path
    network: LoadedNetwork
    shown: Input
    number_names: tuple[str, ...]
    answers: Mapping[str, Answer]
    meta: Mapping[str, Any]

    @property
    def model(self) -> str:
        """What a finding names as its model: the name, and the version or else the recipe that taught it."""
        return f"{self.name} {self.meta.get('version') or self.meta['recipe']}"

    @property
    def card(self) -> str:
        """The card, Markdown."""
        return (self.folder / "card.md").read_text(encoding="utf-8")

    def ask(
        self, photo: Photo, mask: BoolMap | None = None, *, beside: FloatMap | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """Return the answers for one photo by name, without the batch axis.

        mask: (h, w) on the photo's pixels, where to look, if the network was taught with one. beside: (h, w, channels)
        on its pixels, what the network is shown in its place, if it was taught so.
        """
        seen = preprocess(photo, self.shown, mask, beside=beside)
        numbers = seen.numbers[None] if self.number_names else None
        return {name: held[0] for name, held in self.run(seen.picture[None], numbers).items()}

    def run(self, pictures: NDArray[Any], numbers: NDArray[np.float32] | None = None) -> dict[str, NDArray[np.float32]]:
        """Return the answers (b, ...) for pictures (b, size, size, channels) as `inputs.look` gives them.

        numbers: (b, k) in the order of `number_names`, NaN where not known.
        """
        scale = 1 / 255 if pictures.dtype == np.uint8 else 1.0
        seen = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), dtype=np.float32) * np.float32(scale)
        rows = [(seen[place : place + 1], *([] if numbers is None else [numbers[place : place + 1]]))
                for place in range(len(seen))]  # fmt: skip
        each = [self.network.run(*row) for row in rows]
        return {name: np.concatenate([one[name] for one in each]) for name in self.answers}


def find_weights(name: str) -> Path:
    """Return the folder of the weights `name`: a path, one that ships, or one of the user's.

    Raises ModelMissing, with the names there are.
    """
    for folder in (WEIGHTS / name, read_settings().weights / name, Path(name)):
        if (folder / "meta.json").is_file():
            return folder
    raise ModelMissing(
        f"No weights are called {name!r}.",
        advice=f"There are: {', '.join((*shipped(), *foreign()))}. Yours are looked for in {read_settings().weights} "
        "(DERMIS_WEIGHTS), or name their folder.",
    )


def foreign() -> tuple[str, ...]:
    """Return the names of the user's own weights, sorted."""
    return shipped(read_settings().weights)


def shipped(home: Path = WEIGHTS) -> tuple[str, ...]:
    """Return the names of the networks in `home`, sorted."""
    return tuple(sorted(one.parent.name for one in home.glob("*/meta.json")))


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of numbers in a folder of weights, by name; meta.json keeps them."""
    return {path.name: sha256_of(path) for path in sorted(folder.iterdir()) if path.suffix in (".onnx", ".npz")}


def check_files(folder: Path, meta: Mapping[str, Any]) -> None:
    """Raise ModelMissing where a file of numbers is not the one that was exported, as meta.json knows it."""
    for name, wanted in meta.get("files", {}).items():
        path = folder / name
        if not path.is_file() or sha256_of(path) != wanted:
            raise ModelMissing(
                f"The network {folder.name!r} is damaged: {name} is not the file that was exported.",
                advice="Install dermis again; weights of your own, export again.",
            )


def checked(file: Path) -> Path:
    """Return a file of shipped numbers once it is known to be whole. Raises ModelMissing."""
    try:
        meta = json.loads((file.parent / "meta.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise ModelMissing(f"The network {file.parent.name!r} is not whole.", advice="Install dermis again.") from fault
    check_files(file.parent, meta)
    return file


def open_weights(name: str, home: Path = WEIGHTS, *, threads: int | None = None) -> Weights:
    """Return the network `name` of `home`.

    Raises ModelMissing where it is not there, not whole or damaged.
    """
    folder = home / name
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        said: dict[str, Any] = {key: _tuple(held) for key, held in meta["input"].items()}
        shown = Input(**said)
        answers = {key: Answer(**{**held, "names": tuple(held["names"])}) for key, held in meta["answers"].items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        there = ", ".join(shipped(home)) or "none"
        raise ModelMissing(
            f"The network {name!r} is not whole ({type(error).__name__}).", advice=f"There are: {there}."
        ) from None
    check_files(folder, meta)
    return Weights(
        name=name,
        folder=folder,
        network=load(folder / "model.onnx", threads=threads),
        shown=shown,
        number_names=tuple(meta["number_names"]),
        answers=answers,
        meta=meta,
    )


def _tuple(held: object) -> Any:  # noqa: ANN401 -- JSON has no tuples
    return tuple(held) if isinstance(held, list) else held
