"""Which lesions of one photo are not in the other of the same skin: by what both show of each place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermis.core import Analysis, Box, Detection, Face, FaceLesions, Photo, Skin, UnmatchedLesion
from dermis.core.arrays import BoolMap
from dermis.core.change import TOLD_FROM
from dermis.errors import InputError
from dermis.face.regions import face_width_px
from dermis.pipeline.alignment import Alignment, on_skin
from dermis.pipeline.skin_change import compared_contrast, hidden_shares
from dermis.tasks.acne.assign import lesions_at, regions_at
from dermis.tasks.acne.change_link import LEAST_SCORE, ChangeLink, lesion_logit, shipped_change_link
from dermis.tasks.acne.decode import box_of

__all__ = ["BOX_OFF", "NEAR", "Candidates", "Visit", "candidates", "fates", "visit_of"]

Points = NDArray[np.float64]
Floats = NDArray[np.float64]

BOX_OFF = 0.012
"""How far the middle of a lesion's box is off from photo to photo, in face widths (1 sigma; chosen)."""
HIDDEN, RING_HIDDEN = 0.25, 0.5
"""By these shares more of a place in the other photo, and of its ring in this, glares: it cannot be compared (chosen).
"""
NEAR = 3.0
"""So many sigmas around its place a lesion is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One photo of a pair. middles: (m, 2) of its items, all: (n, 2) of every box, called or not."""

    name: str
    capture_condition: str
    photo: Photo
    face: Face
    skin: Skin | None
    lesions: FaceLesions
    middles: Points
    all: Points


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Boxes on the face, called or not, that may have no lesion at their place in the other photo.

    rows: (n,) of the boxes. elsewhere: (n, 2) their middles in the other photo, sides_px: (n,) their sides there.
    visible: (n,) bool, whether both show the place well enough. here, there: (n,) logits of a lesion. contrast: (n,)
    standard deviations by which the place stands out more here. left: (n,) those by which it does in the other photo.
    """

    rows: NDArray[np.intp]
    elsewhere: Points
    sides_px: Floats
    visible: BoolMap
    here: Floats
    there: Floats
    contrast: Floats
    left: Floats

    def probabilities(self, link: ChangeLink) -> Floats:
        """Return (n,) how likely each is here and was not there; 0 where the place cannot be compared."""
        clues = zip(self.here, self.there, self.contrast, self.left, strict=True)
        told = [link.probability(*each) for each in clues]
        return np.where(self.visible, np.array(told, np.float64).reshape(-1), 0.0)


def visit_of(analysis: Analysis) -> Visit:
    """Return what a comparison needs of a photo. Raises InputError where lesions were not looked for."""
    photo, face, lesions = analysis.photo, analysis.face, analysis.lesions
    if photo is None or face is None or lesions is None:
        reasons = "; ".join(problem.message for problem in analysis.quality.problems) or "lesions were not looked for"
        raise InputError(f"{analysis.name} cannot be compared: {reasons}", advice="Take a photo that can be measured.")
    boxes = lesions.found.boxes_px.astype(np.float64)
    return Visit(
        name=analysis.name, capture_condition=analysis.measured_as, photo=photo, face=face, skin=analysis.skin,
        lesions=lesions, middles=middles_of(lesions.items), all=(boxes[:, :2] + boxes[:, 2:]) / 2,
    )  # fmt: skip


def middles_of(items: Sequence[Detection]) -> Points:
    """Return the middles of lesions, (n, 2) in photo pixels."""
    boxes = [(item.box.x_px + item.box.width_px / 2, item.box.y_px + item.box.height_px / 2) for item in items]
    return np.array(boxes, dtype=np.float64).reshape(-1, 2)


def candidates(here: Visit, there: Visit, laid: Alignment) -> Candidates:
    """Return what may be in `here` alone: each box that the network is a little sure of; laid: `here` on `there`."""
    found, others = here.lesions.found, there.lesions.found
    rows = np.flatnonzero(found.scores >= LEAST_SCORE)
    rows = np.union1d(rows[regions_at(here.all[rows], here.face) >= 0], list(_rows_of(here))).astype(np.intp)
    middles, boxes = here.all[rows], found.boxes_px[rows].astype(np.float64)
    elsewhere = laid.moved(middles) if len(rows) else middles
    near_px = NEAR * float(np.hypot(laid.off_face_widths, BOX_OFF)) * face_width_px(there.face)
    echoes = [float(others.scores[np.linalg.norm(there.all - spot, axis=1) <= near_px].max(initial=0.0))
              for spot in elsewhere]  # fmt: skip
    sides = np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    gained, left = compared_contrast((here.photo, here.face), (there.photo, there.face), laid, middles, sides)
    return Candidates(
        rows=rows,
        elsewhere=elsewhere,
        sides_px=sides * face_width_px(there.face) / face_width_px(here.face),
        visible=on_skin(there.face, elsewhere) & ~_hidden(here, there, laid, middles, sides),
        here=np.array([lesion_logit(float(score), found.score_curve) for score in found.scores[rows]]),
        there=np.array([lesion_logit(echo, others.score_curve) for echo in echoes]),
        contrast=gained,
        left=left,
    )


def _hidden(here: Visit, there: Visit, laid: Alignment, middles: Points, sides_px: Floats) -> BoolMap:
    """Return which places cannot be held against each other, since they glare or leave the picture in one photo more.

    Glare pales a lesion until it is gone; around a place, it makes bare skin stand out.
    """
    own = hidden_shares((here.photo, here.face), _glare(here), middles, sides_px)
    other = hidden_shares((there.photo, there.face), _glare(there), middles, sides_px, laid)
    return np.asarray(((other - own).mean(axis=1) > HIDDEN) | ((own - other)[:, 1] > RING_HIDDEN))


def _glare(visit: Visit) -> BoolMap:
    return np.zeros_like(visit.face.skin) if visit.skin is None else visit.skin.excluded["specular"]


def fates(here: Visit, there: Visit, laid: Alignment, paired: set[int]) -> tuple[UnmatchedLesion, ...]:
    """Return the lesions of `here` without a partner, the likeliest first, with their places in `there`.

    All that were called and have none, and of the others those that are told: which the network alone did not call,
    but which the other photo shows as bare skin. paired: ids of the items with a partner.
    """
    every = candidates(here, there, laid)
    chances = every.probabilities(shipped_change_link())
    scale = face_width_px(there.face) / face_width_px(here.face)
    called = _rows_of(here)
    items = {row: item for row, item in called.items() if id(item) not in paired}
    faint = every.rows[(chances >= TOLD_FROM) & ~np.isin(every.rows, list(called))]
    faint = faint[[_apart(here, row) for row in faint.tolist()]] if len(faint) else faint
    if len(faint) and here.skin is not None:
        items |= dict(zip(faint.tolist(), lesions_at(here.lesions.found, faint, here.face, here.skin), strict=True))
    found = []
    for place, row in enumerate(every.rows.tolist()):
        if row in items:
            item, visible = items[row], bool(every.visible[place])
            elsewhere = _box(every.elsewhere[place], item.box, scale) if visible else None
            found.append(UnmatchedLesion(item=item, probability=float(chances[place]), elsewhere=elsewhere))
    return tuple(sorted(found, key=lambda fate: -fate.probability))


def _rows_of(visit: Visit) -> dict[int, Detection]:
    """Return the items by the rows of their boxes."""
    rows = {box_of(box): row for row, box in enumerate(visit.lesions.found.boxes_px.astype(np.float64))}
    return {rows[item.box]: item for item in visit.lesions.items if item.box in rows}


def _apart(visit: Visit, row: int) -> bool:
    """Return whether a box has its middle outside of every item: else it is another box of the same lesion."""
    x, y = visit.all[row]
    boxes = (item.box for item in visit.lesions.items)
    return not any(0 <= x - box.x_px <= box.width_px and 0 <= y - box.y_px <= box.height_px for box in boxes)


def _box(middle: Points, like: Box, scale: float) -> Box:
    width, height = like.width_px * scale, like.height_px * scale
    return Box(x_px=float(middle[0]) - width / 2, y_px=float(middle[1]) - height / 2, width_px=width, height_px=height)
