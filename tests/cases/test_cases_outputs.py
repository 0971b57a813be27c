"""Results stay in their folder, belong to one photo, appear whole, and are printed for any console."""

import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from dermis.cli import analyse as cli_analyse
from dermis.cli.streams import shown_text
from dermis.core import Analysis, Finding, Provenance, Quality, Region
from dermis.errors import UsageError
from dermis.formats.files import folder_name, replaced_results, write_bytes
from dermis.pipeline.options import AnalyseOptions
from dermis.pipeline.results import Unfinished, folders_for

DATA = Path(__file__).parent / "data"
FACE = DATA / "hostile" / "13-report-name" / "b.jpg"


def dermis(*arguments, binary=False, **environment):
    return subprocess.run(
        [sys.executable, "-m", "dermis", *map(os.fspath, arguments)],
        capture_output=True,
        text=not binary,
        encoding=None if binary else "utf-8",
        env={**os.environ, "COLUMNS": "100", **environment},
        check=False,
    )


@pytest.mark.parametrize(
    "stem", ["..", ".", "...", " ", "", "con", "a/b", "a\nb", "report.html", "x" * 300, ".git", "a. "]
)
def test_a_folder_is_one_plain_name(stem):
    name = folder_name(stem, {"report.html": 1})
    assert Path(name).name == name
    assert name not in ("", ".", "..", "report.html")
    assert not name.startswith(".")
    assert name.isprintable()
    assert len(name) <= 110


def test_folders_differ_whatever_the_names():
    files = [Path(f"S{number}/front.jpg") for number in range(2000)] + [
        Path("A.jpg"),
        Path("a.png"),
        Path("front-2.jpg"),
    ]
    folders = folders_for(files, Path("out"))
    assert len({str(folder).lower() for folder in folders.values()}) == len(files)
    assert folders[files[0]] == Path("out/front")
    assert folders[files[1]] == Path("out/front-2")


def test_names_of_dots_and_of_the_overview_stay_inside(models, tmp_path):
    out = tmp_path / "x" / "out"
    dots = DATA / "hostile" / "01-dots-name" / "...jpg"
    done = dermis("analyse", dots, FACE.parent / "report.html.jpg", FACE, "--tasks", "skin_tone", "--out", out)
    assert done.returncode in (0, 3), done.stderr
    assert {path.name for path in (tmp_path / "x").iterdir()} == {"out"}
    assert {path.name for path in out.iterdir()} == {"report.html", "photo", "report.html-2", "b"}
    assert (out / "report.html").is_file()


def test_no_picture_of_one_person_stays_beside_another(models, tmp_path):
    (tmp_path / "overlay_mine.txt").write_text("the user's own")
    assert dermis("analyse", FACE, "--out", tmp_path).returncode in (0, 3)
    assert (tmp_path / "skin_mask.png").is_file()
    assert dermis("analyse", DATA / "hostile" / "02-same-out-stale" / "bad.jpg", "--out", tmp_path).returncode == 3
    assert {path.name for path in tmp_path.iterdir()} == {"overlay_mine.txt", "report.html", "analysis.json"}


def test_a_place_that_cannot_be_written_is_one_refusal(models, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    for photos, out in (((FACE,), taken), ((FACE.parent,), taken / "below")):
        done = dermis("analyse", *photos, "--tasks", "skin_tone", "--out", out)
        assert done.returncode == 2, done.stderr
        assert "cannot be written" in done.stderr
    assert taken.read_text() == "a file"


def half_written(folder):
    with replaced_results(folder, ("*",)) as draft:
        (draft / "analysis.json").write_bytes(b"new")
        raise OSError(28, "No space left on device")


def test_a_failed_write_leaves_what_was_there(tmp_path):
    write_bytes(tmp_path / "analysis.json", b"old")
    with pytest.raises(UsageError, match="No space"):
        half_written(tmp_path)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("analysis.json", b"old")]


def test_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "precious").write_text("keep")
    (tmp_path / "report.html").symlink_to(tmp_path / "precious")
    write_bytes(tmp_path / "report.html", b"new")
    assert (tmp_path / "precious").read_text() == "keep"
    assert not (tmp_path / "report.html").is_symlink()


