"""Cubes as cameras and programs leave them: what their headers mean, and files that break their libraries."""

import contextlib
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from dermis.cli import app
from dermis.core import Quantity
from dermis.errors import InputError, UsageError
from dermis.formats.cubes.cube import check_reflectance, open_cube, read_cube, rows_of
from dermis.formats.cubes.cube_file import check_grid
from dermis.formats.cubes.scan import find_scan
from dermis.spectra.resample import band_grid

DATA = Path(__file__).parent / "data"


def run(*arguments):
    return CliRunner(env={"COLUMNS": "160"}).invoke(app, ["cube", *(str(one) for one in arguments)])


def test_a_fill_value_is_no_value():
    cube = read_cube(DATA / "envi-nodata" / "nodata.hdr")
    assert np.isnan(cube.values).any(axis=2).mean() == 0.25
    assert np.nanmean(cube.values) == pytest.approx(0.403, abs=0.001)
    said = run("compare", DATA / "envi-nodata" / "nodata.hdr", DATA / "envi-nodata" / "whole.hdr", "--json")
    assert '"rmse": 0.0' in said.stdout
    assert "192 pixels are left out" in said.output


def test_bad_bands_are_left_out():
    file = open_cube(DATA / "envi-bbl" / "bbl.hdr")
    assert (file.head.wavelengths_nm[0], file.head.wavelengths_nm[-1]) == (430, 970)
    assert rows_of(file, 0, 1).shape[2] == file.head.shape[2] == 55
    assert any("bad (bbl)" in note for note in file.notes)


def test_gains_make_reflectance_of_counts():
    cube = read_cube(DATA / "envi-gains" / "gains.hdr")
    assert cube.quantity is Quantity.REFLECTANCE
    assert cube.values.mean() == pytest.approx(0.403, abs=0.001)


@pytest.mark.parametrize("header", ["envi-bom/bom.hdr", "envi-brace-next-line/nl.hdr", "envi-compressed/gz.hdr"])
def test_headers_as_editors_leave_them(header):
    file = open_cube(DATA / header)
    assert file.head.shape == (24, 32, 61)
    assert np.isfinite(rows_of(file, 0, 24)).all()


@pytest.mark.parametrize(
    ("name", "said"),
    [("a_nm_called_micro", "no optical sensor"), ("d_wavenumber", "'Wavenumber' are not read"), ("c_angstrom", ""),
     ("b_micro_called_nm", ""), ("e_gone", "")],
)  # fmt: skip
def test_units_that_lie(tmp_path, name, said):
    shutil.copy(DATA / "envi-unit-lies" / f"{name}.hdr", tmp_path)
    shutil.copy(DATA / "envi-bom" / "bom.img", tmp_path / f"{name}.img")
    if said:
        with pytest.raises(InputError, match=said):
            open_cube(tmp_path / f"{name}.hdr")
    else:
        grid = open_cube(tmp_path / f"{name}.hdr").head.wavelengths_nm
        np.testing.assert_allclose(grid, np.arange(400, 1001, 10))


@pytest.mark.parametrize("unit", ["um", "\u00b5m", "\u03bcm", "Micrometers", "micron", "(um)", "UM", "", "Unknown"])
def test_micrometres_in_any_spelling(unit):
    np.testing.assert_allclose(check_grid([0.4, 0.5], 2, "a", unit), [400, 500])


def test_numbers_of_bands_are_no_wavelengths():
    with pytest.raises(InputError, match="numbers of its bands"):
        check_grid(range(1, 62), 61, "a", "Index")
    for text in ("400:1e11:1", "400:1e10:1e-9", "1:inf:1"):
        with pytest.raises(UsageError):
            band_grid(text)


def test_a_scan_takes_its_own_references():
    folder = DATA / "references-by-number"
    found = find_scan(folder / "2.raw")
    assert (found.white.stem, found.dark.stem) == ("WHITEREF_2", "DARKREF_2")
    (scan,) = [find_scan(DATA / "scan-called-dark-skin")]
    assert (scan.raw.stem, scan.white.stem) == ("dark_skin_01", "WHITEREF_dark_skin_01")


