"""Fixtures of the tests of the pipeline."""

import json
import shutil

import pytest

from dermis.models.weights import WEIGHTS


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Our network of lesion types under a name of the user's: an ordinal answer with shares."""
    monkeypatch.setenv("DERMIS_WEIGHTS", str(tmp_path / "own"))
    folder = tmp_path / "own" / "my-acne"
    shutil.copytree(WEIGHTS / "acne-types", folder)
    meta = json.loads((folder / "meta.json").read_text()) | {"name": "my-acne", "about": "Mine."}
    (folder / "meta.json").write_text(json.dumps(meta))
    return "my-acne"
