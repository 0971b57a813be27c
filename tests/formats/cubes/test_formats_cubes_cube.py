"""Cubes to and from every kind of file, against the libraries that others read them with."""

from __future__ import annotations

import numpy as np
import pytest

from dermis.core import Cube, Quantity
from dermis.errors import InputError, UsageError
from dermis.formats.cubes.cube import WRITABLE, open_cube, read_cube, rows_of, write_cube, write_rows
from dermis.formats.cubes.cube_file import CubeHead, check_grid, row_blocks
from dermis.formats.cubes.envi import read_header, write_envi

NM = np.array([450.0, 500.5, 601.25])
CUBE = Cube(
    values=np.random.default_rng(2).random((5, 4, 3), dtype=np.float32),
    wavelengths_nm=NM,
    quantity=Quantity.REFLECTANCE,
)
LINES = {
    "samples": "4",
    "lines": "5",
    "bands": "3",
    "data type": "12",
    "interleave": "bil",
    "byte order": "0",
    "wavelength": "{450, 500.5,\n 601.25}",
}


def envi(folder, values, ending=".raw", **changes):
    """Write a header and numbers as a camera does; `changes` of None leave an entry out."""
    lines = LINES | {name.replace("_", " "): value for name, value in changes.items()}
    text = "\n".join(f"{name} = {value}" for name, value in lines.items() if value is not None)
    (folder / "scan.hdr").write_text(f"ENVI\n; a remark\n{text}\n")
    (folder / f"scan{ending}").write_bytes(values)
    return folder / "scan.hdr"


@pytest.mark.parametrize("ending", WRITABLE)
@pytest.mark.parametrize("shape", [(5, 4, 3), (1, 1, 1), (3, 1, 2), (1, 6, 2)])
def test_round_trip(tmp_path, ending, shape):
    height, _, bands = shape
    values = np.random.default_rng(3).random(shape, dtype=np.float32)
    cube = Cube(values=values, wavelengths_nm=NM[:bands], quantity=Quantity.RADIANCE)
    read = read_cube(write_cube(tmp_path / f"a{ending}", cube))
    np.testing.assert_array_equal(read.values, values)
    np.testing.assert_allclose(read.wavelengths_nm, NM[:bands])
    if ending != ".npy":
        assert read.quantity is Quantity.RADIANCE
    opened = open_cube(tmp_path / f"a{ending}")
    np.testing.assert_array_equal(rows_of(opened, height - 1, height), values[-1:])


@pytest.mark.parametrize("interleave", ["bil", "bip", "bsq"])
@pytest.mark.parametrize(
    ("code", "kind"), [(1, "u1"), (2, "i2"), (3, "i4"), (4, "f4"), (5, "f8"), (12, "u2"), (13, "u4")]
)
@pytest.mark.parametrize("order", [0, 1])
def test_envi_of_all_kinds(tmp_path, interleave, code, kind, order):
    values = np.arange(60).reshape(5, 4, 3).astype(np.dtype(kind).newbyteorder("<>"[order]))
    lying = values.transpose({"bil": (0, 2, 1), "bip": (0, 1, 2), "bsq": (2, 0, 1)}[interleave]).tobytes()
    changes = {"interleave": interleave.upper(), "data_type": str(code), "byte_order": str(order), "header_offset": "7"}
    header = envi(tmp_path, b"1234567" + lying, **changes)
    opened = open_cube(header)
    assert opened.head.shape == (5, 4, 3)
    np.testing.assert_array_equal(opened.stored(1, 3), values[1:3])
    np.testing.assert_array_equal(read_cube(header).values, values)
    parts = [block for _, block in row_blocks(opened, values_at_once=24)]
    assert [len(part) for part in parts] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate(parts), values)


