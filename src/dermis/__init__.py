"""Measures facial skin from photographs. A measuring tool, not a diagnosis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "analyse", "read_photo", "reconstruct"]

if TYPE_CHECKING:
    from dermis.analysis.pipeline import analyse
    from dermis.analysis.spectra import reconstruct
    from dermis.formats.photo import read_photo

_HOMES = {
    "analyse": "dermis.analysis.pipeline",
    "read_photo": "dermis.formats.photo",
    "reconstruct": "dermis.analysis.spectra",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 -- the module protocol; it keeps `import dermis` light
    if name not in _HOMES:
        raise AttributeError(f"module 'dermis' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