def test_json_is_utf8_whatever_the_console_says(models):
    case = DATA / "windows-console-names"
    names = sorted(path.name for path in case.iterdir())
    done = dermis("analyse", case, "--tasks", "skin_tone", "--json", binary=True, PYTHONIOENCODING="cp1252")
    assert done.returncode in (0, 3), done.stderr
    assert [json.loads(line)["photo"]["file"] for line in done.stdout.decode("utf-8").splitlines()] == names


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_utf8_and_one_with_control_characters(models, tmp_path):
    folder = os.fsencode(tmp_path)
    for name in (b"caf\xe9.jpg", b"a\x1b]0;title\x07\n.jpg"):
        (Path(os.fsdecode(folder)) / os.fsdecode(name)).write_bytes(b"hello")
    done = dermis("analyse", tmp_path, "--tasks", "skin_tone", "--out", tmp_path / "out", binary=True)
    assert done.returncode in (0, 3), done.stderr
    shown = (done.stdout + done.stderr).decode("utf-8")
    assert "\x1b]0" not in shown
    assert "\x07" not in shown
    assert shown.count("caf?.jpg") >= 1
    assert shown_text("a\x1b[2Jb") == "a?[2Jb"


def test_a_full_disk_behind_the_output_is_said():
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "wb") as full:  # noqa: PTH123 -- a device
        done = subprocess.run(
            [sys.executable, "-m", "dermis", "tasks"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert "cannot be written: No space left" in done.stderr


STOPPED = """
import os, signal, sys
import importlib
signal.signal(signal.SIGINT, signal.default_int_handler)  # who starts the tests in the background ignores it
analyse = importlib.import_module("dermis.cli.analyse")
real, count = analyse.analyse_file, 0
def counted(file, options):
    global count
    count += 1
    if count == 3:
        os.kill(os.getpid(), signal.{})
    return real(file, options)
analyse.analyse_file = counted
sys.argv = ["dermis", "analyse", sys.argv[1], "--tasks", "skin_tone", "--out", sys.argv[2]]
from dermis.cli import main
main()
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_stopped_run_keeps_what_is_done_and_the_next_goes_on(models, tmp_path, name):
    assert hasattr(signal, name)
    for number in range(4):
        shutil.copy(FACE, tmp_path / f"p{number}.jpg")
    out = tmp_path / "out"
    stopped = subprocess.run(
        [sys.executable, "-c", STOPPED.format(name), str(tmp_path), str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert stopped.returncode == 130, stopped.stderr
    assert "Stopped after 2 of 4 photos" in stopped.stderr
    assert (out / "report.html").read_text().count('class="card photo"') == 2
    if name == "SIGTERM":
        return
    went_on = dermis("analyse", tmp_path, "--tasks", "skin_tone", "--out", out)
    assert went_on.stdout.count("done by the run that was stopped") == 2
    assert {path.name for path in out.iterdir()} == {"report.html", "p0", "p1", "p2", "p3"}
    assert (out / "report.html").read_text().count('class="card photo"') == 4


def test_only_the_same_photo_and_the_same_options_go_on(tmp_path):
    photo = tmp_path / "a.jpg"
    shutil.copy(FACE, photo)
    folder = tmp_path / "out" / "a"
    from dermis.pipeline.analyse import analyse_file

    analysis = analyse_file(DATA / "hostile" / "02-same-out-stale" / "bad.jpg")
    assert isinstance(analysis, Analysis)

    def done(options):
        with closing(Unfinished(tmp_path / "out", options)) as run:
            return run.has(photo, folder)

    with closing(Unfinished(tmp_path / "out", "options")) as run:
        run.keep(analysis, photo, folder)
    assert done("options")
    photo.write_bytes(b"another")
    assert not done("options")
    shutil.copy(FACE, photo)
    assert not done("others")
    assert not done("options")  # a run with other options has begun anew


def told(file, options):
    """Stand for an analysis: a photo with a tone."""
    finding = Finding(
        task="skin_tone",
        region=Region.FACE,
        value=30.0,
        unit="ITA deg",
        label="intermediate",
        labels=("intermediate",),
        detail={"lab": [60.0, 12.0, 17.3], "light": ""},
        model="tone@1",
    )
    return Analysis(
        name=file.name, photo=None, quality=Quality(), provenance=Provenance(dermis="1"), findings=(finding,)
    )


def test_a_person_whose_run_was_stopped_is_told_from_all_photos(models, tmp_path, monkeypatch):
    files = [tmp_path / f"p{number}.jpg" for number in range(3)]
    for file in files:
        file.write_bytes(b"photo")
    out, options = tmp_path / "out", AnalyseOptions(tasks="skin_tone", person=True)

    def stopped(file, options):
        if file == files[2]:
            raise KeyboardInterrupt
        return told(file, options)

    monkeypatch.setattr(cli_analyse, "analyse_file", stopped)
    assert cli_analyse.run(files, options, out=out, as_json=True) == 130
    assert not (out / "person.json").exists()
    monkeypatch.setattr(cli_analyse, "analyse_file", told)
    assert cli_analyse.run(files, options, out=out, as_json=True) == 0
    person = json.loads((out / "person.json").read_text())
    assert person["findings"][0]["detail"]["from"] == ["p0.jpg", "p1.jpg", "p2.jpg"]
    assert "All photos together" in (out / "report.html").read_text()


def test_two_runs_into_one_folder_leave_a_whole_overview(models, tmp_path, monkeypatch):
    files = [tmp_path / f"p{number}.jpg" for number in range(6)]
    for file in files:
        file.write_bytes(b"photo")
    monkeypatch.setattr(cli_analyse, "analyse_file", told)

    def once(number):
        return cli_analyse.run(files, AnalyseOptions(tasks="skin_tone"), out=tmp_path / "out", as_json=True)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(once, range(2))) == [0, 0]
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count('class="card photo"') == 6
    assert page.rstrip().endswith("</html>")
    for file in files:
        assert json.loads((tmp_path / "out" / file.stem / "analysis.json").read_text())["findings"]


BESIDE = """
import importlib, sys, time
from pathlib import Path
analyse = importlib.import_module("dermis.cli.analyse")
own, other = Path(sys.argv[1]), Path(sys.argv[2])
real = analyse.analyse_file
def together(file, options):
    (own / "begun").touch()
    for _ in range(3000):
        if (other / "begun").exists():
            return real(file, options)
        time.sleep(0.01)
    raise SystemExit("the other run did not begin")
analyse.analyse_file = together
sys.argv = ["dermis", "analyse", str(own), "--tasks", "skin_tone", "--out", sys.argv[3]]
from dermis.cli import main
main()
"""


def test_two_processes_into_one_folder_leave_one_overview_of_all_photos(models, tmp_path):
    people, out = [tmp_path / name for name in ("first", "second")], tmp_path / "out"
    for person in people:
        person.mkdir()
        for number in range(2):
            shutil.copy(FACE, person / f"{person.name}{number}.jpg")
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", BESIDE, os.fspath(own), os.fspath(other), os.fspath(out)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for own, other in (people, people[::-1])
    ]
    said = [run.communicate()[1] for run in runs]
    assert {run.returncode for run in runs} <= {0, 3}, said
    page = (out / "report.html").read_text()
    names = ["first0", "first1", "second0", "second1"]
    assert page.rstrip().endswith("</html>")
    assert page.count('class="card photo"') == len(names)
    assert {path.name for path in out.iterdir()} == {"report.html", *names}
    for name in names:
        assert f"{name}/report.html" in page
        assert json.loads((out / name / "analysis.json").read_text())["photo"]["file"] == f"{name}.jpg"
        assert (out / name / "report.html").read_text().rstrip().endswith("</html>")


def test_a_run_after_another_tells_its_own_photos_only(models, tmp_path, monkeypatch):
    monkeypatch.setattr(cli_analyse, "analyse_file", told)
    for names in (("a0", "a1"), ("b0", "b1")):
        files = [tmp_path / f"{name}.jpg" for name in names]
        for file in files:
            file.write_bytes(b"photo")
        assert cli_analyse.run(files, AnalyseOptions(tasks="skin_tone"), out=tmp_path / "out", as_json=True) == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count('class="card photo"') == 2
    assert "b0/report.html" in page


def test_results_of_two_runs_are_never_mixed(tmp_path):
    names = [f"{number}.png" for number in range(8)]

    def write(mark):
        for _ in range(10):
            with replaced_results(tmp_path, ("*.png",)) as draft:
                for name in names:
                    (draft / name).write_bytes(mark)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, (b"a", b"b")))
    assert len({(tmp_path / name).read_bytes() for name in names}) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == names
