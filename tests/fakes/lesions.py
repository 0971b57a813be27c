"""Faces with lesions at places that are known."""

import numpy as np

from dermis.core import Box, Detection, FaceLesions, Lesions, Region, View

AREA = Box(x_px=0, y_px=0, width_px=100, height_px=100)
ALL_SEEN = dict.fromkeys(Region, 1.0)


def item(region=Region.CHIN, kind="lesion", size=0.05, score=0.9, x=10.0, y=10.0):
    box = Box(x_px=x, y_px=y, width_px=5, height_px=5)
    return Detection(kind=kind, box=box, region=region, score=score, size_face_widths=size, redness=6.0, relief=1.0)


def found(n=0, **changes):
    given = {
        "boxes_px": np.zeros((n, 4), np.float32),
        "scores": np.full(n, 0.9, np.float32),
        "density": np.zeros((4, 4), np.float32),
        "density_inclusive": np.zeros((4, 4), np.float32),
        "area": AREA,
        "model": "hand-made@1",
    }
    return Lesions(**(given | changes))


def face_lesions(items=(), counts=None, *, lesions=None, right=None, halves=None, **changes):
    counts = dict.fromkeys(Region, 0.0) | (counts or {})
    items = tuple(items)
    given = {
        "found": found(len(items)) if lesions is None else lesions,
        "view": View.FRONT if halves is not None else View.LEFT,
        "items": items,
        "on_right": None if right is None else np.asarray(right, bool),
        "counts": counts,
        "counts_all": {region: 2 * count for region, count in counts.items()},
        "halves": halves,
        "involved": 0.1 if items else 0.0,
        "heat": np.zeros((8, 8), np.float32),
        "seen": ALL_SEEN,
    }
    return FaceLesions(**(given | changes))
