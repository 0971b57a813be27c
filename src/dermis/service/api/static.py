"""Routes: the page and what it is made of, the engine and the networks of its camera included.

The engine comes from its npm package by name and hash, the networks are those that `dermis analyse` uses, written
as ONNX. Each file lies in the user's cache, beside a compressed copy that is sent where the browser takes it.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from fastapi import APIRouter, Request
from starlette.responses import Response

from dermis.errors import NotFound
from dermis.formats.files import write_bytes
from dermis.models.registry import fetch, place
from dermis.service.api.answers import tagged
from dermis.service.tflite_to_onnx import convert

__all__ = ["ENGINE_FILES", "EngineFile", "engine_file", "router"]

_making = Lock()  # two requests at once would fetch the package twice


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFile:
    """A file to send; `gzip_path` is the same file compressed."""

    path: Path
    gzip_path: Path
    media_type: str


def _as_it_is(path: Path) -> Path:
    return path


def _as_onnx(path: Path) -> Path:
    """Return the network at `path` as ONNX, converted where that was not done for this very file."""
    data = path.read_bytes()
    made = path.with_name(f"{path.stem}-{hashlib.sha256(data).hexdigest()[:12]}.onnx")
    if not made.is_file():
        write_bytes(made, convert(data))
    return made


_Prepare = Callable[[Path], Path]

ENGINE_FILES: dict[str, tuple[str, str, _Prepare]] = {
    "ort.mjs": ("browser_engine_script", "text/javascript; charset=utf-8", _as_it_is),
    "ort.wasm": ("browser_engine", "application/wasm", _as_it_is),
    "face_detector.onnx": ("face_detector", "application/octet-stream", _as_onnx),
    "face_landmarks.onnx": ("face_landmarks", "application/octet-stream", _as_onnx),
}
"""By the name in the address: the model's name in the registry, the media type, how it is prepared."""


def engine_file(name: str) -> EngineFile:
    """Return a file of the engine, fetched and prepared where it is not here yet.

    Raises KeyError for a name that is none of the engine's, ModelMissing where it cannot be fetched.
    """
    model, media_type, prepare = ENGINE_FILES[name]
    with _making:
        path = prepare(fetch(model))
        return EngineFile(path=path, gzip_path=_compressed(path, place(model)), media_type=media_type)


def _compressed(path: Path, source: Path) -> Path:
    """Return the compressed copy of `path`, made anew where it is older than the file it came from."""
    zipped = path.with_name(f"{path.name}.gz")
    if not zipped.is_file() or zipped.stat().st_mtime_ns < source.stat().st_mtime_ns:
        write_bytes(zipped, gzip.compress(path.read_bytes(), compresslevel=9, mtime=0))
    return zipped


router = APIRouter(include_in_schema=False)
PAGES = Path(__file__).parents[1] / "pages"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
}
_NO_CACHE = {"Cache-Control": "no-cache"}
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@router.api_route("/", methods=["GET", "HEAD"])
def get_page(request: Request) -> Response:
    """Give the page."""
    return _file(request, "index.html")


@router.api_route("/service-worker.js", methods=["GET", "HEAD"])
def get_service_worker(request: Request) -> Response:
    """Give the service worker, at the root so that it may serve all of the page."""
    return _file(request, "service-worker.js")


@router.api_route("/pages/{path:path}", methods=["GET", "HEAD"])
def get_file(request: Request, path: str) -> Response:
    """Give a file of the page."""
    return _file(request, path)


@router.api_route("/engine/{name}", methods=["GET", "HEAD"])
def get_engine(request: Request, name: str) -> Response:
    """Give a file of the engine that runs in the browser, fetched once by name and hash."""
    try:
        file = engine_file(name)
    except KeyError as fault:
        raise NotFound(f"There is no {name!r}.") from fault
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    path = file.gzip_path if zipped else file.path
    headers = {**_FOR_EVER, "Vary": "Accept-Encoding", **({"Content-Encoding": "gzip"} if zipped else {})}
    return tagged(request, path.read_bytes(), file.media_type, headers=headers)


def _file(request: Request, name: str) -> Response:
    path = PAGES if "\x00" in name else (PAGES / name).resolve()
    if not path.is_relative_to(PAGES.resolve()) or not path.is_file():
        raise NotFound("There is no such page.", advice="Open /.")
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return tagged(request, path.read_bytes(), kind, headers=_NO_CACHE)
