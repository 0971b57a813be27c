"""Learning: recipes, one loop, predictions, sweeps, export.

`recipe` says what a run is and needs no torch; `loop` runs it.
"""
