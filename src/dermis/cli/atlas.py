"""`dermis atlas`: the photonumeric scales, to print and to grade by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from dermis.cli.parser import verb
from dermis.formats.files import make_folder
from dermis.report.atlas_page import write_atlas

__all__ = ["atlas"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""Write the photonumeric scales as a printable page.

    One made face a grade and tone: mottled hyperpigmentation 0 to 9, redness 0 to 4, on light, medium and dark skin.
    Nobody on it exists. With --paint the pictures are painted anew from their recipe, as those that ship were.

    \b
    dermis atlas --out atlas
    dermis atlas --paint scales
    """

    out: Annotated[Path, "Where atlas.html is written.", "DIR"] = Path("atlas")
    paint: Annotated[Path | None, "Paint the pictures anew into this folder, and write no page.", "DIR"] = None


@verb(Options)
def atlas(options: Options) -> None:
    """Write the page, or paint the pictures, and say where they lie."""
    if options.paint is not None:
        from dermis.cli.models import fetch_with_progress
        from dermis.lab.synth.photonumeric import PORTRAITS_USED, paint_scales
        from dermis.models.registry import MODELS

        fetch_with_progress([*(model.name for model in MODELS), *PORTRAITS_USED])
        print(f"Pictures: {paint_scales(make_folder(options.paint)).parent}")
        return
    page = write_atlas(make_folder(options.out) / "atlas.html")
    print(f"Atlas: {page}")
