"""Labels of parts that know less than one class: at each pixel the set of parts that it may show.

Hand-made masks call neck and ears skin and do not know beards; a teacher that finds skin does not tell nose from
cheek. Each still says what a pixel is not. A set is a number with a bit for each `Part`; the loss asks that the
shares of the parts in the set sum to one.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dermis.core import Part
from dermis.core.arrays import BoolMap, FloatMap, LabelMap

__all__ = ["ANY", "FACE_AREA", "Sets", "of_hand_made", "of_parts", "of_teacher", "one_of", "sets_loss"]

Sets = NDArray[np.uint16]
"""(h, w), a bit for each part that a pixel may show."""

ANY = (1 << len(Part)) - 1
FACE_AREA = (Part.FACE_SKIN, Part.OTHER_SKIN, Part.NOSE, Part.LIPS, Part.EYES)
"""What hand-made masks of faces take as one area."""

_RARE = {Part.FACIAL_HAIR: 2.0, Part.NOSE: 3.0, Part.LIPS: 4.0, Part.EYES: 5.0, Part.OCCLUDER: 3.0}
"""How much more a pixel counts that is surely of a small part."""
_SURE = 0.75
_SMALLEST_AREA_PX = 50
_JACCARD = 0.5


def one_of(*parts: Part) -> int:
    """Return the set of `parts`."""
    return sum(1 << part for part in parts)


def of_parts(parts: LabelMap) -> Sets:
    """Return the sets of exact parts, as synthetic heads have them."""
    return (np.uint16(1) << parts.astype(np.uint16)).astype(np.uint16)


def of_hand_made(parts: LabelMap) -> Sets:
    """Return the sets of a hand-made mask as `dermis.datasets.fasseg` reads it, where FACE_SKIN is any skin.

    Below the eyes skin may be a beard and hair may be one; about the eyes skin may be the rim of glasses.
    """
    sets = of_parts(parts)
    skin, hair = parts == Part.FACE_SKIN, parts == Part.HAIR
    sets[parts == Part.BACKGROUND] = one_of(Part.BACKGROUND, Part.OCCLUDER)
    rows, columns = np.nonzero(parts == Part.EYES)
    below = np.zeros(parts.shape, dtype=np.bool_)
    about = np.zeros(parts.shape, dtype=np.bool_)
    lowest = int(rows.max()) if rows.size else 0
    if rows.size:
        width = max(int(np.ptp(columns)), 30)
        about[
            max(0, rows.min() - width // 4) : lowest + width // 3,
            max(0, columns.min() - width // 4) : columns.max() + width // 4,
        ] = True
        below[lowest + width // 6 :] = True
    sets[skin] = one_of(Part.FACE_SKIN, Part.OTHER_SKIN)
    sets[skin & below] = one_of(Part.FACE_SKIN, Part.OTHER_SKIN, Part.FACIAL_HAIR)
    sets[skin & about] = one_of(Part.FACE_SKIN, Part.OTHER_SKIN, Part.OCCLUDER)
    sets[hair] = one_of(Part.HAIR, Part.FACIAL_HAIR)
    sets[:lowest][hair[:lowest]] = one_of(Part.HAIR)
    return sets


def of_teacher(shares: FloatMap, drawn: LabelMap | None, inside: BoolMap | None) -> Sets:
    """Return the sets that the zoo's person segmenter is sure of.

    shares: (h, w, 6) of background, hair, body skin, face skin, clothes, others. drawn: (h, w) of `Part`, what
    landmarks know on face skin (nose, lips, eyes), BACKGROUND where they do not; None without landmarks. inside:
    (h, w), what lies within the rim of the face by landmarks.
    """
    background, hair, body, face, clothes, others = np.moveaxis(shares, -1, 0)
    sets = np.full(background.shape, ANY, dtype=np.uint16)
    nothing = one_of(Part.BACKGROUND, Part.OCCLUDER)
    of_face = one_of(Part.FACE_SKIN, Part.FACIAL_HAIR, Part.NOSE, Part.LIPS, Part.EYES)
    sets[(background > _SURE) | (others > _SURE)] = nothing
    sets[(clothes > _SURE) | (background + clothes > _SURE + 0.1)] = one_of(Part.BACKGROUND)
    sets[hair > _SURE] = one_of(Part.HAIR, Part.FACIAL_HAIR)
    sets[face + body > _SURE] = of_face | one_of(Part.OTHER_SKIN)
    sets[body > _SURE] = one_of(Part.OTHER_SKIN)
    if inside is not None:
        sets[(face > _SURE) & inside] = one_of(Part.FACE_SKIN, Part.FACIAL_HAIR)
    if drawn is not None:
        known = (drawn != Part.BACKGROUND) & (face + body > 0.5)
        sets[known] = of_parts(drawn)[known]
        sets[_above_the_eyes(sets == one_of(Part.EYES)) & (sets & of_face > 0)] |= one_of(Part.HAIR)
    return sets


def _above_the_eyes(eyes: BoolMap) -> BoolMap:
    """Return where brows may be, which the teacher takes for skin: above each eye, as high as it is wide."""
    from scipy.ndimage import find_objects, label  # late: 40 ms

    names, _ = label(eyes)
    above = np.zeros_like(eyes)
    for rows, columns in find_objects(names):
        width = columns.stop - columns.start
        aside = slice(max(0, columns.start - width // 3), columns.stop + width // 3)
        above[max(0, rows.start - width) : rows.start, aside] = True
    return above


def sets_loss(logits: Tensor, sets: Tensor) -> Tensor:
    """Return the loss of each picture, (b,): -ln of the shares that are allowed, small parts counting more, and half a
    soft Jaccard loss of the face as one area.

    logits: (b, 9, h, w). sets: (b, h, w) int64; where it is `ANY` nothing is asked.
    """
    table = torch.tensor([[bool(held >> part & 1) for part in range(len(Part))] for held in range(ANY + 1)])
    allowed = table.to(logits.device)[sets].permute(0, 3, 1, 2)
    known = sets != ANY
    logs = torch.log_softmax(logits, dim=1)
    entropy = -torch.logsumexp(logs.masked_fill(~allowed, -1e4), dim=1)
    weight = torch.ones(ANY + 1, device=logits.device)
    for part, rare in _RARE.items():
        weight[one_of(part)] = rare
    counted = weight[sets] * known
    mean = (entropy * counted).sum(dim=(1, 2)) / counted.sum(dim=(1, 2)).clamp(min=1)
    return mean + _JACCARD * _area_lost(logs.exp(), allowed, known)


def _area_lost(shares: Tensor, allowed: Tensor, known: Tensor) -> Tensor:
    """Return 1 - soft intersection over union of the face area, where it is plainly asked for; (b,)."""
    of_area = torch.zeros(len(Part), dtype=torch.bool, device=shares.device)
    of_area[list(FACE_AREA)] = True
    columns = of_area[None, :, None, None]
    wanted = ~(allowed & ~columns).any(dim=1) & known
    plain = (wanted | ~(allowed & columns).any(dim=1)) & known
    found = (shares * columns).sum(dim=1) * plain
    truth = wanted.to(found.dtype)
    common = (found * truth).sum(dim=(1, 2))
    either = (found + truth).sum(dim=(1, 2)) - common
    large = truth.sum(dim=(1, 2)) > _SMALLEST_AREA_PX
    return torch.where(large, 1 - common / either.clamp(min=1), torch.zeros_like(common))
