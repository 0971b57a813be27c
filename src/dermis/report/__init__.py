"""Analyses as documents for people: a self-contained HTML page, and maps as PNG files."""
