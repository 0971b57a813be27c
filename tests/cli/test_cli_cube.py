"""`dermis cube` as a user meets it: a camera's folder in, files and plain words out."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermis.cli import main
from dermis.core import Cube, Quantity
from dermis.formats.cubes.cube import read_cube, write_cube
from fakes.line_scans import Sensor, write_envi_raw

SENSOR = Sensor(width=30, bands=120)
NM = np.arange(400.0, 1001, 10)
SPECTRUM = np.linspace(0.1, 0.6, 120)


@pytest.fixture
def dermis(capsys, monkeypatch):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["dermis", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as left:
            code = left.code or 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def folder(tmp_path):
    """What a Specim camera writes."""
    capture = tmp_path / "p001" / "capture"
    capture.mkdir(parents=True)
    for name, values in (
        ("p001", SENSOR.frames(20, SPECTRUM)),
        ("WHITEREF_p001", SENSOR.frames(30)),
        ("DARKREF_p001", SENSOR.frames(10, 0)),
    ):
        write_envi_raw(capture / name, values, SENSOR.nm, tint=8.0, fwhm=6.5)
    (tmp_path / "p001" / "metadata.xml").write_text("<x/>")
    return tmp_path / "p001"


@pytest.fixture
def cubes(tmp_path):
    rng = np.random.default_rng(0)
    values = rng.uniform(0.2, 0.5, (24, 20, 1)) * np.linspace(0.5, 1.2, 61)
    truth = Cube(values=values.astype(np.float32), wavelengths_nm=NM, quantity=Quantity.REFLECTANCE)
    off = (values + rng.normal(0, 0.01, values.shape)).astype(np.float32)
    write_cube(tmp_path / "truth.npz", truth)
    write_cube(tmp_path / "said.hdr", Cube(values=off, wavelengths_nm=NM, quantity=Quantity.REFLECTANCE))
    return tmp_path


@pytest.mark.parametrize("ending", [".npz", ".hdr", ".mat", ".h5"])
def test_a_folder_becomes_62_bands_of_reflectance(dermis, folder, ending, tmp_path):
    out = tmp_path / f"cube{ending}"
    code, said, problems = dermis("cube", "calibrate", folder, "--out", out)
    assert (code, problems) == (0, "")
    assert "30 x 20 pixels, 62 bands of reflectance" in said
    cube = read_cube(out)
    np.testing.assert_array_equal(cube.wavelengths_nm, NM)
    wanted = np.interp(NM, SENSOR.nm, SPECTRUM)
    np.testing.assert_allclose(np.median(cube.values, axis=(0, 1))[10:50], wanted[10:50], atol=0.005)


def test_npz_holds_values_and_wavelengths(dermis, folder, tmp_path):
    dermis("cube", "calibrate", folder / "capture" / "p001.raw", "--out", tmp_path / "a.npz", "--bands", "hyper-skin")
    with np.load(tmp_path / "a.npz") as held:
        assert held["values"].shape == (20, 30, 62)
        assert held["wavelengths_nm"][[0, 30, 31, 61]].tolist() == [400, 700, 700, 1000]


def test_bands_panel_exposure_and_json(dermis, folder, tmp_path):
    code, said, _ = dermis(
        "cube", "calibrate", folder, "--out", tmp_path / "a.npz", "--bands", "450:900:25", "--panel", "0.5",
        "--exposure-ratio", "2", "--json", "--point", "3,4", "--pictures", tmp_path / "shown",
    )  # fmt: skip
    assert code == 0
    found = json.loads(said)
    assert found["schema"] == "dermis.cube/2"
    assert found["bands"] == 19
    assert found["problems"] == []
    assert found["dead_pixels"] == 0
    assert {Path(one).name for one in found["written"]} == {
        "a.npz", "preview.png", "bands.png", "points.png", "points.csv",
    }  # fmt: skip
    whole = np.median(read_cube(tmp_path / "a.npz").values, axis=(0, 1))
    np.testing.assert_allclose(whole, np.interp(np.arange(450, 901, 25), SENSOR.nm, SPECTRUM) / 4, atol=0.004)


def test_all_bands_and_a_panel_table(dermis, folder, tmp_path):
    (tmp_path / "panel.csv").write_text("wavelength_nm,reflectance\n390,0.5\n1010,0.5\n")
    code, _, _ = dermis(
        "cube", "calibrate", folder, "--out", tmp_path / "a.hdr", "--bands", "all", "--panel", tmp_path / "panel.csv"
    )
    assert code == 0
    cube = read_cube(tmp_path / "a.hdr")
    assert cube.values.shape == (20, 30, 120)
    assert np.median(cube.values) == pytest.approx(0.5 * np.median(SPECTRUM), abs=0.01)


def test_clipping_is_shown(dermis, folder, tmp_path):
    values = SENSOR.frames(20, SPECTRUM)
    values[3:6, 5:9] = 4095
    write_envi_raw(folder / "capture" / "p001", values, SENSOR.nm)
    code, said, _ = dermis("cube", "calibrate", folder, "--out", tmp_path / "a.npz")
    assert code == 0
    assert "clipped: 2.0% of the pixels reach the sensor's full scale of 4095" in said
    with Image.open(tmp_path / "a_clipped.png") as picture:
        assert np.count_nonzero(np.asarray(picture)) == 12


def refuse(dermis, code, *words):
    *arguments, says = words
    found, _, said = dermis("cube", *arguments)
    assert found == code, said
    assert says in said
    assert "Traceback" not in said
    assert "fault of ours" not in said


def test_what_cannot_be_calibrated(dermis, folder, tmp_path):
    out, capture = tmp_path / "a.npz", folder / "capture"
    refuse(dermis, 2, "calibrate", folder, "--out", tmp_path / "a.txt", "not written as .txt")
    refuse(dermis, 3, "calibrate", tmp_path / "no", "--out", out, "does not exist")
    refuse(dermis, 2, "calibrate", folder, "--out", out, "--panel", "white", "--panel white is no number")
    refuse(dermis, 2, "calibrate", folder, "--out", out, "--bands", "red", "names no increasing bands")
    refuse(dermis, 3, "calibrate", folder, "--out", out, "--bands", "400:1100:10", "without 1010 nm")
    refuse(dermis, 2, "calibrate", folder, "--out", out, "--point", "99,0", "lies outside the cube")
    refuse(dermis, 2, "calibrate", folder, "--out", capture / "p001.hdr", "p001.hdr is the header of p001.raw")
    narrow = write_envi_raw(tmp_path / "narrow", SENSOR.frames(4)[:, 5:], SENSOR.nm)
    refuse(dermis, 3, "calibrate", folder, "--out", out, "--white", narrow, "has 25 columns")
    raw = capture / "p001.raw"
    raw.write_bytes(raw.read_bytes()[:1000])
    refuse(dermis, 3, "calibrate", folder, "--out", out, "cut short: 144000 bytes expected, 1000 found")
    (capture / "WHITEREF_p001.hdr").unlink()
    refuse(dermis, 3, "calibrate", folder, "--out", out, "p001.hdr has no white reference beside it")
    write_envi_raw(capture / "p002", SENSOR.frames(4), SENSOR.nm)
    refuse(dermis, 2, "calibrate", folder, "--out", out, "holds 2 scans: p001, p002")


def test_info(dermis, folder, cubes):
    code, said, _ = dermis("cube", "info", folder / "capture" / "p001.raw", "--json", "--point", "1,2")
    found = json.loads(said)
    assert code == 0
    assert (found["width"], found["height"], found["bands"], found["layout"]) == (30, 20, 120, "ENVI BIL")
    assert found["exposure_s"] == pytest.approx(0.008)
    assert len(found["points"]) == 120
    code, said, _ = dermis("cube", "info", cubes / "truth.npz", "--out", cubes / "shown", "--point", "1,2")
    assert code == 0
    assert "reflectance" in said
    for name in ("preview.png", "bands.png", "points.png"):
        with Image.open(cubes / "shown" / name) as picture:
            assert min(picture.size) >= 20
    refuse(dermis, 3, "info", cubes, "is a folder")


def test_resample(dermis, cubes):
    code, said, _ = dermis("cube", "resample", cubes / "truth.npz", "--bands", "vis", "--out", cubes / "vis.mat")
    assert (code, said.strip()) == (0, f"{cubes / 'vis.mat'}: 31 bands, 400-700 nm.")
    np.testing.assert_allclose(
        read_cube(cubes / "vis.mat").values, read_cube(cubes / "truth.npz").values[:, :, :31], rtol=1e-5
    )
    before = read_cube(cubes / "truth.npz").values[:, :, 31]
    dermis("cube", "resample", cubes / "truth.npz", "--bands", "nir", "--out", cubes / "truth.npz")
    np.testing.assert_allclose(read_cube(cubes / "truth.npz").values[:, :, 1], before, rtol=1e-5)
    refuse(dermis, 2, "resample", cubes / "truth.npz", "--bands", "all", "--out", cubes / "b.npz", "own bands")


def test_render(dermis, cubes):
    code, _, _ = dermis("cube", "render", cubes / "truth.npz", "--out", cubes / "a.png")
    assert code == 0
    with Image.open(cubes / "a.png") as picture:
        assert picture.size == (20, 24)
    dermis("cube", "render", cubes / "truth.npz", "--out", cubes / "a.npz", "--camera", "CIE 1931", "--illuminant", "E",
           "--raw", "--min-max", "--msi")  # fmt: skip
    with np.load(cubes / "a.npz") as held:
        assert held["values"].shape == (24, 20, 4)
        assert held["values"][..., :3].min() == 0
        assert held["values"][..., :3].max() == 1
        np.testing.assert_array_equal(held["values"][..., 3], read_cube(cubes / "truth.npz").values[:, :, 56])
    refuse(dermis, 2, "render", cubes / "truth.npz", "--out", cubes / "b.png", "--msi", "three channels")
    refuse(dermis, 2, "render", cubes / "truth.npz", "--out", cubes / "b.txt", "nothing is rendered as .txt")
    refuse(dermis, 2, "render", cubes / "truth.npz", "--out", cubes / "b.png", "--camera", "Leika", "No camera")
    dermis("cube", "resample", cubes / "truth.npz", "--bands", "nir", "--out", cubes / "nir.npz")
    refuse(dermis, 3, "render", cubes / "nir.npz", "--out", cubes / "b.png", "needs five bands over 450-650 nm")


def test_compare(dermis, cubes):
    mask = np.zeros((24, 20), np.uint8)
    mask[4:20, 4:16] = 255
    Image.fromarray(mask).save(cubes / "mask.png")
    code, said, _ = dermis(
        "cube", "compare", cubes / "truth.npz", cubes / "said.hdr", "--mask", cubes / "mask.png", "--json",
        "--out", cubes / "shown", "--point", "5,5",
    )  # fmt: skip
    assert code == 0
    found = json.loads(said)
    assert found["pixels"] == 192
    assert found["scores"]["rmse"] == pytest.approx(0.01, rel=0.1)
    assert found["challenge"]["mrae"] is None
    assert len(found["by_band"]) == 61
    for name in ("truth.png", "cube.png", "sam.png", "bands.png", "points.png"):
        with Image.open(cubes / "shown" / name) as picture:
            assert min(picture.size) >= 20
    assert (cubes / "shown" / "bands.csv").read_text().startswith("wavelength_nm,rmse,bias,mrae\n400")
    _, said, _ = dermis("cube", "compare", cubes / "truth.npz", cubes / "truth.npz")
    assert "SAM, rad" in said
    assert "3.01 dB" in said


def test_compare_refuses(dermis, cubes):
    small = Cube(values=np.ones((2, 3, 61), np.float32), wavelengths_nm=NM, quantity=Quantity.REFLECTANCE)
    write_cube(cubes / "small.npz", small)
    refuse(dermis, 3, "compare", cubes / "truth.npz", cubes / "small.npz", "20 x 24 and 3 x 2 pixels")


def test_chromophores(dermis, cubes):
    from dermis.optics.face_population import draw
    from dermis.optics.forward import reflectance

    skin = reflectance(draw(120, 1, epidermis_um=70.0), NM).reshape(12, 10, 61).astype(np.float32)
    write_cube(cubes / "skin.npz", Cube(values=skin, wavelengths_nm=NM, quantity=Quantity.REFLECTANCE))
    for method in ("physical", "unmixing"):
        out = cubes / method
        code, said, _ = dermis("cube", "chromophores", cubes / "skin.npz", "--out", out, "--method", method, "--json")
        assert code == 0
        assert set(json.loads(said)["maps"]) == {
            "melanosome_fraction", "blood_fraction", "oxygen_saturation", "water_fraction",
        }  # fmt: skip
        with np.load(out / "maps.npz") as held:
            assert held["melanosome_fraction"].shape == (12, 10)
            assert ("melanosome_fraction_low" in held) == (method == "physical")
        assert (out / "melanosome_fraction.png").is_file()
    refuse(dermis, 2, "chromophores", cubes / "skin.npz", "--out", cubes, "--method", "guess", "Known: physical")
