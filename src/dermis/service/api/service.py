"""What the routes share: options, store, workers, and what is held for a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, Request

from dermis.service.api.limits import Limits
from dermis.service.job_queue import JobQueue
from dermis.service.measure import MEASURING, Measuring
from dermis.service.metrics import Metrics
from dermis.service.photo_keys import PhotoKeys
from dermis.service.recent import Recent
from dermis.service.store.database import Database
from dermis.service.store.schema import new_id
from dermis.service.workers import Workers

__all__ = ["LOOPBACK", "ServeOptions", "Service", "Shared"]

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
