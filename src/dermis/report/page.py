"""From a template to one self-contained page that asks nothing of the network."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["rendered"]


def rendered(template: str, content: Mapping[str, object], *, script: str = "report.js") -> str:
    """Return the page of a template; everything in `content` is escaped.

    The page's own style and its script (`script` names the file) lie inside it, and its policy admits these two by
    their hash, pictures that are part of the page, and nothing else.
    """
    style, written = _text("style.css"), _text(script)
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(written)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return _environment().get_template(template).render(**content, style=style, script=written, policy=policy)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # late: 0.1 s

    return Environment(
        loader=PackageLoader("dermis.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _text(name: str) -> str:
    return resources.files("dermis.report").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode("utf-8")).digest()).decode("ascii")
