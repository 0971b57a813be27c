"""What an earlier run left goes, and nothing else."""

from dermis.pipeline.results import _clear_results


def test_only_files_of_its_own_are_taken_away(tmp_path):
    for name in ("report.html", "analysis.json", "notes.txt", "selfie.jpg"):
        (tmp_path / name).write_text("x")
    (tmp_path / "parts.png").mkdir()  # a folder of somebody else's with such a name
    _clear_results(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["notes.txt", "parts.png", "selfie.jpg"]
