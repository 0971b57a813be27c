"""Tables as people hand them over: what comes out, and what is refused with its line."""

import shutil
from pathlib import Path

import openpyxl
import pytest

from dermis.errors import InputError
from dermis.formats.annotations.annotations import read_annotations
from dermis.formats.tables import open_table, read_table, write_csv
from dermis.lab.datasets import DATASETS

DATA = Path(__file__).parent / "data"


def samples_of(case, layout="photo-table"):
    return DATASETS[layout].index(DATA / case)


def labels_of(samples, task):
    return [label.value for sample in samples for label in sample.labels if label.task == task]


@pytest.mark.parametrize(
    ("case", "counts"),
    [
        ("table-na-strings", {"acne_grade": 5, "acne_lesions": 5}),
        ("table-nan-labels", {"acne_grade": 4}),
        ("xlsx-error-cells", {"acne_severity": 5}),
    ],
)
def test_missing_cells_leave_the_other_labels(case, counts):
    samples = samples_of(case)
    assert {task: len(labels_of(samples, task)) for task in counts} == counts


def test_the_cells_of_a_merged_area_all_name_the_subject():
    samples = samples_of("xlsx-merged-subject")
    assert len(samples) == 6
    assert len({sample.key.subject for sample in samples}) == 2


def test_a_header_in_another_case_is_the_same_column():
    samples = samples_of("table-capital-subject")
    assert {sample.key.subject for sample in samples} == {"101", "102"}
    assert len(labels_of(samples, "acne_grade")) == 6


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(InputError, match=r"two columns called acne_grade: number 3 and number 4"):
        samples_of("table-same-column-twice")


def test_dates_for_names_are_said():
    notes = DATASETS["photo-table"].notes(DATA / "xlsx-date-ids")
    assert any("subject: dates in line 2, 3" in note for note in notes)
    assert len({sample.key.subject for sample in samples_of("xlsx-date-ids")}) == 4


def test_thousands_in_a_file_parted_by_commas():
    (one,) = read_annotations(DATA / "csv-thousands" / "boxes.csv")
    assert [(thing.box.x_px, thing.box.y_px) for thing in one.marked] == [(1024, 2310), (980, 512)]
    (one,) = read_annotations(DATA / "csv-thousands" / "boxes_semicolon.csv")
    assert (one.marked[0].box.x_px, one.marked[0].box.y_px) == (1024.5, 2310.25)


@pytest.mark.parametrize("name", ["dim1.xlsx", "dim2.xlsx"])
def test_a_stale_dimension_loses_no_row(name):
    assert len(read_table(DATA / "hostile" / "07-xlsx-dimension" / name)) == 10


WRONG = sorted((DATA / "hostile" / "06-wrong-kind-tables").iterdir())
READS = "ann-ValueError@annotations.py_126-5ec6123b.csv"  # its one fault is a size of NaN: not told


@pytest.mark.parametrize("path", [path for path in WRONG if path.name != READS], ids=lambda path: path.name)
def test_damaged_tables_are_refused_in_words(path):
    with pytest.raises(InputError) as refusal:
        read_annotations(path)
    assert refusal.value.advice


def test_a_size_of_nan_is_not_told():
    one = read_annotations(DATA / "hostile" / "06-wrong-kind-tables" / READS)[1]
    assert (one.width_px, one.height_px) == (96, 0)


