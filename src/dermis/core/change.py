"""What became of a face between two visits: its values, and its lesions one by one."""

from __future__ import annotations

from dataclasses import dataclass

from dermis.core.face import Box, Region
from dermis.core.finding import Detection

__all__ = ["NOT_ALIKE", "SIDE_BY_SIDE", "TOLD_FROM", "Change", "MatchedLesion", "UnmatchedLesion", "ValueChange"]

TOLD_FROM = 0.7
"""From this probability on a lesion counts as gone or new, in every place that tells of it; below, it is doubtful.

Chosen on photos that were photographed again, so that nothing is told of them (docs/log.md)."""

SIDE_BY_SIDE = "New and gone lesions are told by both photos side by side, the counts by each photo alone."
"""Why lesions can be new where the counts hardly differ; said wherever both are shown."""

NOT_ALIKE = (
    "One photo shows the skin's gloss, the other none: a polariser, powder or other light does that, and without gloss "
    "about twice as many lesions are counted. So no value is told to have changed; photograph both visits alike."
)
"""Said where photos were not taken alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """How one finding changed.

    interval: where after - before lies with probability `level`, None where nobody has measured that. mdc: the smallest
    difference that is more than measuring again gives (MDC95), in the capture conditions of both photos. changed:
    whether the difference is larger; None where it cannot be told.
    """

    task: str
    region: Region
    unit: str | None
    before: float
    after: float
    interval: tuple[float, float] | None
    level: float | None
    mdc: float | None
    changed: bool | None

    @property
    def difference(self) -> float:
        """After less before."""
        return self.after - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedLesion:
    """A lesion seen at both visits; `probability` that both are one. apart: in face widths, after alignment."""

    before: Detection
    after: Detection
    probability: float
    apart: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedLesion:
    """A lesion seen at one visit only, and where its place lies in the photo of the other.

    probability: that it is truly there and truly not there in the other. elsewhere: its place in the other photo, None
    where that photo does not show the place, or one of the two glares there: then nothing can be said, and the
    probability is 0.
    """

    item: Detection
    probability: float
    elsewhere: Box | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Two visits of one person, photographed from the same side.

    values: those of the whole face that both photos gave. gone, new: lesions of the first and of the second visit
    without a partner, the likeliest first. count_before, count_after: by the density maps. difference: where
    after - before lies with probability `level`, None where the model gives no interval. aligned_by: what the photos
    were laid on each other by. off_face_widths: how far apart one place may come out, 1 sigma. textured: share of the
    face on which its fine structure confirmed the alignment. taken_alike: False where one photo shows the skin's gloss
    and the other none; no value is told to have changed then.
    """

    before: str
    after: str
    values: tuple[ValueChange, ...] = ()
    lasting: tuple[MatchedLesion, ...]
    gone: tuple[UnmatchedLesion, ...]
    new: tuple[UnmatchedLesion, ...]
    count_before: float
    count_after: float
    difference: tuple[float, float] | None
    grade_before: float | None
    grade_after: float | None
    aligned_by: str
    off_face_widths: float
    textured: float
    level: float
    model: str
    taken_alike: bool = True

    @property
    def told_gone(self) -> int:
        """How many lesions are told as gone."""
        return sum(one.probability >= TOLD_FROM for one in self.gone)

    @property
    def told_new(self) -> int:
        """How many lesions are told as new."""
        return sum(one.probability >= TOLD_FROM for one in self.new)

    @property
    def doubtful(self) -> int:
        """How many lesions without a partner are told as neither."""
        return len(self.gone) + len(self.new) - self.told_gone - self.told_new
