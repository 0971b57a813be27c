"""The canvas of one layer of a picture: its fragments with what they show."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dermis.core.arrays import BoolMap, FloatMap, LabelMap
from dermis.synth.mesh import Mesh, Patch
from dermis.synth.raster import Fragments, interpolate

__all__ = ["Seen", "Surface", "carry", "cover_over", "some"]

Values = NDArray[np.floating]


class Surface(NamedTuple):
    """What the fragments of one layer show; one row a fragment. Meanings as in `render.Buffers`."""

    parts: LabelMap
    uv: FloatMap
    normals: FloatMap
    along_u: FloatMap
    along_v: FloatMap
    cover: FloatMap
    paint: FloatMap
    lips: FloatMap
    gloss: FloatMap
    open_sky: FloatMap

    def keep(self, which: BoolMap) -> Surface:
        """Return the rows where `which` holds."""
        return Surface(**{name: values[which] for name, values in self._asdict().items()})


class Seen(NamedTuple):
    """Where the fragments lie, (n, ...): on the average head, inside which borders, on the body or an ear."""

    rest: FloatMap
    hair: FloatMap
    beard: FloatMap
    nose: FloatMap
    face: FloatMap
    body: BoolMap


def carry(mesh: Mesh, fragments: Fragments, turn: Values) -> tuple[Surface, Seen]:
    """Return a blank surface, all skin, and where its fragments lie. turn: (3, 3), head's axes to the picture's."""
    turned = turn.T.astype(np.float32)
    table = np.column_stack(
        [mesh.rest, mesh.normals @ turned, mesh.uv, mesh.hair, mesh.beard, mesh.nose, mesh.face, mesh.open_sky]
    )
    values = interpolate(fragments, table)
    normals = values[:, 3:6]
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    count = len(values)
    corner = fragments.corners[:, 0]
    surface = Surface(
        parts=np.zeros(count, np.uint8),
        uv=values[:, 6:8],
        normals=normals,
        # These change slowly: one corner of the triangle stands for all.
        along_u=(mesh.along_u @ turned)[corner],
        along_v=(mesh.along_v @ turned)[corner],
        cover=np.zeros(count, np.float32),
        paint=np.zeros((count, 3), np.float32),
        lips=np.zeros(count, np.float32),
        gloss=np.ones(count, np.float32),
        open_sky=np.clip(values[:, 12], 0, 1),
    )
    hair, beard, nose, face = values[:, 8:12].T
    return surface, Seen(values[:, 0:3], hair, beard, nose, face, mesh.patch[corner] != Patch.EAR)


def some(fragments: Fragments, which: NDArray[Any]) -> Fragments:
    """Return the fragments at `which`, indices or a mask."""
    return Fragments(
        pixel=fragments.pixel[which],
        corners=fragments.corners[which],
        weights=fragments.weights[which],
        depth=fragments.depth[which],
    )


def cover_over(surface: Surface, where: NDArray[np.intp], cover: Values, colour: Values) -> None:
    """Lay `colour` with `cover` (n,) over what lies at `where` (n,) already."""
    before = surface.cover[where]
    after = cover + before * (1 - cover)
    share = (cover / np.maximum(after, 1e-6))[:, None]
    surface.paint[where] = colour * share + surface.paint[where] * (1 - share)
    surface.cover[where] = after
