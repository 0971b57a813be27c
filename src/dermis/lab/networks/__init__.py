"""Networks, their heads and losses: torch modules without data and without training.

`settings` says what can be chosen and needs no torch; everything else here imports it.
"""
