"""Stores of both kinds, and a service on them that analyses at once."""

from __future__ import annotations

import base64
from itertools import count

import pytest

pytest.importorskip("fastapi", reason="the extra `service` is not installed")
pytest.importorskip("sqlalchemy", reason="the extra `service` is not installed")

from fastapi.testclient import TestClient

from dermis.service.api.run import make_app
from dermis.service.photo_keys import read_photo_keys
from dermis.service.store.database import open_database
from dermis.service.store.migrate import migrate
from fakes.databases import postgresql
from fakes.services import serve

_numbers = count()


@pytest.fixture(scope="session")
def server():
    with postgresql() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The URL of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite'}"
    return request.getfixturevalue("server").create(f"store_{next(_numbers)}")


@pytest.fixture
def database(url):
    """A store with its tables, of each kind in turn."""
    database = open_database(url)
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def sqlite(tmp_path):
    """A store in a file."""
    database = open_database(f"sqlite:///{tmp_path / 'store.sqlite'}")
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def photo_keys(tmp_path):
    file = tmp_path / "photo.key"
    file.write_text(base64.b64encode(bytes(range(32))).decode() + "\n")
    return read_photo_keys(file)


@pytest.fixture
def service(sqlite, photo_keys):
    return serve(sqlite, photo_keys)


@pytest.fixture
def client(service):
    with TestClient(make_app(service), raise_server_exceptions=False) as client:
        yield client
