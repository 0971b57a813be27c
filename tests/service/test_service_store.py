"""The store keeps, gives back, and loses nothing but what was deleted."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import delete, func, inspect, select, text, update
from sqlalchemy.exc import DBAPIError

from dermis.errors import Conflict, InputError, NotFound, UsageError
from dermis.service.store import accounts, audit, subjects
from dermis.service.store.backup import backup, compact, empty_log, restore
from dermis.service.store.database import open_database, use_write_ahead_log
from dermis.service.store.migrate import migrate, version_of
from dermis.service.store.schema import AuditEntry, Base, Subject, new_id
from fakes.databases import search
from fakes.stores import fill

SECRET = "Zebra-pseudonym-77"


def rows(database):
    with database.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) for table in Base.metadata.sorted_tables
        }


def contents(database):
    with database.reading() as session:
        return {table.name: sorted(map(repr, session.execute(select(table)))) for table in Base.metadata.sorted_tables}


def test_the_migrations_make_the_schema(database):
    with database.reading() as session:
        found = compare_metadata(MigrationContext.configure(session.connection()), Base.metadata)
    assert found == []


def test_a_filled_store_goes_down_and_up_again(database):
    fill(database)
    before = contents(database)
    assert all(before.values())
    migrate(database, "0001")
    assert version_of(database) == "0001"
    migrate(database)
    after = contents(database)
    new = {name: after.pop(name) + before.pop(name)[:0] for name in ("person", "person_photo")}
    assert after == before
    assert not any(new.values()), "what has no table in an older version does not come back"
    migrate(database, "base")
    with database.reading() as session:
        assert set(inspect(session.connection()).get_table_names()) <= {"alembic_version"}
    migrate(database)
    assert set(rows(database).values()) == {0}


def test_a_store_of_a_newer_dermis_is_refused(database):
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UsageError, match="newer"):
        migrate(database)


@pytest.mark.parametrize("change", [update(AuditEntry).values(action="nothing"), delete(AuditEntry)])
def test_the_audit_trail_is_append_only(database, change):
    made = fill(database)
    with pytest.raises((DBAPIError, Conflict)) as refusal, database.writing() as session:
        session.execute(change)
    assert "append-only" in f"{refusal.value} {refusal.value.__cause__}"
    with database.reading() as session:
        actions = [entry.action for entry in audit.entries(session, made.account, limit=100, after=None).items]
    assert {"subject.add", "visit.add", "analysis.add", "consent.keep_photos.give"} <= set(actions)


def test_work_that_fails_leaves_nothing(database):
    made = fill(database)
    before = contents(database)

    def add_and_fail():
        with database.writing() as session:
            subjects.add_subject(session, made.account, "S2", None)
            subjects.subject_of(session, made.account, "0" * 32)

    with pytest.raises(NotFound):
        add_and_fail()
    assert contents(database) == before


def test_a_pseudonym_is_used_once_by_an_account(database):
    made = fill(database)
    with pytest.raises(Conflict), database.writing() as session:
        subjects.add_subject(session, made.account, SECRET, None)
    other = fill(database, account="berta")
    assert other.subject != made.subject


def test_what_is_deleted_is_in_no_file(database, request):
    server = None if database.kind == "sqlite" else request.getfixturevalue("server")
    secret, other = f"Zebra-{new_id()}", f"Other-{new_id()}"  # the server holds the stores of other tests too
    made = fill(database, pseudonym=secret)
    fill(database, account="berta", pseudonym=other)
    compact(database)
    wanted = [word.encode() for word in (secret, made.subject, made.visit, made.analysis, made.person, made.job)]
    assert all(search(database, server, piece) for piece in wanted)
    with database.writing() as session:
        subjects.delete_subject(session, made.account, made.subject)
    if database.kind == "sqlite":
        assert empty_log(database)
    else:
        compact(database)
    for piece in wanted:
        assert search(database, server, piece) == [], piece
    assert search(database, server, made.token.encode()), "the audit trail keeps its token"
    assert search(database, server, other.encode())


def test_a_backup_comes_back_whole(database, tmp_path):
    made = fill(database)
    before = contents(database)
    counts = backup(database, tmp_path / "store.zip")
    assert counts == rows(database)
    new = open_database(f"sqlite:///{tmp_path / 'new.sqlite'}")
    assert restore(new, tmp_path / "store.zip") == counts
    assert contents(new) == before
    with new.writing() as session:
        subjects.delete_subject(session, made.account, made.subject)
    new.close()


def test_a_backup_moves_to_postgresql(sqlite, server, tmp_path):
    fill(sqlite)
    backup(sqlite, tmp_path / "store.zip")
    new = open_database(server.create("moved"))
    restore(new, tmp_path / "store.zip")
    assert contents(new) == contents(sqlite)
    fill(new, account="berta")  # numbers of the audit trail go on
    new.close()


def test_a_backup_overwrites_nothing_and_restore_needs_an_empty_store(sqlite, tmp_path):
    fill(sqlite)
    archive = tmp_path / "store.zip"
    backup(sqlite, archive)
    with pytest.raises(UsageError, match="exists"):
        backup(sqlite, archive)
    with pytest.raises(UsageError, match="holds something"):
        restore(sqlite, archive)
    archive.write_bytes(archive.read_bytes()[:-100])
    new = open_database(f"sqlite:///{tmp_path / 'new.sqlite'}")
    with pytest.raises(InputError, match="no whole backup"):
        restore(new, archive)
    new.close()


WRITER = """
import sys
from dermis.service.store import subjects, accounts
from dermis.service.store.database import open_database, use_write_ahead_log
from dermis.service.store.migrate import migrate
database = open_database(sys.argv[1])
migrate(database)
for number in range(40):
    with database.writing() as session:
        account = accounts.local_account(session)
        subjects.add_subject(session, account.id, f"{sys.argv[2]}-{number}", None)
