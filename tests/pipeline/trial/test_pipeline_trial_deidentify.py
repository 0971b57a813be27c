"""Photos as a trial passes them on: skin alone, new names, a key apart, nothing written twice."""

import csv
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from dermis.cli import app
from dermis.core import CropFrame, Face, Photo, SegmentationClass, View
from dermis.core.photo import Encoding
from dermis.errors import InputError, UsageError
from dermis.formats.images.photo import read_photo
from dermis.formats.key_file import read_key
from dermis.pipeline.trial import deidentify as module
from dermis.pipeline.trial.deidentify import deidentify, photos_under, skin_alone, subject_by

SECRET = b"Berlin clinic"


def face_of(photo, **ignored):
    """A face of 200 x 200 frame pixels: skin with an eye, a mouth and hair in it; none in a dark photo."""
    if photo.pixels.mean() < 0.1:
        return None
    parts = np.full((200, 200), SegmentationClass.FACE_SKIN, np.uint8)
    parts[:40] = SegmentationClass.HAIR
    parts[80:90, 60:90] = SegmentationClass.EYES
    parts[150:160, 80:120] = SegmentationClass.LIPS
    parts[180:] = SegmentationClass.OTHER_SKIN
    skin = np.isin(parts, (SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN))
    skin[130:135, 95:105] = False  # nostrils are no skin
    from dermis.core import Box

    return Face(
        frame=CropFrame(x_px=10, y_px=20, width=200, height=200, factor=2),
        box=Box(x_px=10, y_px=20, width_px=400, height_px=400),
        landmarks=None,
        pose=None,
        view=View.FRONT,
        segmentation=parts,
        regions=np.zeros((200, 200), np.uint8),
        skin=skin,
        face_width_px=300.0,
    )


@pytest.fixture
def clinic(tmp_path, monkeypatch):
    """Two photos of anna with EXIF, one of the trial's scheme, one without a face."""
    monkeypatch.setattr(module, "find_face", face_of)
    names = ("anna/1.jpg", "anna/2.jpg", "P0012_FACE_L_S00_VCR_S2_V00D00W04.jpg", "dark.png")
    for place, name in enumerate(names):
        path = tmp_path / "clinic" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(np.full((460, 440, 3), 0 if "dark" in name else 180 + place, np.uint8))
        exif = Image.Exif()
        exif[0x010E] = SECRET.decode()
        exif[0x013B] = "Dr. A"
        image.save(path, exif=exif, **({"comment": SECRET} if name.endswith("jpg") else {}))
    return tmp_path / "clinic"


def run(clinic, out="out", key="key.csv", **asked):
    folder = clinic.parent
    return list(deidentify(clinic, folder / out, folder / key, subject=subject_by(None), **asked))


def test_only_skin_of_the_face_is_left():
    photo = Photo(pixels=np.full((460, 440, 3), 0.7, np.float32), encoding=Encoding.SRGB)
    kept = skin_alone(photo, face_of(photo))
    frame = kept[20:420:2, 10:410:2]
    for rows, columns in (
        (slice(0, 40), slice(None)),
        (slice(78, 92), slice(58, 92)),
        (slice(150, 160), slice(80, 120)),
    ):
        assert not frame[rows, columns].any()
    assert not frame[180:].any()
    assert not frame[130:135, 95:105].any()
    assert not kept[:20].any()
    assert frame[100:120, 20:180].all()


def test_the_new_files_have_new_names_and_no_metadata(clinic):
    found = run(clinic)
    by_name = {one.original: one for one in found}
    assert by_name["dark.png"].file == ""
    assert "No face" in by_name["dark.png"].reason
    trial = by_name["P0012_FACE_L_S00_VCR_S2_V00D00W04.jpg"].file
    assert trial.endswith("_FACE_L_S00_VCR_S2_V00D00W04.jpg")
    assert "0012_" not in trial
    anna = {by_name[f"anna/{one}.jpg"].file.split("_")[0] for one in "12"}
    assert len(anna) == 1
    for path in (clinic.parent / "out").iterdir():
        data = path.read_bytes()
        assert SECRET not in data
        assert b"Dr. A" not in data
        with Image.open(path) as image:
            assert not dict(image.getexif())
            assert "icc_profile" not in image.info
            assert "comment" not in image.info
        assert read_photo(path).pixels[:18].max() < 0.02


