"""The files of the page, as they are served."""

import pytest

from dermis.errors import ModelMissing
from dermis.service.api import static
from dermis.service.api.static import EngineFile


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/service-worker.js", "text/javascript; charset=utf-8"),
        ("/pages/app.js", "text/javascript; charset=utf-8"),
        ("/pages/manifest.json", "application/json"),
        ("/pages/icon.svg", "image/svg+xml"),
        ("/pages/icon-192.png", "image/png"),
    ],
)
def test_files_have_their_type_and_ask_for_no_key(client, path, kind):
    client.post("/v1/keys", json={"name": "k", "scopes": ["read"]})
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert answer.headers["cache-control"] == "no-cache"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/pages/../api/app.py",
        "/pages/..%2Fapi%2Fapp.py",
        "/pages//etc/passwd",
        "/pages/%00",
        "/pages/",
        "/pages/none.js",
    ],
)
def test_nothing_but_the_page_is_given(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_the_engine_is_sent_compressed_and_for_ever(client, monkeypatch, tmp_path):
    (tmp_path / "plain").write_bytes(b"plain")
    (tmp_path / "zipped").write_bytes(b"zipped")

    def engine_file(name):
        if name != "ort.wasm":
            raise KeyError(name)
        return EngineFile(path=tmp_path / "plain", gzip_path=tmp_path / "zipped", media_type="application/wasm")

    monkeypatch.setattr(static, "engine_file", engine_file)
    plain = client.get("/engine/ort.wasm", headers={"Accept-Encoding": "identity"})
    assert (plain.content, plain.headers["content-type"]) == (b"plain", "application/wasm")
    assert "immutable" in plain.headers["cache-control"]
    request = client.build_request("GET", "/engine/ort.wasm", headers={"Accept-Encoding": "gzip"})
    zipped = client.send(request, stream=True)
    assert zipped.headers["content-encoding"] == "gzip"
    zipped.close()
    assert client.get("/engine/other").status_code == 404

    def missing(name):
        raise ModelMissing("It cannot be fetched.", advice="Go online once.")

    monkeypatch.setattr(static, "engine_file", missing)
    answer = client.get("/engine/ort.wasm")
    assert (answer.status_code, answer.json()["code"]) == (503, "model_missing")
