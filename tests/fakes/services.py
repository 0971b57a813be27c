"""A service whose workers are threads and whose analysis is a stand-in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from dermis.service.api.service import ServeOptions, Service
from dermis.service.workers import Workers
from fakes.measuring import measuring

__all__ = ["serve"]


def serve(database, photo_keys=None, **options):
    return Service(
        options=ServeOptions(requests_per_minute=0, **options),
        database=database,
        workers=Workers(2, make_pool=ThreadPoolExecutor),
        photo_keys=photo_keys,
        measuring=measuring,
    )
