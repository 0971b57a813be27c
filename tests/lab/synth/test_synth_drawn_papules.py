"""Papules that a comparison must find: where they grow and how large they are."""

from dataclasses import replace

import numpy as np

from dermis.lab.synth.drawn_papules import DRAWN, RADII_MM, with_papules
from fakes.painted_face import painted_face


def test_papules_are_drawn_on_the_face_and_not_on_a_neck():
    painted = painted_face()
    face = painted.face
    upper = np.arange(face.regions.shape[0])[:, None] < face.regions.shape[0] // 2
    above = replace(face, regions=np.where(upper, face.regions, 0).astype(np.uint8))
    below_px = face.frame.y_px + face.frame.factor * (face.regions.shape[0] // 2 + 2)
    for seed in range(3):
        shown, marks = with_papules(painted.photo, above, seed)
        assert len(marks) == DRAWN
        assert all(mark.box.y_px + mark.box.height_px / 2 < below_px for mark in marks)
        assert all(RADII_MM[0] <= mark.radius_mm <= RADII_MM[1] for mark in marks)
        assert np.abs(shown.pixels - painted.photo.pixels).max() > 0.02
