"""Tables that ship beside the code are whole, and a damaged one is called damaged."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import dermis
from dermis.core.tables import HASHES, load_table, sha256_of
from dermis.errors import ModelMissing
from dermis.formats.files import write_arrays

HOME = Path(dermis.__file__).parent
TABLES = [path for path in sorted(HOME.glob("*/data/*.npz")) if "lab" not in path.parts]


def test_there_are_tables():
    assert {"tone_posterior.npz", "brown_marks.npz", "emulator.npz"} <= {path.name for path in TABLES}


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_each_table_is_the_one_whose_hash_lies_beside_it(path):
    assert json.loads((path.parent / HASHES).read_text())[path.name] == sha256_of(path)
    assert load_table(path)


@pytest.mark.parametrize("harm", ["cut", "other numbers", "gone", "no hash"])
def test_a_damaged_table_is_called_damaged(tmp_path, harm):
    path = tmp_path / TABLES[0].name
    shutil.copy(TABLES[0], path)
    shutil.copy(TABLES[0].parent / HASHES, tmp_path / HASHES)
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif harm == "other numbers":
        np.savez(path, mean=np.zeros(3))
    elif harm == "gone":
        path.unlink()
    else:
        (tmp_path / HASHES).unlink()
    with pytest.raises(ModelMissing, match=r"is damaged.*Install dermis again"):
        load_table(path)


def test_a_table_that_is_written_anew_tells_its_hash(tmp_path):
    (tmp_path / HASHES).write_text("{}")
    path = write_arrays(tmp_path / "new.npz", {"values": np.arange(3)})
    assert load_table(path)["values"].tolist() == [0, 1, 2]
