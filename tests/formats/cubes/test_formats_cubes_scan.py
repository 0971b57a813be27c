"""A camera's folder, and what lies in it by name."""

from __future__ import annotations

import pytest

from dermis.errors import InputError, UsageError
from dermis.formats.cubes.scan import find_scan


def touch(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.hdr").write_text("ENVI\n")
        (folder / f"{name}.raw").write_bytes(b"")
    return folder


def test_a_specim_folder(tmp_path):
    capture = touch(tmp_path / "capture", "p1", "WHITEREF_p1", "DARKREF_p1")
    for place in (tmp_path, capture, capture / "p1.raw", capture / "p1.hdr"):
        found = find_scan(place)
        assert (found.raw.stem, found.white.stem, found.dark.stem) == ("p1", "WHITEREF_p1", "DARKREF_p1")


def test_references_of_other_scans_are_not_taken(tmp_path):
    touch(tmp_path, "p1", "p2", "WHITEREF_p1", "DARKREF_p1", "WHITEREF_p2", "DARKREF_p2")
    assert find_scan(tmp_path / "p2.raw").white.stem == "WHITEREF_p2"
    with pytest.raises(UsageError, match=r"holds 2 scans: p1, p2\. Name one"):
        find_scan(tmp_path)
    touch(tmp_path, "p3")
    with pytest.raises(InputError, match=r"p3.raw has no white reference.*WHITEREF_p3.raw is found by itself"):
        find_scan(tmp_path / "p3.raw")


def test_the_only_reference_serves_and_those_named_win(tmp_path):
    touch(tmp_path, "p1", "white", "dark", "other")
    found = find_scan(tmp_path / "p1.raw")
    assert (found.white.stem, found.dark.stem) == ("white", "dark")
    assert find_scan(tmp_path / "p1.raw", white=tmp_path / "other.raw").white.stem == "other"


def test_nothing_there(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        find_scan(tmp_path / "no")
    with pytest.raises(InputError, match="holds no scan"):
        find_scan(tmp_path)
