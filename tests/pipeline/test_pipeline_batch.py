"""A batch: every photo once, what is done is not done again, and no kill leaves half a table."""

import csv
import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from dermis.cli import app
from dermis.errors import UsageError
from dermis.pipeline import batch_pool, batch_shard
from dermis.pipeline.analyse import analyse_file
from dermis.pipeline.batch_photos import BatchPhoto, find_batch
from dermis.pipeline.batch_pool import Pool
from dermis.pipeline.batch_run import jobs_of, one_by_one, plan_batch, run_batch
from dermis.pipeline.batch_shard import Asked, ShardJob, run_shard
from dermis.pipeline.batch_table import photos_table, shard_places
from dermis.pipeline.options import AS_IT_COMES, AnalyseOptions
from fakes.batch_workers import fall, serve

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "reference" / "batch.schema.json").read_text())
TONE = AnalyseOptions(tasks="skin_tone")


@pytest.fixture(scope="module")
def measured(selfie):
    return analyse_file(selfie, TONE)


@pytest.fixture
def quick(measured, monkeypatch):
    """Files of text are refused as ever; all others are the selfie, without the work."""
    asked = []

    def analysed(path, options):
        asked.append(Path(path).name)
        return analyse_file(path, options) if Path(path).read_bytes()[:4] == b"text" else measured

    monkeypatch.setattr(batch_shard, "analyse_file", analysed)
    return asked


def photos(folder, count, *, bad=()):
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"{number:03d}.jpg").write_bytes(b"text" if number in bad else b"a photo")
    return folder


def planned(folder, out, *, options=TONE, **more):
    return plan_batch(find_batch(str(folder)), out, options, workers=2, shard=4, **more)


def run(folder, out, **more):
    return run_batch(planned(folder, out, **more), one_by_one, lambda count: None)


def rows(path):
    return pq.read_table(path).to_pylist()


@pytest.mark.parametrize("workers", [1, 2, 7])
@pytest.mark.parametrize("count", [1, 5, 64, 500])
def test_every_photo_is_in_one_job(count, workers):
    files = [BatchPhoto(path=f"{place}.jpg", size=1, state="") for place in range(count)]
    jobs = list(jobs_of(files, Asked(options=AS_IT_COMES, shards="s"), workers=workers))
    assert [photo for job in jobs for photo in job.photos] == files
    assert max(len(job.photos) for job in jobs) <= 32
    assert len({job.name for job in jobs}) == len(jobs)


def test_a_row_for_each_finding_and_each_photo(quick, measured, tmp_path):
    tables = run(photos(tmp_path / "in", 10, bad=(3,)), tmp_path / "t.parquet")
    held = rows(tmp_path / "t.parquet")
    assert tables.rows == len(held) == 9 * len(measured.findings)
    assert tables.usable == 9
    first = held[0]
    assert (first["task"], first["region"]) == (measured.findings[0].task, measured.findings[0].region.value)
    assert first["value"] == pytest.approx(measured.findings[0].value, abs=1e-3)
    assert json.loads(first["detail_json"])["monk"]
    said = rows(tables.photos)
    assert [Path(one["path"]).name for one in said] == [f"{number:03d}.jpg" for number in range(10)]
    assert said[0]["quality_sharpness"] == pytest.approx(measured.quality.measures["sharpness"], abs=1e-3)
    [(path, code, reason)] = tables.refused
    assert (Path(path).name, code, said[3]["usable"], said[3]["reason"]) == ("003.jpg", "unreadable", False, reason)


def test_columns_of_a_sheet_stand_in_both_tables(quick, tmp_path):
    photos(tmp_path / "in", 3)
    (tmp_path / "s.csv").write_text("photo,subject,value\n000.jpg,anna,1.5\n002.jpg,bela,\n")
    found = find_batch(str(tmp_path / "in"), tmp_path / "s.csv")
    plan = plan_batch(found, tmp_path / "t.parquet", TONE, workers=1)
    run_batch(plan, one_by_one, lambda count: None)
    said = rows(photos_table(tmp_path / "t.parquet"))
    assert [(one["subject"], one["sheet_value"]) for one in said] == [("anna", 1.5), (None, None), ("bela", None)]
    assert {one["subject"] for one in rows(tmp_path / "t.parquet")} == {"anna", "bela", None}


