"""What an analysis found, how sure it is, where it comes from, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import hold
from dermis.core.face import Box, Face, Region
from dermis.core.finding import Finding
from dermis.core.lesion import FaceLesions
from dermis.core.photo import Photo
from dermis.core.skin import Skin

__all__ = [
    "Advice",
    "AdviceKind",
    "Analysis",
    "CaptureCondition",
    "FlashPair",
    "LightReference",
    "Problem",
    "Provenance",
    "Quality",
    "Severity",
    "Urgency",
    "measured_as",
]


class AdviceKind(StrEnum):
    """What a line of advice asks for."""

    SEE_DOCTOR = "see_doctor"
    USE = "use"
    AVOID = "avoid"
    HABIT = "habit"


class Urgency(StrEnum):
    """How soon, from no hurry to today."""

    ROUTINE = "routine"
    WEEKS = "weeks"
    DAYS = "days"
    TODAY = "today"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One line of advice.

    ingredients: what it is about, with strength where one is meant ("azelaic acid 15 %"); of lines to use, each is
    meant. when: the time of day or the event. rule: the row it comes from, in the rules or in the safety table.
    """

    advice: str
    kind: AdviceKind
    reason: str
    source: str
    rule: str
    urgency: Urgency = Urgency.ROUTINE
    ingredients: tuple[str, ...] = ()
    when: str = ""


class Severity(StrEnum):
    """How much a problem matters."""

    INFO = "info"
    WARN = "warn"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something about the photo that its reader should know; `code` is stable, the words may change."""

    code: str
    severity: Severity
    message: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Whether the photo can be measured, and what speaks against it.

    usable_for: the tasks asked for whose needs are all met. reservations: those that are given although a problem
    spoils a need of theirs, each with the codes. withheld: those that are not given, each with the codes.
    """

    problems: tuple[Problem, ...] = ()
    measures: Mapping[str, float] = field(default_factory=dict)
    usable_for: tuple[str, ...] = ()
    reservations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    withheld: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """False as soon as one problem rejects."""
        return all(problem.severity is not Severity.REJECT for problem in self.problems)


class CaptureCondition(StrEnum):
    """How a photo was taken, as far as it bears on what may be claimed."""

    UNKNOWN = "unknown"
    REFERENCED = "referenced"
    FLASH_PAIR = "flash_pair"
    CONTROLLED = "controlled"


def measured_as(condition: str, reference_kind: str | None, device: str | None, *, unlike: bool = False) -> str:
    """Return the name under which errors of a photo were measured: its condition, "referenced_patch" for one patch.

    A patch fixes the light and leaves the camera's own colours; a chart fixes both. device: whose profile was applied.
    Without one, or without a level, nobody measured a rig or a flash pair: their names end in "_uncalibrated". Nobody
    measured what is `LightReference.unlike` a reference either, a wall maybe: "_doubtful".
    """
    if condition in (CaptureCondition.CONTROLLED, CaptureCondition.FLASH_PAIR) and not device:
        return f"{condition}_uncalibrated"
    name = "referenced_patch" if reference_kind == "patch" else str(condition)
    return f"{name}_doubtful" if unlike else name


REFERENCE_ERROR, REFERENCE_CLIPPED = 4.0, 0.02
"""Above this ΔE00, or this share of clipped pixels or patches, a reference is doubtful."""


def unlike_reference(kind: str, error: float, clipped_share: float) -> bool:
    """Return whether something is off as no reference was whose errors were measured: a doubtful patch, a chart twice
    as far off.
    """
    if kind == "chart":
        return error > 2 * REFERENCE_ERROR
    return error > REFERENCE_ERROR or clipped_share > REFERENCE_CLIPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class LightReference:
    """Something of known colour in the photo, a patch or a chart, and how well it fixed the light.

    kind: "patch" or "chart". box: about it, in photo pixels. colour_hex: of a patch, "" for a chart. matrix: (3, 3),
    offset: (3,) float64, corrected = matrix @ linear sRGB + offset. delta_e_before, delta_e_after: mean CIEDE2000 from
    the true colours, after on pixels or patches that took no part in the fit. spread: a patch's own unevenness, mean
    ΔE00 of its pixels from their mean; 0 for a chart. clipped_share: of the patch's pixels, or of the chart's patches.
    falloff: by which factor the light on a chart's brightest corner exceeds that on its darkest; 1 for a patch.
    patches: how many took part.
    """

    box: Box
    colour_hex: str
    matrix: NDArray[np.float64]
    delta_e_before: float
    delta_e_after: float
    spread: float
    clipped_share: float
    kind: str = "patch"
    offset: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    falloff: float = 1.0
    patches: int = 1

    def __post_init__(self) -> None:
        hold(self, "matrix", dtype=np.float64, shape=(3, 3))
        hold(self, "offset", dtype=np.float64, shape=(3,))

    @property
    def error(self) -> float:
        """How far the corrected colours, or the pixels of a patch from each other, are off: mean ΔE00."""
        return max(self.delta_e_after, self.spread)

    @property
    def doubtful(self) -> bool:
        """Whether this may be no such reference, or one that light or exposure spoilt."""
        return self.error > REFERENCE_ERROR or self.clipped_share > REFERENCE_CLIPPED

    @property
    def unlike(self) -> bool:
        """See `unlike_reference`."""
        return unlike_reference(self.kind, self.error, self.clipped_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashPair:
    """Two frames of one face, the second lit by the device too, and what was left when the first was taken away.

    ambient: name of the first. exposure: (3,), how much more light the second frame was given, by channel.
    exposure_by: "exif" or "background". flash_share: of the light on the face in the second frame, what the flash
    brought. signal_to_noise: of that light at one pixel. moved: how far the face moved between the frames, in face
    widths. device: the calibrated device, "" for none. level_by: what told the level of the light: "pupils", their
    distance as given, "eyes", that of most adults, or "" for nothing, then lightness is as photographed.
    """

    ambient: str
    exposure: tuple[float, float, float]
    exposure_by: str
    flash_share: float
    signal_to_noise: float
    moved: float
    device: str = ""
    level_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What made the analysis: versions, models, and the seconds each step took."""

    dermis: str
    models: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """All that is known of one photo; `photo` is None where the file could not be read.

    name: of the file. path: as the user gave it. device: the calibrated device whose profile was applied, "" for none.
    lesions: where lesions were looked for.
    """

    name: str
    photo: Photo | None
    quality: Quality
    provenance: Provenance
    path: str = ""
    condition: CaptureCondition = CaptureCondition.UNKNOWN
    face: Face | None = None
    skin: Skin | None = None
    reference: LightReference | None = None
    flash_pair: FlashPair | None = None
    device: str = ""
    lesions: FaceLesions | None = None
    findings: tuple[Finding, ...] = ()
    care: tuple[Advice, ...] = ()

    @property
    def measured_as(self) -> str:
        """The name under which errors of such photos were measured."""
        kind, unlike = (None, False) if self.reference is None else (self.reference.kind, self.reference.unlike)
        levelled = self.flash_pair is None or self.flash_pair.level_by
        return measured_as(self.condition, kind, self.device if levelled else None, unlike=unlike)

    def __getitem__(self, task: str) -> Finding:
        """Return the finding of a task for the whole face, else its first; KeyError where there is none."""
        found = [finding for finding in self.findings if finding.task == task]
        if not found:
            raise KeyError(task)
        return next((finding for finding in found if finding.region is Region.FACE), found[0])
