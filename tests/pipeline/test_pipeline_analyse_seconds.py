"""How long each part of an analysis took."""

import numpy as np
from PIL import Image

from dermis.pipeline import analyse as analysing
from dermis.pipeline.analyse import analyse_file


def codes(analysis):
    return [problem.code for problem in analysis.quality.problems]


def test_each_part_of_the_time_is_told_and_the_whole_holds_them(tmp_path, monkeypatch):
    seconds = iter([1.0, 3.0, 10.0, 14.0])  # before and after reading; before and after looking for a face
    monkeypatch.setattr(analysing, "perf_counter", lambda: next(seconds))
    monkeypatch.setattr(analysing, "find_face", lambda photo, **asked: None)
    path = tmp_path / "grey.png"
    Image.fromarray(np.full((140, 150, 3), 120, np.uint8)).save(path)
    told = analyse_file(path, tasks=())
    assert dict(told.provenance.seconds) == {"read": 2.0, "face": 4.0, "total": 6.0}
    assert codes(told) == ["no_face"]
    assert not told.quality.usable