def test_what_is_done_is_not_done_again(quick, tmp_path):
    folder, out = photos(tmp_path / "in", 9), tmp_path / "t.parquet"
    run(folder, out)
    first = out.read_bytes()
    quick.clear()
    run(folder, out)
    assert (quick, out.read_bytes()) == ([], first)
    (folder / "new.jpg").write_bytes(b"a photo")
    (folder / "004.jpg").write_bytes(b"another photo")
    (folder / "001.jpg").unlink()
    tables = run(folder, out)
    assert sorted(quick) == ["004.jpg", "new.jpg"]
    assert [Path(one["path"]).name for one in rows(tables.photos)] == sorted(one.name for one in folder.iterdir())


def test_other_options_are_another_batch(quick, tmp_path):
    folder, out = photos(tmp_path / "in", 5), tmp_path / "t.parquet"
    run(folder, out)
    other = replace(TONE, close_up=True)
    assert planned(folder, out, options=other).left == 5
    assert planned(folder, out).left == 0  # asking alone takes nothing away
    run(folder, out, options=other)
    assert planned(folder, out).left == 5


def test_a_broken_shard_is_done_again(quick, tmp_path):
    folder, out = photos(tmp_path / "in", 9), tmp_path / "t.parquet"
    run(folder, out)
    shard = next(Path(planned(folder, out).asked.shards).glob("shard-*.parquet"))
    lost = pq.read_table(shard).num_rows
    shard.write_bytes(shard.read_bytes()[:-50])
    assert planned(folder, out).left == lost
    assert run(folder, out).count == 9


def test_a_shard_that_is_cut_short_keeps_what_is_done(quick, tmp_path):
    plan = planned(photos(tmp_path / "in", 4), tmp_path / "t.parquet")
    stops = iter([False, False, True])
    done = run_shard(ShardJob(asked=plan.asked, photos=plan.found.photos), stopped=lambda: next(stops))
    assert done.photos == len(quick) == 2
    assert planned(tmp_path / "in", tmp_path / "t.parquet").before == 2


def test_a_fault_of_ours_costs_one_photo_and_is_tried_again(quick, monkeypatch, tmp_path):
    folder, out = photos(tmp_path / "in", 3), tmp_path / "t.parquet"
    answer = batch_shard.analyse_file

    def failing(path, options):
        if Path(path).name == "001.jpg":
            raise ZeroDivisionError("division by zero")
        return answer(path, options)

    monkeypatch.setattr(batch_shard, "analyse_file", failing)
    [(path, code, reason)] = run(folder, out).refused
    assert (Path(path).name, code) == ("001.jpg", "crashed")
    assert "ZeroDivisionError" in reason
    monkeypatch.setattr(batch_shard, "analyse_file", answer)
    assert planned(folder, out).left == 1
    assert run(folder, out).refused == ()
    assert len(rows(photos_table(out))) == 3


def test_reports_lie_in_folders_like_the_photos(quick, tmp_path):
    folder = photos(tmp_path / "in", 1)
    (folder / "sub").mkdir()
    (folder / "sub" / "000.jpg").write_bytes(b"a photo")
    run(folder, tmp_path / "t.parquet", reports=True)
    said = [one["report"] for one in rows(photos_table(tmp_path / "t.parquet"))]
    assert said == ["000", "sub/000"]
    for name in said:
        assert {path.name for path in (tmp_path / "t.reports" / name).iterdir()} >= {"report.html", "analysis.json"}
        assert not list((tmp_path / "t.reports" / name).glob("*.png"))


