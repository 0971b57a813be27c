"""Learning, and making data whose truth is known: the only torch, lightning, optuna, numba and pandas."""
