"""Example photos for a first look: people who do not exist, and one public-domain portrait."""

from __future__ import annotations

from pathlib import Path

from dermis.inference.zoo import fetch

__all__ = ["EXAMPLES", "example_photos"]