def test_a_photo_behind_an_address_is_fetched(quick, tmp_path):
    folder = photos(tmp_path / "in", 2)
    tables = run_batch(
        plan_batch(find_batch(f"file://{folder}"), tmp_path / "t.parquet", TONE, workers=1),
        one_by_one,
        lambda count: None,
    )
    assert tables.usable == 2
    assert [one["path"] for one in rows(tables.photos)] == [f"file://{folder}/{n:03d}.jpg" for n in range(2)]


def test_one_that_is_gone_is_tried_again(quick, tmp_path):
    folder = photos(tmp_path / "in", 2)
    found = find_batch(f"file://{folder}")
    (folder / "001.jpg").rename(folder / "hidden")
    plan = plan_batch(found, tmp_path / "t.parquet", TONE, workers=1)
    [(_, code, _)] = run_batch(plan, one_by_one, lambda count: None).refused
    assert code == "unreachable"
    (folder / "hidden").rename(folder / "001.jpg")
    assert plan_batch(found, tmp_path / "t.parquet", TONE, workers=1).left == 1


def test_a_table_that_cannot_be_written_is_refused_and_the_old_one_stands(quick, tmp_path):
    folder, out = photos(tmp_path / "in", 2), tmp_path / "t.parquet"
    with pytest.raises(UsageError, match="ends with"):
        planned(folder, tmp_path / "t.csv")
    run(folder, out)
    before = out.read_bytes()
    plan = planned(folder, out)
    (tmp_path / ".t.photos.parquet.tmp").mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        run_batch(plan, one_by_one, lambda count: None)
    assert out.read_bytes() == before


def test_a_photo_that_ends_processes_is_refused_and_costs_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(batch_pool, "_serve", serve)
    folder = photos(tmp_path / "in", 3, bad=range(3))
    (folder / "001-deadly.jpg").write_bytes(b"text")
    told = []
    tables = run_batch(planned(folder, tmp_path / "t.parquet"), Pool(1, shards_a_process=2), told.append)
    assert tables.count == sum(told) == 4
    assert [code for _, code, _ in tables.refused] == ["unreadable", "crashed", "unreadable", "unreadable"]
    assert "code 9" in tables.refused[1][2] or "code -9" in tables.refused[1][2]


def test_a_photo_that_takes_for_ever_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(batch_pool, "_serve", serve)
    monkeypatch.setattr(batch_pool, "_LOOK_S", 0.01)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "endless.jpg").write_bytes(b"text")
    pool = Pool(1, longest_s=0.0)
    [(_, code, _)] = run_batch(planned(tmp_path / "in", tmp_path / "t.parquet"), pool, lambda count: None).refused
    assert code == "crashed"


def test_processes_that_never_come_up_are_no_photo_s_fault(tmp_path, monkeypatch):
    monkeypatch.setattr(batch_pool, "_serve", fall)
    plan = planned(photos(tmp_path / "in", 2), tmp_path / "t.parquet")
    with pytest.raises(UsageError, match="before they begin"):
        run_batch(plan, Pool(1), lambda count: None)
    assert planned(tmp_path / "in", tmp_path / "t.parquet").before == 0


@pytest.fixture
def greys(tmp_path):
    """Small pictures without a face: each takes a while and none a long one."""
    (tmp_path / "in").mkdir()
    for number in range(10):
        Image.fromarray(np.full((96, 96, 3), 60 + number, np.uint8)).save(tmp_path / "in" / f"{number}.png")
    return tmp_path / "in"


