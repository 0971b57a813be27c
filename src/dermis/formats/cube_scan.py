"""A scan with its references, found by the names that line-scan cameras give them.

Specim cameras write a folder `capture` with NAME.raw, WHITEREF_NAME.raw and DARKREF_NAME.raw, each with its header.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dermis.errors import InputError, UsageError

__all__ = ["Scan", "find_scan"]

_WHITE, _DARK = ("whiteref", "white_ref", "white"), ("darkref", "dark_ref", "dark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Headers or files of a raw scan and its references."""

    raw: Path
    white: Path
    dark: Path


def find_scan(place: Path, *, white: Path | None = None, dark: Path | None = None) -> Scan:
    """Return the scan at `place`, a file or a folder, and its references: those handed in, or those beside it.

    Raises InputError where there is no scan or no reference, UsageError where a folder holds several scans.
    """
    if not place.exists():
        raise InputError(f"{place} does not exist.", advice="Name the scan's .raw or .hdr file, or its folder.")
    raw = _only_scan(place) if place.is_dir() else place
    return Scan(
        raw=raw,
        white=_reference(raw, _WHITE, "white", "a white panel") if white is None else white,
        dark=_reference(raw, _DARK, "dark", "a closed shutter") if dark is None else dark,
    )


def _headers(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() == ".hdr" and path.is_file())
    except OSError as fault:
        raise InputError(f"{folder} cannot be read: {fault.strerror}.", advice="Check the folder.") from None


def _only_scan(folder: Path) -> Path:
    for place in (folder / "capture", folder):
        scans = [path for path in _headers(place) if not _kind(path)] if place.is_dir() else []
        if len(scans) == 1:
            return scans[0]
        if scans:
            names = ", ".join(path.stem for path in scans[:5])
            raise UsageError(f"{place} holds {len(scans)} scans: {names}.", advice=f"Name one: {scans[0]}.")
    raise InputError(f"{folder} holds no scan.", advice="Expected capture/NAME.raw with NAME.hdr.")


def _kind(path: Path) -> str:
    name = path.stem.lower()
    return "white" if name.startswith(_WHITE) else "dark" if name.startswith(_DARK) else ""


def _reference(raw: Path, prefixes: tuple[str, ...], option: str, what: str) -> Path:
    name = raw.name.split(".")[0].lower()
    beside = [path for path in _headers(raw.parent) if path.stem.lower().startswith(prefixes)]
    own = [path for path in beside if path.stem.lower().endswith(name)]
    found = own or (beside if len(beside) == 1 else [])
    if not found:
        raise InputError(
            f"{raw.name} has no {option} reference beside it.",
            advice=f"Say --{option} FILE, a scan of {what}; {prefixes[0].upper()}_{raw.stem}.raw is found by itself.",
        )
    return found[0]
