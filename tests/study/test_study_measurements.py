"""Whose a value is: people keep the names that the sheet gave them, and nothing is mixed up or lost in silence."""

import json

import openpyxl
import pytest
from typer.testing import CliRunner

from dermis.cli import app
from dermis.errors import InputError
from dermis.study.measurements import read_measurements
from dermis.study.trial import trial_of

TASK = "pigmentation_grade"


def csv_of(path, columns, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def xlsx_of(path, rows, number_format="General"):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for row in book.active.iter_rows(min_row=2, max_col=1):
        row[0].number_format = number_format
    book.save(path)
    return path


def photo_name(subject, week, side="L"):
    return f"photos/{subject}_FACE_{side}_S00_VCR_S2_V00D00W{week:02d}.jpg"


@pytest.fixture
def findings(tmp_path):
    """Three people by file names, two visits each, one side or the front."""
    rows = [
        (photo_name(subject, week, side), TASK, "face", 5 - week / 4)
        for subject, side in (("P0010", "L"), ("P0002", "F"), ("P0001", "R"))
        for week in (0, 4)
    ]
    return csv_of(tmp_path / "findings.csv", ("path", "task", "region", "value"), rows)


def people(findings, sheet=None):
    measurements, notes = read_measurements([findings], sheet, task=TASK)
    return [curve.subject for curve in trial_of(measurements, task=TASK, improved_by=1).curves], notes


@pytest.mark.parametrize("names", [("P01", "P2", "P10"), ("1", "2", "10"), ("001", "002", "010"), ("1", "p2", "P010")])
def test_people_are_called_as_the_sheet_calls_them_in_natural_order(findings, tmp_path, names):
    sheet = csv_of(tmp_path / "s.csv", ("Subject ID", "Arm"), [(name, "a") for name in reversed(names)])
    assert people(findings, sheet) == (list(names), [])


def test_without_a_sheet_people_are_called_as_their_files_call_them(findings):
    assert people(findings) == (["P0001", "P0002", "P0010"], [])


@pytest.mark.parametrize(
    ("cells", "number_format", "names"),
    [
        ((10.0, 2.0, 1.0), "General", ["1", "2", "10"]),
        ((10, 2, 1), "000", ["001", "002", "010"]),
        ((10, 2, 1), '"P"000', ["P001", "P002", "P010"]),
        (("P10 ", " 02", "1\u00a0"), "General", ["1", "02", "P10"]),
    ],
)
def test_cells_of_a_workbook_are_names_as_they_are_shown(findings, tmp_path, cells, number_format, names):
    sheet = xlsx_of(tmp_path / "s.xlsx", [["Subject No.", "Arm"], *([cell, "a"] for cell in cells)], number_format)
    assert people(findings, sheet)[0] == names


def test_names_with_marks_of_thousands_stay_names(tmp_path):
    rows = [('"1,024"', week, 3) for week in (0, 4)] + [('"1,030"', week, 3) for week in (0, 4)]
    table = csv_of(tmp_path / "t.csv", ("subject", "week", TASK), rows)
    assert people(table)[0] == ["1,024", "1,030"]


def test_spellings_of_one_person_are_one_person_and_said(tmp_path):
    rows = [("S01", 0, 5), ("s01 ", 4, 4), ("P2", 0, 5), ("2.0", 4, 4)]
    names, notes = people(csv_of(tmp_path / "t.csv", ("subject", "week", TASK), rows))
    assert names == ["P2", "S01"]
    assert notes == ["The findings write 2.0 and P2, S01 and s01: taken for one person each."]


def test_a_sheet_with_one_person_in_two_rows_is_refused_with_both_spellings(findings, tmp_path):
    sheet = csv_of(tmp_path / "s.csv", ("subject", "arm"), [("P01", "a"), ("1", "b")])
    with pytest.raises(InputError, match="1 is there twice, before as P01"):
        people(findings, sheet)


def test_people_whom_the_sheet_gives_no_arm_are_left_out_and_said(findings, tmp_path):
    sheet = csv_of(tmp_path / "s.csv", ("subject", "arm"), [("1", "a"), ("2", "b")])
    names, notes = people(findings, sheet)
    assert names == ["1", "2"]
    assert notes == ["2 values of 1 people were left out: the sheet names no arm of theirs (P0010)."]


def test_photos_without_the_finding_are_said(tmp_path):
    folder = tmp_path / "out"
    for week, findings in ((0, 5.0), (4, 4.0), (8, None), (12, ...)):
        value = [] if findings is ... else [{"task": TASK, "region": "face", "value": findings}]
        held = {"photo": {"file": "x.jpg", "path": photo_name("P01", week)}, "findings": value}
        (folder / str(week)).mkdir(parents=True)
        (folder / str(week) / "analysis.json").write_text(json.dumps(held))
    measurements, notes = read_measurements([folder], None, task=TASK)
    assert [one.week for one in measurements] == [0.0, 4.0]
    assert notes[0].startswith("2 photos or rows hold no pigmentation_grade of face (")


def test_photos_of_one_name_in_two_folders_are_told_apart_by_their_folders(tmp_path):
    table = csv_of(
        tmp_path / "t.csv", ("path", "task", "region", "value"),
        [(f"data/visit{visit}/a.jpg", TASK, "face", visit) for visit in (1, 2)],
    )  # fmt: skip
    columns = ("photo", "subject", "visit")
    sheet = csv_of(tmp_path / "s.csv", columns, [("visit2\\a.jpg", "x", "W4"), ("visit1/a.jpg", "x", "W0")])
    found = read_measurements([table], sheet, task=TASK)[0]
    assert [(one.week, one.value) for one in found] == [(0.0, 1.0), (4.0, 2.0)]
    short = csv_of(tmp_path / "short.csv", columns, [("a.jpg", "x", "W4")])
    with pytest.raises(InputError, match="fit one row"):
        read_measurements([table], short, task=TASK)
    bare = csv_of(tmp_path / "bare.csv", ("path", "task", "region", "value"), [("a.jpg", TASK, "face", 1)])
    with pytest.raises(InputError, match="fits 2 rows"):
        read_measurements([bare], sheet, task=TASK)


def test_a_value_that_is_no_number_is_refused_with_its_line(tmp_path):
    table = csv_of(tmp_path / "t.csv", ("subject", "week", TASK), [("a", 0, 3), ("a", 4, "mild"), ("b", 0, 2)])
    with pytest.raises(InputError, match=r"t\.csv, line 3"):
        people(table)


def test_numbers_in_parquet_are_names_and_a_baseline_of_0_is_one(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {"subject": [7.0, 7.0, float("nan")], "week": [0, 4, 0], TASK: [3.0, 2.5, 1.0]}
    parquet.write_table(arrow.table(columns), tmp_path / "t.parquet")
    names, notes = people(tmp_path / "t.parquet")
    assert names == ["7"]
    assert notes[0].startswith("1 values were left out")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        people(tmp_path / "bad.parquet")


def test_the_command_writes_names_as_the_sheet_has_them(findings, tmp_path):
    sheet = csv_of(tmp_path / "s.csv", ("subject", "arm"), [("P01", "a"), ("P10", "b"), ("P2", "b")])
    out = tmp_path / "trial"
    done = CliRunner().invoke(app, ["study", "trial", str(findings), "--subjects", str(sheet), "--out", str(out)])
    assert done.exit_code == 0, done.output
    for name in ("people.csv", "curves.csv"):
        rows = (out / name).read_text().splitlines()[1:]
        assert [row.split(",")[0] for row in rows] == ["P01", "P2", "P10"]
    assert [one["subject"] for one in json.loads((out / "trial.json").read_text())["people"]] == ["P01", "P2", "P10"]