@pytest.mark.parametrize("interleave", ["bil", "bip", "bsq"])
def test_spectral_python_reads_what_we_write(tmp_path, interleave):
    envi_of = pytest.importorskip("spectral.io.envi")
    head = CubeHead(shape=(5, 4, 3), wavelengths_nm=NM, quantity=Quantity.REFLECTANCE, fwhm_nm=np.full(3, 5.5))
    write_envi(tmp_path / "a.hdr", head, [CUBE.values[:2], CUBE.values[2:]], interleave)
    theirs = envi_of.open(str(tmp_path / "a.hdr"))
    np.testing.assert_array_equal(np.asarray(theirs.load()), CUBE.values)
    np.testing.assert_allclose(theirs.bands.centers, NM)
    np.testing.assert_allclose(theirs.bands.bandwidths, 5.5)


def test_we_read_what_spectral_python_writes(tmp_path):
    envi_of = pytest.importorskip("spectral.io.envi")
    values = (CUBE.values * 4000).astype(np.uint16)
    meta = {"wavelength": [0.45, 0.5005, 0.60125], "wavelength units": "Micrometers", "fwhm": [0.0055] * 3}
    envi_of.save_image(str(tmp_path / "a.hdr"), values, metadata=meta, interleave="bsq", byteorder=1)
    opened = open_cube(tmp_path / "a.hdr")
    np.testing.assert_array_equal(opened.stored(0, 5), values)
    np.testing.assert_allclose(opened.head.wavelengths_nm, NM)
    np.testing.assert_allclose(opened.head.fwhm_nm, 5.5)
    assert opened.head.quantity is Quantity.COUNTS


@pytest.mark.parametrize("ending", [".raw", ".img", ".dat", ".bil", ".RAW", ""])
def test_the_numbers_are_found_beside_the_header(tmp_path, ending):
    header = envi(tmp_path, bytes(120), ending)
    assert open_cube(header).head.shape == (5, 4, 3)
    assert open_cube(tmp_path / f"scan{ending}").head.shape == (5, 4, 3)


def test_what_a_specim_header_says(tmp_path):
    header = envi(tmp_path, bytes(120), tint="8.50", fwhm="{5.5, 5.5, 5.6}", wavelength_units="nm", Sensor_type="FX10")
    opened = open_cube(header)
    assert opened.exposure_s == pytest.approx(0.0085)
    np.testing.assert_allclose(opened.head.fwhm_nm, [5.5, 5.5, 5.6])
    assert read_header(header)["sensor type"] == "FX10"


def test_scaled_reflectance_is_divided(tmp_path):
    values = np.full(60, 5000, "<u2").tobytes()
    cube = read_cube(envi(tmp_path, values, reflectance_scale_factor="10000"))
    assert cube.quantity is Quantity.REFLECTANCE
    assert cube.values.max() == pytest.approx(0.5)


def test_bands_that_count_down_are_turned_and_doubles_left_out(tmp_path):
    values = np.arange(60, dtype="<u2").reshape(5, 4, 3)
    for listed, bands in (("{600, 500, 400}", [2, 1, 0]), ("{400, 700, 700}", [0, 1])):
        header = envi(tmp_path, values.transpose(0, 2, 1).tobytes(), wavelength=listed)
        cube = read_cube(header)
        np.testing.assert_array_equal(cube.values, values[:, :, bands])
        assert open_cube(header).head.shape[2] == 3


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"wavelength": None}, "no wavelengths. Add .*--wavelengths"),
        ({"wavelength": "{1, 2}"}, "3 bands and 2 wavelengths"),
        ({"wavelength": "{1, 2, x}"}, "no number"),
        ({"wavelength": "{1, 2, 3"}, "never ends"),
        ({"interleave": "bix"}, "'bix' is unknown. Known: bil, bip, bsq"),
        ({"interleave": None}, "no entry 'interleave'"),
        ({"data type": "6"}, "complex"),
        ({"data type": "7"}, "7 is unknown. Known: 1"),
        ({"byte order": "2"}, "byte order 2 is unknown"),
        ({"lines": "-1"}, "'-1' is no whole number"),
        ({"lines": "6"}, "cut short: 144 bytes expected, 120 found"),
    ],
)
def test_a_header_that_is_wrong(tmp_path, changes, says):
    with pytest.raises(InputError, match=says):
        open_cube(envi(tmp_path, bytes(120), **changes))


