"""Which store the verbs of the service mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import platformdirs

__all__ = ["Db", "default_db"]

Db = Annotated[
    str,
    "sqlite:///FILE or postgresql://USER@HOST/NAME; by default a file in the folder for data of programs.",
    "URL",
]


def default_db() -> str:
    """Return the store in the user's folder for data of programs; the folder is made."""
    folder = Path(platformdirs.user_data_dir("dermis"))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return f"sqlite:///{folder / 'dermis.sqlite'}"