def test_references_are_named_and_doubt_is_refused(tmp_path):
    said = run("calibrate", DATA / "references-by-number" / "2.raw", "--bands", "all", "--out", tmp_path / "c.npz")
    assert "White: WHITEREF_2" in said.output
    assert read_cube(tmp_path / "c.npz").values.mean() == pytest.approx(0.404, abs=0.001)
    for name in ("a", "white_1", "white_2", "dark"):
        (tmp_path / f"{name}.hdr").touch()
    with pytest.raises(InputError, match="2 white references beside it: white_1, white_2"):
        find_scan(tmp_path / "a.hdr")


def test_the_own_header_of_a_file_comes_first(tmp_path):
    for name, width in (("a.hdr", 16), ("a.raw.hdr", 32)):
        text = (
            (DATA / "envi-bom" / "bom.hdr")
            .read_text(encoding="utf-8-sig")
            .replace("samples = 32", f"samples = {width}")
        )
        (tmp_path / name).write_text(text)
    shutil.copy(DATA / "envi-bom" / "bom.img", tmp_path / "a.raw")
    assert open_cube(tmp_path / "a.raw").head.shape[1] == 32


def hdf5(path, values, dataset_attributes=(), grid=(500.0, 600.0, 700.0)):
    with h5py.File(path, "w") as file:
        held = file.create_dataset("x/reflectance_data", data=values)
        held.attrs.update(dict(dataset_attributes))
        file["x/wavelength"] = np.array(grid)
    return path


@pytest.mark.parametrize(
    ("stored", "attributes", "meant"),
    [
        (5000, {"Scale_Factor": 10000.0, "Data_Ignore_Value": -9999.0}, 0.5),
        (5000, {"scale_factor": 0.0001}, 0.5),
        (5000, {"Scale_Factor": "10000", "Data_Ignore_Value": b"-9999"}, 0.5),
        (50, {"units": "percent"}, 0.5),
        (400, {"scale_factor": 0.001, "add_offset": 0.1}, 0.5),
    ],
)
def test_attributes_of_hdf5_count(tmp_path, stored, attributes, meant):
    values = np.full((4, 5, 3), stored, np.int16)
    values[0, 0] = -9999
    cube = read_cube(hdf5(tmp_path / "a.h5", values, attributes))
    assert cube.values[1:] == pytest.approx(meant)
    if "Data_Ignore_Value" in attributes:
        assert np.isnan(cube.values[0, 0]).all()


@pytest.mark.parametrize("path", ["from_matlab.h5", "from_python.mat"])
def test_axes_that_lie_the_other_way_round_are_said(path):
    with pytest.raises(InputError, match="other way round"):
        open_cube(DATA / "h5-matlab-order" / path)


def test_percent_and_counts_are_told_by_every_verb(tmp_path):
    path = hdf5(tmp_path / "a.h5", np.full((8, 9, 3), 45.0, np.float32))
    assert "it holds percent" in check_reflectance(open_cube(path))
    assert "percent" in run("info", path).output
    for verb in (("render", path, "--out", tmp_path / "a.png"), ("compare", path, path)):
        assert isinstance(run(*verb).exception, InputError), verb


HOSTILE = sorted((DATA / "hostile" / "05-wrong-kind-cubes").iterdir())


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path.name)
def test_damaged_cubes_are_refused_in_words(path):
    with contextlib.suppress(InputError):  # anything else fails the test
        cube = open_cube(path)
        for line in range(min(cube.head.shape[0], 4)):
            rows_of(cube, line, line + 1)


@pytest.mark.parametrize("name", ["a", "b", "c", "d"])
def test_a_crash_of_the_library_is_a_refusal(name):
    with pytest.raises(InputError, match="damaged"):
        open_cube(DATA / "hostile" / "03-mat5-segfault" / f"{name}.mat")


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_file_that_never_ends_is_a_refusal_and_the_next_is_read(tmp_path, name):
    with pytest.raises(InputError, match="did not come to an end"):
        open_cube(DATA / "hostile" / "04-hdf5-endless" / f"{name}.h5")
    good = hdf5(tmp_path / "a.h5", np.full((4, 5, 3), 0.5, np.float32))
    assert read_cube(good).values == pytest.approx(0.5)


def test_a_header_longer_than_any_is_refused(tmp_path):
    path = tmp_path / "a.hdr"
    path.write_bytes(b"ENVI\n" + b"x = 1\n" * (1 << 21))
    with pytest.raises(InputError, match="longer than any"):
        open_cube(path)
