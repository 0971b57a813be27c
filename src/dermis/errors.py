"""Everything dermis can refuse, and how it says so.

    DermisError              said to the user in one or two lines, never as a traceback
    ├── UsageError           the command or call itself is wrong (exit code 2)
    ├── InputError           what was handed in cannot be used (exit code 3)
    │   ├── UnreadablePhoto  not a photo, damaged, empty, too large, too small
    │   ├── NoSkin           readable, but without skin that could be measured
    │   ├── NotFound         not in the store of the service, or not the asker's
    │   └── Conflict         the store holds something that speaks against it
    ├── ModelMissing         a model of others is not on this machine and cannot be fetched (exit code 1)
    └── StoreUnreachable     the database of the service does not answer (exit code 1)

Every message names the file or argument, the reason, and the next step.
"""

from __future__ import annotations

__all__ = [
    "Conflict",
    "DermisError",
    "InputError",
    "ModelMissing",
    "NoSkin",
    "NotFound",
    "StoreUnreachable",
    "UnreadablePhoto",
    "UsageError",
]


class DermisError(Exception):
    """A refusal with a message for its reader; `exit_code` is what the command line returns."""

    exit_code = 1

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(f"{message} {advice}".strip())
        self.message = message
        self.advice = advice


class UsageError(DermisError):
    """A command or call that cannot mean anything."""

    exit_code = 2


class InputError(DermisError):
    """An input that cannot be used."""

    exit_code = 3


class UnreadablePhoto(InputError):
    """A file that is not a usable photo."""


class NoSkin(InputError):
    """A photo without skin that could be measured."""


class NotFound(InputError):
    """Something that the store does not hold, or not for the one who asks."""


class Conflict(InputError):
    """Something that what the store holds speaks against."""


class ModelMissing(DermisError):
    """A model that is neither on this machine nor to be fetched now."""


class StoreUnreachable(DermisError):
    """The database of the service does not answer."""
