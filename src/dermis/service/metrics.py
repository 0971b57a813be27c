"""Figures for Prometheus: counts and seconds, nothing about a subject."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["Metrics"]

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
