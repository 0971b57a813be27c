import time

import openpyxl
import pytest

from dermis.errors import InputError
from dermis.formats.tables import number_in, read_table, write_csv, write_xlsx


def test_csv_and_excel_read_alike(tmp_path):
    rows = [["Subject No.", "Side", "Week 4"], [12, "Left", 5.5], [13, "Right", None]]
    write_xlsx(tmp_path / "a.xlsx", rows)
    write_csv(tmp_path / "a.csv", rows[0], [["" if cell is None else cell for cell in row] for row in rows[1:]])
    assert read_table(tmp_path / "a.xlsx") == read_table(tmp_path / "a.csv")
    assert read_table(tmp_path / "a.csv")[0] == {"Subject No.": "12", "Side": "Left", "Week 4": "5.5"}
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").active["C2"].value == 5.5


def test_excel_is_the_same_whenever_it_is_written(tmp_path):
    write_xlsx(tmp_path / "a.xlsx", [["grade"], [3]])
    time.sleep(2.1)  # a zip archive counts in steps of two seconds
    write_xlsx(tmp_path / "b.xlsx", [["grade"], [3]])
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_lines_above_the_header_and_empty_rows_are_skipped(tmp_path):
    (tmp_path / "a.csv").write_text("Grades of the panel\nIndex,L*\n\n1,80\n,\n", encoding="utf-8")
    assert read_table(tmp_path / "a.csv", needs=("L*",), skip=1) == [{"Index": "1", "L*": "80"}]


def test_a_short_row_is_filled(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1\n")
    assert read_table(tmp_path / "a.csv") == [{"a": "1", "b": ""}]


def test_numbers():
    row = {"a": "4.5", "b": "", "c": "none", "d": "-1e3"}
    assert number_in(row, "a", "t") == 4.5
    assert number_in(row, "b", "t") is None
    assert number_in(row, "e", "t") is None
    assert number_in(row, "d", "t") == -1000
    with pytest.raises(InputError, match=r"t: c is 'none'"):
        number_in(row, "c", "t")


def test_what_is_wrong_is_said(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_table(tmp_path / "no.xlsx")
    (tmp_path / "a.xlsx").write_bytes(b"PK not really")
    with pytest.raises(InputError, match="cannot be read as an Excel file"):
        read_table(tmp_path / "a.xlsx")
    (tmp_path / "a.csv").write_bytes(b"a,b\n\x81\x8d,1\n")
    with pytest.raises(InputError, match="cannot be read as CSV"):
        read_table(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"no column grade. Its header reads: a, b"):
        read_table(tmp_path / "b.csv", needs=("grade",))
    (tmp_path / "c.csv").write_text("")
    with pytest.raises(InputError, match="header reads: nothing"):
        read_table(tmp_path / "c.csv", needs=("grade",))
