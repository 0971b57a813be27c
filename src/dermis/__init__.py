"""Measures facial skin from photographs. A measuring tool, not a diagnosis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dermis.version import __version__

if TYPE_CHECKING:
    import dermis.tasks.norms as norms
    from dermis.formats.images.photo import read_photo
    from dermis.pipeline.api import analyse
    from dermis.pipeline.spectra import reconstruct
    from dermis.service.client import Client

__all__ = ["Client", "__version__", "analyse", "norms", "read_photo", "reconstruct"]

_HOMES = {
    "Client": "dermis.service.client",
    "analyse": "dermis.pipeline.api",
    "read_photo": "dermis.formats.images.photo",
    "reconstruct": "dermis.pipeline.spectra",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 -- the module protocol; it keeps `import dermis` light
    from importlib import import_module

    if name == "norms":
        return import_module("dermis.tasks.norms")
    if name not in _HOMES:
        raise AttributeError(f"module 'dermis' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