"""


class Busy:
    """A connection that answers busy so many times, then goes on; code: of another fault instead."""

    def __init__(self, times, code=sqlite3.SQLITE_BUSY):
        self.times, self.code, self.asked = times, code, []

    def execute(self, words):
        self.asked.append(words)
        if len(self.asked) <= self.times:
            fault = sqlite3.OperationalError("database is locked")
            fault.sqlite_errorcode = self.code
            raise fault
        return self

    def close(self):
        pass


def test_a_new_store_that_another_process_prepares_is_waited_for():
    busy = Busy(3)
    use_write_ahead_log(busy)
    assert busy.asked == ["PRAGMA journal_mode=WAL"] * 4
    with pytest.raises(sqlite3.OperationalError):
        use_write_ahead_log(Busy(1, sqlite3.SQLITE_CANTOPEN))
    with pytest.raises(sqlite3.OperationalError):
        use_write_ahead_log(Busy(10**9), wait_s=0)


def test_two_processes_share_a_store(url):
    command = [sys.executable, "-c", WRITER, url]
    processes = [subprocess.Popen([*command, name], stderr=subprocess.PIPE, text=True) for name in ("one", "two")]
    answers = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], answers
    database = open_database(url)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Subject)) == 80
        assert session.scalar(select(func.count()).select_from(accounts.Account)) == 1
    database.close()


def test_two_services_make_one_local_account(database):
    start = Barrier(8)

    def first_request(_):
        start.wait(30)
        with database.writing() as session:
            return accounts.local_account(session).id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(first_request, range(8)))) == 1


@pytest.mark.parametrize(
    "url", ["mysql://root@localhost/x", "nonsense", "sqlite://", "sqlite:////nowhere/at/all/x.sqlite"]
)
def test_a_url_of_another_database_is_refused(url):
    with pytest.raises(UsageError, match="--db"):
        open_database(url)
