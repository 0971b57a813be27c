"""Marks where there is no acne: which outline and which place of the face they lie in."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from dermis.core import Box, CropFrame, Detection, Face, Region, SegmentationClass, View
from dermis.lab.evaluate.acne import lookalikes
from dermis.lab.evaluate.acne.lookalikes import MOLE, OPEN, JudgedFace, judged, lookalikes_table, people_of

SIDE = 200
SQUARE = np.array([[0.1, 0.1], [0.3, 0.1], [0.3, 0.3], [0.1, 0.3]])


def mark(x, y, kind="inflamed"):
    return Detection(kind=kind, box=Box(x_px=x - 3, y_px=y - 3, width_px=6, height_px=6), region=Region.FACE, score=0.5)


def face():
    parts = np.full((SIDE, SIDE), SegmentationClass.FACE_SKIN, np.uint8)
    parts[150:160, 80:120] = SegmentationClass.LIPS
    parts[:, :20] = SegmentationClass.OTHER_SKIN
    return Face(
        frame=CropFrame(x_px=0, y_px=0, width=SIDE, height=SIDE, factor=1),
        box=Box(x_px=0, y_px=0, width_px=SIDE, height_px=SIDE),
        landmarks=None,
        pose=None,
        view=View.FRONT,
        segmentation=parts,
        regions=np.zeros((SIDE, SIDE), np.uint8),
        skin=np.ones((SIDE, SIDE), bool),
        face_width_px=150.0,
    )


@pytest.fixture
def seen(monkeypatch):
    """What is told of a face on which these marks are found."""

    def tell(marks, chance, outlines):
        shown = marks if chance >= 0.5 else ()
        monkeypatch.setattr(lookalikes, "find_lesions", lambda photo, found: None)
        monkeypatch.setattr(lookalikes, "place_lesions", lambda *parts: SimpleNamespace(items=marks))
        monkeypatch.setattr(
            lookalikes,
            "with_presence",
            lambda placed: SimpleNamespace(items=shown, found=SimpleNamespace(presence=chance)),
        )
        photo = SimpleNamespace(width_px=SIDE, height_px=SIDE)
        (told,) = judged("set", "g", photo, SimpleNamespace(face=face(), skin=SimpleNamespace(tone=None)), outlines)
        return told

    return tell


def test_a_mark_is_named_by_the_outline_and_the_place_it_lies_in(seen):
    marks = (mark(40, 40), mark(100, 148), mark(5, 100), mark(120, 100, "open_comedo"), mark(120, 60))
    told = seen(marks, 0.9, {"freckles": [SQUARE]})
    assert told.marks == {"freckles": 1, OPEN: 2, "lips": 1, "ears and neck": 1, MOLE: 1, "any": 5}
    assert told.held_back == {}
    assert told.findings == {"freckles"}
    assert not told.acne


def test_a_mark_in_outlined_acne_is_no_false_one_and_doubt_holds_marks_back(seen):
    told = seen((mark(40, 40), mark(120, 60)), 0.2, {"acne": [SQUARE], "freckles": [SQUARE]})
    assert told.acne
    assert told.marks == {}
    assert told.held_back == {"any": 1, OPEN: 1}


def test_the_table_has_sets_tones_findings_and_places():
    faces = [
        JudgedFace(
            data="clear", group=f"g{number}", tone="dark" if number else "light", acne=False, chance=0.2 * number,
            marks=Counter(any=number, brows=number), held_back=Counter(), findings=frozenset({"melasma"}),
        )
        for number in range(4)
    ]  # fmt: skip
    lines = lookalikes_table(faces).splitlines()
    (whole,) = [line for line in lines if line.startswith("| clear |")]
    assert whole.startswith("| clear | 4 | 4 | 1.50 [")
    assert "75%" in whole
    assert any(line.startswith("| dark skin, as estimated | 3 | 3 | 2.00 [") for line in lines)
    assert "| brows | 4 | 1.50 | 0.00 |  |  |" in lines
    assert "| on melasma, outlined | 4 | 0.00 | 0.00 |  |  |" in lines
    assert "| brows | 0.00 (1) |  | 2.00 (3) |" in lines  # by tone: lighter, medium, darker


def test_photos_are_taken_from_the_table_or_by_the_name_of_the_person(tmp_path):
    (tmp_path / "P003_selfie.jpg").touch()
    assert people_of(tmp_path) == [(tmp_path / "P003_selfie.jpg", "P003")]
    (tmp_path / "labels.csv").write_text("file,group\na.jpg,g1\nb.jpg,g2\nc.jpg,g3\n")
    assert people_of(tmp_path, 2) == [(tmp_path / "a.jpg", "g1"), (tmp_path / "c.jpg", "g3")]
