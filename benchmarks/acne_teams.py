"""How far two teams of graders agree where lesions lie: what a box can be worth at all.

    python benchmarks/acne_teams.py WORK

WORK is that of `benchmarks/acne.py`: the clean crops with the boxes of one team and the circles of another. Each box is
paired with the nearest circle whose middle lies within 0.6 of its size; circles are drawn tighter, so they are first
scaled by the typical ratio.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from acne import load, xywh

from dermis.lab.train.lesion_views import Example
from dermis.metrics.detection import Found, average_precision

NEAR = 0.6


def paired(one: Example) -> tuple[np.ndarray, np.ndarray]:
    """Return by paired box how far off the circle is, in box sizes (n, 2), and log of circle over box size (n,)."""
    assert one.boxes is not None
    assert one.circles is not None
    middles, sizes = (one.boxes[:, :2] + one.boxes[:, 2:]) / 2, one.boxes[:, 2:] - one.boxes[:, :2]
    side = sizes.mean(axis=1)
    off = one.circles[None, :, :2] - middles[:, None]
    nearest = np.hypot(off[..., 0], off[..., 1]).argmin(axis=1)
    own = off[np.arange(len(side)), nearest]
    near = np.hypot(own[:, 0], own[:, 1]) < NEAR * side
    ratio = np.log(2 * one.circles[nearest, 2] / side)
    return (own / sizes)[near], ratio[near]


def overlap(off: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """Return the IoU of a unit square with squares of side `ratio`, `off` (n, 2) beside its middle."""
    low, high = np.maximum(-0.5, off - ratio[:, None] / 2), np.minimum(0.5, off + ratio[:, None] / 2)
    common = np.maximum(0, high - low).prod(axis=1)
    return common / (1 + ratio**2 - common)


def main() -> None:
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("work", type=Path)
    examples = [one for one in load(said.parse_args().work)["marked"] if len(one.boxes) and len(one.circles)]
    pairs = [paired(one) for one in examples]
    off, ratio = np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])
    typical = float(np.median(ratio))
    boxes = sum(len(one.boxes) for one in examples)
    same = overlap(off, np.exp(ratio - typical))
    print(f"{len(examples)} crops, {boxes} boxes, {len(ratio)} with a circle, circle over box {np.exp(typical):.2f}")
    print(f"off by {off.std(axis=0).round(3).tolist()} box sizes, size by {ratio.std():.2f} in logarithm")
    print(f"IoU of the pairs at least 0.5: {np.mean(same >= 0.5):.3f}, 0.3: {np.mean(same >= 0.3):.3f}")
    truth = [xywh(one.boxes) for one in examples]
    seen = []
    for one in examples:
        reach = one.circles[:, 2:] / np.exp(typical)
        seen.append(Found(boxes=xywh(np.concatenate([one.circles[:, :2] - reach, one.circles[:, :2] + reach], axis=1)),
                          scores=one.circles[:, 2]))  # fmt: skip
    for iou in (0.5, 0.3):
        print(
            f"AP at {iou} of the second team, the largest circle first: {average_precision(truth, seen, iou=iou):.3f}"
        )


if __name__ == "__main__":
    main()
