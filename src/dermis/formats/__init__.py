"""Bytes to records and back: images, cubes, annotations, tables, the analysis as JSON."""
