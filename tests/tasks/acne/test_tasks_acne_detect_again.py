"""A face whose skin misses most of the lesions is looked at again without it."""

from types import SimpleNamespace

import numpy as np
import pytest

from dermis.core import Box, CropFrame, Encoding, Face, Photo, SegmentationClass, View
from dermis.tasks.acne import detect

CALIBRATION = {"count_factor": 1.0, "count_all_factor": 1.0, "score_from": 0.3, "grade_limits": [0.5, 1.5, 2.5],
               "grade_error": 0.7, "count_error_log": 0.6, "level": 0.9}  # fmt: skip


@pytest.mark.parametrize(("lesions", "looks"), [(10, 2), (11, 4)])
def test_an_ear_that_was_taken_for_the_face_is_not_believed(lesions, looks, monkeypatch):
    """Skin at the left edge alone; lesions, called from 0.3 on, at the right: more than ten make it unbelievable."""
    skins = []

    def run(image, skin):
        skins.append(skin)
        centres = np.zeros((32, 32), np.float32)
        centres[2 : 2 + 2 * lesions : 2, 16] = 0.3
        maps = {"centres": centres, "reaches": np.ones((4, 32, 32)), "grade": np.zeros(3),
                "density": 0 * centres, "density_all": 0 * centres}  # fmt: skip
        mirrored = len(skins) % 2 == 0
        turned = {name: one[..., ::-1] if mirrored and name != "grade" else one for name, one in maps.items()}
        return {name: one[None].astype(np.float32) for name, one in turned.items()}

    mask = np.zeros((100, 100), np.bool_)
    mask[:, :4] = True
    face = Face(frame=CropFrame(x_px=0, y_px=0, width=100, height=100, factor=1),
                box=Box(x_px=0, y_px=0, width_px=100, height_px=100), landmarks=None, pose=None, view=View.FRONT,
                segmentation=np.where(mask, SegmentationClass.FACE_SKIN, SegmentationClass.BACKGROUND).astype(np.uint8),
                regions=np.zeros((100, 100), np.uint8), skin=mask)  # fmt: skip
    weights = SimpleNamespace(meta={"calibration": CALIBRATION, "version": "1"}, shown=SimpleNamespace(size_px=128),
                              network=SimpleNamespace(run=run), model="made@1")  # fmt: skip
    monkeypatch.setattr(detect, "_weights", lambda: weights)
    monkeypatch.setattr(detect, "face_square", lambda face: Box(x_px=0, y_px=0, width_px=100, height_px=100))
    detect.find_lesions(Photo(pixels=np.full((100, 100, 3), 0.5, np.float32), encoding=Encoding.SRGB), face)
    assert len(skins) == looks
    assert skins[0].mean() < 0.2
    assert skins[-1].all() == (looks == 4)
