"""Nobody sees what is another's; nothing answers strangers. Generated over every path of the API."""

from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient

from dermis.service.api.run import make_app
from dermis.service.api.service import Limits
from dermis.service.store import accounts
from fakes.measuring import PHOTO
from fakes.services import serve

OPEN = {("get", "/v1/health"), ("get", "/v1/session"), ("post", "/v1/session"), ("delete", "/v1/session")} | {
    ("post", "/v1/session/passkey"),
    ("post", "/v1/session/passkey/options"),
}
"""What answers without a key: how the service is, and signing in and out."""
WITHOUT_ETAG = ("/metrics", "/v1/health", "/v1/jobs/{job_id}/events", "/v1/subjects/{subject_id}/export")
"""What is another each time, or a stream."""
CREDENTIAL = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}


@dataclass
class Person:
    client: TestClient
    ids: dict


@pytest.fixture
def people(client, service):
    """Two people with keys of every scope; the first has something of everything."""
    with service.database.writing() as session:
        secrets = [
            accounts.add_key(session, accounts.account_for_key(session, name).id, name, accounts.SCOPES)[1]
            for name in ("anna", "berta")
        ]
    anna, berta = (with_key(client, secret) for secret in secrets)
    subject = anna.post("/v1/subjects", json={"pseudonym": "Annas-subject"}).json()["id"]
    anna.post(f"/v1/subjects/{subject}/consents", json={"purpose": "keep_photos"})
    visit = anna.post(f"/v1/subjects/{subject}/visits", json={"date": "2026-11-01"}).json()["id"]
    jpeg = {"Content-Type": "image/jpeg"}
    analysis = anna.post(f"/v1/analyses?visit={visit}", content=PHOTO, headers=jpeg).json()["id"]
    person = anna.post(f"/v1/people?visit={visit}", files=[("front", ("a", PHOTO, "image/jpeg"))]).json()["id"]
    job = anna.post(f"/v1/jobs?visit={visit}", files=[("photos", ("a", PHOTO, "image/jpeg"))]).json()["id"]
    anna.get(f"/v1/jobs/{job}/events")
    anna.post("/v1/feedback", json={"analysis": analysis, "text": "Annas-feedback"})
    key = anna.post("/v1/keys", json={"name": "Annas-key", "scopes": ["read"]}).json()["id"]
    ids = {"subject_id": subject, "visit_id": visit, "analysis_id": analysis, "job_id": job, "key_id": key}
    ids["person_id"] = person
    return Person(anna, ids), Person(berta, {})


def with_key(client, secret):
    other = TestClient(client.app, raise_server_exceptions=False, headers={"Authorization": f"Bearer {secret}"})
    other.portal = client.portal  # the same running service
    return other


def operations(client):
    return [
        (method, path)
        for path, methods in client.get("/openapi.json").json()["paths"].items()
        for method in methods
        if method in ("get", "post", "put", "patch", "delete")
    ]


def ask(client, method, path, ids):
    """Ask one path in a way that its owner would be answered."""
    values = {**ids, "purpose": "keep_photos", "name": "melanin"}
    bodies = {
        "/v1/subjects": {"json": {"pseudonym": "new"}},
        "/v1/subjects/{subject_id}/consents": {"json": {"purpose": "research"}},
        "/v1/subjects/{subject_id}/visits": {"json": {"date": "2026-11-02"}},
        "/v1/analyses": {"content": PHOTO, "headers": {"Content-Type": "image/jpeg"}},
        "/v1/people": {"files": [("photos", ("a", PHOTO, "image/jpeg"))]},
        "/v1/jobs": {"files": [("photos", ("a", PHOTO, "image/jpeg"))]},
        "/v1/care": {"json": {"analysis": ids["analysis_id"]}},
        "/v1/feedback": {"json": {"analysis": ids["analysis_id"], "text": "Mine."}},
        "/v1/keys": {"json": {"name": "k", "scopes": ["read"]}},
        "/v1/users": {"json": {"name": "carla", "password": "correct horse battery"}},
        "/v1/session": {"json": {"name": "nobody", "password": "correct horse battery"}},
        "/v1/session/passkey": {"json": CREDENTIAL},
        "/v1/passkeys": {"json": CREDENTIAL},
    }
    queries = {
        "/v1/analyses": {"visit": ids["visit_id"]},
        "/v1/people": {"visit": ids["visit_id"]},
        "/v1/jobs": {"visit": ids["visit_id"]},
        "/v1/analyses/{analysis_id}/change": {"before": ids["analysis_id"]},
        "/v1/analyses/{analysis_id}/pixel": {"x": 150, "y": 300},
        "/v1/insights/distribution": {"task": "melanin"},
        "/v1/insights/drift": {"task": "melanin"},
    }
    more = bodies.get(path, {}) if method == "post" else {}
    return client.request(method, path.format(**values), params=queries.get(path), **more)


