"""What the routes share: options, store, workers, how often somebody may ask, and figures for Prometheus."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Annotated, cast

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from dermis.errors import DermisError
from dermis.service.measure import MEASURING, Measuring
from dermis.service.photo_keys import PhotoKeys
from dermis.service.recent import Recent
from dermis.service.store.database import Database
from dermis.service.store.schema import new_id
from dermis.service.workers import JobQueue, Workers

__all__ = ["LOOPBACK", "Limits", "Metrics", "ServeOptions", "Service", "Shared", "TooManyRequests"]

_MOST_BUCKETS = 10_000


class TooManyRequests(DermisError):
    """Somebody asked too often; `retry_after_s` says when to come back."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("Too many requests.", advice=f"Try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


class Limits:
    """Buckets by name, in this process; the ones not used for longest are forgotten."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._clock = clock
        self._lock = Lock()

    def take(self, name: str, per_minute: int) -> None:
        """Count one request; a minute's worth may come at once. `per_minute` 0: no limit. Raises TooManyRequests."""
        if per_minute <= 0:
            return
        with self._lock:
            moment = self._clock()
            left, since = self._buckets.pop(name, (float(per_minute), moment))
            left = min(float(per_minute), left + (moment - since) * per_minute / 60)
            allowed = left >= 1
            self._buckets[name] = (left - 1 if allowed else left, moment)
            if len(self._buckets) > _MOST_BUCKETS:
                self._buckets.popitem(last=False)
        if not allowed:
            raise TooManyRequests(max(1, round((1 - left) * 60 / per_minute)))


_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


class Metrics:
    """The figures of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "dermis_requests_total", "Requests answered.", ("method", "path", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "dermis_request_seconds", "Seconds to the answer.", ("path",), buckets=_SECONDS, registry=self.registry
        )
        self.analyses = Counter("dermis_analyses_total", "Photos analysed.", ("usable",), registry=self.registry)
        self.in_work = Gauge("dermis_photos_in_work", "Photos in work or waiting.", registry=self.registry)

    def text(self) -> bytes:
        """Return all figures in the text format of Prometheus."""
        return generate_latest(self.registry)


LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What `dermis serve` was told; see its help."""

    host: str = "127.0.0.1"
    port: int = 8000
    db: str = ""
    workers: int = 2
    photo_key: Path | None = None
    upload_mb: int = 30
    job_upload_mb: int = 200
    requests_per_minute: int = 600
    site: str = ""
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @property
    def on_loopback(self) -> bool:
        """Whether the service listens to this machine alone."""
        return self.host in LOOPBACK

    @property
    def is_private(self) -> bool:
        """Whether only this machine can reach the service: no proxy stands before it."""
        return self.on_loopback and not self.site


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One running service; `process` is its name in the store."""

    options: ServeOptions
    database: Database
    workers: Workers
    photo_keys: PhotoKeys | None
    recent: Recent = field(default_factory=Recent)
    metrics: Metrics = field(default_factory=Metrics)
    limits: Limits = field(default_factory=Limits)
    job_queue: JobQueue = field(default_factory=JobQueue)
    measuring: Measuring = MEASURING
    process: str = field(default_factory=new_id)


def _shared(request: Request) -> Service:
    return cast(Service, request.app.state.service)


Shared = Annotated[Service, Depends(_shared)]
