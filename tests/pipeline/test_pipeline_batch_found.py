"""Which photos are meant, and what cannot mean anything before the first is read."""

from pathlib import Path

import pytest

from dermis.errors import InputError, UsageError
from dermis.pipeline.batch import check, find_photos
from dermis.pipeline.options import AnalyseOptions

ONE, TWO = [Path("a.jpg")], [Path("a.jpg"), Path("b.jpg")]


def test_files_are_taken_as_named_and_folders_for_the_photos_inside(tmp_path):
    for name in ("b.JPG", "a.png", ".c.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    inside = [tmp_path / "a.png", tmp_path / "b.JPG"]
    assert find_photos([tmp_path]) == inside
    assert find_photos([Path("x.txt"), tmp_path / "b.JPG", tmp_path]) == [Path("x.txt"), inside[1], inside[0]]
    assert find_photos([]) == []
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="without photos"):
        find_photos([tmp_path / "empty"])


def test_options_of_one_photo_are_refused_with_several():
    for options in (AnalyseOptions(mask=Path("m.png")), AnalyseOptions(parts=Path("p.png")),
                    AnalyseOptions(flash_pair=(Path("d.jpg"), Path("f.jpg")))):  # fmt: skip
        check(options, ONE)
        with pytest.raises(UsageError):
            check(options, TWO)
    check(AnalyseOptions(person=True), TWO)
    with pytest.raises(UsageError, match="--mask and --parts"):
        check(AnalyseOptions(mask=Path("m.png"), parts=Path("p.png")), ONE)
    with pytest.raises(UsageError):
        check(AnalyseOptions(tasks="rednes"), ONE)
