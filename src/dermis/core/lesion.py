"""Lesions and brown marks seen in a photo: the numbers between what finds them and the tasks that tell of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from dermis.core.arrays import BoolMap, FloatMap, hold, window_of
from dermis.core.face import Box, Region, View
from dermis.core.finding import Detection

__all__ = [
    "CLOSED_COMEDO",
    "HAYASHI_LIMITS",
    "INFLAMED",
    "LESION_TYPES",
    "MARK_KINDS",
    "OPEN_COMEDO",
    "FaceLesions",
    "HalfFace",
    "Lesions",
    "PigmentMarks",
]

HAYASHI_LIMITS = (5.5, 20.5, 50.5)
"""Between the counts where Hayashi's grade changes: 5 and 6, 20 and 21, 50 and 51 lesions on half a face."""

LESION_TYPES = ("comedone", "papule", "pustule", "nodule")
"""What a lesion can be, in the order of a lesion's weight in GAGS; a cyst counts as a nodule."""

INFLAMED, OPEN_COMEDO, CLOSED_COMEDO = "inflamed", "open_comedo", "closed_comedo"
"""What a lesion of a photo is called by its looks: red, or not red and dark or light in the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesions:
    """What a network found in one photo, in photo pixels; tasks make answers of it.

    boxes_px: (n, 4) float32, left, top, right, bottom (x to the right, y down), in any order.
    scores: (n,) float32 in [0, 1], how sure each is. Unsure ones are kept: they lie below `score_threshold`.
    density: (h, w) float32, lesions in each map pixel by the protocol of the boxes (Hayashi's); its sum is the count.
    density_inclusive: the same with small and faint ones: by a stricter protocol, and where the skin is shown large
    enough, of two looks from afar and near that must agree.
    density_afar: what of the latter one look at the whole face tells, None where that is all there is.
    area: the part of the photo that the maps cover, edge to edge.
    score_threshold: boxes from this score on are called lesions.
    score_curve: start and slope of the log odds that a box holds a lesion, in the logit of its score; (0, 1) where
    scores are such probabilities.
    presence: probability that the face has any lesion, None where the model does not say.
    grade, grade_interval: Hayashi's 0 to 3 as a real number, and where it lies with probability `level`;
    grade_probabilities: (4,) float32, the probability of each grade; of all lesions in the picture, as its training
    data were graded.
    count_interval: where the count by the boxes' protocol lies with probability `level`.
    model: name and version of what found them.
    """

    boxes_px: FloatMap
    scores: FloatMap
    density: FloatMap
    density_inclusive: FloatMap
    area: Box
    model: str
    score_threshold: float = 0.5
    presence: float | None = None
    grade: float | None = None
    grade_interval: tuple[float, float] | None = None
    grade_probabilities: FloatMap | None = None
    count_interval: tuple[float, float] | None = None
    level: float = 0.9
    density_afar: FloatMap | None = None
    score_curve: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        hold(self, "boxes_px", dtype=np.float32, shape=(None, 4))
        hold(self, "scores", dtype=np.float32, shape=(len(self.boxes_px),))
        hold(self, "density", dtype=np.float32, shape=(None, None))
        hold(self, "density_inclusive", dtype=np.float32, shape=self.density.shape)
        if self.density_afar is not None:
            hold(self, "density_afar", dtype=np.float32, shape=self.density.shape)
        if self.grade_probabilities is not None:
            hold(self, "grade_probabilities", dtype=np.float32, shape=(4,))

    @property
    def count(self) -> float:
        """How many lesions, by the boxes' protocol."""
        return float(self.density.sum(dtype=np.float64))

    @property
    def count_all(self) -> float:
        """How many, small and faint ones included."""
        return float(self.density_inclusive.sum(dtype=np.float64))


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfFace:
    """One half of a face: Hayashi's grade, its interval, the count behind it, and the photo that shows it best."""

    grade: float
    interval: tuple[float, float] | None
    count: float
    photo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceLesions:
    """Lesions put in their places on one face: what the acne tasks read.

    found: as the network found them. items: those called lesions that lie on the face, the surest first; their kind
    is `INFLAMED`, `OPEN_COMEDO` or `CLOSED_COMEDO`, and "lesion" where too little of it shows. on_right: (m,) bool,
    which items lie on the person's right half; None where the photo shows one side only, as a side view, a profile or
    a close-up does.
    counts, counts_all: lesions by the boxes' protocol, and small and faint ones included, by region; `Region.FACE` is
    the whole face, with what lies in no named region. halves: the count on the person's right and left half; None where
    one side is in view.
    seen: share in [0, 1] of each region in view that is open skin; None where its whole size is not known.
    involved: share of the open skin of the face that lies near a lesion.
    heat: (h, w) float32 on the analysed frame, lesions in a square of a tenth of the face's width, NaN beside the face.
    comedones: how many there are by region, None where nobody looked. open_share: share in [0, 1] of them that are
    dark, None where there are none. count_afar: as `counts_all` of the whole face, by the look at the whole face alone;
    None where there is no other.
    beside: how many called lesions lay beside the face (hair, lips, eyes, other people) and were not counted.
    graded_halves: by side, where several photos of one person were put together.
    covered: (h, w) bool on the analysed frame, skin under called lesions; None where several photos were put together.
    """

    found: Lesions
    view: View
    items: tuple[Detection, ...]
    on_right: BoolMap | None
    counts: Mapping[Region, float]
    counts_all: Mapping[Region, float]
    halves: tuple[float, float] | None
    involved: float
    heat: FloatMap
    seen: Mapping[Region, float | None] = field(default_factory=dict)
    beside: int = 0
    comedones: Mapping[Region, float] | None = None
    open_share: float | None = None
    count_afar: float | None = None
    graded_halves: Mapping[str, HalfFace] = field(default_factory=dict)
    covered: BoolMap | None = None

    def __post_init__(self) -> None:
        hold(self, "heat", dtype=np.float32, shape=(None, None))
        if self.on_right is not None:
            hold(self, "on_right", dtype=np.bool_, shape=(len(self.items),))
        if self.covered is not None:
            hold(self, "covered", dtype=np.bool_, shape=self.heat.shape)


MARK_KINDS = ("freckle", "lentigo", "patch")
"""What a brown mark can be, by its size: up to 3 mm, up to 10 mm, larger, on a face of 140 mm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PigmentMarks:
    """The brown marks of one face, on the analysed frame.

    chance: (h, w) float32, 0 to 1, how likely each pixel lies in a mark; NaN where the skin was not judged. contrast:
    (h, w) float32, by how much melanin makes L* lower than on the clear skin around; 0 outside of marks, NaN likewise.
    weight: (h, w) float32, what each pixel adds to the grade, in L*, NaN likewise. mask: (h, w) bool, the marks.
    on_right: (h, w) bool, the person's right half; None where one side is in view. items: the marks, those that weigh
    most first; `kind` is one of `MARK_KINDS`. model: name and version of the rules.
    """

    chance: FloatMap
    contrast: FloatMap
    weight: FloatMap
    mask: BoolMap
    on_right: BoolMap | None
    items: tuple[Detection, ...]
    model: str

    def __post_init__(self) -> None:
        hold(self, "contrast", dtype=np.float32, shape=(None, None))
        hold(self, "chance", dtype=np.float32, shape=self.contrast.shape)
        hold(self, "weight", dtype=np.float32, shape=self.contrast.shape)
        hold(self, "mask", dtype=np.bool_, shape=self.contrast.shape)
        if self.on_right is not None:
            hold(self, "on_right", dtype=np.bool_, shape=self.contrast.shape)

    def cut(self, window: tuple[slice, slice]) -> PigmentMarks:
        """Return the maps in some rows and columns of the frame; the items stay."""
        maps = {name: getattr(self, name)[window] for name in ("chance", "contrast", "weight", "mask")}
        return replace(self, **maps, on_right=None if self.on_right is None else self.on_right[window])

    @property
    def window(self) -> tuple[slice, slice]:
        """The rows and columns that hold all skin that was judged."""
        return window_of(np.isfinite(self.contrast))
