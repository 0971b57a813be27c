"""A raw line scan with its references, found by the names that line-scan cameras give them.

Specim cameras write a folder `capture` with NAME.raw, WHITEREF_NAME.raw and DARKREF_NAME.raw, each with its header.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dermis.errors import InputError, UsageError

__all__ = ["Scan", "find_scan"]

_WHITE, _DARK = ("whiteref", "white_ref", "white"), ("darkref", "dark_ref", "dark")
_SURE = ("whiteref", "white_ref", "darkref", "dark_ref")


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
        headers = _headers(place) if place.is_dir() else []
        scans = [path for path in headers if not _is_reference(path, headers)]
        if len(scans) == 1:
            return scans[0]
        if scans:
            names = ", ".join(path.stem for path in scans[:5])
            raise UsageError(f"{place} holds {len(scans)} scans: {names}.", advice=f"Name one: {scans[0]}.")
    raise InputError(f"{folder} holds no scan.", advice="Expected capture/NAME.raw with NAME.hdr.")


def _name(path: Path) -> str:
    """Return what a scan is called: its file without endings, in lower case."""
    return path.name.split(".")[0].lower()


def _is_reference(path: Path, headers: Sequence[Path]) -> bool:
    """Return whether a header is that of a reference: called so, or after another scan beside it.

    `dark_skin_01` is a scan of dark skin unless there is a scan `skin_01`.
    """
    name = _name(path)
    for prefix in (*_WHITE, *_DARK):
        if name.startswith(prefix):
            rest = name.removeprefix(prefix)
            others = {_name(other) for other in headers if other != path}
            return prefix in _SURE or not rest or rest.strip("_-").isdecimal() or rest.lstrip("_-") in others
    return False


def _reference(raw: Path, prefixes: tuple[str, ...], option: str, what: str) -> Path:
    """Return the reference called after the scan; or the only one, if it is not called after another scan."""
    name = _name(raw)
    headers = _headers(raw.parent)
    own = {f"{prefix}{mark}{name}" for prefix in prefixes for mark in ("_", "-", "")}
    exact = [path for path in headers if _name(path) in own and _name(path) != name]
    beside = [path for path in headers if _name(path).startswith(prefixes) and _name(path) != name]
    alone = [path for path in beside if not _belongs_elsewhere(path, prefixes, headers, name)]
    found = exact or alone
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(path.stem for path in found[:5])
        raise InputError(
            f"{raw.name} has {len(found)} {option} references beside it: {names}.",
            advice=f"Say --{option} FILE.",
        )
    raise InputError(
        f"{raw.name} has no {option} reference beside it.",
        advice=f"Say --{option} FILE, a scan of {what}; {prefixes[0].upper()}_{raw.stem}.raw is found by itself.",
    )


def _belongs_elsewhere(path: Path, prefixes: tuple[str, ...], headers: Sequence[Path], name: str) -> bool:
    others = {_name(other) for other in headers} - {name, _name(path)}
    return any(_name(path).removeprefix(prefix).lstrip("_-") in others for prefix in prefixes)
