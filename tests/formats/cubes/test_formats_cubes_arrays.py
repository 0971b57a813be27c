import h5py
import numpy as np
import pytest

from dermis.errors import InputError
from dermis.formats.cubes.arrays import read_cube_mat, read_mat, write_mat

VALUES = np.random.default_rng(1).random((5, 7, 3), dtype=np.float32)


def test_h5py_sees_bands_first_as_in_matlabs_own(tmp_path):
    write_mat(tmp_path / "a.mat", VALUES)
    with h5py.File(tmp_path / "a.mat") as file:
        held = np.array(file["cube"])
        assert file["cube"].attrs["MATLAB_class"] == b"single"
    assert held.shape == (3, 7, 5)
    np.testing.assert_array_equal(held.transpose(2, 1, 0), VALUES)


def test_the_header_is_matlabs(tmp_path):
    write_mat(tmp_path / "a.mat", VALUES)
    head = (tmp_path / "a.mat").read_bytes()[:520]
    assert head.startswith(b"MATLAB 7.3 MAT-file")
    assert head[124:128] == b"\x00\x02IM"
    assert head[512:516] == b"\x89HDF"


@pytest.mark.parametrize("compression", [0, 4])
def test_round_trip(tmp_path, compression):
    write_mat(tmp_path / "a.mat", VALUES, compression=compression)
    cube = read_cube_mat(tmp_path / "a.mat", [400, 500, 600])
    np.testing.assert_array_equal(cube.values, VALUES)


def test_the_same_array_gives_the_same_bytes(tmp_path):
    for name in "ab":
        write_mat(tmp_path / f"{name}.mat", VALUES)
    assert (tmp_path / "a.mat").read_bytes() == (tmp_path / "b.mat").read_bytes()


def test_one_pixel_one_band(tmp_path):
    write_mat(tmp_path / "a.mat", VALUES[:1, :1, :1])
    assert read_mat(tmp_path / "a.mat").shape == (1, 1, 1)


def test_what_is_wrong_is_said(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_mat(tmp_path / "no.mat")
    (tmp_path / "old.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(600))
    with pytest.raises(InputError, match=r"no MATLAB file, or damaged"):
        read_mat(tmp_path / "old.mat")
    write_mat(tmp_path / "a.mat", VALUES, key="image")
    with pytest.raises(InputError, match=r"no numbers called 'cube'. It holds: image"):
        read_mat(tmp_path / "a.mat")
    with pytest.raises(InputError, match=r"3 bands. Expected 31, from 400 to 700"):
        read_cube_mat(tmp_path / "a.mat", np.arange(400, 701, 10), key="image")
    with h5py.File(tmp_path / "flat.mat", "w") as file:
        file["cube"] = np.arange(4.0)
    with pytest.raises(InputError, match="has 1 axes"):
        read_mat(tmp_path / "flat.mat")
