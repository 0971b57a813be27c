"""What an earlier run left goes, and nothing else."""

from contextlib import closing
from pathlib import Path

from dermis.pipeline.results import Unfinished, _clear_results, _sha256, folders_for


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


def test_a_photo_is_done_while_its_results_lie_there_and_it_has_not_changed(tmp_path):
    file, folder = tmp_path / "a.jpg", tmp_path / "out" / "a"
    file.write_bytes(b"one")
    folder.mkdir(parents=True)
    line = {"key": "", "folder": "a", "sha256": _sha256(file), "card": {}}
    with closing(Unfinished(tmp_path / "out", "options")) as run:
        run._done = {"a": line}
        assert not run.has(file, folder)  # its results are gone
        (folder / "analysis.json").write_text("{}")
        assert (run.done, run.has(file, folder), run.done) == (0, True, 1)
        assert not run.has(file, tmp_path / "out" / "b")
        file.write_bytes(b"two")
        assert not run.has(file, folder)
        assert not run.has(tmp_path / "none.jpg", folder)
        assert run.done == 1


def test_a_record_ends_where_a_stop_cut_it_short(tmp_path):
    with closing(Unfinished(tmp_path, "options")) as run:
        line = {"key": "k", "folder": "a", "sha256": "", "card": {}}
        run._write([line, line])
        assert run._lines() == [line, line]
        run._write([{"folder": "b"}, line])
        assert run._lines() == [line, line]
