"""`dermis calibrate`: the flash of a device, or a rig, from photos of a chart."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.models import fetch_with_progress
from dermis.cli.parser import JsonFlag, verb
from dermis.cli.streams import shown_text
from dermis.colour.device import DeviceProfile
from dermis.errors import UsageError
from dermis.formats.device_json import default_profile, write_profile
from dermis.formats.images.photo import read_photo
from dermis.models.registry import MODELS
from dermis.pipeline.light.calibration import PATCH_STEP_MM, calibrate_flash, calibrate_rig
from dermis.pipeline.reference import ReferencePatch, read_reference

__all__ = ["calibrate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrate:
    r"""Calibrate the flash of a device, or a rig, by a colour chart.

    Two photos, without and with the flash or a bright screen, calibrate the flash for `dermis analyse --flash-pair`.
    One photo calibrates a rig, fixed camera and light, for `dermis analyse --condition controlled`.

    \b
    dermis calibrate dark.jpg lit.jpg                       a ColorChecker in view
    dermis calibrate rig.jpg --out rig.json
    dermis calibrate dark.jpg lit.jpg --reference 40,60,200,150=#767676

    Keep the chart still between the two, as far away as the face will be, and fix white balance and HDR as you will for
    faces. Without --out the profile is the one that is used from then on.
    """

    photos: Annotated[
        tuple[Path, ...], typer.Argument(metavar="PHOTO...", help="AMBIENT FLASH of a flash; one photo of a rig.")
    ]
    reference: Annotated[str, "The chart, its corners, or a grey patch, as for analyse.", "chart|X,Y,W,H=#RRGGBB"] = (
        "chart"
    )
    patch_step_mm: Annotated[
        float, "From the middle of one patch of the chart to the next; smaller charts need it.", "MM"
    ] = PATCH_STEP_MM
    out: Annotated[Path | None, "Write the profile here.", "FILE"] = None
    json: JsonFlag = False


@verb(Calibrate)
def calibrate(options: Calibrate) -> None:
    """Calibrate, tell, and keep the profile."""
    reference = read_reference(options.reference)
    if len(options.photos) not in (1, 2):
        raise UsageError(
            f"{len(options.photos)} photos were given.", advice="Give AMBIENT and FLASH, or one photo of a rig."
        )
    if not 5 <= options.patch_step_mm <= 200:
        raise UsageError(f"--patch-step-mm is {options.patch_step_mm:g}.", advice="Measure the chart: 5 to 200 mm.")
    if isinstance(reference, ReferencePatch):
        fetch_with_progress([model.name for model in MODELS])
    photos = [read_photo(path) for path in options.photos]
    if len(photos) == 1:
        profile = calibrate_rig(photos[0], reference)
    else:
        profile = calibrate_flash(photos[0], photos[1], reference, patch_step_mm=options.patch_step_mm)
    path = write_profile(profile, options.out or default_profile(profile.kind))
    if options.json:
        print(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "path": str(path)}, allow_nan=False))
    else:
        _tell(profile, path)


def _tell(profile: DeviceProfile, path: Path) -> None:
    what = "Flash" if profile.kind == "flash" else "Rig"
    patches = "one patch" if profile.patches == 1 else f"{profile.patches} patches"
    print(f"{what} of {shown_text(profile.name)}, by {patches}: ΔE00 {profile.delta_e_after:.1f} after correction.")
    if profile.falloff > 1.25:
        print(f"The light differs over the chart by a factor of {profile.falloff:.2f}: light it more evenly.")
    if profile.kind == "flash" and profile.scale is None:
        print(
            "The distance is not known: hue will be calibrated, lightness not. A chart, or a face beside it, tells it."
        )
    print(f"Profile: {shown_text(str(path))}")
