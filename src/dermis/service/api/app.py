"""The application, put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from dermis.service.api import analyses, health, jobs, keys, others, people, pictures, session, static, subjects
from dermis.service.api.guard import Guard
from dermis.service.api.problems import PROBLEMS, add_handlers
from dermis.service.api.runner import run_jobs
from dermis.service.api.service import ServeOptions, Service
from dermis.service.photo_keys import read_photo_keys
from dermis.service.store.database import open_database
from dermis.service.store.migrate import migrate
from dermis.service.workers import Workers
from dermis.version import __version__

__all__ = ["make_app", "make_service"]

_ABOUT = """Measures facial skin from photographs. A measuring tool, not a diagnosis.

Photos are processed in memory and kept only where their subject agreed. Errors are `application/problem+json`."""


def make_service(options: ServeOptions) -> Service:
    """Open the store, bring its tables up to date, and start workers.

    Raises UsageError for options that mean nothing, StoreUnreachable.
    """
    keys_of_photos = None if options.photo_key is None else read_photo_keys(options.photo_key)
    database = open_database(options.db)
    migrate(database)
    return Service(options=options, database=database, workers=Workers(options.workers), photo_keys=keys_of_photos)


def make_app(service: Service) -> FastAPI:
    """Return the application of a service."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(service.workers.start(service.measuring.warm)),
            asyncio.create_task(run_jobs(service)),
        ]
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        service.workers.stop()
        service.database.close()

    app = FastAPI(
        title="dermis",
        version=__version__,
        description=_ABOUT,
        lifespan=life,
        responses=PROBLEMS,
        docs_url=None,  # these pages load scripts from another host
        redoc_url=None,
    )
    app.state.service = service
    add_handlers(app)
    app.add_middleware(Guard, service=service)
    for part in (session, keys, subjects, analyses, people, pictures, jobs, others, health, static):
        app.include_router(part.router)
    return app
