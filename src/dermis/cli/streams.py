"""What is printed: UTF-8 whatever the console says, no control characters, and a word where nothing can be printed."""

from __future__ import annotations

import errno
import os
import signal
import sys
from io import TextIOWrapper

__all__ = ["prepare", "print_refusal", "shown_text", "unwritable"]


def prepare() -> None:
    """Set up the streams of this process, and let a request to end it work as Ctrl-C does.

    What goes to a file or a pipe is UTF-8, so that JSON is JSON; a terminal gets what it can show.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, _stop)


def _stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def shown_text(text: str) -> str:
    """Return text as a terminal may show it: what would move its cursor, change its title or break it is a `?`."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "?" for letter in text)


def print_refusal(message: str, advice: str) -> None:
    """Print why a command ends, and the next step, on stderr."""
    print(f"dermis: {shown_text(message)}", file=sys.stderr)
    if advice:
        print(f"        {shown_text(advice)}", file=sys.stderr)


def unwritable(error: Exception) -> bool:
    """Tell that the output cannot be printed, and return whether that is what went wrong."""
    if not isinstance(error, OSError) or error.errno not in (errno.ENOSPC, errno.EPIPE, errno.EIO):
        return False
    if error.errno != errno.EPIPE:
        print_refusal(f"The output cannot be written: {error.strerror}.", "Print to another place.")
    # What is left in the buffer cannot be written either, and Python would say so once more at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True