def table(folder, text, encoding="utf-8", name="t.csv"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("photo;acne_grade\nä.jpg;1,5\n", "utf-8-sig"),
        ("photo\tacne_grade\nä.jpg\t1,5\n", "utf-16"),
        ('photo,acne_grade\nä.jpg,"1,5"\n', "utf-8"),
        ("photo;acne_grade\r\nä.jpg;1,5\r\n", "cp1252"),
        ("sep=;\nphoto;acne_grade\nä.jpg;1,5\n", "utf-8"),
        ("photo|acne_grade\nä.jpg|1.5\n", "utf-8"),
        ("Photo ; Acne Grade\nä.jpg;1,5\n", "utf-8"),
        ("Grades of the panel;\n;\nphoto;acne_grade\nä.jpg;1,5\n", "utf-8"),
    ],
)
def test_every_spelling_of_one_table_reads_alike(tmp_path, text, encoding):
    (row,) = read_table(table(tmp_path, text, encoding), needs=("photo", "acne_grade"))
    assert dict(row) == {"photo": "ä.jpg", "acne_grade": "1.5"}


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1.024,5", "2.000,0"], [1024.5, 2000.0]),
        (["1,024.5", "2,000"], [1024.5, 2000.0]),
        (["1'024", "2\u00a0000"], [1024.0, 2000.0]),
        (["\u22121,5", "2"], [-1.5, 2.0]),
        (["2.500", "1.25"], [2.5, 1.25]),
        (["n/a", "-", "2"], [None, None, 2.0]),
    ],
)
def test_numbers_are_read_as_their_column_writes_them(tmp_path, cells, numbers):
    path = table(tmp_path, "photo;n\n" + "".join(f"a.jpg;{cell}\n" for cell in cells))
    assert open_table(path).numbers("n") == numbers


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("photo,n\na,1\nb,2\nc,severe\n", r"t\.csv, line 4: n is 'severe'"),
        ("photo,n\na,1\nb,2\nc,1_000\n", r"line 4: n is '1_000'"),
        ("photo,n\na,1\nb,2\nc,inf\n", r"line 4: n is 'inf'"),
        ("photo;n\na;1,024\nb;2,048\n", r"line 2: n is '1,024'.*without a comma"),
        ("photo,n\na,1,5\n", r"line 2: '5' stands under no column's name"),
        ("photo,n,N \na,1,2\n", r"two columns called N"),
        ("photo,n,\na,1,2\n", r"line 2: '2' stands under no column's name"),
    ],
)
def test_what_would_be_guessed_is_refused_with_its_line(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        open_table(table(tmp_path, text)).is_numbers("n")


def test_a_word_among_grades_is_refused_however_few_numbers_there_are(tmp_path):
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        shutil.copy(DATA / "table-na-strings" / "f01.jpg", tmp_path / name)
    table(tmp_path, "photo,acne_grade@anna\na.jpg,mild\nb.jpg,mild\nc.jpg,2\n", name="labels.csv")
    with pytest.raises(InputError, match=r"line 2: acne_grade@anna is 'mild'"):
        DATASETS["photo-table"].index(tmp_path)


def test_a_subject_in_some_rows_only_is_refused(tmp_path):
    table(tmp_path, "photo,subject,acne_grade\na.jpg,S1,1\nb.jpg,,2\n", name="labels.csv")
    with pytest.raises(InputError, match=r"line 3 names no subject"):
        DATASETS["photo-table"].index(tmp_path)


def book(folder, rows, change=None):
    made = openpyxl.Workbook()
    sheet = made.active
    for row in rows:
        sheet.append(row)
    if change:
        change(sheet)
    made.save(folder / "t.xlsx")
    return folder / "t.xlsx"


def test_leading_zeros_that_excel_shows_are_kept(tmp_path):
    def padded(sheet):
        sheet["A2"].number_format = "000"

    (row,) = read_table(book(tmp_path, [["subject", "n"], [7, 2]], padded))
    assert dict(row) == {"subject": "007", "n": "2"}


@pytest.mark.parametrize(
    ("shown", "name"), [('"P"0000', "P0007"), ('"S-"00', "S-07"), ("0", "7"), ('0"%"', "7"), ('"EUR "0', "7")]
)
def test_letters_that_a_format_puts_before_zeros_belong_to_the_name(tmp_path, shown, name):
    def formatted(sheet):
        sheet["A2"].number_format = shown

    (row,) = read_table(book(tmp_path, [["subject", "n"], [7, 2]], formatted))
    assert row["subject"] == name


def test_subjects_that_differ_by_case_or_zeros_are_two_and_that_is_said(tmp_path):
    for name in ("a", "b", "c", "d"):
        shutil.copy(DATA / "table-capital-subject" / "f01.jpg", tmp_path / f"{name}.jpg")
    table(tmp_path, "photo,subject,acne_grade\na.jpg,7,1\nb.jpg,007,2\nc.jpg,Anna,1\nd.jpg,anna,0\n", name="labels.csv")
    dataset = DATASETS["photo-table"]
    assert len({sample.key.subject for sample in dataset.index(tmp_path)}) == 4
    said = [note for note in dataset.notes(tmp_path) if "is it one?" in note]
    assert said == [
        "subject: 007 and 7 are taken for 2 people; is it one?",
        "subject: Anna and anna are taken for 2 people; is it one?",
    ]


def test_a_table_whose_header_lacks_a_column_is_refused_with_that_header(tmp_path):
    path = table(tmp_path, "Grades of the panel\nID,Visit,MH\n1,0,3\n")
    with pytest.raises(InputError, match="has no column subject") as refusal:
        open_table(path, needs=("subject", "MH"))
    assert "ID, Visit, MH" in refusal.value.advice


def test_a_formula_without_a_result_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"1 formulas have no stored result \(B2\)"):
        read_table(book(tmp_path, [["photo", "n"], ["a.jpg", "=1+1"]]))


