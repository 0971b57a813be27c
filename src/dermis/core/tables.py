"""Tables of numbers that ship beside the code: each is known by its hash, so that a damaged one is called damaged."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.errors import ModelMissing

__all__ = ["HASHES", "load_table", "sha256_of"]

HASHES = "hashes.json"
"""Beside the tables: the SHA-256 of each, by name."""


def load_table(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a shipped .npz by name. Raises ModelMissing where it is not the file that ships."""
    try:
        wanted = json.loads((path.parent / HASHES).read_text(encoding="utf-8"))[path.name]
        whole = sha256_of(path) == wanted
    except (OSError, ValueError, KeyError):
        whole = False
    if not whole:
        raise ModelMissing(f"{path.name}, a table that comes with dermis, is damaged.", advice="Install dermis again.")
    with np.load(path, allow_pickle=False) as held:
        return {name: held[name] for name in held.files}


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, read once as long as its size and time stay what they are. Raises OSError."""
    state = path.stat()
    return _hashed(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=128)
def _hashed(path: Path, size: int, modified_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
