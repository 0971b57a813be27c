"""What became of the lesions of a face between two visits."""

from __future__ import annotations

from dataclasses import dataclass

from dermis.core.face import Box
from dermis.core.finding import Detection

__all__ = ["TOLD_FROM", "Change", "MatchedLesion", "UnmatchedLesion"]

TOLD_FROM = 0.3
"""From this probability on a lesion counts as gone or new, in every place that tells of it; below, it is doubtful."""


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
    where that photo does not show the place: then nothing can be said, and the probability is 0.
    """

    item: Detection
    probability: float
    elsewhere: Box | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Two visits of one person, photographed from the same side.

    gone, new: lesions of the first and of the second visit without a partner, the likeliest first. count_before,
    count_after: by the density maps. difference: where after - before lies with probability `level`, None where the
    model gives no interval. aligned_by: what the photos were laid on each other by. off_face_widths: how far apart one
    place may come out, 1 sigma. textured: share of the face on which its fine structure confirmed the alignment.
    """

    before: str
    after: str
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
