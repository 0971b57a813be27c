"""Sheets of a trial by a mapping of their columns: what is understood, and what does not fit."""

import json

import openpyxl
import pytest
from typer.testing import CliRunner

from dermis.cli import app
from dermis.errors import InputError, UsageError
from dermis.lab.datasets import DATASETS
from dermis.lab.datasets.trial_sheets import Address, address_of, columns_from, week_of
from fakes import hyperpigmentation
from fakes.pictures import photo

WORDS = ("subject=ID,visit=Visit,grade=MH_Left,grade=MH_Right",)


def sheet(path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)


@pytest.fixture
def root(tmp_path):
    """Two people, one visit each and a second of the first; a sheet with an unknown column and a title above."""
    for subject, side, week in ((7, "L", "00"), (7, "R", "00"), (7, "L", "04"), (12, "L", "00")):
        photo(tmp_path / "photos" / hyperpigmentation.name(subject, side, week), subject)
    sheet(
        tmp_path / "anna.xlsx",
        [
            ["Mottled hyperpigmentation"],
            ["ID", "Visit", "MH_Left", "MH_Right", "Remarks"],
            ["P0007", "Baseline", 4.5, 5, "calm"],
            [7, "Week 4", 4, None, ""],
            [12, "W00", 3, 2, ""],
        ],
    )
    return tmp_path


def read(root, words=WORDS):
    dataset = DATASETS["hyperpigmentation-trial"].with_columns(words)
    return dataset, {(s.key.subject, s.key.visit, s.key.view): s for s in dataset.index(root)}


def test_columns_say_side_and_visit_by_their_names():
    columns = columns_from(("subject=ID, grade.left.week4@anna=A", "grade=MH_Right", "grade=Baseline L"))
    assert [(one.side, one.week, one.grader) for one in columns.grades] == [
        ("L", 4, "anna"),
        ("R", None, ""),
        ("L", 0, ""),
    ]
    assert [week_of(word) for word in ("Baseline", "Week 12", "W04", "4", "later")] == [0, 12, 4, 4, None]


def test_a_column_may_have_a_comma_in_its_name():
    columns = columns_from(("subject=ID, no.,grade=MH, left,", "visit=Visit"))
    assert columns.fields == {"subject": "ID, no.", "visit": "Visit"}
    assert [(one.name, one.side) for one in columns.grades] == [("MH, left", "L")]


def test_sheets_without_the_columns_are_told_with_their_headers(root):
    with pytest.raises(InputError, match="no sheet") as refusal:
        read(root, ("subject=IDD,grade=MH_Left",))
    for said in ("no column IDD", "Its header reads"):
        assert said in refusal.value.advice


@pytest.mark.parametrize("word", ["colour=ID", "subject", "subject=ID", "grade=MH", "subject=A,subject=B,grade=C"])
def test_a_mapping_that_maps_nothing_is_refused(word):
    with pytest.raises(UsageError):
        columns_from((word,))


def test_a_sheet_of_any_columns_is_read_and_what_was_understood_is_told(root):
    dataset, samples = read(root)
    given = {key: {one.grader: one.value for one in sample.labels} for key, sample in samples.items()}
    assert given == {
        ("P0007", "week 00", "left"): {"anna": 4.5},
        ("P0007", "week 00", "right"): {"anna": 5.0},
        ("P0007", "week 04", "left"): {"anna": 4.0},
        ("P0012", "week 00", "left"): {"anna": 3.0},
    }
    said = " ".join(dataset.notes(root))
    for words in ("MH_Left holds 3 grades, left side", "visit by Visit", "grader anna", "not looked at: Remarks"):
        assert words in said
    (one,) = dataset.mismatches(root)
    assert (one.kind, one.fatal) == ("a grade without a photo", False)
    assert "subject 12, right, week 0" in one.about


def test_what_does_not_fit_is_listed_and_what_cannot_be_believed_refused(root):
    photo(root / "photos" / hyperpigmentation.name(30, "L", "00"), 3)
    sheet(
        root / "bela.xlsx",
        [
            ["ID", "Visit", "MH_Left", "MH_Right"],
            [7, "Baseline", 11, 4.2],
            [12, "W00", 3, None],
            [12, "W00", 3.5, None],
        ],
    )
    dataset = DATASETS["hyperpigmentation-trial"].with_columns(WORDS)
    kinds = [one.kind for one in dataset.mismatches(root)]
    assert kinds == [
        "a grade without a photo",
        "a grade outside 0-9",
        "a grade that is no half step",
        "two grades of one photo that contradict",
        "a photo without a grade",
    ]
    with pytest.raises(InputError, match="3 grades cannot be believed"):
        dataset.index(root)


def test_a_mapping_kept_in_the_folder_is_used_everywhere(root):
    (root / "columns.txt").write_text("subject=ID\nvisit=Visit\ngrade=MH_Left\n")
    samples = DATASETS["hyperpigmentation-trial"].index(root)
    assert sum(bool(sample.labels) for sample in samples) == 3