def ordered(client):
    """Every path, deletions last and the widest at the very end."""
    last = ("purpose", "key_id", "job_id", "person_id", "analysis_id", "visit_id", "subject_id")
    widest = {
        path: place for place, name in enumerate(last) for _, path in operations(client) if path.endswith(f"{name}}}")
    }
    return sorted(operations(client), key=lambda pair: (pair[0] == "delete", widest.get(pair[1], 0)))


def test_another_key_sees_and_changes_nothing(people, client):
    anna, berta = people
    marks = [*anna.ids.values(), "Annas-"]
    names_an_id = ("{", "/v1/analyses", "/v1/people", "/v1/jobs", "/v1/care", "/v1/feedback")
    for method, path in ordered(client):
        answer = ask(berta.client, method, path, anna.ids)
        assert answer.status_code < 500, (method, path)
        for mark in marks:
            assert mark not in answer.text, (method, path)
        if path.startswith(names_an_id) or "{" in path:
            allowed = {404} if (method, path) != ("get", "/v1/feedback") else {200}
            assert answer.status_code in allowed, (method, path, answer.text)
    for method, path in ordered(client):  # and all of it is still there for its owner
        answer = ask(anna.client, method, path, anna.ids)
        if "{" in path:
            assert answer.status_code in (200, 201, 204), (method, path, answer.text)


def test_every_post_can_be_retried_and_every_get_be_spared(people, client):
    anna, _ = people
    described = client.get("/openapi.json").json()["paths"]
    for path, methods in described.items():
        named = {parameter["name"] for parameter in methods.get("post", {}).get("parameters", [])}
        assert ("post" in methods) == ("Idempotency-Key" in named), path
    for method, path in operations(client):
        if method != "get" or path in WITHOUT_ETAG:
            continue
        answer = ask(anna.client, method, path, anna.ids)
        assert answer.headers.get("etag"), path


def test_strangers_are_answered_nothing(people, client, service):
    anna, _ = people
    for method, path in ordered(client):
        service.limits._buckets.clear()  # who asks so often in vain would be told to wait
        answer = ask(client, method, path, anna.ids)
        if (method, path) in OPEN:
            assert answer.status_code in (200, 204, 401), (method, path)
        else:
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
        for mark in [*anna.ids.values(), "Annas-"]:
            assert mark not in answer.text, (method, path)


@pytest.mark.parametrize("scope", accounts.SCOPES)
def test_a_key_does_what_its_scope_says(client, service, people, scope):
    anna, _ = people
    with service.database.writing() as session:
        owner = accounts.account_named(session, "anna").id
        secret = accounts.add_key(session, owner, "one scope", [scope])[1]
    limited = with_key(client, secret)
    for method, path in ordered(client):
        if (method, path) in OPEN or method == "delete":
            continue
        answer = ask(limited, method, path, anna.ids)
        assert (answer.status_code == 403) == (scope != SCOPE_OF(method, path)), (method, path, answer.text)


def SCOPE_OF(method, path):  # noqa: N802
    if path in ("/v1/analyses", "/v1/people", "/v1/jobs", "/v1/care") and method == "post":
        return "analyse"
    if (
        path in ("/v1/feedback", "/v1/insights/distribution", "/v1/insights/drift", "/v1/insights/products", "/metrics")
        and method == "get"
    ):
        return "insights"
    if path in ("/v1/keys", "/v1/users", "/v1/audit"):
        return "admin"
    return "read" if method == "get" else "write"


def test_nobody_is_asked_until_the_first_key(client):
    assert client.get("/v1/session").json()["signed_in"]
    assert not client.get("/v1/session").json()["login_required"]
    assert client.get("/v1/subjects").status_code == 200
    made = client.post("/v1/keys", json={"name": "app", "scopes": ["read"]})
    assert made.status_code == 201
    assert client.get("/v1/subjects").status_code == 401
    assert client.get("/v1/session").json()["login_required"]
    keyed = with_key(client, made.json()["key"])
    assert keyed.get("/v1/subjects").status_code == 200
    assert keyed.post("/v1/subjects", json={"pseudonym": "S1"}).status_code == 403


