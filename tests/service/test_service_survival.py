"""What was acknowledged is there: after kill -9, with the database away, under more load than can be worked on."""

import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from dermis.service.api.run import make_app
from dermis.service.store.database import open_database
from dermis.service.store.migrate import migrate
from dermis.service.store.schema import Analysis, Finding
from fakes.databases import postgresql
from fakes.measuring import PHOTO, fake_measure, measuring, photo
from fakes.services import free_port, running, serve, stand_in

UPLOADS = 200


def upload(port, number):
    """Send a photo under a key of its own; return the analysis, None where no answer came."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/analyses",
        data=photo(number),
        headers={"Content-Type": "image/jpeg", "Idempotency-Key": f"photo-{number}"},
    )
    for _ in range(200):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            if refusal.code != 503:
                raise
            time.sleep(0.05)
        except (OSError, ValueError):
            return None
    return None


@pytest.mark.slow
def test_kill_9_loses_no_acknowledged_result(url):
    port = free_port()
    command, environment = stand_in(url, port)
    acknowledged = {}
    enough = threading.Event()

    def send(number):
        answer = upload(port, number)
        if answer is not None:
            acknowledged[number] = answer
            if len(acknowledged) >= UPLOADS // 2:
                enough.set()

    with running(command, port, environment) as process, ThreadPoolExecutor(8) as pool:
        for number in range(UPLOADS):
            pool.submit(send, number)
        assert enough.wait(120)
        os.kill(process.pid, signal.SIGKILL)
    assert UPLOADS // 2 <= len(acknowledged) < UPLOADS
    with running(command, port, environment):
        for number, answer in acknowledged.items():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/analyses/{answer['id']}") as held:
                assert json.loads(held.read())["photo"] == answer["photo"], number
        with ThreadPoolExecutor(8) as pool:
            again = dict(enumerate(pool.map(lambda number: upload(port, number), range(UPLOADS))))
    assert {number: again[number]["id"] for number in acknowledged} == {
        number: answer["id"] for number, answer in acknowledged.items()
    }
    assert len({answer["id"] for answer in again.values()}) == UPLOADS
    database = open_database(url)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Analysis)) == UPLOADS
        halves = select(Finding.analysis_id).group_by(Finding.analysis_id).having(func.count() != 4)
        assert session.scalars(halves).all() == []
        assert session.scalar(select(func.count()).select_from(Finding)) == UPLOADS * 4
    database.close()


@pytest.mark.slow
def test_two_services_on_one_store_make_nothing_twice(url):
    ports = free_port(), free_port()
    first, second = (stand_in(url, port) for port in ports)
    with running(first[0], ports[0], first[1]), running(second[0], ports[1], second[1]), ThreadPoolExecutor(4) as pool:
        numbers = [number for number in range(30) for _ in ports]
        answers = list(pool.map(upload, ports * 30, numbers))
    made = {}
    for number, answer in zip(numbers, answers, strict=True):
        made.setdefault(number, set()).add(answer["id"])
    assert {len(ids) for ids in made.values()} == {1}
    database = open_database(url)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Analysis)) == 30
    database.close()


@pytest.mark.slow
def test_workers_end_with_a_killed_service(tmp_path):
    port = free_port()
    command, environment = stand_in(f"sqlite:///{tmp_path / 'store.sqlite'}", port)
    with running(command, port, environment) as process:
        assert upload(port, 1)
        workers = [pid for pid in children(process.pid) if b"spawn_main" in command_line(pid)]
        assert workers
    for _ in range(100):
        if not any(command_line(pid) for pid in workers):
            break
        time.sleep(0.1)
    assert [pid for pid in workers if command_line(pid)] == []


def children(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    if not listed.exists():
        pytest.skip("needs /proc")
    return [int(word) for word in listed.read_text().split()]


def command_line(pid):
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def test_the_database_goes_away_and_comes_back():
    with postgresql() as server:
        database = open_database(server.url)
        migrate(database)
        jpeg = {"Content-Type": "image/jpeg", "Idempotency-Key": "k"}
        with TestClient(make_app(serve(database)), raise_server_exceptions=False) as client:
            assert client.get("/v1/health").status_code == 200
            kept = client.post("/v1/analyses", content=PHOTO, headers=jpeg).json()["id"]
            server.stop()
            for answer in (
                client.get("/v1/health"),
                client.get("/v1/subjects"),
                client.get(f"/v1/analyses/{kept}"),
                client.post("/v1/analyses", content=photo(2), headers={"Content-Type": "image/jpeg"}),
            ):
                assert (answer.status_code, answer.json()["code"]) == (503, "store_unreachable")
                assert int(answer.headers["Retry-After"]) >= 1
            server.start()
            assert client.get("/v1/health").status_code == 200
            assert client.get(f"/v1/analyses/{kept}").status_code == 200
            assert client.post("/v1/analyses", content=PHOTO, headers=jpeg).json()["id"] == kept


def test_more_than_can_wait_is_told_to_come_back(sqlite):
    gate = threading.Event()

    def slow(asked):
        gate.wait(60)
        return fake_measure(asked)

    service = replace(serve(sqlite), measuring=replace(measuring, photo=slow))
    jpeg = {"Content-Type": "image/jpeg"}
    with TestClient(make_app(service)) as client, ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(client.post, "/v1/analyses", content=photo(n), headers=jpeg) for n in range(16)]
        for _ in range(600):
            if sum(one.done() for one in asked) == 16 - service.workers.most:
                break
            time.sleep(0.05)
        assert client.get("/v1/health").json()["waiting"] == service.workers.most - service.workers.count
        gate.set()
        answers = [one.result() for one in asked]
    codes = [answer.status_code for answer in answers]
    assert codes.count(201) == service.workers.most
    assert codes.count(503) == 16 - service.workers.most
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers if answer.status_code == 503)


def test_a_worker_that_dies_is_replaced(sqlite):
    import asyncio

    from dermis.service.workers import Busy, Workers

    async def go():
        workers = Workers(1)
        with pytest.raises(Busy):
            await workers.run(os._exit, 1)
        answer = await workers.run(os.getpid)
        workers.stop()
        return answer

    assert asyncio.run(go()) != os.getpid()


def test_a_photo_that_never_ends_is_given_up():
    import asyncio

    from dermis.service.workers import TooLong, Workers

    async def go():
        workers = Workers(1, longest_s=3.0)
        pid = await workers.run(os.getpid)
        with pytest.raises(TooLong):
            await workers.run(time.sleep, 600)
        answer = await workers.run(os.getpid)
        workers.stop()
        return pid, answer

    ended, answer = asyncio.run(go())
    assert answer != ended
    assert not command_line(ended) or b"spawn_main" not in command_line(ended)


def test_a_subject_deleted_meanwhile_gets_no_analysis(sqlite):
    gate, begun = threading.Event(), threading.Event()

    def slow(asked):
        begun.set()
        gate.wait(60)
        return fake_measure(asked)

    service = replace(serve(sqlite), measuring=replace(measuring, photo=slow))
    with TestClient(make_app(service)) as client, ThreadPoolExecutor(1) as pool:
        subject = client.post("/v1/subjects", json={"pseudonym": "S1"}).json()["id"]
        visit = client.post(f"/v1/subjects/{subject}/visits", json={"date": "2026-11-01"}).json()["id"]
        asked = pool.submit(
            client.post, f"/v1/analyses?visit={visit}", content=PHOTO, headers={"Content-Type": "image/jpeg"}
        )
        assert begun.wait(30)
        assert client.delete(f"/v1/subjects/{subject}").status_code == 204
        gate.set()
        assert asked.result().status_code == 404
        assert client.get("/v1/analyses").json()["items"] == []
