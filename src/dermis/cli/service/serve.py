"""`dermis serve`: the service."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.models import fetch_with_progress
from dermis.cli.parser import need_service, verb
from dermis.cli.service.store import Db, default_db
from dermis.errors import UsageError
from dermis.models.registry import MODELS

__all__ = ["serve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""Start the service: a page for people, an API for programs.

    \b
    dermis serve                                       on this machine, ready in the browser
    dermis user anna && dermis serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem

    On this machine nobody is asked for a key until the first key or user is made. A network address needs a user first.
    Photos are analysed in memory; with --photo-key FILE those of subjects who agreed are kept, encrypted.

    Exit codes: 0 done, 1 a fault of ours, 2 wrong usage.
    """

    host: Annotated[str, "The address to listen on."] = "127.0.0.1"
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The port to listen on.")] = 8000
    db: Db = ""
    workers: Annotated[
        int, typer.Option("--workers", min=0, max=64, help="Photos analysed at once; 0: one a core, at most 4.")
    ] = 0
    photo_key: Annotated[Path | None, "32 bytes in base64 that kept photos need.", "FILE"] = None
    upload_mb: Annotated[int, typer.Option("--upload-mb", min=1, max=500, help="The largest photo.")] = 30
    rate: Annotated[int, typer.Option("--rate", min=0, help="Requests a minute and account; 0: no limit.")] = 600
    site: Annotated[str, "Its address for people, where a proxy stands before it.", "URL"] = ""
    tls_cert: Annotated[Path | None, "The certificate.", "PEM"] = None
    tls_key: Annotated[Path | None, "Its key.", "PEM"] = None


@verb(Options)
def serve(options: Options) -> None:
    """Start the service."""
    need_service()
    from dermis.service.api.run import open_service, run_service
    from dermis.service.api.service import ServeOptions

    if (options.tls_cert is None) != (options.tls_key is None):
        raise UsageError("--tls-cert and --tls-key belong together.", advice="Give both or none.")
    if options.site and not options.site.startswith(("http://", "https://")):
        raise UsageError(f"--site {options.site!r} is no address.", advice="Write https://skin.example.")
    service = open_service(
        ServeOptions(
            host=options.host,
            port=options.port,
            db=options.db or default_db(),
            workers=options.workers or min(4, os.cpu_count() or 1),
            photo_key=options.photo_key,
            upload_mb=options.upload_mb,
            requests_per_minute=options.rate,
            site=options.site,
            tls_cert=options.tls_cert,
            tls_key=options.tls_key,
        )
    )
    fetch_with_progress([model.name for model in MODELS])
    run_service(service)
