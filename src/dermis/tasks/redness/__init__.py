"""Redness against the person's own skin."""
