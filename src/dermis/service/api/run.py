"""The application, put together and run until it is stopped."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from socket import AF_INET, AF_INET6, create_server, socket

from fastapi import FastAPI

from dermis.errors import UsageError
from dermis.service.api import analyses, health, jobs, keys, others, people, pictures, session, static, subjects
from dermis.service.api.access import Guard
from dermis.service.api.answers import PROBLEMS, add_handlers
from dermis.service.api.jobs import run_jobs
from dermis.service.api.service import ServeOptions, Service
from dermis.service.photo_keys import read_photo_keys
from dermis.service.store import accounts
from dermis.service.store.database import open_database
from dermis.service.store.migrate import migrate
from dermis.service.workers import Workers
from dermis.version import __version__

__all__ = ["make_app", "make_service", "open_service", "run_service"]

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


def open_service(options: ServeOptions) -> Service:
    """Open the store and what else a service needs.

    Raises UsageError for options that mean nothing, and for a network address while nobody has a login.
    """
    service = make_service(options)
    _refuse_open_network(service)
    return service


def run_service(service: Service) -> None:
    """Serve until the process is told to stop.

    Raises UsageError for a port that is taken and for a certificate that cannot be used.
    """
    import uvicorn

    options = service.options
    config = uvicorn.Config(
        make_app(service),
        log_level="warning",
        access_log=False,  # addresses and ids are nobody's business
        server_header=False,
        timeout_graceful_shutdown=20,  # who follows a job would keep the service for ever
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
    )
    listening = _listen(options)
    try:
        config.load()
    except OSError as fault:
        raise UsageError(f"--tls-cert {options.tls_cert} cannot be used: {fault}.", advice="Name PEM files.") from fault

    class Announced(uvicorn.Server):
        """Says its address once it answers there."""

        async def startup(self, sockets: list[socket] | None = None) -> None:
            await super().startup(sockets)
            _announce(options)

    try:
        Announced(config).run(sockets=[listening])
    except KeyboardInterrupt:
        print("dermis: the service has stopped.", file=sys.stderr)


def _listen(options: ServeOptions) -> socket:
    """Take the port, before anything is started."""
    try:
        return create_server(
            (options.host, options.port), family=AF_INET6 if ":" in options.host else AF_INET, backlog=2048
        )
    except OSError as fault:
        raise UsageError(
            f"The service cannot listen on {options.host}:{options.port}: {fault.strerror}.",
            advice="Choose another --port.",
        ) from fault


def _announce(options: ServeOptions) -> None:
    secure = options.tls_cert is not None
    host = f"[{options.host}]" if ":" in options.host else options.host
    print(f"dermis: http{'s' if secure else ''}://{host}:{options.port}/", flush=True)
    if not options.on_loopback and not secure and not options.site.startswith("https://"):
        print("dermis: without --tls-cert, browsers on other machines give no camera and no passkey.", file=sys.stderr)


def _opened_by(options: ServeOptions) -> str:
    return f"--host {options.host}" if not options.on_loopback else f"--site {options.site}"


def _refuse_open_network(service: Service) -> None:
    if service.options.is_private:
        return
    with service.database.reading() as session:
        if not accounts.guarded(session):
            raise UsageError(
                f"{_opened_by(service.options)} opens the service to the network, and nobody has a login.",
                advice="Make a user first: dermis user NAME.",
            )
