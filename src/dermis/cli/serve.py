"""`dermis serve`, `user`, `backup` and `restore`: the service and its store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from dermis.errors import UsageError

__all__ = ["add_service_verbs"]

Db = Annotated[
    str,
    typer.Option(
        "--db",
        metavar="URL",
        help="sqlite:///FILE or postgresql://USER@HOST/NAME; by default a file in the folder for data of programs.",
    ),
]
_SERVE_HELP = """Start the service: the page for people, the API for programs.

\b
dermis serve                                       on this machine, ready in the browser
dermis user anna && dermis serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem

On this machine nobody is asked for a key until the first key or user is made. A network address needs a user first.
Photos are analysed in memory; with --photo-key FILE those of subjects who agreed are kept, encrypted.

Exit codes: 0 done, 1 a fault of ours, 2 wrong usage.
"""


def add_service_verbs(app: typer.Typer) -> None:
    """Add the verbs of the service."""
    app.command(help=_SERVE_HELP)(serve)
    app.command()(user)
    app.command()(backup)
    app.command()(restore)


def serve(
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The port to listen on.")] = 8000,
    db: Db = "",
    workers: Annotated[
        int, typer.Option("--workers", min=0, max=64, help="Photos analysed at once; 0: one a core, at most 4.")
    ] = 0,
    photo_key: Annotated[
        Path | None, typer.Option("--photo-key", metavar="FILE", help="32 bytes in base64 that kept photos need.")
    ] = None,
    upload_mb: Annotated[int, typer.Option("--upload-mb", min=1, max=500, help="The largest photo.")] = 30,
    rate: Annotated[int, typer.Option("--rate", min=0, help="Requests a minute and account; 0: no limit.")] = 600,
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", metavar="PEM", help="The certificate.")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", metavar="PEM", help="Its key.")] = None,
) -> None:
    """Start the service: the page for people, the API for programs."""
    _need_extra()
    from dermis.service.api.run import run_service
    from dermis.service.api.service import ServeOptions

    if (tls_cert is None) != (tls_key is None):
        raise UsageError("--tls-cert and --tls-key belong together.", advice="Give both or none.")
    options = ServeOptions(
        host=host,
        port=port,
        db=db or _default_db(),
        workers=workers or min(4, os.cpu_count() or 1),
        photo_key=photo_key,
        upload_mb=upload_mb,
        requests_per_minute=rate,
        tls_cert=tls_cert,
        tls_key=tls_key,
    )
    run_service(options)


def user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whom to make, or whose password to set.")],
    db: Db = "",
) -> None:
    """Make a user of the service, or set their password; it is asked for twice."""
    _need_extra()
    from dermis.service.store.accounts import set_password
    from dermis.service.store.database import open_database
    from dermis.service.store.migrate import migrate

    database = open_database(db or _default_db())
    migrate(database)
    password = typer.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt=True)
    with database.writing() as session:
        set_password(session, name, password)
    typer.echo(f"{name} can sign in.")


def backup(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="The archive to write, e.g. dermis.zip.")],
    db: Db = "",
) -> None:
    """Write the whole store into one archive; the service may run meanwhile.

    Keys of kept photos are not part of it: copy the folder beside your --photo-key too.
    """
    _need_extra()
    from dermis.service.store import backup as archives
    from dermis.service.store.database import open_database

    rows = archives.backup(open_database(db or _default_db()), out)
    typer.echo(f"{out}: {rows['subject']} subjects, {rows['analysis']} analyses, {rows['photo']} photos.")


def restore(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="An archive of `dermis backup`.")],
    db: Db = "",
) -> None:
    """Fill an empty store from a backup, all or nothing."""
    _need_extra()
    from dermis.service.store import backup as archives
    from dermis.service.store.database import open_database

    rows = archives.restore(open_database(db or _default_db()), archive)
    typer.echo(f"{rows['subject']} subjects, {rows['analysis']} analyses, {rows['photo']} photos are back.")


def _default_db() -> str:
    import platformdirs

    folder = Path(platformdirs.user_data_dir("dermis"))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return f"sqlite:///{folder / 'dermis.sqlite'}"


def _need_extra() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("fastapi", "sqlalchemy", "alembic", "uvicorn") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"The service needs {', '.join(missing)}.", advice="Install it: pip install 'dermis[service]'."
        )
