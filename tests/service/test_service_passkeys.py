"""Signing in by passkey, with an authenticator in software."""

import pytest

from fakes.passkeys import Authenticator


@pytest.fixture
def anna(client):
    """A signed-in user with a passkey."""
    client.post("/v1/users", json={"name": "anna", "password": "correct horse battery"})
    authenticator = Authenticator("testserver", "http://testserver")
    options = client.post("/v1/passkeys/options").json()
    assert client.post("/v1/passkeys", json=authenticator.create(options)).status_code == 201
    client.delete("/v1/session")
    return authenticator


def test_a_passkey_signs_in(client, anna):
    assert client.get("/v1/session").json()["methods"] == ["password", "passkey"]
    assert not client.get("/v1/session").json()["signed_in"]
    options = client.post("/v1/session/passkey/options").json()
    assert client.post("/v1/session/passkey", json=anna.get(options)).status_code == 204
    assert client.get("/v1/session").json()["name"] == "anna"


def test_an_answer_to_another_challenge_is_refused(client, anna):
    first = anna.get(client.post("/v1/session/passkey/options").json())
    client.post("/v1/session/passkey/options")
    assert client.post("/v1/session/passkey", json=first).status_code == 401
    options = client.post("/v1/session/passkey/options").json()
    answer = anna.get(options)
    assert client.post("/v1/session/passkey", json=answer).status_code == 204
    assert client.post("/v1/session/passkey", json=answer).status_code == 401, "a challenge is answered once"


def test_another_site_and_another_key_are_refused(client, anna):
    elsewhere = Authenticator("evil.example", "http://evil.example")
    elsewhere.key, elsewhere.id = anna.key, anna.id
    other = Authenticator("testserver", "http://testserver")
    other.id = anna.id
    for authenticator in (elsewhere, other, Authenticator("testserver", "http://testserver")):
        options = client.post("/v1/session/passkey/options").json()
        assert client.post("/v1/session/passkey", json=authenticator.get(options)).status_code == 401
