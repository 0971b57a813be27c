"""Spectral cubes in files: ENVI, HDF5, MATLAB, NumPy; read by rows, so that memory stays small."""
