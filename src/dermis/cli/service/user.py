"""`dermis user`: who can sign in to the service."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dermis.cli.parser import need_service, verb
from dermis.cli.service.store import Db, default_db
from dermis.errors import UsageError

__all__ = ["user"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Make a user of the service, or set their password.

    The password is asked for twice.
    """

    name: Annotated[str, typer.Argument(metavar="NAME", help="Whom to make, or whose password to set.")]
    db: Db = ""
    password_file: Annotated[Path | None, "Its first line, instead of asking.", "FILE"] = None


@verb(Options)
def user(options: Options) -> None:
    """Ask for a password and set it."""
    need_service()
    from dermis.service.store.accounts import set_password
    from dermis.service.store.database import open_database
    from dermis.service.store.migrate import migrate

    database = open_database(options.db or default_db())
    migrate(database)
    password = _password(options.password_file)
    with database.writing() as session:
        set_password(session, options.name, password)
    print(f"{options.name} can sign in.")


def _password(file: Path | None) -> str:
    if file is None:
        return str(typer.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt=True))
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0]
    except (OSError, UnicodeDecodeError) as fault:
        raise UsageError(f"--password-file {file} cannot be read.", advice="Name a text file.") from fault
