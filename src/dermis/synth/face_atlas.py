"""The average head's skin laid flat: the atlas that every person's marks and maps are drawn on."""

from __future__ import annotations

from functools import cache

import numpy as np

from dermis.core.arrays import FloatMap
from dermis.optics.spectral import interpolation
from dermis.synth.atlas import Atlas
from dermis.synth.mesh_anatomy import face_inside, lips_inside, region_codes
from dermis.synth.mesh_atlas import eye_opening, template

__all__ = ["face_atlas", "relief_share"]

_EDGE_MM = 1.0
"""The face's skin ends so far from lips and eyes."""


@cache
def face_atlas(texels: int = 1024) -> Atlas:
    """Return the atlas of `texels` x `texels`; its skin is that of the face, without lips and eyes, up to the hair."""
    rest = _places(texels)
    across_mm, down_mm = (np.linalg.norm(np.gradient(rest, axis=axis), axis=-1) for axis in (1, 0))
    skin = (face_inside(rest) > 0) & (lips_inside(rest) < -_EDGE_MM) & (eye_opening(rest) < -_EDGE_MM)
    return Atlas(
        regions=region_codes(rest),
        skin=skin,
        left=rest[..., 0] > 0,
        mm_per_px_u=np.maximum(across_mm, 1e-3).astype(np.float32),
        mm_per_px_v=np.maximum(down_mm, 1e-3).astype(np.float32),
    )


@cache
def relief_share(texels: int = 1024) -> FloatMap:
    """Return (h, w) how much of drawn relief shows: all on the face, a fifth where the atlas stretches it."""
    from scipy.ndimage import distance_transform_edt  # late: a tenth of a second

    away = distance_transform_edt(~face_atlas(texels).skin) / texels
    return (0.2 + 0.8 * np.exp(-((away / 0.05) ** 2))).astype(np.float32)


def _places(texels: int) -> FloatMap:
    """Return where on the average head each texel lies, (h, w, 3) in mm."""
    held = template()
    centres = (np.arange(texels) + 0.5) / texels
    down = interpolation(held.v.astype(np.float64), centres)
    across = interpolation(held.u.astype(np.float64), centres)
    return np.stack([down @ held.points[..., k] @ across.T for k in range(3)], axis=-1).astype(np.float32)
