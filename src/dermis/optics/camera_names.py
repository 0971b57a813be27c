"""Cameras by name or by the user's own table."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from dermis.errors import UsageError
from dermis.optics.camera import Camera, read_cameras
from dermis.optics.camera_population import population, typical_camera
from dermis.optics.spectral import VISIBLE, WORKING_NM, observer

__all__ = ["find_camera"]

_OBSERVER = "CIE 1931"
_TYPICAL = "typical"
_MEASURED = {"Nikon D5100": "Nikon 5100 (NPL)", "Sigma SD Merrill": "Sigma SDMerill (NPL)"}


def find_camera(name_or_path: str | Path) -> Camera:
    """Return the camera of that name, or of that CSV file.

    Names (case, spaces and signs do not matter): "CIE 1931", the standard observer as an ideal camera;
    "typical", the mean of the population that `draw_camera` draws from; "Nikon D5100" and "Sigma SD Merrill",
    measured at the National Physical Laboratory (Darrodi et al. 2015, through colour-science).
    A CSV has the columns `wavelength_nm,red,green,blue`; one of several cameras in a CSV with a further
    column `camera` is chosen by `cameras.csv#Name`.
    Raises UsageError with the nearest names, or InputError for a file that cannot be used.
    """
    text = str(name_or_path).strip()
    file, _, inside = text.partition("#")
    if isinstance(name_or_path, Path) or file.lower().endswith((".csv", ".txt", ".tsv")):
        return _one_of(read_cameras(Path(file)), inside, Path(file).name)
    name = _match(text, [_OBSERVER, _TYPICAL, *_MEASURED], "")
    if name == _OBSERVER:
        return Camera(
            name=_OBSERVER,
            wavelengths_nm=WORKING_NM[VISIBLE],
            sensitivities=observer(),
            source="CIE 15:2018, 1931 standard colorimetric observer",
        )
    if name == _TYPICAL:
        return typical_camera(population())
    return _measured(name)


def _measured(name: str) -> Camera:
    import colour  # late: it takes most of a second

    table = colour.MSDS_CAMERA_SENSITIVITIES[_MEASURED[name]]
    return Camera(
        name=name,
        wavelengths_nm=np.asarray(table.wavelengths, dtype=np.float64),
        sensitivities=np.asarray(table.values, dtype=np.float64),
        source="Darrodi et al. 2015, doi:10.1364/JOSAA.32.000381, through colour-science",
    )


def _one_of(cameras: tuple[Camera, ...], inside: str, file: str) -> Camera:
    if len(cameras) == 1 and not inside:
        return cameras[0]
    by_name = {camera.name: camera for camera in cameras}
    if not inside:
        some = next(iter(by_name))
        raise UsageError(f"{file} holds {len(cameras)} cameras.", advice=f"Name one: {file}#{some}.")
    return by_name[_match(inside, list(by_name), f" in {file}")]


def _match(text: str, names: list[str], where: str) -> str:
    plain = {_plain(name): name for name in names}
    if _plain(text) in plain:
        return plain[_plain(text)]
    near = [plain[key] for key in get_close_matches(_plain(text), list(plain), n=3, cutoff=0.5)] or names[:4]
    raise UsageError(
        f"No camera is called {text!r}{where}.",
        advice=f"Did you mean {', '.join(near)}? A CSV with wavelength_nm,red,green,blue works, too.",
    )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
