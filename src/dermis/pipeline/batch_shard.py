"""A shard of a batch: some photos analysed and written as one file that is there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dermis.core import Analysis, Provenance
from dermis.errors import DermisError, InputError, UnreadablePhoto
from dermis.formats.analysis_json import analysis_object
from dermis.formats.images.container import plain_name, plain_path
from dermis.formats.tables.parquet import write_parquet
from dermis.models.registry import MODELS
from dermis.models.weights import WEIGHTS, file_hashes, find_weights, shipped
from dermis.pipeline.analyse import analyse_file
from dermis.pipeline.batch_photos import BatchPhoto
from dermis.pipeline.options import AnalyseOptions
from dermis.pipeline.quality.verdict import refused
from dermis.pipeline.results import write_result
from dermis.settings import read_settings
from dermis.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

__all__ = ["Asked", "ShardDone", "ShardJob", "finding_fields", "photo_fields", "run_shard", "write_refused"]

_MOST_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of every photo of a batch.

    shards: the folder of the shards. reports: the folder of reports, "" for none. report, maps: what is written there.
    """

    options: AnalyseOptions
    shards: str
    reports: str = ""
    report: bool = False
    maps: bool = False

    def key(self) -> str:
        """Sixteen letters that change with the version, the models and the options: what was measured otherwise."""
        models = {model.name: model.sha256 for model in MODELS}
        models |= {name: json.dumps(file_hashes(WEIGHTS / name)) for name in shipped()}
        own = [word.rpartition("=")[2] for word in self.options.weights]
        models |= {f"own {name}": json.dumps(file_hashes(find_weights(name))) for name in own}
        said = [__version__, models, asdict(self.options), bool(self.report), bool(self.maps)]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardJob:
    """Some photos, and the folder of each one's report ("" for none)."""

    asked: Asked
    photos: tuple[BatchPhoto, ...]
    folders: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file of the shard, which its photos name."""
        said = "".join(photo.key for photo in self.photos)
        return f"shard-{hashlib.sha256(said.encode()).hexdigest()[:16]}.parquet"

    def halves(self) -> tuple[ShardJob, ShardJob]:
        """Return two jobs that make up this one, which has two photos at least."""
        middle = len(self.photos) // 2
        return (
            replace(self, photos=self.photos[:middle], folders=self.folders[:middle]),
            replace(self, photos=self.photos[middle:], folders=self.folders[middle:]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardDone:
    """How many photos a shard holds, and how many of them were usable."""

    photos: int
    usable: int


def run_shard(
    job: ShardJob, *, stopped: Callable[[], bool] = lambda: False, done: Callable[[], None] = lambda: None
) -> ShardDone:
    """Analyse the photos of a job and write its shard; what `stopped` cuts short holds the photos that are done.

    done: called after each photo. A file that cannot be used has its row with the reason. Raises UsageError where the
    shard cannot be written.
    """
    rows, folders = [], job.folders or ("",) * len(job.photos)
    for photo, folder in zip(job.photos, folders, strict=True):
        if stopped():
            break
        rows.append(_row(photo, folder, job.asked))
        done()
    return _written(job, rows)


def write_refused(job: ShardJob, reason: str, advice: str) -> ShardDone:
    """Write the shard of photos that ended the process that worked on them; the next run tries them again."""
    error = InputError(reason, advice=advice)
    return _written(job, [_as_row(photo, _unread(photo, "crashed", error), retry=True) for photo in job.photos])


def _written(job: ShardJob, rows: Sequence[Mapping[str, Any]]) -> ShardDone:
    import pyarrow as pa  # late: 0.1 s

    if rows:
        folder = Path(job.asked.shards)
        whole = len(rows) == len(job.photos)
        path = folder / (job if whole else replace(job, photos=job.photos[: len(rows)], folders=())).name
        fields = pa.schema([*photo_fields(), pa.field("findings", pa.list_(pa.struct(finding_fields())))])
        table = pa.Table.from_pylist(list(rows), schema=fields)
        write_parquet(table, path, folder / f"{path.stem}.{secrets.token_hex(4)}.parquet.tmp")
    return ShardDone(photos=len(rows), usable=sum(row["usable"] for row in rows))


def _row(photo: BatchPhoto, folder: str, asked: Asked) -> dict[str, Any]:
    """Analyse one photo and return its row."""
    try:
        with _at_hand(photo) as path:
            analysis = analyse_file(path, asked.options)
    except _Unreachable as error:
        return _as_row(photo, _unread(photo, "unreachable", error), retry=True)
    except DermisError:
        raise
    except Exception as fault:
        if read_settings().debug:
            raise
        said = InputError(f"A fault of ours: {type(fault).__name__}: {fault}.", advice="Send us the message.")
        return _as_row(photo, _unread(photo, "crashed", said), retry=True)
    analysis = replace(analysis, name=plain_name(photo.path), path=plain_path(photo.path))
    if folder:
        write_result(analysis, Path(asked.reports) / folder, report=asked.report, maps=asked.maps)
    return _as_row(photo, analysis, report=folder)


class _Unreachable(UnreadablePhoto):
    """A photo that could not be fetched now."""


@contextmanager
def _at_hand(photo: BatchPhoto) -> Iterator[Path]:
    """Give a photo as a file of this machine; one behind an address is fetched for as long as it is needed."""
    if not photo.remote:
        yield Path(photo.path)
        return
    import fsspec  # late: only addresses need it

    with tempfile.TemporaryDirectory(prefix="dermis-") as folder:
        path = Path(folder) / plain_name(photo.path).replace("/", "_")
        try:
            if photo.size > _MOST_BYTES:
                raise UnreadablePhoto(f"{photo.path} is larger than any photo.", advice="Export it as JPEG.")
            with fsspec.open(photo.path, "rb") as held:
                path.write_bytes(held.read())
        except UnreadablePhoto:
            path.write_bytes(b"")  # the reader refuses it in its own words
        except Exception as fault:  # noqa: BLE001 -- each store has faults of its own
            raise _Unreachable(
                f"It could not be fetched ({type(fault).__name__}: {fault}).", advice="Run the batch again."
            ) from None
        yield path


def _unread(photo: BatchPhoto, code: str, error: InputError) -> Analysis:
    return Analysis(
        name=plain_name(photo.path),
        path=plain_path(photo.path),
        photo=None,
        quality=refused(code, error.message, error.advice),
        provenance=Provenance(dermis=__version__),
    )


def photo_fields() -> list[pa.Field]:
    """Return the columns of a photo in a shard."""
    import pyarrow as pa

    text, number, whole = pa.string(), pa.float64(), pa.int64()
    named = pa.map_(text, number)
    return [
        pa.field("key", text, nullable=False),
        pa.field("retry", pa.bool_(), nullable=False),
        pa.field("path", text, nullable=False),
        pa.field("file", text, nullable=False),
        pa.field("sha256", text),
        pa.field("bytes", whole),
        pa.field("modified", pa.timestamp("ms", tz="UTC")),
        pa.field("width_px", whole),
        pa.field("height_px", whole),
        *(pa.field(name, text) for name in ("camera_make", "camera_model")),
        *(pa.field(name, number) for name in _EXPOSURE),
        pa.field("usable", pa.bool_(), nullable=False),
        pa.field("problems", pa.list_(text), nullable=False),
        pa.field("reason", text),
        pa.field("condition", text, nullable=False),
        pa.field("face_found", pa.bool_(), nullable=False),
        pa.field("view", text),
        pa.field("quality", named, nullable=False),
        pa.field("seconds", named, nullable=False),
        pa.field("dermis", text, nullable=False),
        pa.field("models", text, nullable=False),
        pa.field("report", text),
    ]


_EXPOSURE = ("iso", "exposure_s", "f_number", "brightness_ev")


def finding_fields() -> list[pa.Field]:
    """Return the columns of a finding."""
    import pyarrow as pa

    text, number = pa.string(), pa.float64()
    return [
        *(pa.field(name, text, nullable=False) for name in ("task", "region")),
        pa.field("value", number, nullable=False),
        *(pa.field(name, text) for name in ("unit", "label")),
        pa.field("labels", pa.list_(text)),
        *(pa.field(name, number) for name in ("interval_low", "interval_high", "level", "spread_low", "spread_high")),
        pa.field("items", pa.int64(), nullable=False),
        *(pa.field(name, text) for name in ("items_json", "detail_json", "model")),
    ]


def _as_row(photo: BatchPhoto, analysis: Analysis, *, report: str = "", retry: bool = False) -> dict[str, Any]:
    """Return an analysis as the row of a shard."""
    held = analysis_object(analysis)
    capture, quality, face = held["photo"]["capture"], held["quality"], held["face"]
    rejected = [one for one in quality["problems"] if one["severity"] == "reject"]
    return {
        "key": photo.key,
        "retry": retry,
        "path": held["photo"]["path"],
        "file": held["photo"]["file"],
        "sha256": held["photo"]["sha256"],
        "bytes": None if photo.size < 0 else photo.size,
        "modified": None if photo.modified_s is None else round(1000 * photo.modified_s),
        "width_px": held["photo"]["width_px"],
        "height_px": held["photo"]["height_px"],
        "camera_make": capture.get("make"),
        "camera_model": capture.get("model"),
        **{name: capture.get(name) for name in _EXPOSURE},
        "usable": quality["usable"],
        "problems": [one["code"] for one in (*rejected, *(one for one in quality["problems"] if one not in rejected))],
        "reason": " ".join(f"{one['message']} {one['advice']}".strip() for one in rejected) or None,
        "condition": held["condition"]["name"],
        "face_found": face["found"],
        "view": face["view"],
        "quality": list(quality["measures"].items()),
        "seconds": list(held["provenance"]["seconds"].items()),
        "dermis": held["provenance"]["dermis"],
        "models": json.dumps(held["provenance"]["models"], sort_keys=True),
        "report": report or None,
        "findings": [_finding_row(one) for one in held["findings"]],
    }


def _finding_row(finding: Mapping[str, Any]) -> dict[str, Any]:
    low, high = finding["interval"] or (None, None)
    darkest, lightest = finding["spread"] or (None, None)
    return {
        **{name: finding[name] for name in ("task", "region", "value", "unit", "label", "labels", "level")},
        "interval_low": low,
        "interval_high": high,
        "spread_low": darkest,
        "spread_high": lightest,
        "items": len(finding["items"]),
        "items_json": json.dumps(finding["items"], ensure_ascii=False) if finding["items"] else None,
        "detail_json": json.dumps(finding["detail"], ensure_ascii=False) if finding["detail"] else None,
        "model": finding["model"],
    }
