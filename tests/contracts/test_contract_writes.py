"""Files are written aside and renamed: nothing in the source writes under a name that a reader may find half of."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "dermis"
WRITERS = {
    *("write_text", "write_bytes", "write", "tofile", "to_csv", "to_parquet", "to_excel", "to_pickle"),
    *("save", "savez", "savez_compressed", "savefig", "dump", "imwrite", "imsave", "write_table", "ParquetWriter"),
    *("copy", "copyfile", "copy2", "copytree", "open", "fdopen", "File", "ZipFile", "TarFile"),
}
WITH_MODE = {"open", "fdopen", "File", "ZipFile", "TarFile"}
ATOMIC = {"write_with", "write_bytes", "write_text"}

ALLOWED = {
    "formats/cubes/cube.py:_write": "into the draft of write_rows",
    "formats/cubes/envi.py:write_envi": "into the draft of write_rows",
    "formats/cubes/arrays.py:write_npz": "into the draft of write_rows",
    "formats/cubes/arrays.py:write_npy": "into the draft of write_rows",
    "formats/cubes/arrays.py:write_mat": "into the draft of its callers",
    "formats/cubes/arrays.py:stamp_mat": "into the draft of its callers",
    "formats/cubes/hdf5.py:write_hdf5": "into the draft of write_rows",
    "formats/cubes/hdf5.py:write_mat_rows": "into the draft of write_rows",
    "formats/tables/parquet.py:write_parquet": "into a draft that it renames",
    "formats/tables/parquet.py:TableWriter._write": "into a draft that its end renames",
    "formats/tables/parquet.py:TableWriter._write_lines": "into a draft that its end renames",
    "formats/key_file.py:append_key": "a record that grows line by line, each on the disk before the next step",
    "lab/evaluate/flash_pairs.py:judge_pairs": "a record that grows line by line, which the next run reads",
    "lab/train/run.py:Run.say": "a log",
    "models/registry.py:_keep": "into a folder of its own, then renamed",
    "models/runtime.py:_keep": "beside its place, then renamed",
    "pipeline/results.py:Unfinished.__init__": "a record that grows line by line, which the next run reads",
    "pipeline/batch_shard.py:_at_hand": "a copy in a folder of its own, for as long as it is read",
    "service/photo_keys.py:destroy_key": "overwrites a key that must be gone",
    "service/photo_keys.py:_new_key": "aside, then linked: the first of two processes wins",
    "service/store/backup.py:backup": "aside, then renamed",
    "cli/streams.py:unwritable": "a device",
}
"""What writes by itself, and why it may."""


def direct_writes(text):
    """Yield the qualified name of each function that opens or writes a file by itself, and the line."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            child.parent = node
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _writes(node) and not _in_memory(node) and not _handed_over(node):
            yield _place(node), node.lineno


def _writes(call):
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in WRITERS or (isinstance(call.func, ast.Name) and name in ATOMIC | {"copy", "write", "save"}):
        return False
    owner = getattr(call.func, "value", None)
    if name in WITH_MODE:
        at = 0 if name == "open" and isinstance(call.func, ast.Attribute) and _is_path(owner) else 1
        given = [word.value for word in call.keywords if word.arg == "mode"] + call.args[at : at + 1]
        return any(_names_writing(mode) for mode in given)
    if name in ("copy", "dump", "write", "save"):
        owners = {"copy": {"shutil"}, "dump": {"json", "pickle", "joblib"}, "write": set(), "save": None}[name]
        return owners is None or getattr(owner, "id", None) in owners
    return True


def _is_path(owner):
    return not (isinstance(owner, ast.Name) and owner.id in ("gzip", "io", "os", "Image", "fsspec", "tarfile", "lzma"))


def _names_writing(mode):
    if isinstance(mode, ast.Constant):
        return isinstance(mode.value, str) and len(mode.value) < 4 and bool(set(mode.value) & set("wax+"))
    if isinstance(mode, ast.IfExp):
        return _names_writing(mode.body) or _names_writing(mode.orelse)
    flags = {getattr(part, "attr", "") for part in ast.walk(mode)}
    return bool(flags & {"O_WRONLY", "O_RDWR"})


def _in_memory(call):
    """Return whether an argument, or what it is called on, is a buffer of the same function."""
    function = _function(call)
    buffers = {
        target.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name)
        and (getattr(node.value.func, "attr", None) or getattr(node.value.func, "id", "")) in ("BytesIO", "StringIO")
    }
    packed = {
        item.optional_vars.id
        for node in ast.walk(function)
        if isinstance(node, ast.With)
        for item in node.items
        if isinstance(item.optional_vars, ast.Name) and isinstance(item.context_expr, ast.Call)
        and {getattr(arg, "id", None) for arg in item.context_expr.args} & buffers
    }  # fmt: skip
    given = [*call.args[:2], getattr(call.func, "value", None)]
    return any(isinstance(one, ast.Name) and one.id in buffers | packed for one in given)


def _handed_over(call):
    """Return whether the call lies in an argument of the one writer."""
    node = call
    while node is not None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ATOMIC:
            return True
        node = getattr(node, "parent", None)
    return False


def _function(node):
    while not isinstance(node, ast.FunctionDef | ast.Module):
        node = node.parent
    return node


def _place(node):
    names = []
    while not isinstance(node, ast.Module):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        node = node.parent
    return ".".join(reversed(names))


def test_every_file_is_written_aside():
    found = {
        f"{path.relative_to(SOURCE).as_posix()}:{place}": line
        for path in sorted(SOURCE.rglob("*.py"))
        for place, line in direct_writes(path.read_text())
    }
    assert {place: line for place, line in found.items() if place not in ALLOWED} == {}
    assert [place for place in ALLOWED if place not in found] == []


@pytest.mark.parametrize(
    "line",
    [
        "path.write_text('x')",
        "path.open('w')",
        "open(path, mode='ab')",
        "os.open(path, os.O_WRONLY)",
        "gzip.open(path, 'wt')",
        "np.savez(path, a=1)",
        "Image.fromarray(a).save(path)",
        "h5py.File(path, 'w')",
        "zipfile.ZipFile(path, 'w')",
        "shutil.copyfile(a, b)",
        "table.to_csv(path)",
    ],
)
def test_a_direct_write_is_seen(line):
    assert [place for place, _ in direct_writes(f"def f(path):\n    {line}\n")] == ["f"]


@pytest.mark.parametrize(
    "line",
    [
        "path.open('rb')",
        "write_bytes(path, b'')",
        "write_with(path, lambda draft: np.savez(draft))",
        "held = io.BytesIO(); image.save(held)",
    ],
)
def test_reading_and_the_one_writer_are_not(line):
    assert list(direct_writes(f"def f(path):\n    {line}\n")) == []
