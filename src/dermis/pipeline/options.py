"""How a photo is analysed, as a user asks for it: the one place where these options are named and explained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

__all__ = ["AS_IT_COMES", "AnalyseOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyseOptions:
    """How photos are analysed; `dermis analyse` has its options from here.

    The strings: the help, a name for the value, the option's name where it is another than the field's.
    """

    tasks: Annotated[str | None, "Only these; see `dermis tasks`.", "A,B"] = None
    close_up: Annotated[bool, "Look for no face: measure all skin in view."] = False
    mask: Annotated[Path | None, "Measure only where this picture is bright (one photo).", "PNG"] = None
    parts: Annotated[Path | None, "Take the parts from this edited parts.png of --out (one photo).", "PNG"] = None
    reference: Annotated[
        str | None,
        "A patch of known colour in the photo (grey card), or a ColorChecker, to correct the light by: "
        "chart finds it, chart:X1,Y1,...,X4,Y4 names its corner patches.",
        "X,Y,W,H=#RRGGBB|chart",
    ] = None
    flash_pair: Annotated[
        tuple[Path, Path] | None,
        "Two photos of one face, without and with the flash or a bright screen: what the room's light adds is taken "
        "away.",
        "AMBIENT FLASH",
    ] = None
    condition: Annotated[
        str | None, "controlled: fixed camera and light that you vouch for; see `dermis calibrate`.", "NAME"
    ] = None
    device: Annotated[Path | None, "The profile of the device, from `dermis calibrate`.", "FILE"] = None
    pupils_mm: Annotated[
        float | None, "Distance of the pupils, as for glasses: tells the lightness of a flash pair.", "MM"
    ] = None
    weights: Annotated[
        tuple[str, ...],
        "Also answer by these weights of your own; TASK=NAME: in the place of our task.",
        "NAME",
        "--with",
    ] = ()
    person: Annotated[bool, "The photos show one person from several sides: also answer for all together."] = False


AS_IT_COMES = AnalyseOptions()
"""Every task that is offered, on the largest face, in the colours of the camera."""
