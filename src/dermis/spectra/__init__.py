"""Spectra: from a scan to calibrated reflectance, and from reflectance to what is in the skin."""
