"""Each protection taken out makes a test fail: tests of the suite are run again without what they guard."""

import importlib.util
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from dermis.errors import UsageError

TESTS = Path(__file__).parents[1]


def suite(name):
    """The tests of a file of the suite, as a module."""
    path = TESTS / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"faults_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def written_at_once(path, write):
    write(path)
    return path


@contextmanager
def written_in_place(folder, own):
    try:
        yield folder
    except OSError as fault:
        raise UsageError(fault.strerror) from fault


def never(*anything, **more):
    return None


FAULTS = {
    "files are written aside": (
        "dermis.formats.files.write_with", written_at_once,
        "cases/test_cases_outputs", "test_a_link_is_replaced_and_not_followed",
    ),
    "results appear together": (
        "faults_test_cases_outputs.replaced_results", written_in_place,
        "cases/test_cases_outputs", "test_a_failed_write_leaves_what_was_there",
    ),
    "each photo has a folder of its own": (
        "dermis.pipeline.results.folder_name", lambda stem, taken: stem,
        "cases/test_cases_outputs", "test_folders_differ_whatever_the_names",
    ),
    "no cell is a formula": (
        "dermis.formats.tables.writing.as_text_cell", lambda value: value,
        "cases/test_cases_tables", "test_no_cell_we_write_is_a_formula",
    ),
    "columns have names of their own": (
        "dermis.formats.tables.table._refuse_doubles", never,
        "cases/test_cases_tables", "test_two_columns_of_one_name_are_refused",
    ),
    "bytes are bounded": (
        "faults_test_cases_photos.check_size", never,
        "cases/test_cases_photos", "test_bytes_are_bounded_and_not_pixels_alone",
    ),
    "models are hashed": (
        "dermis.models.weights.check_files", never,
        "contracts/test_contract_supply", "test_a_damaged_network_is_called_damaged",
    ),
}  # fmt: skip
"""What protects, what stands in its place, and the test that must fail then."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_protection_taken_out_makes_its_test_fail(fault, monkeypatch, tmp_path):
    protection, instead, file, name = FAULTS[fault]
    module = suite(file)
    test = getattr(module, name)
    needs = {"tmp_path": tmp_path / "with"} if "tmp_path" in test.__code__.co_varnames else {}
    (tmp_path / "with").mkdir()
    test(**needs)
    shutil.rmtree(tmp_path / "with")
    (tmp_path / "with").mkdir()
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(protection, instead)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test(**needs)
