"""Cases that came out right from the start, and are kept so."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dermis.cli import app
from dermis.errors import InputError
from dermis.formats.cubes.cube import open_cube
from dermis.formats.images.photo import read_photo
from dermis.pipeline.analyse import analyse_file
from dermis.pipeline.options import AnalyseOptions
from dermis.tasks import TASKS

DATA = Path(__file__).parent / "data"
TONE = (TASKS["skin_tone"],)


@pytest.mark.parametrize("path", sorted((DATA / "exif-orientation-odd").iterdir()), ids=lambda path: path.name)
def test_odd_orientations(path):
    photo = read_photo(path)
    assert (photo.width_px, photo.height_px) == (483, 720)


@pytest.mark.parametrize(
    ("name", "iso", "exposure", "f_number"),
    [
        ("zero_over_zero", 100, None, None),
        ("apex_only", 100, 1 / 120, 1.8),
        ("iso_65535", 102400, 1 / 60, None),
        ("iso_as_text", None, None, None),
        ("time_as_apex_inf", None, None, None),
    ],
)
def test_odd_exposures_invent_nothing(name, iso, exposure, f_number):
    capture = read_photo(DATA / "exif-exposure-odd" / f"{name}.jpg").capture
    assert capture.iso == iso
    assert capture.exposure_s == (None if exposure is None else pytest.approx(exposure, rel=0.01))
    assert capture.f_number == (None if f_number is None else pytest.approx(f_number, rel=0.01))


@pytest.mark.parametrize("path", ["gain-map-mpo/hdr.jpg", "motion-photo-trailer/motion.jpg"])
def test_what_phones_add_behind_a_jpeg(path):
    photo = read_photo(DATA / path)
    assert (photo.width_px, photo.height_px) == (429, 640)


@pytest.mark.parametrize("kind", ["adobe", "p3"])
def test_a_profile_wins_over_coding_points(kind):
    both = read_photo(DATA / "heic-icc-and-nclx" / f"{kind}_icc_and_nclx.heic")
    alone = read_photo(DATA / "heic-icc-and-nclx" / f"{kind}_icc_only.heic")
    assert both.origin.profile == alone.origin.profile
    srgb = read_photo(DATA / "heic-icc-and-nclx" / "srgb.jpg")
    assert np.abs(both.pixels.mean((0, 1)) - srgb.pixels.mean((0, 1))).max() < 0.01


def test_a_grey_photo_has_no_tone(models):
    analysis = analyse_file(DATA / "grey-photo" / "grey_as_rgb.jpg", tasks=TONE)
    assert "no_colour" in [problem.code for problem in analysis.quality.problems]
    assert analysis.findings == ()


@pytest.mark.parametrize("name", ["grey", "white", "black"])
def test_flat_greys_have_no_tone(models, name):
    assert (
        analyse_file(
            DATA / "ita-flat-colours" / f"{name}.png", AnalyseOptions(tasks="skin_tone", close_up=True)
        ).findings
        == ()
    )


def test_the_largest_of_two_faces_is_measured_and_said(models):
    analysis = analyse_file(DATA / "two-faces" / "two.jpg", tasks=TONE)
    assert any("2 faces" in problem.message for problem in analysis.quality.problems)


def test_a_face_cut_to_its_box_has_its_tone(models):
    tight, inside = (
        analyse_file(DATA / "tight-crop" / f"{name}.jpg", tasks=TONE).findings[0] for name in ("tight", "inside")
    )
    assert tight.value == pytest.approx(inside.value, abs=20)  # estimated from what is left to see of cheeks and eyes
    for one, other in ((tight, inside), (inside, tight)):
        assert one.interval[0] < other.value < one.interval[1]


@pytest.mark.parametrize("panel", ["panel_percent.csv", "panel_um.csv"])
def test_a_panel_in_percent_or_micrometres_is_refused(panel, tmp_path):
    case = DATA / "panel-in-percent"
    done = CliRunner().invoke(
        app,
        ["cube", "calibrate", str(case / "p001.raw"), "--panel", str(case / panel), "--out", str(tmp_path / "c.npz")],
    )
    assert getattr(done.exception, "exit_code", done.exit_code) in (2, 3)
    assert not (tmp_path / "c.npz").exists()


def test_a_list_in_brackets_is_refused_in_words(tmp_path):
    header = DATA / "envi-python-list" / "list.hdr"
    (tmp_path / "list.hdr").write_bytes(header.read_bytes())
    (tmp_path / "list.img").write_bytes((DATA / "envi-bom" / "bom.img").read_bytes())
    with pytest.raises(InputError, match="wavelength is no number"):
        open_cube(tmp_path / "list.hdr")