def test_a_merged_header_over_two_graders_is_refused(tmp_path):
    path = book(tmp_path, [["photo", "acne_grade", None], ["a", 1, 2]], lambda sheet: sheet.merge_cells("B1:C1"))
    with pytest.raises(InputError, match="two columns called acne_grade"):
        read_table(path)


def test_a_merged_area_over_the_whole_sheet_takes_no_time(tmp_path):
    path = book(tmp_path, [["photo"], ["a"]], lambda sheet: sheet.merged_cells.add("A2:XFD1048576"))
    with pytest.raises(InputError):
        read_table(path)


def test_excel_under_another_name_is_known_by_its_bytes(tmp_path):
    book(tmp_path, [["photo"], ["a.jpg"]]).rename(tmp_path / "t.csv")
    assert [dict(row) for row in read_table(tmp_path / "t.csv")] == [{"photo": "a.jpg"}]


def test_no_cell_we_write_is_a_formula(tmp_path):
    write_csv(tmp_path / "t.csv", ("photo", "n"), [("=1+1.jpg", -2), ("@b.jpg", "-3"), ("-c.jpg", 1)])
    assert (tmp_path / "t.csv").read_text() == "photo,n\n'=1+1.jpg,-2\n'@b.jpg,-3\n'-c.jpg,1\n"
    assert [row["photo"] for row in read_table(tmp_path / "t.csv")] == ["=1+1.jpg", "@b.jpg", "-c.jpg"]


def test_years_are_no_grades():
    with pytest.raises(InputError, match="says no grade"):
        samples_of("graded-folders-dates", "graded-folders")


@pytest.mark.parametrize(
    "text",
    [
        'photo,n\n"a,1\nb,2\nc,3\n',
        'photo,n,who\na,1,"x\nb,2,y\nc,3,z\nd,4,w\ne,5,"\n',
        'photo,n\na,1\n"b,2\n',
    ],
)
def test_a_quotation_mark_that_nobody_closed_takes_in_no_rows(tmp_path, text):
    with pytest.raises(InputError, match="a quotation mark is not closed"):
        read_table(table(tmp_path, text))


def test_a_cell_of_several_lines_is_one_cell(tmp_path):
    text = 'photo,said\na.jpg,"red, dry,\nand itchy"\n"b\n.jpg",none\n'
    assert [row["said"] for row in read_table(table(tmp_path, text))] == ["red, dry,\nand itchy", "none"]


def test_a_column_that_pandas_has_renamed_is_one_of_two(tmp_path):
    with pytest.raises(InputError, match=r"two columns called n\.1"):
        read_table(table(tmp_path, "photo,n,n.1\na,1,2\n"))
    assert read_table(table(tmp_path, "photo,v1.1\na,1\n"))


@pytest.mark.parametrize("text", ["photo" + ",a" * 5000, "photo,n\n" + "a,1\n" * (1 << 20)], ids=["wide", "long"])
def test_a_table_larger_than_any_of_labels_is_refused(tmp_path, text):
    with pytest.raises(InputError, match="larger than a table of labels"):
        read_table(table(tmp_path, text))
