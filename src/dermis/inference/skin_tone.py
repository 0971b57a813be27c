"""The colour of a face's skin as it is, not as it was photographed: from clues of the photo, with an honest interval.

The network has seen made people under drawn lights by drawn cameras (`benchmarks/skin_tone.py`); its card lies beside
it. The interval is conformal: people and kinds of light that took no part in learning gave its width.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.colour.tone import ita_deg
from dermis.core import ToneEstimate
from dermis.inference.runtime import load

__all__ = ["FOLDER", "estimate_tone"]

FOLDER = Path(__file__).parent / "weights" / "skin-tone"
"""Where the network and its card lie."""


def estimate_tone(clues: NDArray[np.float32]) -> ToneEstimate | None:
    """Return the colour of the skin of a face, None where its skin was not measured.

    clues: (k,) in the order of `dermis.analysis.tone_clues.CLUES`, NaN where not known; the first three are the
    measured L*, a*, b*. Raises ModelMissing where the network is not there, ValueError for another number of clues.
    """
    factor, count, level = _calibration()
    if clues.shape != (count,):
        raise ValueError(f"The network takes {count} clues, got {clues.shape}.")
    if not np.isfinite(clues[:3]).all():
        return None
    answers = load(FOLDER / "model.onnx").run(clues[None].astype(np.float32))
    lab = answers["lab"][0].astype(np.float64)
    ita = float(ita_deg(lab))
    half = factor * float(answers["ita_scale"][0, 0])
    return ToneEstimate(
        lab=lab, measured_lab=clues[:3].astype(np.float64), ita_interval_deg=(ita - half, ita + half), level=level
    )


@cache
def _calibration() -> tuple[float, int, float]:
    told = json.loads((FOLDER / "tone.json").read_text(encoding="utf-8"))
    return float(told["factor"]), len(told["clues"]), float(told["level"])