def test_other_wrongs_of_envi(tmp_path):
    (tmp_path / "alone.raw").write_bytes(bytes(9))
    with pytest.raises(InputError, match=r"no ENVI header. Put alone.hdr beside it"):
        open_cube(tmp_path / "alone.raw")
    (tmp_path / "b.hdr").write_text("hello\n")
    with pytest.raises(InputError, match="is no ENVI header"):
        open_cube(tmp_path / "b.hdr")
    header = envi(tmp_path, bytes(120))
    (tmp_path / "scan.raw").unlink()
    with pytest.raises(InputError, match=r"not beside it. Expected scan.raw, .img"):
        open_cube(header)
    assert open_cube(envi(tmp_path, bytes(130))).notes == ("10 bytes after the cube are left out.",)


def test_wavelengths_of_ones_own(tmp_path):
    header = envi(tmp_path, bytes(120), wavelength=None)
    assert read_cube(header, wavelengths_nm=[1, 1.5, 2]).wavelengths_nm.tolist() == [1000, 1500, 2000]
    with pytest.raises(InputError, match="3 bands and 2"):
        open_cube(header, wavelengths_nm=[400, 500])


def test_matlab_5_and_7(tmp_path):
    from scipy.io import savemat

    savemat(tmp_path / "a.mat", {"cube": CUBE.values.astype(np.float64), "wavelengths_nm": NM})
    np.testing.assert_array_equal(read_cube(tmp_path / "a.mat").values, CUBE.values)
    savemat(tmp_path / "b.mat", {"hsi": CUBE.values})
    with pytest.raises(InputError, match="no wavelengths for its 3 bands"):
        open_cube(tmp_path / "b.mat")
    assert open_cube(tmp_path / "b.mat", wavelengths_nm=NM, key="hsi").head.shape == (5, 4, 3)
    with pytest.raises(InputError, match=r"no array 'nose'. Say --key NAME; it holds: hsi"):
        open_cube(tmp_path / "b.mat", wavelengths_nm=NM, key="nose")


def test_matlab_sees_its_own_axes(tmp_path):
    import h5py

    write_cube(tmp_path / "a.mat", CUBE, low=CUBE.values - 1)
    with h5py.File(tmp_path / "a.mat") as file:
        np.testing.assert_array_equal(np.transpose(file["cube"], (2, 1, 0)), CUBE.values)
        np.testing.assert_array_equal(np.transpose(file["low"], (2, 1, 0)), CUBE.values - 1)
        assert file["wavelengths_nm"].shape == (3, 1)
    assert open_cube(tmp_path / "a.mat").head.shape == (5, 4, 3)


def test_hyper_skin_files_need_no_wavelengths(tmp_path):
    from dermis.formats.cubes.arrays import write_mat

    for folder, bands, first in (("VIS", 31, 400), ("NIR", 31, 700), ("joined", 61, 400)):
        (tmp_path / folder).mkdir()
        write_mat(tmp_path / folder / "a.mat", np.ones((2, 3, bands), np.float32))
        grid = open_cube(tmp_path / folder / "a.mat").head.wavelengths_nm
        assert (grid[0], len(grid)) == (first, bands)


def test_numpy_packed_or_not(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", values=CUBE.values.astype(np.float64), wavelengths_nm=NM)
    np.testing.assert_array_equal(read_cube(tmp_path / "a.npz").values, CUBE.values)
    np.savez(tmp_path / "b.npz", values=np.asfortranarray(CUBE.values), wavelengths_nm=NM)
    opened = open_cube(tmp_path / "b.npz")
    np.testing.assert_array_equal(opened.stored(2, 4), CUBE.values[2:4])
    assert isinstance(opened.stored(2, 4), np.memmap)
    np.savez(tmp_path / "c.npz", cube=CUBE.values)
    with pytest.raises(InputError, match=r"no 'values' .* It holds: cube"):
        open_cube(tmp_path / "c.npz")
    np.save(tmp_path / "d.npy", CUBE.values)
    with pytest.raises(InputError, match="names no wavelengths"):
        open_cube(tmp_path / "d.npy")
    (tmp_path / "e.npz").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"is no \.npz"):
        open_cube(tmp_path / "e.npz")


