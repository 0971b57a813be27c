"""`dermis user`: who can sign in to the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from dermis.cli.extras import need_service
from dermis.cli.parser import verb
from dermis.cli.store import Db, default_db

__all__ = ["user"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Make a user of the service, or set their password.

    The password is asked for twice.
    """

    name: Annotated[str, typer.Argument(metavar="NAME", help="Whom to make, or whose password to set.")]
    db: Db = ""


@verb(Options)
def user(options: Options) -> None:
    """Ask for a password and set it."""
    need_service()
    from dermis.service.store.accounts import set_password
    from dermis.service.store.database import open_database
    from dermis.service.store.migrate import migrate

    database = open_database(options.db or default_db())
    migrate(database)
    password = typer.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt=True)
    with database.writing() as session:
        set_password(session, options.name, password)
    print(f"{options.name} can sign in.")
