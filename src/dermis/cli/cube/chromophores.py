"""`dermis cube chromophores`: maps of what colours the skin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from rich.console import Console
from rich.table import Table

from dermis.cli.cube.options import CubePath, Key, Mask, Wavelengths
from dermis.cli.cube.output import mask_of, opened, print_object, whole
from dermis.cli.parser import JsonFlag, verb
from dermis.errors import UsageError
from dermis.formats.files import make_folder, write_with
from dermis.report.page import write
from dermis.report.spectra import map_png, scale_of
from dermis.spectra.chromophore_maps import ChromophoreMaps, chromophore_maps, unmixed_maps
from dermis.tasks import TASKS

__all__ = ["chromophores"]

METHODS = {"physical": chromophore_maps, "unmixing": unmixed_maps}
_COLOURS = {"melanosome_fraction": "melanin", "blood_fraction": "haemoglobin", "oxygen_saturation": "redness"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Map melanin, blood, its oxygen and water.

    Water is mapped where the cube reaches 950 nm.
    """

    cube: CubePath
    out: Annotated[Path, "Write maps.npz and the maps as PNG here.", "DIR"]
    mask: Mask = None
    method: Annotated[str, "physical, or unmixing: the linear baseline.", "NAME"] = "physical"
    wavelengths: Wavelengths = None
    key: Key = None
    json: JsonFlag = False


@verb(Options)
def chromophores(options: Options) -> None:
    """Write maps of what colours the skin, and print their medians."""
    out, method = options.out, options.method
    if method not in METHODS:
        raise UsageError(f"No method is called {method!r}.", advice=f"Known: {', '.join(METHODS)}.")
    cube = whole(opened(options.cube, options.wavelengths, options.key, reflectance=True))
    if np.nanmax(cube.values) > 10:
        raise UsageError(
            f"{options.cube.name} holds no reflectance.", advice="Calibrate it first: dermis cube calibrate."
        )
    maps = METHODS[method](cube, mask_of(options.mask, cube))
    written = _write(maps, out)
    found = {
        name: {
            "median": float(np.nanmedian(values)),
            "low": float(np.nanmedian(maps.low[name])) if name in maps.low else None,
            "high": float(np.nanmedian(maps.high[name])) if name in maps.high else None,
            "identifiable_share": maps.identifiable.get(name),
        }
        for name, values in maps.values.items()
    }
    if options.json:
        print_object(
            "chromophores",
            {
                "method": method,
                "maps": found,
                "level": maps.level if maps.low else None,
                "written": [str(one) for one in written],
            },
        )
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("map", "median", "interval", "measured"):
        table.add_column(title)
    for name, one in found.items():
        interval = "-" if one["low"] is None else f"{one['low']:.3g} to {one['high']:.3g}"
        measured = "-" if one["identifiable_share"] is None else f"{one['identifiable_share']:.0%}"
        table.add_row(name, f"{one['median']:.3g}", interval, measured)
    console = Console(highlight=False)
    console.print(table)
    console.print(f"[dim]{out}: {', '.join(path.name for path in written)}[/dim]")


def _write(maps: ChromophoreMaps, out: Path) -> list[Path]:
    """Write maps.npz (NAME, NAME_low, NAME_high, residual) and a picture of each map into `out`; return them."""
    make_folder(out)
    arrays = dict(maps.values) | {"residual": maps.residual}
    arrays |= {f"{name}_{side}": held for side in ("low", "high") for name, held in getattr(maps, side).items()}
    write_with(out / "maps.npz", lambda draft: np.savez(draft, **arrays))  # type: ignore[arg-type]
    written = [out / "maps.npz"]
    for name, values in {**maps.values, "residual": maps.residual}.items():
        colours = [TASKS[_COLOURS[name]].colours] if name in _COLOURS else []
        picture = map_png(values, *scale_of([values]), name.replace("_", " "), *colours)
        written.append(write(out / f"{name}.png", picture))
    return written
