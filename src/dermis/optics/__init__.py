"""Chromophores, spectra and pixels: tissue, illuminants, cameras, image signal processors, and their inverses."""