def test_a_sheet_by_photo_and_grader(root):
    name = hyperpigmentation.name(7, "L", "00")
    sheet(root / "long.xlsx", [["File", "Who", "MH"], [name, "anna", 4], [name.removesuffix(".jpg"), "bela", 5]])
    _, samples = read(root, ("sheet=long.xlsx,photo=File,grader=Who,grade=MH",))
    labels = samples["P0007", "week 00", "left"].labels
    assert [(one.grader, one.value) for one in labels] == [("anna", 4.0), ("bela", 5.0)]


def test_a_sheet_that_tells_no_visit_is_refused_with_the_way_out(root):
    with pytest.raises(InputError, match="visit is not told") as refusal:
        read(root, ("subject=ID,grade=MH_Left",))
    assert "visit=COLUMN" in refusal.value.advice


def test_the_command_line_prints_the_preview_and_the_mismatches(root):
    arguments = ["datasets", "check", "hyperpigmentation-trial", str(root), "--map", *WORDS]
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 0, shown.output
    assert "1 x a grade without a photo" in shown.output
    held = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
    assert held["mismatches"][0]["kind"] == "a grade without a photo"
    refused = CliRunner().invoke(app, ["datasets", "check", "acne04", str(root), "--map", "subject=ID,grade=A"])
    assert isinstance(refused.exception, UsageError)


def test_addresses_are_told_in_words():
    assert str(Address(subject="7", side="L", week=4)) == "subject 7, left, week 4"
    assert str(address_of("P007", "F", 4)) == "subject P007, front, week 4"
    assert address_of("P007", "F", 4) == Address(subject="7", side="F", week=4)


def test_a_front_view_is_read_and_its_grade_by_a_column_or_a_row(root):
    photo(root / "photos" / "P0007_FACE_F_S00_VCR_S2_V00D00W00.jpg", 9)
    photo(root / "photos" / "p0012_face_front_w04.jpg", 8)
    sheet(root / "front.xlsx", [["ID", "Visit", "MH Front"], ["007", "Baseline", 6]])
    _, samples = read(root, ("sheet=front.xlsx,subject=ID,visit=Visit,grade=MH Front",))
    assert samples["P0007", "week 00", "front"].labels[0].value == 6.0
    assert samples["P0012", "week 04", "front"].traits["side"] == "front"
    sheet(root / "front.xlsx", [["ID", "Visit", "Side", "MH"], [7, "Baseline", "Front view", 5.5]])
    _, samples = read(root, ("sheet=front.xlsx,subject=ID,visit=Visit,side=Side,grade=MH",))
    assert samples["P0007", "week 00", "front"].labels[0].value == 5.5


def test_a_row_a_photo_reads_photos_of_any_name(root):
    photo(root / "photos" / "IMG_1.jpg", 5)
    rows = [["File", "ID", "Side", "Visit", "MH"], ["IMG_1.jpg", "S1-03", "R", "Week 8", 3.5]]
    sheet(root / "rows.xlsx", rows)
    words = ("sheet=rows.xlsx,photo=File,subject=ID,side=Side,visit=Visit,grade=MH",)
    _, samples = read(root, words)
    assert samples["S1-03", "week 08", "right"].labels[0].value == 3.5


def test_photos_whose_names_say_nothing_are_listed_before_the_refusal(root):
    for name in ("IMG_1.jpg", "P0007_FACE_X_W04.jpg"):
        photo(root / "photos" / name, 4)
    dataset = DATASETS["hyperpigmentation-trial"].with_columns(WORDS)
    strange = [one.about for one in dataset.mismatches(root) if "says no subject" in one.kind]
    assert [about.split()[0] for about in strange] == ["IMG_1.jpg", "P0007_FACE_X_W04.jpg"]
    with pytest.raises(InputError, match=r"2 photos say no subject, side and week: IMG_1\.jpg") as refusal:
        dataset.index(root)
    assert "_FACE_L_" in refusal.value.advice
    done = CliRunner().invoke(
        app, ["datasets", "check", "hyperpigmentation-trial", str(root), "--map", *WORDS, "--json"]
    )
    assert isinstance(done.exception, InputError)
    kinds = [one["kind"] for one in json.loads(done.output)["mismatches"]]
    assert kinds.count("a photo whose name says no subject, side and week") == 2


def test_one_person_of_two_spellings_is_said_and_a_visit_that_is_no_week_is_listed(root):
    sheet(
        root / "anna.xlsx",
        [
            ["ID", "Visit", "MH_Left", "MH_Right"],
            ["P0007", "Baseline", 4.5, 5],
            ["7 ", "Week 4", 4, None],
            ["012", "Unscheduled", 3, None],
        ],
    )
    dataset, samples = read(root)
    assert samples["P0007", "week 04", "left"].labels[0].value == 4.0
    assert "anna.xlsx: 7 and P0007 are taken for one person." in dataset.notes(root)
    (unclear,) = [one for one in dataset.mismatches(root) if one.kind == "a grade whose photo is not told"]
    assert "visit 'Unscheduled'" in unclear.about
