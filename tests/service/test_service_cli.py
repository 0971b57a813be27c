"""The verbs of the service."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from dermis.cli import app
from dermis.errors import UsageError
from dermis.service.store import accounts, subjects
from dermis.service.store.database import open_database
from dermis.service.store.schema import new_id
from fakes.databases import search
from fakes.stores import fill


def run(*words, given=None):
    return CliRunner().invoke(app, list(words), input=given)


def url_of(database):
    return database.engine.url.render_as_string(hide_password=False)


def test_backup_and_restore(sqlite, tmp_path):
    fill(sqlite)
    archive = str(tmp_path / "store.zip")
    saved = run("backup", archive, "--db", url_of(sqlite))
    assert saved.exit_code == 0
    assert "1 subjects, 1 analyses, 1 photos" in saved.output
    again = run("restore", archive, "--db", f"sqlite:///{tmp_path / 'new.sqlite'}")
    assert "are back" in again.output
    full = run("restore", archive, "--db", url_of(sqlite))
    assert isinstance(full.exception, UsageError)


def test_what_was_deleted_goes_from_the_files_of_either_database(database, request):
    server = None if database.kind == "sqlite" else request.getfixturevalue("server")
    secret = f"Zebra-{new_id()}"
    made = fill(database, pseudonym=secret)
    assert run("compact", "--db", url_of(database)).exit_code == 0
    assert search(database, server, secret.encode())
    with database.writing() as session:
        subjects.delete_subject(session, made.account, made.subject)
    assert run("compact", "--db", url_of(database)).exit_code == 0
    assert search(database, server, secret.encode()) == []


def test_there_must_be_a_store_to_compact(tmp_path):
    assert isinstance(run("compact", "--db", f"sqlite:///{tmp_path / 'none.sqlite'}").exception, UsageError)


def test_a_user_is_asked_for_the_password_twice(sqlite):
    password = "correct horse battery"
    made = run("user", "anna", "--db", url_of(sqlite), given=f"{password}\n{password}\n")
    assert made.exit_code == 0
    assert password not in made.output
    with sqlite.reading() as session:
        assert accounts.check_password(session, "anna", password) is not None
        assert accounts.check_password(session, "anna", password + ".") is None


def test_a_password_comes_from_a_file(sqlite, tmp_path):
    (tmp_path / "password").write_text("correct horse battery\n")
    words = ("user", "anna", "--db", url_of(sqlite), "--password-file", str(tmp_path / "password"))
    assert run(*words).exit_code == 0
    with sqlite.writing() as session:
        account = accounts.check_password(session, "anna", "correct horse battery")
        token = accounts.login(session, account.id)
    assert run(*words).exit_code == 0
    with sqlite.reading() as session:
        assert accounts.caller_of_login(session, token) is not None, "the same password ends no login"
    (tmp_path / "password").write_text("short\n")
    assert isinstance(run(*words).exception, UsageError)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "0.0.0.0"], "nobody has a login"),
        (["--tls-cert", "cert.pem"], "belong together"),
        (["--tls-cert", "cert.pem", "--tls-key", "key.pem", "--port", "48731"], "cannot be used"),
        (["--host", "203.0.113.1", "--site", "skin.example"], "is no address"),
        (["--db", "mysql://x"], "not served"),
        (["--photo-key", "/nowhere/key"], "--photo-key"),
    ],
)
def test_serve_refuses_what_would_be_wrong(tmp_path, words, said):
    db = [] if "--db" in words else ["--db", f"sqlite:///{tmp_path / 'store.sqlite'}"]
    refused = subprocess.run(
        [sys.executable, "-m", "dermis", "serve", *db, *words], capture_output=True, text=True, timeout=60
    )
    assert refused.returncode == 2
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_port_that_is_taken_is_said(tmp_path):
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = str(held.getsockname()[1])
        words = ["serve", "--port", port, "--db", f"sqlite:///{tmp_path / 'store.sqlite'}"]
        refused = subprocess.run([sys.executable, "-m", "dermis", *words], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    assert "--port" in refused.stderr


def test_a_store_is_opened_where_a_file_is_not_there_yet(tmp_path):
    database = open_database(f"sqlite:///{tmp_path / 'new.sqlite'}")
    database.close()
    made = run("backup", str(tmp_path / "b.zip"), "--db", f"sqlite:///{tmp_path / 'new.sqlite'}")
    assert isinstance(made.exception, UsageError)
