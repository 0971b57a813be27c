"""Measured people who took no part, as truth: their spectra by known cameras, in photos, and their pigment."""