@pytest.mark.slow
@pytest.mark.usefixtures("models")
def test_a_batch_that_is_killed_goes_on(greys, tmp_path):
    command = [sys.executable, "-m", "dermis", "batch", "in", "--out", "t.parquet", "--workers", "1", "--shard", "2"]
    enough = int(np.random.default_rng(0).integers(1, 4))
    first = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while len(kept := list(tmp_path.glob("t.shards/*/shard-*.parquet"))) < enough and first.poll() is None:
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL, "it was done before it could be killed"
    assert not (tmp_path / "t.parquet").exists()
    before = len(shard_places(kept[0].parent).rows)
    second = subprocess.run([*command, "--json"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert second.returncode == 3, second.stderr  # none has a face
    said = json.loads(second.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(said)
    assert before <= said["counts"]["done_before"] < 10
    names = Counter(one["path"] for one in rows(tmp_path / "t.photos.parquet"))
    assert names == Counter(f"in/{path.name}" for path in greys.iterdir())


def test_the_verb_writes_csv_and_json(quick, tmp_path, monkeypatch):
    monkeypatch.setattr("dermis.cli.batch.Pool", lambda workers: one_by_one)
    folder = photos(tmp_path / "in", 3, bad=(1,))
    (tmp_path / "s.csv").write_text("photo,subject\n000.jpg,=cmd()\n")
    command = ["batch", folder, "--out", tmp_path / "t.parquet", "--tasks", "skin_tone", "--csv", "--json"]
    done = CliRunner().invoke(app, [str(one) for one in [*command, "--sheet", tmp_path / "s.csv"]])
    assert done.exit_code == 0, done.output
    said = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    jsonschema.Draft202012Validator(SCHEMA).validate(said)
    assert said["counts"] == {"photos": 3, "usable": 2, "findings": len(rows(tmp_path / "t.parquet")), "done_before": 0}
    with (tmp_path / "t.csv").open(newline="") as held:
        lines = list(csv.DictReader(held))
    assert len(lines) == said["counts"]["findings"]
    assert lines[0]["subject"] == "'=cmd()"
    assert len((tmp_path / "t.photos.csv").read_text().splitlines()) == 4


def test_what_means_nothing_in_a_batch_is_refused(tmp_path):
    photos(tmp_path / "in", 1)
    pair = "--flash-pair a.jpg b.jpg"
    for options in ("--person", "--mask=m.png", pair, "--pupils-mm=62", "--shard=0", "--workers=-1", "--tasks=beauty"):
        words = ["batch", str(tmp_path / "in"), "--out", str(tmp_path / "t.parquet"), *options.split()]
        done = CliRunner().invoke(app, words)
        assert isinstance(done.exception, UsageError), options


def test_the_help_of_a_batch_leaves_out_what_it_refuses():
    shown = CliRunner().invoke(app, ["batch", "--help"]).stdout
    assert "--reference" in shown
    assert not [
        option for option in ("--mask", "--parts", "--flash-pair", "--pupils-mm", "--person") if option in shown
    ]


def test_the_page_tells_of_all_photos_in_the_order_of_their_visits(quick, measured, tmp_path):
    photos(tmp_path / "in", 12, bad=(5,))
    lines = [f"{number:03d}.jpg,2024-{number % 12 + 1:02d}-01" for number in range(12)]
    (tmp_path / "s.csv").write_text("\n".join(["photo,visit", *lines]))
    found = find_batch(str(tmp_path / "in"), tmp_path / "s.csv")
    run_batch(plan_batch(found, tmp_path / "t.parquet", TONE, workers=1), one_by_one, lambda count: None)
    page = (tmp_path / "t.html").read_text(encoding="utf-8")
    assert "12 photos, 11 usable" in page
    assert "the column visit" in page
    (low,) = re.findall(r"of 11 faces, from (\S+) to", page)
    assert float(low.replace("\N{MINUS SIGN}", "-")) == pytest.approx(measured["skin_tone"].value, rel=0.01)


def test_a_database_reads_the_tables_as_they_are(quick, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    tables = run(photos(tmp_path / "in", 4, bad=(0,)), tmp_path / "t.parquet")
    with duckdb.connect() as base:
        query = (
            f"select count(distinct path), count(*) from '{tables.findings}' f join '{tables.photos}' p using (path)"
        )
        assert base.sql(query).fetchall() == [(3, tables.rows)]
        query = f"select count(*) from '{tables.photos}' where list_contains(problems, 'unreadable')"
        assert base.sql(query).fetchall() == [(1,)]
