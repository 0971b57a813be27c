import pytest

from dermis.errors import InputError, UsageError
from dermis.lab.train.sources import check_folders, folder_of, roots_from


def test_folders_are_named_by_dataset():
    roots = roots_from(["acne04=a", "fasseg=b", "c"])
    assert {name: str(path) for name, path in roots.items()} == {"acne04": "a", "fasseg": "b", "": "c"}
    with pytest.raises(UsageError, match="twice"):
        roots_from(["a", "b"])


def test_the_folder_that_was_named_comes_first_then_one_above_it(tmp_path, monkeypatch):
    (tmp_path / "acne04").mkdir()
    assert str(folder_of("acne04", {"acne04": tmp_path / "elsewhere"})).endswith("elsewhere")
    assert folder_of("acne04", {"": tmp_path}) == tmp_path / "acne04"
    assert folder_of("fasseg", {"": tmp_path}) == tmp_path
    monkeypatch.setenv("DERMIS_DATA", str(tmp_path))
    assert folder_of("acne04", {}) == tmp_path / "acne04"
    with pytest.raises(UsageError, match="--data fasseg=DIR"):
        folder_of("fasseg", {})


def test_what_can_be_made_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setenv("DERMIS_CACHE", str(tmp_path))
    settings = ["subjects=1", "size_px=64"]
    folder = folder_of("faces", {}, made="faces", settings=settings)
    written = (folder / "card.md").stat().st_mtime_ns
    assert folder_of("faces", {}, made="faces", settings=settings) == folder
    assert (folder / "card.md").stat().st_mtime_ns == written


def test_a_folder_that_is_not_there_is_refused_though_nothing_asks_for_it(tmp_path):
    check_folders({"": tmp_path})
    with pytest.raises(InputError, match=r"--data other=.*absent: there is no such folder"):
        check_folders({"": tmp_path, "other": tmp_path / "absent"})
