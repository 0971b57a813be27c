"""Writing what a report is made of."""

from __future__ import annotations

from pathlib import Path

from dermis.errors import UsageError

__all__ = ["write"]


def write(path: Path, content: bytes) -> Path:
    """Write a file and return its path.

    Raises UsageError where it cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as fault:
        raise UsageError(
            f"{path.name} cannot be written: {fault.strerror}.", advice="Choose another folder."
        ) from fault
    return path
