"""Profiles of devices as small JSON files, and where the user's own lie."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from dermis.colour.device import DeviceProfile
from dermis.errors import InputError, UsageError
from dermis.formats.files import make_folder, write_bytes
from dermis.settings import read_settings

__all__ = ["KINDS", "SCHEMA", "default_profile", "read_profile", "write_profile"]

SCHEMA = "dermis.device/1"
KINDS = ("flash", "rig")


def default_profile(kind: str) -> Path:
    """Return where the user's profile of a kind lies, whether or not it is there."""
    return read_settings().config / f"{kind}.json"


def write_profile(profile: DeviceProfile, path: Path) -> Path:
    """Write a profile; return its path. Raises UsageError where it cannot be written."""
    content: dict[str, Any] = {"schema": SCHEMA, **asdict(profile)}
    for name in ("matrix", "offset"):
        content[name] = np.round(content[name], 6).tolist()
    content["tone_curve"] = [round(number, 5) for number in profile.tone_curve]
    make_folder(path.parent)
    return write_bytes(path, (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())


def read_profile(path: Path, kind: str) -> DeviceProfile:
    """Read a profile of a kind.

    Raises UsageError where there is none, InputError for a file that is no profile or one of another kind.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as fault:
        raise UsageError(f"{path} cannot be read: {fault}.", advice="Make one with `dermis calibrate`.") from None
    try:
        held = json.loads(text)
        profile = _profile(held)
    except (ValueError, TypeError, KeyError):
        raise InputError(f"{path} is no profile of a device.", advice="Make one with `dermis calibrate`.") from None
    if profile.kind != kind:
        raise InputError(
            f"{path} is the profile of a {profile.kind}, and that of a {kind} is needed.",
            advice="See `dermis calibrate --help`.",
        )
    return profile


def _profile(held: dict[str, Any]) -> DeviceProfile:
    if held["schema"] != SCHEMA or held["kind"] not in KINDS:
        raise ValueError(held["schema"])
    a, b, c = (float(number) for number in held["tone_curve"])
    matrix, offset = np.asarray(held["matrix"], np.float64), np.asarray(held["offset"], np.float64)
    if not (np.isfinite(matrix).all() and np.isfinite(offset).all() and np.isfinite([a, b, c]).all()):
        raise ValueError("not finite")
    return DeviceProfile(
        kind=str(held["kind"]),
        make=str(held["make"]),
        model=str(held["model"]),
        matrix=matrix,
        offset=offset,
        tone_curve=(a, b, c),
        exposure=_positive(held["exposure"]),
        scale=_positive(held["scale"]),
        delta_e_after=float(held["delta_e_after"]),
        falloff=float(held["falloff"]),
        patches=int(held["patches"]),
    )


def _positive(value: object) -> float | None:
    if value is None:
        return None
    number = float(value)  # type: ignore[arg-type]
    if not 0 < number < float("inf"):
        raise ValueError("not above 0")
    return number