def test_the_key_names_everybody_and_is_for_its_owner_alone(clinic):
    run(clinic)
    key = clinic.parent / "key.csv"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    rows = {row.original: row for row in read_key(key)}
    assert {row.subject for row in rows.values()} == {"anna", "P0012"}
    assert all(len(row.sha256) == 64 for row in rows.values())


def test_a_stopped_run_goes_on_and_what_is_done_is_left_alone(clinic):
    run(clinic)
    out = clinic.parent / "out"
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    gone = sorted(before)[0]
    (out / gone).unlink()
    again = run(clinic)
    assert {one.file for one in again if one.file} == set(before)
    assert [one.file for one in again if one.file and not one.reason] == [gone]
    after = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert {name for name in before if after[name] == before[name]} == set(before) - {gone}


def test_nothing_of_others_is_overwritten(clinic):
    (clinic.parent / "out").mkdir()
    (clinic.parent / "out" / "mine.jpg").write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"mine\.jpg"):
        run(clinic)
    (clinic.parent / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="no key"):
        run(clinic, out="new", key="other.csv")
    assert (clinic.parent / "other.csv").read_text() == "a,b\n1,2\n"


@pytest.mark.parametrize(("out", "key"), [("out", "out/key.csv"), ("out", "clinic/key.csv"), ("clinic/out", "key.csv")])
def test_the_key_is_kept_apart(clinic, out, key):
    with pytest.raises(UsageError):
        run(clinic, out=out, key=key)


def test_a_pattern_names_the_subject(clinic):
    assert subject_by(r"^([a-z]+)\d")(Path("x/anna12.jpg")) == "anna"
    for wrong in ("(", "anna"):
        with pytest.raises(UsageError):
            subject_by(wrong)
    with pytest.raises(InputError, match="does not fit"):
        subject_by(r"^([0-9]+)_")(Path("anna.jpg"))
    with pytest.raises(InputError):
        photos_under(clinic / "nothing")
    assert subject_by(r"^([^/]+)/")(Path("anna/week 0/1.jpg")) == "anna"


def test_folders_of_folders_name_nobody_until_it_is_said_which_does():
    usual = subject_by(None)
    assert usual(Path("anna/1.jpg")) == "anna"
    assert usual(Path("site 1/week 0/P0012_FACE_F_S00_VCR_S2_V00D00W00.jpg")) == "P0012"
    with pytest.raises(InputError, match="which of its folders") as refusal:
        usual(Path("anna/week 0/1.jpg"))
    assert "--subject" in refusal.value.advice


def test_one_person_of_two_spellings_has_one_pseudonym_and_words_in_a_name_are_left_out(clinic):
    shutil.copy(clinic / "anna" / "1.jpg", clinic / "p012_face_f_Smith_W12.jpg")
    (clinic / "Anna").mkdir()
    shutil.copy(clinic / "anna" / "1.jpg", clinic / "Anna" / "3.jpg")
    files = {one.original: one.file for one in run(clinic)}
    first, front = files["P0012_FACE_L_S00_VCR_S2_V00D00W04.jpg"], files["p012_face_f_Smith_W12.jpg"]
    assert front == first.split("_")[0] + "_FACE_F_W12.jpg"
    assert files["Anna/3.jpg"].split("_")[0] == files["anna/1.jpg"].split("_")[0]


def test_the_command_line_says_what_was_left_out(clinic, models):
    out = clinic.parent / "shared"
    shutil.copy(clinic / "anna" / "1.jpg", clinic / "p12_face_f_W04.jpg")
    done = CliRunner().invoke(app, ["deidentify", str(clinic), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "4 of 5 photos" in done.output
    assert "P0012 and p12 are taken for one person" in done.output
    assert "not written: dark.png" in done.output
    with (clinic.parent / "shared-key.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 4
