"""What an earlier run left goes, and nothing else."""

from pathlib import Path

from dermis.pipeline.results import _clear_results, folders_for


def test_only_files_of_its_own_are_taken_away(tmp_path):
    for name in ("report.html", "analysis.json", "notes.txt", "selfie.jpg"):
        (tmp_path / name).write_text("x")
    (tmp_path / "parts.png").mkdir()  # a folder of somebody else's with such a name
    _clear_results(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["notes.txt", "parts.png", "selfie.jpg"]


def test_one_photo_has_the_folder_itself_and_several_have_one_each():
    out = Path("out")
    assert folders_for([Path("a/x.jpg")], out) == {Path("a/x.jpg"): out}
    files = [Path("a/x.jpg"), Path("b/x.jpg"), Path("report.html.jpg"), Path("y.png")]
    folders = folders_for(files, out)
    assert folders[files[0]] == out / "x"
    assert folders[files[3]] == out / "y"
    assert len(set(folders.values())) == 4
    assert out / "report.html" not in folders.values()