def test_extra_arrays_go_with_it(tmp_path):
    write_cube(tmp_path / "a.npz", CUBE, low=CUBE.values, rmse=np.float32(0.1))
    with np.load(tmp_path / "a.npz") as held:
        np.testing.assert_array_equal(held["low"], CUBE.values)
        assert held["rmse"] == np.float32(0.1)
        assert held["values"].shape == (5, 4, 3)
    write_cube(tmp_path / "b.hdr", CUBE, low=CUBE.values)
    np.testing.assert_array_equal(np.load(tmp_path / "b_low.npy"), CUBE.values)


@pytest.mark.parametrize("ending", [".npz", ".hdr", ".h5", ".mat"])
def test_rows_after_rows_are_the_whole(tmp_path, ending):
    head = CubeHead(shape=CUBE.values.shape, wavelengths_nm=NM, quantity=Quantity.COUNTS)
    write_rows(tmp_path / f"a{ending}", head, (CUBE.values[at : at + 2] for at in (0, 2, 4)))
    write_cube(tmp_path / f"b{ending}", CUBE)
    np.testing.assert_array_equal(read_cube(tmp_path / f"a{ending}").values, CUBE.values)


@pytest.mark.parametrize("ending", [".npz", ".hdr", ".npy"])
def test_a_cube_appears_whole_or_not_at_all(tmp_path, ending):
    path = write_cube(tmp_path / f"a{ending}", CUBE, low=CUBE.values)
    before = sorted(tmp_path.iterdir())

    def broken():
        yield CUBE.values[:2]
        raise InputError("The camera fell.")

    head = CubeHead(shape=CUBE.values.shape, wavelengths_nm=NM, quantity=Quantity.COUNTS)
    with pytest.raises(InputError, match="fell"):
        write_rows(path, head, broken())
    assert sorted(tmp_path.iterdir()) == before
    np.testing.assert_array_equal(read_cube(path).values, CUBE.values)


@pytest.mark.parametrize("ending", [".npz", ".hdr", ".h5", ".mat"])
def test_a_cube_may_replace_the_one_it_comes_from(tmp_path, ending):
    opened = open_cube(write_cube(tmp_path / f"a{ending}", CUBE))
    head = CubeHead(shape=CUBE.values.shape, wavelengths_nm=NM, quantity=Quantity.COUNTS)
    write_rows(tmp_path / f"a{ending}", head, (2 * rows_of(opened, at, at + 1) for at in range(5)))
    np.testing.assert_array_equal(read_cube(tmp_path / f"a{ending}").values, 2 * CUBE.values)


def test_where_nothing_can_be_written(tmp_path):
    with pytest.raises(UsageError, match=r"not written as .txt. Known endings: .npz"):
        write_cube(tmp_path / "a.txt", CUBE)
    with pytest.raises(UsageError, match="does not exist"):
        write_cube(tmp_path / "no" / "a.npz", CUBE)
    with pytest.raises(InputError, match="is a folder"):
        open_cube(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        open_cube(tmp_path / "no.npz")
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(InputError, match="no cube that is known"):
        open_cube(tmp_path / "a.jpg")


def test_micrometres_are_told_by_name_or_size():
    np.testing.assert_allclose(check_grid([0.4, 1.0], 2, "a"), [400, 1000])
    np.testing.assert_allclose(check_grid([400, 1000], 2, "a"), [400, 1000])
    np.testing.assert_allclose(check_grid([0.4, 1.0], 2, "a", "Nanometers"), [400, 1000])  # a unit that lies
