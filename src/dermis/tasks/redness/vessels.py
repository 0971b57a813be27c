"""vessels: how many millimetres of fine vessels (telangiectasia) lie on a square centimetre of skin."""

from __future__ import annotations

import numpy as np

from dermis.core import CropsBlock, Finding, Measure, Note, PhotoNeed, Region, Skin, TableBlock, Task, TextBlock
from dermis.core import region_mask as in_region
from dermis.face.regions import FACE_MM
from dermis.tasks.redness.vessel_lines import FineVessels
from dermis.tasks.region_statistics import FEWEST_PIXELS

__all__ = ["VESSELS", "measure_vessels"]

MODEL = "vessels@1"
UNIT = "mm/cm²"
COARSEST_MM = 0.7
"""A photo of larger pixels shows a vessel only where it is wide."""


def measure_vessels(skin: Skin, fine_vessels: FineVessels) -> tuple[Finding, ...]:
    """Return the length of vessels per area by region.

    `detail`: `length_mm`, `area_share` of the skin that they cover, `vessels`, how many, and `mm_per_pixel` of what was
    looked at. The items of the face are the vessels, the longest first.
    """
    findings = []
    for region in VESSELS.regions:
        where = fine_vessels.judged & in_region(skin.regions, region)
        pixels = int(np.count_nonzero(where))
        if pixels < FEWEST_PIXELS:
            continue
        long_mm = float(fine_vessels.length[where].sum(dtype=np.float64))
        face = region is Region.FACE
        items = tuple(item for item in fine_vessels.items if face or item.region is region)
        findings.append(
            Finding(
                task=VESSELS.name,
                region=region,
                value=long_mm / (pixels * fine_vessels.mm_per_px**2 / 100),
                unit=UNIT,
                detail={
                    "length_mm": round(long_mm, 1),
                    "area_share": round(float(np.mean(fine_vessels.mask[where])), 5),
                    "vessels": len(items),
                    "mm_per_pixel": round(fine_vessels.seen_mm, 2),
                },
                items=items if face else (),
                notes=_notes(fine_vessels) if face else (),
                mask=fine_vessels.mask if face else None,
                model=MODEL,
            )
        )
    return tuple(findings)


def _notes(found: FineVessels) -> tuple[Note, ...]:
    if found.seen_mm <= COARSEST_MM:
        return (_NOTE,)
    coarse = f"A pixel of this photo shows {found.seen_mm:.1f} mm of skin: finer vessels are not seen."
    return (_NOTE, Note(text=coarse))


_NOTE = Note(text=f"Lengths take the face as {FACE_MM:.0f} mm wide, of a close-up half of the picture.")

VESSELS = Task(
    name="vessels",
    title="Visible vessels",
    question="How much of the skin do fine vessels run over, and where?",
    scale=Measure(unit=UNIT, low=0.0, high=10.0),
    regions=tuple(Region),
    metrics=("spearman", "mae"),
    reference="Length of thin red lines over area (ours; the filter after Soares et al., IEEE TMI 25 (2006) 1214-1222)",
    measure=measure_vessels,
    needs=("skin", "fine_vessels"),
    section=(
        TableBlock(title="Region by region"),
        CropsBlock(
            title="The longest vessels", rank=lambda item: item.size_face_widths or 0.0,
            name=lambda item: item.kind.capitalize(),
        ),
        TextBlock(),
    ),
    colours=("#fff8cf", "#fdc861", "#f08138", "#c33733", "#650f3d"),
    photo_needs=(PhotoNeed.SIGNAL, PhotoNeed.DETAIL),
    on_request=True,
)  # fmt: skip
