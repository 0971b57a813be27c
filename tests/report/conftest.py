"""A drawn face with findings whose numbers are known, so that pages and maps can be held to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dermis.core import (
    Analysis,
    Box,
    Capture,
    CropFrame,
    Encoding,
    Face,
    Finding,
    Map,
    Measure,
    Origin,
    Photo,
    Pose,
    Problem,
    Provenance,
    Quality,
    Region,
    SegmentationClass,
    Severity,
    Skin,
    ValueMap,
    View,
)
from dermis.tasks import TASKS

FRAME = CropFrame(x_px=30, y_px=20, width=120, height=150, factor=2)
PHOTO_SHAPE = (400, 300)
REGION_BOXES = {
    Region.FOREHEAD: (20, 40, 30, 90),
    Region.LEFT_CHEEK: (70, 100, 70, 100),
    Region.RIGHT_CHEEK: (70, 100, 20, 50),
    Region.NOSE: (55, 95, 53, 67),
    Region.CHIN: (115, 135, 45, 75),
}


def task(name, title, scale):
    return replace(
        TASKS[name],
        name=name,
        title=title,
        question=f"What about {title.lower()}?",
        scale=scale,
        regions=tuple(Region),
        metrics=(),
        reference="A source, 1999",
    )


@pytest.fixture(scope="session")
def tasks():
    return {
        "skin_tone": task("skin_tone", "Skin tone", Measure(unit="ITA deg", low=-90.0, high=90.0)),
        "melanin": task("melanin", "Melanin", Map(unit="melanin index", low=0.0, high=80.0)),
        "redness": task("redness", "Redness", Map(unit="erythema index", low=0.0, high=60.0)),
    }


@pytest.fixture(scope="session")
def photo():
    rows, columns = np.mgrid[: PHOTO_SHAPE[0], : PHOTO_SHAPE[1]]
    pixels = np.full((*PHOTO_SHAPE, 3), (0.55, 0.63, 0.60), dtype=np.float32)
    face = ((columns - 150) / 90) ** 2 + ((rows - 170) / 130) ** 2 < 1
    pixels[face] = (0.78, 0.60, 0.50)
    pixels += np.random.default_rng(4).normal(0, 0.02, pixels.shape).astype(np.float32)
    return Photo(
        pixels=np.clip(pixels, 0, 1),
        encoding=Encoding.SRGB,
        capture=Capture(make="Fiction", model="One", iso=64, exposure_s=0.01, f_number=1.8, flash_fired=False),
        origin=Origin(name="portrait.jpg", sha256="ab" * 32, container="JPEG", notes=("Upright already.",)),
    )


@pytest.fixture(scope="session")
def face():
    shape = (FRAME.height, FRAME.width)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    skin = ((columns - 60) / 45) ** 2 + ((rows - 75) / 65) ** 2 < 1
    regions = np.zeros(shape, dtype=np.uint8)
    for region, (top, bottom, left, right) in REGION_BOXES.items():
        regions[top:bottom, left:right] = region.code
    parts = np.where(skin, SegmentationClass.FACE_SKIN, SegmentationClass.BACKGROUND).astype(np.uint8)
    parts[:12] = SegmentationClass.HAIR
    return Face(
        frame=FRAME,
        box=Box(x_px=60, y_px=40, width_px=180, height_px=260, score=0.99),
        landmarks=None,
        pose=Pose(yaw_deg=2.0, pitch_deg=1.0, roll_deg=0.0),
        view=View.FRONT,
        segmentation=parts,
        regions=regions,
        skin=skin,
        face_width_px=172.0,
    )


@pytest.fixture(scope="session")
def skin(photo, face):
    glare = face.skin.copy()
    glare[:, :60] = False
    glare[60:] = False
    shape = (FRAME.height, FRAME.width)
    return Skin(
        linear=np.full((*shape, 3), 0.4, dtype=np.float32),
        visible=face.skin,
        measured=face.skin & ~glare,
        regions=face.regions,
        excluded={"specular": glare, "shadow": np.zeros_like(glare)},
        view=View.FRONT,
        light_known=False,
    )


@pytest.fixture(scope="session")
def findings(skin):
    """Each task at three places; no two values or interval ends read the same."""
    ramp = np.linspace(10, 50, FRAME.width, dtype=np.float32)[None].repeat(FRAME.height, axis=0)
    values = np.where(skin.measured, ramp, np.float32(np.nan))
    found = []
    for place, region in enumerate((Region.FACE, Region.FOREHEAD, Region.LEFT_CHEEK)):
        found.append(
            Finding(
                task="skin_tone",
                region=region,
                value=31.37 + place,
                unit="ITA deg",
                model="tone@1",
                label="intermediate",
                spread=(20.16 + place, 44.83 + place),
                detail={"lab": [61.0 + place, 12.0, 17.0]},
            )
        )
        for name, unit, high, base in (
            ("melanin", "melanin index", 80.0, 21.74),
            ("redness", "erythema index", 60.0, 25.28),
        ):
            found.append(
                Finding(
                    task=name,
                    region=region,
                    value=base + place,
                    unit=unit,
                    model="unmix@1",
                    spread=(base - 6.6 + place, base + 9.9 + place),
                    evidence=ValueMap(values=values, unit=unit, low=0.0, high=high) if region is Region.FACE else None,
                )
            )
    return tuple(found)


@pytest.fixture(scope="session")
def analysis(photo, face, skin, findings):
    return Analysis(
        name="portrait.jpg",
        photo=photo,
        quality=Quality(measures={"sharpness": 0.83, "skin_hue_deg": 54.6}),
        provenance=Provenance(dermis="9.9.9", models={"parser": "parts@7"}, seconds={"total": 0.61}),
        face=face,
        skin=skin,
        findings=findings,
    )


@pytest.fixture(scope="session")
def warned(analysis):
    problem = Problem(
        code="glare", severity=Severity.WARN, message="The skin shines a lot.", advice="Turn the flash off."
    )
    return replace(analysis, quality=Quality(problems=(problem,)))


@pytest.fixture(scope="session")
def rejected(analysis):
    """A rejected photo whose record still holds findings: none of them may be shown."""
    problem = Problem(
        code="face_too_small",
        severity=Severity.REJECT,
        message="The face is too small.",
        advice="Come closer.",
    )
    return replace(analysis, quality=Quality(problems=(problem,), measures=analysis.quality.measures))


@pytest.fixture(scope="session")
def unreadable():
    problem = Problem(
        code="unreadable", severity=Severity.REJECT, message="That is no photo.", advice="Hand over a JPEG."
    )
    return Analysis(
        name="notes.jpg",
        photo=None,
        quality=Quality(problems=(problem,)),
        provenance=Provenance(dermis="9.9.9"),
    )
