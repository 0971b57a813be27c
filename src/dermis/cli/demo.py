"""`dermis demo`: the bundled example, end to end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from dermis.cli.analyse import run
from dermis.cli.models import fetch_with_progress
from dermis.cli.parser import verb
from dermis.models.registry import MODELS
from dermis.pipeline.batch import EXAMPLES, example_photos
from dermis.pipeline.options import AnalyseOptions

__all__ = ["demo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """Analyse example photos and say where the report lies.

    The people in the examples do not exist, but for one public-domain portrait.
    """

    out: Annotated[Path, "Where to write the reports.", "DIR"] = Path("demo")


@verb(Demo)
def demo(options: Demo) -> int:
    """Analyse the example photos into a folder."""
    fetch_with_progress([*(model.name for model in MODELS), *EXAMPLES])
    photos = example_photos(options.out / "photos")
    return run(photos, AnalyseOptions(), out=options.out, as_json=False)
