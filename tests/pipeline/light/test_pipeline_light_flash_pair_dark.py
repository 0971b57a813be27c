"""The face is looked for in a dark frame of a flash pair as in a lighter one."""

from types import SimpleNamespace

import numpy as np
import pytest

from dermis.core import Encoding, Photo
from dermis.pipeline.light import flash_pair


@pytest.mark.parametrize(("level", "shown_at"), [(0.1, 0.7), (0.499, 0.7), (0.5, 0.5), (0.9, 0.9)])
def test_a_dark_frame_is_lightened_before_its_face_is_looked_for(level, shown_at, monkeypatch):
    seen = []
    marks = [SimpleNamespace(landmarks=None), SimpleNamespace(landmarks="first"), SimpleNamespace(landmarks="second")]
    monkeypatch.setattr(flash_pair, "detect_faces", lambda photo: seen.append(photo) or marks[: 3 * (level < 0.8)])
    frame = Photo(pixels=np.full((20, 20, 3), level, np.float32), encoding=Encoding.SRGB)
    assert flash_pair._ambient_landmarks(frame) == ("first" if level < 0.8 else None)
    assert seen[0].pixels.mean() == pytest.approx(shown_at, abs=1e-3)


def test_the_brightest_twentieth_says_whether_a_frame_is_dark(monkeypatch):
    seen = []
    monkeypatch.setattr(flash_pair, "detect_faces", lambda photo: seen.append(photo) or [])
    pixels = np.full((20, 20, 3), 0.1, np.float32)
    pixels[:2] = 0.9  # a tenth
    flash_pair._ambient_landmarks(Photo(pixels=pixels, encoding=Encoding.SRGB))
    assert seen[0].pixels[5, 5, 0] == pytest.approx(0.1)
    pixels[:] = 0.1
    pixels[0, :12] = 0.9  # a thirty-third
    flash_pair._ambient_landmarks(Photo(pixels=pixels, encoding=Encoding.SRGB))
    assert seen[1].pixels[5, 5, 0] == pytest.approx(0.7, abs=1e-3)