def test_the_first_user_takes_over_and_signs_in(client):
    subject = client.post("/v1/subjects", json={"pseudonym": "S1"}).json()["id"]
    password = "correct horse battery"
    made = client.post("/v1/users", json={"name": "anna", "password": password})
    assert made.status_code == 201
    cookie = made.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert client.get(f"/v1/subjects/{subject}").status_code == 200
    assert client.delete("/v1/session").status_code == 204
    client.cookies.clear()
    assert client.get(f"/v1/subjects/{subject}").status_code == 401
    assert client.post("/v1/session", json={"name": "anna", "password": "wrong horse battery"}).status_code == 401
    assert client.post("/v1/session", json={"name": "anna", "password": password}).status_code == 204
    assert client.get("/v1/session").json()["name"] == "anna"
    assert client.get(f"/v1/subjects/{subject}").status_code == 200


def test_a_revoked_key_is_worth_nothing(client, people):
    anna, _ = people
    made = anna.client.post("/v1/keys", json={"name": "k", "scopes": ["read"]}).json()
    keyed = with_key(client, made["key"])
    assert keyed.get("/v1/subjects").status_code == 200
    assert anna.client.delete(f"/v1/keys/{made['id']}").status_code == 204
    assert keyed.get("/v1/subjects").status_code == 401


def test_secrets_are_kept_nowhere(client, service, sqlite):
    key = client.post("/v1/keys", json={"name": "k", "scopes": ["admin"]}).json()["key"]
    password = "a very particular password"
    keyed = with_key(client, key)
    keyed.post("/v1/users", json={"name": "anna", "password": password}, headers={"Idempotency-Key": "u"})
    cookie = client.post("/v1/session", json={"name": "anna", "password": password}).cookies["dermis_session"]
    held = b"".join(
        path.read_bytes()
        for path in __import__("pathlib").Path(sqlite.engine.url.database).parent.iterdir()
        if path.is_file()
    )
    for secret in (key, password, cookie):
        assert secret.encode() not in held
    assert key[:9].encode() in held


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_another_site_may_not_ask(client, headers):
    answer = client.get("/v1/subjects", headers=headers)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:8000"])
def test_this_machine_may_ask(client, host):
    assert client.get("/v1/subjects", headers={"Host": host}).status_code == 200


def test_a_proxy_is_not_this_machine(client):
    assert client.get("/v1/subjects", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401


@pytest.mark.parametrize("opened", [{"host": "0.0.0.0"}, {"site": "https://skin.example"}])
def test_a_network_address_needs_a_login(sqlite, opened):
    from dermis.errors import UsageError
    from dermis.service.api.run import _refuse_open_network

    service = serve(sqlite, **opened)
    with pytest.raises(UsageError, match="nobody has a login"):
        _refuse_open_network(service)
    with TestClient(make_app(service)) as client:
        assert client.get("/v1/subjects").status_code == 401
        assert client.post("/v1/users", json={"name": "x", "password": "correct horse battery"}).status_code == 401
    with sqlite.writing() as session:
        accounts.set_password(session, "anna", "correct horse battery")
    _refuse_open_network(service)


def test_behind_a_proxy_cookies_are_secure(sqlite):
    with sqlite.writing() as session:
        accounts.set_password(session, "anna", "correct horse battery")
    with TestClient(make_app(serve(sqlite, site="https://skin.example"))) as client:
        there = {"Host": "skin.example"}
        login = {"name": "anna", "password": "correct horse battery"}
        assert "Secure" in client.post("/v1/session", json=login, headers=there).headers["set-cookie"]
        assert client.get("/v1/health", headers={"Host": "evil.example"}).status_code == 403
        options = client.post("/v1/session/passkey/options", headers=there).json()
        assert options["rpId"] == "skin.example"


def test_guessing_is_slow(sqlite):
    from dataclasses import replace

    service = replace(serve(sqlite), limits=Limits(clock=lambda: 0.0))
    with TestClient(make_app(service)) as client:
        client.post("/v1/users", json={"name": "anna", "password": "correct horse battery"})
        client.cookies.clear()
        tries = [
            client.post("/v1/session", json={"name": "anna", "password": f"wrong horse battery {number}"})
            for number in range(12)
        ]
    assert tries[0].status_code == 401
    assert tries[-1].status_code == 429
    assert int(tries[-1].headers["Retry-After"]) >= 1


def test_too_many_requests_are_refused(sqlite):
    from dataclasses import replace

    service = serve(sqlite)
    service = replace(service, options=replace(service.options, requests_per_minute=5))
    with TestClient(make_app(service)) as client:
        codes = [client.get("/v1/subjects").status_code for _ in range(7)]
    assert codes[:5] == [200] * 5
    assert codes[-1] == 429


def test_the_page_may_load_nothing_from_elsewhere(client):
    policy = client.get("/v1/health").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert client.get("/docs").status_code == 404
