"""A square of plain skin with some grain, as a face without landmarks."""

import numpy as np

from dermis.core import CropFrame, Face, Region, SegmentationClass, Skin, View

SIZE = 220
WIDTH_PX = 260.0


def face_with(density, *, tone=(0.45, 0.27, 0.18)):
    """Return face and skin; density: (h, w, 3), 100 x optical density on top of plain skin with some grain."""
    rng = np.random.default_rng(3)
    grain = rng.normal(0, 0.3, (SIZE, SIZE, 1))
    linear = (np.array(tone) * 10 ** (-(density + grain) / 100)).astype(np.float32)
    regions = np.full((SIZE, SIZE), Region.LEFT_CHEEK.code, np.uint8)
    regions[:, : SIZE // 2] = Region.RIGHT_CHEEK.code
    regions[:60] = Region.FOREHEAD.code
    everywhere = np.ones((SIZE, SIZE), bool)
    face = Face(
        frame=CropFrame(x_px=0, y_px=0, width=SIZE, height=SIZE, factor=1), box=None, landmarks=None, pose=None,
        view=View.CLOSE_UP, segmentation=np.full((SIZE, SIZE), SegmentationClass.FACE_SKIN, np.uint8),
        regions=regions, skin=everywhere, face_width_px=WIDTH_PX,
    )  # fmt: skip
    skin = Skin(
        linear=linear, visible=everywhere, measured=everywhere, regions=regions, excluded={}, view=View.FRONT,
        light_known=False,
    )  # fmt: skip
    return face, skin
